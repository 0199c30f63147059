#!/bin/sh
#
# python_jython.sh - the tests of python/ under Python 2.7, as Jython has it
#
# Those of the package itself: Debian has the frameworks, and what else the other
# tests load, for Python 3 only.
#
# SPDX-License-Identifier: ISC

here=$(cd "${srcdir:-.}" && pwd)
if ! command -v jython >/dev/null 2>&1; then
	echo "1..0 # SKIP no Jython"
	exit 77
fi
exec jython -B "$here/python/tests/tap.py" test_protocol test_gevent test_channels \
    test_socketio
