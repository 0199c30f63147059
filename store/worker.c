/*
 * worker.c - locked bytes and wake-ups
 *
 * `workers.lock` holds, for number n, the byte n (locked for life by its
 * process) and the slot at 16 * n: incarnation, a flag "may be woken", and how it
 * ended.  Locks and contents have nothing to do with each other, locks are on
 * numbers only.
 *
 * Who leaves in order says so in its slot.  The number of one that did not (it was
 * killed) is not given out again for a while, so that others can know it.
 *
 * The locks are those of an open file description: POSIX locks fall when
 * anything in the process closes the file, and do not exclude two stores of one
 * process from each other.
 *
 * The wake socket is bound through /proc/self/fd/N/name where the store's path
 * is too long for a socket address (107 bytes): long home directories are common
 * on shared hosts.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/worker.h"

#ifdef F_OFD_SETLK
#define LOCK_TRY F_OFD_SETLK
#define LOCK_WAIT F_OFD_SETLKW
#define LOCK_ASK F_OFD_GETLK
#else
#define LOCK_TRY F_SETLK
#define LOCK_WAIT F_SETLKW
#define LOCK_ASK F_GETLK
#endif

enum { DUTY_BYTE = 1 << 20, PROBE_BYTE = DUTY_BYTE + 16, MOURN_SECONDS = 120 };
enum { FATE_OPEN, FATE_LEFT, FATE_FOUND /* + boot seconds when a corpse was found */ };

enum { BUSY_CLAIMS = 1, BUSY_SOCKETS = 2 /* it takes sessions over */ };

struct slot {
	uint32_t incarnation;
	uint32_t busy;                  /* BUSY_... */
	uint32_t pid;
	uint32_t fate;
};

struct workers {
	int dir;                        /* lent */
	int fd;                         /* workers.lock */
	int wake;                       /* our socket, or -1 */
	int send;                       /* for waking others, or -1 */
	unsigned number;
	holder self;
	uid_t owner;
	bool is_busy, has_sockets;      /* as in its slot */
	unsigned with_sockets;          /* who had it when we looked last; 0: nobody */
	char *path;                     /* of the directory */
	char prefix[80];                /* how socket names begin */
};

int
lock_byte(int fd, int64_t at, bool wait)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = (off_t)at, .l_len = 1 };

	return fcntl(fd, wait ? LOCK_WAIT : LOCK_TRY, &fl);
}

int
unlock_byte(int fd, int64_t at)
{
	struct flock fl = { .l_type = F_UNLCK, .l_whence = SEEK_SET,
	    .l_start = (off_t)at, .l_len = 1 };

	return fcntl(fd, LOCK_TRY, &fl);
}

bool
byte_is_held(int fd, int64_t at)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = (off_t)at, .l_len = 1 };

	return fcntl(fd, LOCK_ASK, &fl) == 0 && fl.l_type != F_UNLCK;
}

int
store_file_open(int dir, const char *name, uid_t owner)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0 && geteuid() == 0 && owner != 0 &&
	    fchown(fd, owner, (gid_t)-1) != 0)
		log_warn("store", "file=%s cannot be given to uid=%lu", name,
		    (unsigned long)owner);
	return fd;
}

/* A lock that nobody else notices is none: two descriptions of one file. */
static bool
locks_work(int dir, int fd)
{
	int other = openat(dir, "workers.lock", O_RDWR | O_CLOEXEC);
	bool works = false, held;

	if (other < 0)
		return false;
	if ((held = lock_byte(fd, PROBE_BYTE, false) == 0) || errno == EAGAIN ||
	    errno == EACCES)
		works = byte_is_held(other, PROBE_BYTE);
	if (held)
		unlock_byte(fd, PROBE_BYTE);
	close(other);
#ifndef F_OFD_SETLK
	works = works || held;          /* one process cannot tell */
#endif
	return works;
}

