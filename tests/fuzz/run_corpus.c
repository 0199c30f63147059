/*
 * run_corpus.c - a little fuzzing in every `make check`, without libFuzzer
 *
 * Linked with one target (fuzz.h) it is a test program: it runs every seed,
 * every cut of every seed, and then a fixed number of mutated seeds.  The same
 * numbers come every time, so what fails once fails again.  The input lies in a
 * block of just its size, so AddressSanitizer sees a read of one byte too many.
 *
 *     fuzz_json                    the seeds and their mutations
 *     fuzz_json FILE|FOLDER ...    these files are seeds too
 *     fuzz_json --once FILE ...    only these, as they are (a saved crash)
 *     fuzz_json --write FOLDER     writes the seeds as files, for libFuzzer
 *
 * Environment: FUZZ_ROUNDS (mutations, 20000 unless set), FUZZ_SECONDS (stop
 * after so long, 2 unless set), FUZZ_SEED (another row of random numbers).
 * When an input ends the process it is in PROGRAM.crash.
 *
 * A new target: write fuzz_NOUN.c, and copy the lines of fuzz_json in local.mk.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>

#include "base/buf.h"
#include "base/mem.h"
#include "tests/fuzz/fuzz.h"

enum { INPUT_MAX = 16384, CUTS_MAX = 512 };

static struct slice *seeds;
static size_t seeds_count, words_count;
static struct slice current;            /* what the target has now */
static char crash_path[512];
static uint64_t state;

/* Known to sanitizers' run time; absent without it. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void
crash_save(void)
{
	int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ssize_t n = write(fd, current.p, current.n);

	(void)n;
	close(fd);
}

static void
crash_signal(int number)
{
	crash_save();
	signal(number, SIG_DFL);
	raise(number);
}

static void
crash_watch(const char *program)
{
	snprintf(crash_path, sizeof(crash_path), "%s.crash", program);
	signal(SIGABRT, crash_signal);
	if (__sanitizer_set_death_callback != NULL)
		__sanitizer_set_death_callback(crash_save);
	else
		signal(SIGSEGV, crash_signal);
}

static void
seed_add(struct slice seed)
{
	seeds = mem_resize(seeds, (seeds_count + 1) * sizeof(*seeds));
	seeds[seeds_count++] = seed;
}

static void
seed_read(const char *path)
{
	struct buf b = BUF_INIT;
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	do {
		buf_reserve(&b, 4096);
		n = fread(b.p + b.n, 1, 4096, f);
		b.n += n;
	} while (n > 0);
	fclose(f);
	n = b.n;
	seed_add(slice_of(buf_take(&b), n));
}

static void
seeds_read(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort), i;
	char *file;

	if (count == -1) {
		seed_read(path);
		return;
	}
	for (i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			file = mem_printf("%s/%s", path, entries[i]->d_name);
			seed_read(file);
			free(file);
		}
		free(entries[i]);
	}
	free(entries);
}

static int
seeds_write(const char *folder)
{
	char *path;
	FILE *f;
	size_t i;

	if (mkdir(folder, 0777) == -1 && errno != EEXIST) {
		perror(folder);
		return 1;
	}
	for (i = 0; i < seeds_count; i++) {
		path = mem_printf("%s/seed-%zu", folder, i);
		if ((f = fopen(path, "wb")) == NULL) {
			perror(path);
			return 1;
		}
		fwrite(seeds[i].p, 1, seeds[i].n, f);
		fclose(f);
		free(path);
	}
	return 0;
}

static void
try(struct slice input)
{
	char *exact = malloc(input.n == 0 ? 1 : input.n);

	if (exact == NULL)
		abort();
	if (input.n > 0)
		memcpy(exact, input.p, input.n);
	current = slice_of(exact, input.n);
	LLVMFuzzerTestOneInput((const uint8_t *)exact, input.n);
	current = SLICE_NONE;
	free(exact);
}

/* xorshift64*: good enough to choose, and the same everywhere. */
static size_t
chosen(size_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return below == 0 ? 0 : (state * UINT64_C(0x2545f4914f6cdd1d) >> 32) % below;
}

/* Puts s where `gone` bytes of b stood. */
static void
replace(struct buf *b, size_t at, size_t gone, struct slice s)
{
	struct buf out = BUF_INIT;

	buf_add(&out, slice_of(b->p, at));
	buf_add(&out, s);
	buf_add(&out, slice_skip(buf_slice(b), at + gone));
	if (out.n > INPUT_MAX)
		out.n = INPUT_MAX;
	buf_free(b);
	*b = out;
}

static struct slice
range_of(struct slice s)
{
	size_t at = chosen(s.n + 1);
	size_t n = chosen(chosen(4) == 0 ? s.n - at + 1 : 9);

	return slice_head(slice_skip(s, at), n);
}

