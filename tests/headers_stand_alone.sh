#!/bin/sh
#
# headers_stand_alone.sh - each header compiles alone, and twice
#
# SPDX-License-Identifier: ISC

source_dir=${srcdir:-$(dirname "$0")/..}
count=0
failed=0

for header in $(cd "$source_dir" && find base wire store session handlers http fcgi \
    ws ctl -name '*.h' 2>/dev/null | LC_ALL=C sort); do
	count=$((count + 1))
	if said=$(printf '#include "%s"\n#include "%s"\nextern int alone;\n' \
	    "$header" "$header" | ${CC:-cc} -std=gnu11 -Wall -Wextra -Wstrict-prototypes \
	    -Wno-unused-function -Werror -fsyntax-only $HEADER_CPPFLAGS \
	    -I"$source_dir" -I. -x c - 2>&1); then
		echo "ok $count - $header compiles alone"
	else
		failed=1
		echo "$said" | sed 's/^/# /'
		echo "not ok $count - $header compiles alone"
	fi
done
echo "1..$count"
[ $count -gt 0 ] && exit $failed
exit 1