enum rc
workers_open(int dir, const char *path, uid_t owner, struct workers **w_r,
    char **error_r)
{
	struct workers *w = mem_alloc(sizeof(*w));
	bool works = false;

	w->dir = dir;
	w->wake = w->send = -1;
	w->owner = owner;
	w->path = mem_strdup(path);
	if (strlen(w->path) < sizeof(w->prefix) - 1)
		snprintf(w->prefix, sizeof(w->prefix), "%s", w->path);
	else
		snprintf(w->prefix, sizeof(w->prefix), "/proc/self/fd/%d", w->dir);
	if ((w->fd = store_file_open(dir, "workers.lock", owner)) < 0) {
		*error_r = mem_printf("%s/workers.lock: %s", path, strerror(errno));
		workers_close(&w);
		return RC_IO;
	}
	/* another process may be probing this very moment */
	for (int i = 0; i < 100 && !(works = locks_work(dir, w->fd)); i++)
		usleep(1000);
	if (!works) {
		*error_r = mem_printf("%s: file locks do not work on this "
		    "filesystem; put the store on a local disk", path);
		workers_close(&w);
		return RC_BAD_STATE;
	}
	*w_r = w;
	return RC_OK;
}

static void
wake_name(const struct workers *w, unsigned number, struct sockaddr_un *sun)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/wake.%u", w->prefix,
	    number);
}

static void
fate_write(struct workers *w, unsigned number, uint32_t fate)
{
	if (pwrite(w->fd, &fate, sizeof(fate), 16 * (off_t)number +
	    (off_t)offsetof(struct slot, fate)) != sizeof(fate))
		log_warn("store", "worker=%u slot cannot be written", number);
}

void
workers_close(struct workers **wp)
{
	struct workers *w = *wp;
	char name[32];

	*wp = NULL;
	if (w == NULL)
		return;
	if (w->wake >= 0) {
		snprintf(name, sizeof(name), "wake.%u", w->number);
		unlinkat(w->dir, name, 0);
		close(w->wake);
	}
	if (w->self != 0) {
		worker_say_busy(w, false);
		fate_write(w, w->number, FATE_LEFT);
	}
	if (w->send >= 0)
		close(w->send);
	if (w->fd >= 0)
		close(w->fd);           /* and the byte is free */
	free(w->path);
	free(w);
}

/* ---- being one --------------------------------------------------------- */

static enum rc
socket_bind(struct workers *w, char **error_r)
{
	struct sockaddr_un sun;
	char name[32];

	snprintf(name, sizeof(name), "wake.%u", w->number);
	unlinkat(w->dir, name, 0);      /* of a dead one: the byte is ours */
	wake_name(w, w->number, &sun);
	w->wake = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	w->send = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (w->wake < 0 || w->send < 0 ||
	    bind(w->wake, (struct sockaddr *)&sun, sizeof(sun)) != 0) {
		*error_r = mem_printf("%s/%s: the wake socket cannot be made: %s",
		    w->path, name, strerror(errno));
		return RC_IO;
	}
	fchmodat(w->dir, name, 0600, 0);
	if (geteuid() == 0 && w->owner != 0 &&
	    fchownat(w->dir, name, w->owner, (gid_t)-1, AT_SYMLINK_NOFOLLOW) != 0)
		log_warn("store", "socket=%s cannot be given to its owner", name);
	return RC_OK;
}

static uint32_t
boot_seconds(void)
{
	return (uint32_t)(clock_boot(&clock_system) / 1000);
}

/* How the number ended; FATE_LEFT if nobody ever had it. */
static uint32_t
fate_read(struct workers *w, unsigned number)
{
	struct slot slot;

	if (pread(w->fd, &slot, sizeof(slot), 16 * (off_t)number) !=
	    sizeof(slot) || slot.incarnation == 0)
		return FATE_LEFT;
	return slot.fate;
}

/* Known to be the number of one that was killed a while ago.  That is seen without
 * its lock: whoever holds it makes the dead look alive. */
static bool
is_mourned(struct workers *w, unsigned number)
{
	uint32_t fate = fate_read(w, number), now = boot_seconds();

	return fate >= FATE_FOUND && fate - FATE_FOUND <= now &&        /* no reboot */
	    now - (fate - FATE_FOUND) < MOURN_SECONDS;
}

