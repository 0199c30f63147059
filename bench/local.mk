# The responder that does nothing, and what measures us beside it.
noinst_PROGRAMS += bench/floor
bench_floor_SOURCES = bench/floor.c
EXTRA_DIST += %D%/backend.mjs bench/run bench/codecs bench/README.md bench/RESULTS.md
