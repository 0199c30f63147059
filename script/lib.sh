# lib.sh - what script/demo and script/test have in common (sourced, bash)
#
# Everything that is made goes into one build folder, never between the
# sources (but for node_modules, which node looks for there); two runs at a
# time wait for each other.
#
# SPDX-License-Identifier: ISC

# To siogate each SIOGATE_NAME is an option.  Those that are ours end here.
[ -z "${!SIOGATE_*}" ] || export -n "${!SIOGATE_@}"

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() {
	echo "${0##*/}: $*" >&2
}

die() { # exit-code message...
	local code=$1
	shift
	say "$@"
	exit "$code"
}

# Sets build, the folder for everything that is made, and source, the folder
# that is configured.  A clone that is not ours to write in, or that somebody
# configured in place, is left alone: a copy beside the build serves instead.
choose_folders() {
	source=$top
	build=${SIOGATE_BUILD:-$top/build}
	if [ -z "${SIOGATE_BUILD:-}" ] &&
	    { [ ! -w "$top" ] || { [ -e "$build" ] && [ ! -w "$build" ]; }; }; then
		build=${XDG_CACHE_HOME:-$HOME/.cache}/siogate/$(printf %s "$top" | cksum | cut -d' ' -f1)
	fi
	mkdir -p "$build" || die 1 "cannot make $build"
	build=$(cd "$build" && pwd)
	if [ ! -w "$top" ] || [ -e "$top/config.status" ] ||
	    { [ -e "$top/configure" ] && [ ! -w "$top/configure" ]; }; then
		source=$build/source
	fi
}

copy_source() {
	mkdir -p "$source" || return 1
	tar -C "$top" -cf - --exclude=./.git --exclude=./build --exclude="./${build#"$top"/}" \
	    --exclude=./bundle --exclude=node_modules \
	    --exclude='*.o' --exclude='*.lo' --exclude='*.a' --exclude='*.la' \
	    --exclude=.libs --exclude=.deps --exclude=.dirstamp --exclude='*.log' --exclude='*.trs' \
	    --exclude=./Makefile --exclude=./config.h --exclude=./config.status \
	    --exclude=./libtool --exclude='./stamp-h*' . |
	    tar -C "$source" -xf -
}

# Runs a command; shows what it said only when it fails.
quietly() { # logfile command...
	local log=$1
	shift
	if ! "$@" >"$log" 2>&1 </dev/null; then
		tail -n 60 "$log" >&2
		say "failed: $* (all of its output: $log)"
		return 1
	fi
}

# Makes configure where it is missing or older than what it is made of.
make_configure() {
	[ "$source" = "$top" ] || copy_source || return 1
	[ -x "$source/configure" ] && [ -f "$source/Makefile.in" ] &&
	    [ -z "$(find "$source" -path "$source/build*" -prune -o -name node_modules -prune -o \
	        \( -name local.mk -o -name Makefile.am -o -name configure.ac \) \
	        -newer "$source/Makefile.in" -print)" ] && return 0
	(cd "$source" && quietly "$build/autoreconf.log" autoreconf -fi)
}

# Configures a folder below build unless the same was done there before.
configure_in() { # name argument...
	local folder=$build/$1 arguments
	shift
	mkdir -p "$folder" || return 1
	alone source make_configure || return 1
	printf -v arguments '%q ' "$@"
	if [ ! -f "$folder/config.status" ] ||
	    [ "$(cat "$folder/siogate-configured" 2>/dev/null)" != "$arguments" ]; then
		rm -f "$folder/siogate-configured"
		(cd "$folder" && quietly "$folder/configure.log" "$source/configure" -q "$@") || return 1
		echo "$arguments" >"$folder/siogate-configured"
	fi
}

make_in() { # name target...
	local folder=$build/$1
	shift
	quietly "$folder/make.log" make -C "$folder" -j"$(nproc)" "$@"
}

# node_modules for a folder with a package-lock.json, in that or another folder.
fetch_node_modules() { # folder-with-lock folder
	local stamp="$2/node_modules/.siogate-lock"
	mkdir -p "$2" || return 1
	cmp -s "$1/package-lock.json" "$stamp" && return 0
	[ "$1" = "$2" ] || cp "$1/package.json" "$1/package-lock.json" "$2" || return 1
	(cd "$2" && quietly "$build/npm.log" npm ci --ignore-scripts --no-audit --no-fund) || return 1
	cp "$1/package-lock.json" "$stamp"
}

# One version of the client: its scripts and its licence, in a folder of its name.
# Those of 2011 have the licence at the end of what one is to read first.
lay_client() { # package licence folder-of-scripts to
	local version
	version=$(sed -n 's/.*"version": *"\([0-9.]*\)".*/\1/p' "$1/package.json" | head -n 1)
	mkdir -p "$4/$version" || return 1
	cp "$1/$3"/socket.io*.js "$4/$version/" || return 1
	sed -n '/The MIT License/,$p' "$1/$2" >"$4/$version/LICENSE"
	[ -s "$4/$version/LICENSE" ]
}

# What script/client/package.json names, as `client_dir` wants it.
lay_clients() { # node_modules to
	lay_client "$1/socket.io-client" LICENSE dist "$2" &&
	    lay_client "$1/socket.io-client-2" LICENSE dist "$2" &&
	    lay_client "$1/socket.io-client-1" LICENSE dist "$2" &&
	    lay_client "$1/socket.io-client-0.9" README.md dist "$2" &&
	    lay_client "$1/socket.io-0.6" support/socket.io-client/README.md \
	    support/socket.io-client "$2" || return 1
	# the newest is what the bare addresses mean
	cp "$1/socket.io-client/LICENSE" "$1/socket.io-client/dist"/socket.io*.js \
	    "$1/socket.io-client/dist"/socket.io*.map "$2/"
}

# Runs a command while nobody else does anything of that name in the build folder.
alone() { # name command...
	local name=$1
	shift
	{
		flock 8
		"$@" 8>&-
	} 8>"$build/$name.lock"
}