/* Its byte is ours: was it killed, and did nobody know? */
static bool
is_corpse(struct workers *w, unsigned number)
{
	if (fate_read(w, number) != FATE_OPEN)
		return is_mourned(w, number);
	fate_write(w, number, FATE_FOUND + boot_seconds());
	return true;
}

/* Locks the first number that is free, and may be used again. */
static int
number_lock(struct workers *w, bool takes_mourned)
{
	for (w->number = 1; w->number <= WORKERS_MAX; w->number++) {
		if (!takes_mourned && is_mourned(w, w->number))
			continue;
		if (lock_byte(w->fd, w->number, false) == 0) {
			if (takes_mourned || !is_corpse(w, w->number))
				return 0;
			unlock_byte(w->fd, w->number);
		} else if (errno != EAGAIN && errno != EACCES) {
			return -1;
		}
	}
	return 0;
}

/* A free number; its slot gets the next incarnation. */
static enum rc
number_take(struct workers *w, char **error_r)
{
	struct slot slot;

	if (number_lock(w, false) != 0 || (w->number > WORKERS_MAX &&
	    number_lock(w, true) != 0)) {
		*error_r = mem_printf("%s/workers.lock: %s", w->path,
		    strerror(errno));
		return RC_IO;
	}
	if (w->number > WORKERS_MAX) {
		*error_r = mem_printf("%s: more than %d processes", w->path,
		    WORKERS_MAX);
		return RC_TOO_BIG;
	}
	memset(&slot, 0, sizeof(slot));
	if (pread(w->fd, &slot, sizeof(slot), 16 * (off_t)w->number) !=
	    sizeof(slot) || slot.incarnation == 0)
		slot.incarnation = (uint32_t)random_u64() >> 1;
	slot.incarnation++;
	slot.busy = 0;
	slot.fate = FATE_OPEN;
	slot.pid = (uint32_t)getpid();
	if (pwrite(w->fd, &slot, sizeof(slot), 16 * (off_t)w->number) !=
	    sizeof(slot)) {
		*error_r = mem_printf("%s/workers.lock: %s", w->path,
		    strerror(errno));
		unlock_byte(w->fd, w->number);
		return RC_IO;
	}
	w->self = (holder)slot.incarnation << HOLDER_SHIFT | w->number;
	return RC_OK;
}

enum rc
worker_begin(struct workers *w, char **error_r)
{
	enum rc rc;

	if (w->self != 0)
		return RC_OK;
	if ((rc = number_take(w, error_r)) != RC_OK)
		return rc;
	if ((rc = socket_bind(w, error_r)) != RC_OK) {
		if (w->wake >= 0)
			close(w->wake);
		if (w->send >= 0)
			close(w->send);
		w->wake = w->send = -1;
		w->self = 0;
		fate_write(w, w->number, FATE_LEFT);
		unlock_byte(w->fd, w->number);
		return rc;
	}
	log_debug("store", "worker=%u", w->number);
	return RC_OK;
}

holder
worker_self(const struct workers *w)
{
	return w->self;
}

unsigned
worker_number(holder h)
{
	return (unsigned)(h & WORKERS_MAX);
}

int
worker_fd(const struct workers *w)
{
	return w->wake;
}