static void
mutate_byte(struct buf *b)
{
	static const unsigned char odd[] = {
		0, 1, 0x1e, 0x1f, ' ', '"', '-', '0', '9', ':', '[', '\\', ']',
		'{', '}', 0x7f, 0x80, 0xbf, 0xc2, 0xe2, 0xed, 0xf0, 0xff
	};
	char *p;

	if (b->n == 0)
		return;
	p = b->p + chosen(b->n);
	switch (chosen(3)) {
	case 0:
		*p = (char)(*p ^ 1 << chosen(8));
		break;
	case 1:
		*p = (char)odd[chosen(sizeof(odd))];
		break;
	default:
		*p = (char)chosen(256);
	}
}

static void
mutate_number(struct buf *b)
{
	static const char *const numbers[] = {
		"0", "-1", "00", "1", "255", "256", "65536", "2147483648",
		"4294967295", "4294967296", "9007199254740993",
		"9223372036854775808", "18446744073709551616", "1e999",
		"99999999999999999999999999999999999999999"
	};
	size_t at = chosen(b->n + 1), from, to;

	for (from = at; from < b->n && (b->p[from] < '0' || b->p[from] > '9'); from++)
		;
	for (to = from; to < b->n && b->p[to] >= '0' && b->p[to] <= '9'; to++)
		;
	replace(b, from, to - from, slice_str(numbers[chosen(N_ELEMENTS(numbers))]));
}

static void
mutate(struct buf *b)
{
	struct slice other, range = range_of(buf_slice(b));
	size_t at = b->n == 0 ? 0 : (size_t)(range.p - b->p);
	char bytes[8];
	size_t i;

	switch (chosen(8)) {
	case 0:
		replace(b, at, range.n, SLICE(""));
		return;
	case 1:                 /* say it twice, or often */
		for (i = chosen(16) == 0 ? 70 : 1; i > 0 && b->n < INPUT_MAX; i--) {
			range = slice_head(slice_skip(buf_slice(b), at), range.n);
			replace(b, at, 0, range);
		}
		return;
	case 2:
		replace(b, at, chosen(2) * range.n,
		    words_count == 0 ? SLICE("") : fuzz_words[chosen(words_count)]);
		return;
	case 3:
		other = seeds[chosen(seeds_count)];
		replace(b, at, chosen(2) * range.n, range_of(other));
		return;
	case 4:
		b->n = at;
		return;
	case 5:
		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = (char)chosen(256);
		replace(b, at, 0, slice_of(bytes, chosen(sizeof(bytes)) + 1));
		return;
	case 6:
		mutate_number(b);
		return;
	default:
		mutate_byte(b);
	}
}

static void
try_mutated(void)
{
	struct buf b = BUF_INIT;
	size_t times = 1 + chosen(4);

	buf_reserve(&b, 1);
	buf_add(&b, slice_head(seeds[chosen(seeds_count)], INPUT_MAX));
	while (times-- > 0)
		mutate(&b);
	try(buf_slice(&b));
	buf_free(&b);
}

static unsigned long
setting(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value == NULL ? otherwise : strtoul(value, NULL, 10);
}

static unsigned long
fuzz(void)
{
	unsigned long rounds = setting("FUZZ_ROUNDS", 20000), done;
	time_t stop = time(NULL) + (time_t)setting("FUZZ_SECONDS", 2);
	size_t i, n;

	for (i = 0; i < seeds_count; i++) {
		try(seeds[i]);
		for (n = 0; n < seeds[i].n && n < CUTS_MAX; n++)
			try(slice_head(seeds[i], n));
	}
	for (done = 0; done < rounds && (done % 64 != 0 || time(NULL) < stop); done++)
		try_mutated();
	return done;
}

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash == NULL ? argv[0] : slash + 1;
	bool once = argc > 1 && strcmp(argv[1], "--once") == 0;
	size_t i;
	int a;

	crash_watch(argv[0]);
	state = UINT64_C(0x9e3779b97f4a7c15) ^ setting("FUZZ_SEED", 0);
	while (fuzz_words[words_count].p != NULL)
		words_count++;
	for (i = 0; !once && fuzz_seeds[i].p != NULL; i++)
		seed_add(slice_of(mem_slicedup(fuzz_seeds[i]), fuzz_seeds[i].n));
	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return seeds_write(argv[2]);
	for (a = 1 + once; a < argc; a++)
		seeds_read(argv[a]);
	for (i = 0; once && i < seeds_count; i++)
		try(seeds[i]);
	if (!once)
		printf("ok 1 - %s stands %lu mutations of its seeds\n1..1\n", name, fuzz());
	for (i = 0; i < seeds_count; i++)
		free((char *)seeds[i].p);
	free(seeds);
	return 0;
}
