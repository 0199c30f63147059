#!/bin/sh
#
# python.sh - the tests of python/, under the Python that has Debian's frameworks
#
# SPDX-License-Identifier: ISC

here=$(cd "${srcdir:-.}" && pwd)
for python in "${PYTHON:-}" /usr/bin/python3 python3; do
	[ -n "$python" ] && "$python" -c '' 2>/dev/null || continue
	exec "$python" -B "$here/python/tests/tap.py"
done
echo "1..0 # SKIP no Python"
exit 77