void
worker_take(struct workers *w)
{
	char bytes[8];

	while (w->wake >= 0 && recv(w->wake, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0)
		continue;
}

bool
worker_is_alive(struct workers *w, holder h)
{
	struct slot slot;
	unsigned number = worker_number(h);

	if (h == 0)
		return false;
	if (h == w->self)
		return true;
	return pread(w->fd, &slot, sizeof(slot), 16 * (off_t)number) ==
	    sizeof(slot) && slot.incarnation == (uint32_t)(h >> HOLDER_SHIFT) &&
	    byte_is_held(w->fd, number);
}

bool
worker_was_killed(struct workers *w, holder h)
{
	struct slot slot;
	unsigned number = worker_number(h);

	if (h == 0 || h == w->self)
		return false;
	return pread(w->fd, &slot, sizeof(slot), 16 * (off_t)number) ==
	    sizeof(slot) && slot.incarnation == (uint32_t)(h >> HOLDER_SHIFT) &&
	    slot.fate != FATE_LEFT && !byte_is_held(w->fd, number);
}

/* ---- waking -------------------------------------------------------------- */

static void
busy_write(struct workers *w)
{
	uint32_t busy = (w->is_busy ? BUSY_CLAIMS : 0) |
	    (w->has_sockets ? BUSY_SOCKETS : 0);

	if (pwrite(w->fd, &busy, sizeof(busy), 16 * (off_t)w->number +
	    (off_t)offsetof(struct slot, busy)) != sizeof(busy))
		log_warn("store", "worker=%u slot cannot be written", w->number);
}

void
worker_say_busy(struct workers *w, bool busy)
{
	if (w->self == 0 || w->is_busy == busy)
		return;
	w->is_busy = busy;
	busy_write(w);
}

size_t
workers_busy(struct workers *w, unsigned *numbers_r, size_t max)
{
	struct slot slots[64];
	size_t n = 0;
	ssize_t got;

	for (unsigned base = 0; base <= WORKERS_MAX; base += 64) {
		got = pread(w->fd, slots, sizeof(slots), 16 * (off_t)base);
		for (unsigned i = 0; i < (got > 0 ? (size_t)got / 16 : 0); i++)
			if ((slots[i].busy & BUSY_CLAIMS) != 0 &&
			    base + i != w->number && n < max)
				numbers_r[n++] = base + i;
		if (got < (ssize_t)sizeof(slots))
			break;
	}
	return n;
}

void
worker_offer_sockets(struct workers *w)
{
	if (w->self == 0 || w->has_sockets)
		return;
	w->has_sockets = true;
	busy_write(w);
}

static bool
slot_has_sockets(struct workers *w, unsigned number)
{
	struct slot slot;

	return number != 0 && pread(w->fd, &slot, sizeof(slot),
	    16 * (off_t)number) == sizeof(slot) && (slot.busy & BUSY_SOCKETS) != 0 &&
	    byte_is_held(w->fd, number);
}

bool
workers_have_sockets(struct workers *w)
{
	struct slot slots[64];
	ssize_t got;

	if (w->has_sockets || slot_has_sockets(w, w->with_sockets))
		return true;
	w->with_sockets = 0;
	for (unsigned base = 0; base <= WORKERS_MAX; base += 64) {
		got = pread(w->fd, slots, sizeof(slots), 16 * (off_t)base);
		for (unsigned i = 0; i < (got > 0 ? (size_t)got / 16 : 0); i++) {
			if ((slots[i].busy & BUSY_SOCKETS) == 0 || base + i == 0 ||
			    !byte_is_held(w->fd, base + i))
				continue;
			w->with_sockets = base + i;
			return true;
		}
		if (got < (ssize_t)sizeof(slots))
			break;
	}
	return false;
}

void
worker_wake(struct workers *w, unsigned number)
{
	struct sockaddr_un sun;
	uint32_t flag = 0;

	if (w->send < 0)
		w->send = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0);
	wake_name(w, number, &sun);
	if (sendto(w->send, "", 1, MSG_DONTWAIT, (struct sockaddr *)&sun,
	    sizeof(sun)) >= 0 || (errno != ECONNREFUSED && errno != ENOENT))
		return;
	/* It died without saying so: nobody needs to try again. */
	if (!byte_is_held(w->fd, number) && pwrite(w->fd, &flag, sizeof(flag),
	    16 * (off_t)number + (off_t)offsetof(struct slot, busy)) < 0)
		log_warn("store", "worker=%u slot cannot be written", number);
}

bool
worker_is_alone(struct workers *w)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = 1, .l_len = WORKERS_MAX };

	return fcntl(w->fd, LOCK_ASK, &fl) == 0 && fl.l_type == F_UNLCK;
}

/* ---- one for all -------------------------------------------------------------- */

bool
worker_duty_take(struct workers *w)
{
	return lock_byte(w->fd, DUTY_BYTE, false) == 0;
}

void
worker_duty_drop(struct workers *w)
{
	unlock_byte(w->fd, DUTY_BYTE);
}
