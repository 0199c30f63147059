EXTRA_DIST += %D%/t.h
