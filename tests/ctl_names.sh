#!/bin/sh
#
# ctl_names.sh - the siogate command refuses what cannot be meant
#
# SPDX-License-Identifier: ISC

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
echo "store = $dir/store" > "$dir/siogate.conf"
count=0
failed=0

# status, what it says, the arguments
expect() {
	status=$1 text=$2
	shift 2
	count=$((count + 1))
	said=$(./siogate --config "$dir/siogate.conf" "$@" 2>&1)
	if [ $? -eq "$status" ] && printf '%s' "$said" | grep -qF -e "$text"; then
		echo "ok $count - $text"
	else
		failed=1
		echo "not ok $count - $text"
		printf '%s\n' "$said" | sed 's/^/# /'
	fi
}

expect 3 "emitted to 0 sockets" emit '*' hello
expect 2 "clients keep for themselves" emit '*' connect
expect 2 "the name of the event must be" emit '*' ''
expect 2 "the name of the event must be" emit '*' "$(printf 'x\377')"
expect 2 "the name of the room must be" join '*' ''
expect 2 "max_name" join '*' "$(printf '%0999d' 0)"
expect 2 "a namespace begins with '/'" --nsp chat stats
expect 2 "as 500ms, 3s or 1m" --wait=soon emit '*' hello
expect 2 "a number above 0 is wanted" --limit 0 sessions
echo "1..$count"
exit $failed
