/*
 * fcgi_responder.h - siogate.fcgi in a folder of its own, started and stopped
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TESTS_FCGI_RESPONDER_H
#define TESTS_FCGI_RESPONDER_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "tests/fcgi_client.h"

static char responder_dir[] = "/tmp/siogate-fcgi-XXXXXX";
static char responder_socket[64], responder_conf[64], responder_log[64];
static pid_t responder_pid;
static unsigned responder_descriptors;  /* its limit; 0: as we have */

static inline void
text_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	fputs(text, f);
	fclose(f);
}

static inline void
responder_init(void)
{
	if (mkdtemp(responder_dir) == NULL) {
		perror(responder_dir);
		exit(1);
	}
	snprintf(responder_socket, 64, "%s/gw.sock", responder_dir);
	snprintf(responder_conf, 64, "%s/siogate.conf", responder_dir);
	snprintf(responder_log, 64, "%s/log", responder_dir);
}

static inline void
responder_fini(void)
{
	char *command = mem_printf("rm -rf '%s'", responder_dir);

	if (system(command) != 0)
		perror("rm");
	free(command);
}

/* more: further lines of the file. */
static inline void
responder_configure(const char *more)
{
	char *text = mem_printf("store = %s/store\nclient_dir = %s/client\n"
	    "log = %s\n%s", responder_dir, responder_dir, responder_log, more);

	text_write(responder_conf, text);
	free(text);
}

/* stdin_fd: what becomes descriptor 0; -1: /dev/null. */
static inline pid_t
responder_spawn(const char *const *argv, int stdin_fd, int stdout_fd)
{
	const struct rlimit limit = { responder_descriptors, responder_descriptors };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (responder_descriptors != 0)
		setrlimit(RLIMIT_NOFILE, &limit);
	if (stdin_fd == -1)
		stdin_fd = open("/dev/null", O_RDONLY);
	dup2(stdin_fd, STDIN_FILENO);
	if (stdout_fd != -1)
		dup2(stdout_fd, STDOUT_FILENO);
	execv(PROGRAM, (char *const *)argv);
	perror(PROGRAM);
	_exit(127);
}

/* The exit status; 128 + signal if one ended it. */
static inline int
responder_wait(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static inline int
responder_stop(void)
{
	pid_t pid = responder_pid;

	responder_pid = 0;
	if (pid == 0)
		return 0;
	kill(pid, SIGTERM);
	return responder_wait(pid);
}

/* Until somebody listens there, also on a busy machine. */
static inline void
responder_await(const char *path)
{
	int fd, tries;

	for (tries = 0; tries < 12000; tries++) {
		if ((fd = fcgi_connect(path)) != -1) {
			close(fd);
			return;
		}
		usleep(5000);   /* nobody tells when a name appears */
	}
}

/* Started as an external responder, and listening. */
static inline void
responder_start(const char *more)
{
	const char *const argv[] = { "siogate.fcgi", "--config", responder_conf,
	    "--listen", responder_socket, NULL };

	responder_stop();       /* what a failed test left */
	responder_configure(more);
	responder_pid = responder_spawn(argv, -1, -1);
	responder_await(responder_socket);
}

/* Proportional memory of a process in kB; -1: it is not told. */
static inline long
responder_pss(pid_t pid)
{
	char *path = mem_printf("/proc/%d/smaps_rollup", (int)pid), line[256];
	FILE *f = fopen(path, "r");
	long kb = -1;

	free(path);
	if (f == NULL)
		return -1;
	while (kb == -1 && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "Pss: %ld kB", &kb) != 1)
			kb = -1;
	fclose(f);
	return kb;
}

#endif
