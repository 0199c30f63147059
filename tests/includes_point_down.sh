#!/bin/sh
#
# includes_point_down.sh - a file includes only from its own folder or a lower floor
#
# STYLE: fcgi, ws, ctl | http | handlers | session | wire, store | base.  Floors
# side by side never meet.  What is called *_private.h stays in its folder.
# Tests and examples stand outside the house and may look in everywhere.
#
# SPDX-License-Identifier: ISC

cd "${srcdir:-$(dirname "$0")/..}" || exit 1
count=0
failed=0

for floor in base wire store session handlers http fcgi ws ctl; do
	[ -d "$floor" ] || continue
	found=$(find "$floor" -name '*.[ch]' -exec awk -v mine="$floor" '
	BEGIN {
		n = split("base:0 wire:1 store:1 session:2 handlers:3 http:4 " \
		    "fcgi:5 ws:5 ctl:5", pairs, " ")
		for (i = 1; i <= n; i++) {
			split(pairs[i], pair, ":")
			height[pair[1]] = pair[2] + 0
		}
	}
	function bad(why) {
		printf "# %s:%d: \"%s\" %s\n", FILENAME, FNR, name, why
	}
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, parts, "\"")
		name = parts[2]
		if (name == "config.h")
			next
		split(name, path, "/")
		folder = path[1]
		if (folder == name || !(folder in height))
			bad("does not name a floor")
		else if (folder == mine)
			next
		else if (height[folder] >= height[mine])
			bad("does not lie below " mine)
		else if (name ~ /_private\.h$/)
			bad("is private to its folder")
	}' {} +)
	count=$((count + 1))
	if [ -z "$found" ]; then
		echo "ok $count - ${floor} includes only what lies below it"
	else
		failed=1
		echo "$found"
		echo "not ok $count - ${floor} includes only what lies below it"
	fi
done
echo "1..$count"
exit $failed
