/*
 * base_log_test.c - one event, one line, also from many processes
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "tests/t.h"

static char folder[64], path[96], old[96];
static struct clock_fake fake;

static char *
content_of(const char *file)
{
	struct buf b = BUF_INIT;
	FILE *f = fopen(file, "r");
	size_t n;

	if (f == NULL)
		return mem_strdup("");
	do {
		buf_reserve(&b, 4096);
		n = fread(b.p + b.n, 1, 4096, f);
		b.n += n;
	} while (n > 0);
	fclose(f);
	return buf_take(&b);
}

static int
lines_with(const char *file, const char *what)
{
	char *text = content_of(file);
	struct slice rest = slice_str(text), line;
	int count = 0;
	char *copy;

	while (slice_cut(&rest, '\n', &line)) {
		copy = mem_slicedup(line);
		count += line.n > 0 && strstr(copy, what) != NULL;
		free(copy);
	}
	free(text);
	return count;
}

static void
start(enum log_level level, int64_t max_bytes)
{
	unlink(path);
	unlink(old);
	clock_fake_init(&fake);
	log_set_clock(&fake.clock);
	T_EQ(log_open(level, path, max_bytes), RC_OK);
}

static void
a_line_has_time_level_floor_and_process(void)
{
	char *text, *want;

	start(LOG_LEVEL_WARN, 0);
	fake.wall = 1600000000007;
	log_warn("store", "path=%s err=%d", "/x", 5);
	text = content_of(path);
	want = mem_printf("2020-09-13T12:26:40.007Z warn store pid=%ld path=/x err=5\n",
	    (long)getpid());
	T_STR(text, want);
	free(text);
	free(want);
	log_close();
}

static void
what_is_below_the_level_is_not_written(void)
{
	struct stat st;

	start(LOG_LEVEL_INFO, 0);
	log_error("t", "one=1");
	log_info("t", "two=2");
	log_debug("t", "three=3");
	T_EQ(lines_with(path, ""), 2);
	T_EQ(lines_with(path, "three"), 0);
	T_EQ(stat(path, &st), 0);
	T_EQ(st.st_mode & 0777, 0600);
	log_close();
}

static void
nobody_can_forge_a_line(void)
{
	start(LOG_LEVEL_INFO, 0);
	log_info("t", "origin=%s", "x\n2020 error fake\r\x1b[31m\x7f");
	T_EQ(lines_with(path, ""), 1);
	T_EQ(lines_with(path, "origin=x?2020 error fake??[31m?"), 1);
	log_close();
}

static void
a_long_line_is_cut_and_says_so(void)
{
	char *text;

	start(LOG_LEVEL_INFO, 0);
	log_info("t", "%05000d", 1);
	text = content_of(path);
	T_OK(strlen(text) < 2300);
	T_OK(strstr(text, "0...\n") != NULL);
	free(text);
	log_close();
}

static void
errno_is_left_alone(void)
{
	start(LOG_LEVEL_INFO, 0);
	errno = EDOM;
	log_error("t", "x");
	T_EQ(errno, EDOM);
	log_close();
}

static void
the_same_complaint_is_counted_instead_of_repeated(void)
{
	int i;

	start(LOG_LEVEL_WARN, 0);
	for (i = 0; i < 100; i++)
		log_error("store", "err=\"disk full\"");
	log_error("store", "other=1");
	T_EQ(lines_with(path, "store pid"), 4);
	fake.boot += 10001;
	log_error("store", "later=1");
	T_EQ(lines_with(path, "error store"), 6);
	T_EQ(lines_with(path, "repeated=97 said: err=\"disk full\""), 1);
	log_error("store", "err=\"disk full\"");
	T_EQ(lines_with(path, "error store"), 7);
	log_close();
}

static void
what_was_kept_back_is_counted_at_the_end(void)
{
	int i;

	start(LOG_LEVEL_WARN, 0);
	for (i = 0; i < 5; i++)
		log_warn("x", "again");
	log_close();
	T_EQ(lines_with(path, "warn x"), 4);
	T_EQ(lines_with(path, "repeated=2 said: again"), 1);
}

static void
many_different_complaints_are_all_written(void)
{
	int i;

	start(LOG_LEVEL_WARN, 0);
	for (i = 0; i < 200; i++)
		log_warn("x", "n=%d", i);
	T_EQ(lines_with(path, "warn x"), 200);
	log_close();
}

static void
a_full_file_is_moved_and_a_new_one_begun(void)
{
	struct stat st;
	int i;

	start(LOG_LEVEL_INFO, 4000);
	for (i = 0; i < 100; i++)
		log_info("t", "n=%d %060d", i, 0);
	T_EQ(stat(path, &st), 0);
	T_OK(st.st_size <= 4200);
	T_EQ(stat(old, &st), 0);
	T_OK(st.st_size >= 4000 && st.st_size <= 4200);
	T_EQ(lines_with(path, "n=99 "), 1);
	log_close();
}

static void
a_file_that_was_moved_by_others_is_followed(void)
{
	start(LOG_LEVEL_INFO, 0);
	log_info("t", "before");
	T_EQ(rename(path, old), 0);
	fake.boot += 1001;
	log_info("t", "after");
	T_EQ(lines_with(old, "before"), 1);
	T_EQ(lines_with(path, "after"), 1);
	log_close();
}

/* Each of four processes writes until the file was moved several times; no line
 * may be torn, and the newest lines of all must be there. */
