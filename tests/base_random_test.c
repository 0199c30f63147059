/*
 * base_random_test.c - clocks, random numbers, the MAC
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "tests/t.h"

static void
the_clocks_of_the_machine_go_on(void)
{
	int64_t boot = clock_boot(&clock_system), wall = clock_wall(&clock_system);

	T_OK(boot > 0);
	T_OK(wall > INT64_C(1577836800000));
	T_OK(clock_boot(&clock_system) >= boot);
}

static void
a_fake_clock_stands_until_it_is_turned(void)
{
	struct clock_fake fake;

	clock_fake_init(&fake);
	T_EQ(clock_boot(&fake.clock), 1000000);
	T_EQ(clock_wall(&fake.clock), 1600000000000);
	clock_fake_turn(&fake, 2500);
	T_EQ(clock_boot(&fake.clock), 1002500);
	T_EQ(clock_wall(&fake.clock), 1600000002500);
}

static void
a_boot_has_one_identity(void)
{
	char id[37], again[37];

	clock_boot_id(id);
	clock_boot_id(again);
	T_STR(id, again);
	T_OK(strlen(id) == 36 || strcmp(id, "unknown") == 0);
}

static void
random_bytes_fill_any_length_and_differ(void)
{
	unsigned char a[2000], b[2000];
	size_t n, i, zeros;

	for (n = 16; n <= sizeof(a); n += 61) {
		memset(a, 0, sizeof(a));
		memset(b, 0, sizeof(b));
		random_bytes(a, n);
		random_bytes(b, n);
		T_OK(memcmp(a, b, n) != 0);
		for (i = zeros = 0; i < n; i++)
			zeros += a[i] == 0;
		T_OK(zeros < n / 4 + 4);
		for (i = n; i < sizeof(a); i++)
			T_EQ(a[i], 0);
	}
	random_bytes(a, 0);
	T_OK(random_u64() != random_u64());
}

static void
an_id_has_the_form_of_a_sid_and_is_new(void)
{
	static char ids[500][ID_LEN + 1];
	size_t i, k;

	for (i = 0; i < 500; i++) {
		random_id(ids[i]);
		T_EQ(strlen(ids[i]), ID_LEN);
		T_EQ(strspn(ids[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		    "0123456789-_"), ID_LEN);
		for (k = 0; k < i; k++)
			T_OK(strcmp(ids[i], ids[k]) != 0);
	}
}

/* The pool is filled before the fork, so both sides would find the same bytes. */
static void
parent_and_child_draw_different_numbers(void)
{
	uint64_t ours[8], theirs[8];
	int ends[2], status, i;
	pid_t pid;

	random_u64();
	T_EQ(pipe(ends), 0);
	fflush(stdout);
	if ((pid = fork()) == 0) {
		for (i = 0; i < 8; i++)
			theirs[i] = random_u64();
		_exit(write(ends[1], theirs, sizeof(theirs)) != sizeof(theirs));
	}
	T_OK(pid > 0);
	for (i = 0; i < 8; i++)
		ours[i] = random_u64();
	T_EQ(read(ends[0], theirs, sizeof(theirs)), sizeof(theirs));
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(status, 0);
	for (i = 0; i < 8; i++)
		T_OK(ours[i] != theirs[i]);
	close(ends[0]);
	close(ends[1]);
}

/* The vectors of its authors: key and input are 00 01 02 ... */
static void
siphash_gives_the_numbers_of_its_paper(void)
{
	static const uint64_t want[] = {
		UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0x74f839c593dc67fd),
		UINT64_C(0x0d6c8009d9a94f5a),
	};
	unsigned char key[16], data[16];
	size_t i;

	for (i = 0; i < 16; i++)
		key[i] = data[i] = (unsigned char)i;
	for (i = 0; i < N_ELEMENTS(want); i++)
		T_OK(siphash(key, slice_of((char *)data, i)) == want[i]);
	T_OK(siphash(key, slice_of((char *)data, 15)) == UINT64_C(0xa129ca6149be45e5));
	T_OK(siphash(key, SLICE_NONE) == want[0]);
}

static void
secrets_are_compared_whole(void)
{
	T_OK(slice_eq_secret(SLICE("abc"), SLICE("abc")));
	T_OK(!slice_eq_secret(SLICE("abc"), SLICE("abd")));
	T_OK(!slice_eq_secret(SLICE("abc"), SLICE("xbc")));
	T_OK(!slice_eq_secret(SLICE("abc"), SLICE("ab")));
	T_OK(slice_eq_secret(SLICE(""), SLICE_NONE));
}

int
main(void)
{
	T_RUN(the_clocks_of_the_machine_go_on);
	T_RUN(a_fake_clock_stands_until_it_is_turned);
	T_RUN(a_boot_has_one_identity);
	T_RUN(random_bytes_fill_any_length_and_differ);
	T_RUN(an_id_has_the_form_of_a_sid_and_is_new);
	T_RUN(parent_and_child_draw_different_numbers);
	T_RUN(siphash_gives_the_numbers_of_its_paper);
	T_RUN(secrets_are_compared_whole);
	return t_end();
}
