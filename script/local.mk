EXTRA_DIST += %D%/packages %D%/install-packages %D%/lib.sh %D%/demo %D%/test \
	%D%/tap.mjs %D%/client/package.json %D%/client/package-lock.json