static void
four_processes_share_a_file_that_rotates(void)
{
	enum { PROCESSES = 4, LINES = 300 };
	char *text, *copy;
	struct slice rest, line;
	int i, n, status;
	struct stat st;
	pid_t pids[PROCESSES];

	start(LOG_LEVEL_INFO, 16000);
	fflush(stdout);
	for (i = 0; i < PROCESSES; i++)
		if ((pids[i] = fork()) == 0) {
			for (n = 0; n < LINES; n++)
				log_info("t", "process=%d n=%d %0100d end", i, n, 0);
			_exit(0);
		}
	for (i = 0; i < PROCESSES; i++) {
		T_EQ(waitpid(pids[i], &status, 0), pids[i]);
		T_EQ(status, 0);
	}
	T_EQ(stat(old, &st), 0);
	T_OK(st.st_size >= 15800 && st.st_size < 18000);
	T_EQ(stat(path, &st), 0);
	T_OK(st.st_size < 18000);
	text = content_of(path);
	rest = slice_str(text);
	while (slice_cut(&rest, '\n', &line)) {
		copy = mem_slicedup(line);
		if (line.n > 0 && (strncmp(copy, "2020-", 5) != 0 ||
		    strcmp(copy + line.n - 4, " end") != 0))
			T_FAIL("torn: %s", copy);
		free(copy);
	}
	free(text);
	log_close();
}

static void
a_file_that_cannot_be_opened_leaves_stderr(void)
{
	T_EQ(log_open(LOG_LEVEL_INFO, "/nonexistent/folder/x.log", 0), RC_IO);
	T_EQ(log_level_now, LOG_LEVEL_INFO);
	log_close();
}

static void
levels_have_names(void)
{
	enum log_level level;

	T_EQ(log_level_parse("error", &level), RC_OK);
	T_EQ(level, LOG_LEVEL_ERROR);
	T_EQ(log_level_parse("debug", &level), RC_OK);
	T_EQ(level, LOG_LEVEL_DEBUG);
	T_EQ(log_level_parse("Warn", &level), RC_BAD_INPUT);
}

int
main(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%.40s/siolog.XXXXXX", tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/x.log", folder);
	snprintf(old, sizeof(old), "%s/x.log.1", folder);
	T_RUN(a_line_has_time_level_floor_and_process);
	T_RUN(what_is_below_the_level_is_not_written);
	T_RUN(nobody_can_forge_a_line);
	T_RUN(a_long_line_is_cut_and_says_so);
	T_RUN(errno_is_left_alone);
	T_RUN(the_same_complaint_is_counted_instead_of_repeated);
	T_RUN(what_was_kept_back_is_counted_at_the_end);
	T_RUN(many_different_complaints_are_all_written);
	T_RUN(a_full_file_is_moved_and_a_new_one_begun);
	T_RUN(a_file_that_was_moved_by_others_is_followed);
	T_RUN(four_processes_share_a_file_that_rotates);
	T_RUN(a_file_that_cannot_be_opened_leaves_stderr);
	T_RUN(levels_have_names);
	unlink(path);
	unlink(old);
	rmdir(folder);
	return t_end();
}
