# The responder that does nothing, and what measures us beside it.
noinst_PROGRAMS += bench/floor
bench_floor_SOURCES = bench/floor.c
EXTRA_DIST += %D%/backend.mjs %D%/echo_django.py %D%/echo.php %D%/generations.mjs %D%/keep.c %D%/turns.c bench/run bench/codecs bench/README.md bench/RESULTS.md
