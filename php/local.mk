nobase_dist_pkgdata_DATA += %D%/siogate.php
