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
expect 2 "as 100/1h" --keep 100 emit '*' hello
expect 2 "as 100/7d" --mail 0/7d emit '*' hello
expect 2 "JSON for the handler of --ask" --context 1 emit '*' hello
expect 2 "JSON for the handler of --ask" --ask heard --context anna emit '*' hello
expect 2 "the name of the handler must be" --ask '' emit '*' hello
expect 2 "a seq is wanted" --after soon history lobby
expect 2 "not both" --after 1 --before 2 history lobby
expect 3 "never, or too long ago" seen anna lobby
expect 3 "what" history lobby
expect 0 "1" cursor
expect 3 "handler" questions

# what check tries and names: status, text, a line of the configuration
check() {
	status=$1 text=$2
	printf 'store = %s/store\nclient_dir = %s\nclient = siogate.conf\n%s\n' \
	    "$dir" "$dir" "$3" > "$dir/siogate.conf"
	expect "$status" "$text" check
}
check 1 "'10.0.0.0/33' is no address" "trusted_proxies = ::1 10.0.0.0/33"
check 0 "trusted_proxies: ::1 10.0.0.0/8" "trusted_proxies = ::1 10.0.0.0/8"
check 1 "$dir/none/x.log: the folder $dir/none: No such file" "log = $dir/none/x.log"
check 1 "$dir/store: Is a directory" "log = $dir/store"
check 0 "log can be written: $dir/x.log" "log = $dir/x.log"
check 1 "192.0.2.1:9000: Cannot assign" "listen = 192.0.2.1:9000"
check 1 "$dir/siogate.conf: is there, and no socket" "listen = $dir/siogate.conf"
check 1 "a socket's path has 107 bytes at most" "listen = $dir/$(printf '%0120d' 0)"
check 0 "listen can be opened: 127.0.0.1:0" "listen = 127.0.0.1:0"
if [ -e "$dir/x.log" ]; then
	echo "# check left a log behind"
	failed=1
fi

echo "1..$count"
exit $failed
