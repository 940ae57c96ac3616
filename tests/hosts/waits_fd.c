/* waits_fd.c - blocking calls on pipes, files and the kernel's small descriptors; see waits.h.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include "waits.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>

static char folder[160]; /* below where we were started; who did removes it */

static char *in_folder(char *path, size_t cap, const char *name)
{
	snprintf(path, cap, "%s/%s", folder, name);
	return path;
}

static void read_one(struct result *r, int from, int to, const char *object)
{
	struct later l;
	char buf[16];

	object_text(r, object);
	later(&l, wake_byte, to);
	TIMED(r, read(from, buf, sizeof(buf)));
	r->bytes = r->ret;
	later_done(&l);
}

static void run_read_unix(struct result *r)
{
	int fds[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	read_one(r, fds[0], fds[1], "unix");
	close_two(fds);
}

static void run_read_tcp(struct result *r)
{
	int fds[2];

	tcp_pair(fds);
	object_peer(r, fds[0]);
	read_one(r, fds[0], fds[1], strdupa(r->object));
	close_two(fds);
}

static void run_read_pipe(struct result *r)
{
	int fds[2];

	if (pipe(fds) != 0)
		return;
	read_one(r, fds[0], fds[1], "pipe");
	close_two(fds);
}

static void run_readv_pipe(struct result *r)
{
	char buf[16];
	struct iovec parts[2] = {{buf, 4}, {buf + 4, 12}};
	struct later l;
	int fds[2];

	if (pipe(fds) != 0)
		return;
	object_text(r, "pipe");
	later(&l, wake_byte, fds[1]);
	TIMED(r, readv(fds[0], parts, 2));
	later_done(&l);
	close_two(fds);
}

/* libc reads by itself here, out of sight. */
static void run_fread_pipe(struct result *r)
{
	struct later l;
	char buf[1];
	int fds[2];

	if (pipe(fds) != 0)
		return;
	FILE *f = fdopen(fds[0], "r");

	later(&l, wake_byte, fds[1]);
	TIMED(r, fread(buf, 1, 1, f));
	later_done(&l);
	fclose(f);
	close(fds[1]);
}

static void bump_eventfd(long fd)
{
	eventfd_write((int)fd, 7);
}

static void run_read_eventfd(struct result *r)
{
	struct later l;
	uint64_t value = 0;
	int fd = eventfd(0, 0);

	object_text(r, "eventfd");
	later(&l, bump_eventfd, fd);
	TIMED(r, read(fd, &value, sizeof(value)));
	r->bytes = (long)value;
	later_done(&l);
	close(fd);
}

static void run_read_timerfd(struct result *r)
{
	struct itimerspec in = {.it_value = {.tv_nsec = WAIT_MS * 1000000l}};
	uint64_t value = 0;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	timerfd_settime(fd, 0, &in, NULL);
	object_text(r, "timerfd");
	TIMED(r, read(fd, &value, sizeof(value)));
	r->bytes = (long)value;
	close(fd);
}

static void make_file(long name)
{
	close(open((const char *)name, O_CREAT | O_WRONLY, 0600));
}

static void run_read_inotify(struct result *r)
{
	char buf[4096], path[200];
	struct later l;
	int fd = inotify_init1(0);

	unlink(in_folder(path, sizeof(path), "new"));
	inotify_add_watch(fd, folder, IN_CREATE);
	object_text(r, "inotify");
	later(&l, make_file, (long)path);
	TIMED(r, read(fd, buf, sizeof(buf)));
	later_done(&l);
	close(fd);
	unlink(path);
}

static void open_writer(long name)
{
	int fd = open((const char *)name, O_WRONLY);

	pause_ms(2);
	close(fd);
}

static void run_open_fifo(struct result *r)
{
	char path[200];
	struct later l;

	mkfifo(in_folder(path, sizeof(path), "fifo"), 0600);
	object_text(r, path);
	later(&l, open_writer, (long)path);
	TIMED(r, open(path, O_RDONLY));
	later_done(&l);
	close((int)r->ret);
	r->ret = r->ret >= 0;
	unlink(path);
}

static void close_fd(long fd)
{
	close((int)fd);
}

static void run_flock(struct result *r)
{
	char path[200];
	struct later l;
	int held = open(in_folder(path, sizeof(path), "flock"), O_CREAT | O_RDWR, 0600);
	int fd = open(path, O_RDWR);

	flock(held, LOCK_EX);
	object_text(r, path);
	later(&l, close_fd, held);
	TIMED(r, flock(fd, LOCK_EX));
	later_done(&l);
	close(fd);
}

/* Record locks belong to processes: a child holds the lock and dies. */
static pid_t child_locks(const char *path)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int ready[2];
	char byte;

	if (pipe(ready) != 0)
		return -1;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(path, O_CREAT | O_RDWR, 0600);

		fcntl(fd, F_SETLK, &lock);
		wake_byte(ready[1]);
		pause_ms(WAIT_MS);
		_exit(0);
	}
	if (read(ready[0], &byte, 1) != 1)
		perror("child");
	close_two(ready);
	return pid;
}

static void run_setlkw(struct result *r)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[200];
	pid_t pid = child_locks(in_folder(path, sizeof(path), "setlkw"));
	int fd = open(path, O_RDWR);

	object_text(r, path);
	TIMED(r, fcntl(fd, F_SETLKW, &lock));
	waitpid(pid, NULL, 0);
	close(fd);
}

static void run_lockf(struct result *r)
{
	char path[200];
	pid_t pid = child_locks(in_folder(path, sizeof(path), "lockf"));
	int fd = open(path, O_RDWR);

	object_text(r, path);
	TIMED(r, lockf(fd, F_LOCK, 0));
	waitpid(pid, NULL, 0);
	close(fd);
}

static void run_splice(struct result *r)
{
	struct later l;
	int from[2], to[2];

	if (pipe(from) != 0 || pipe(to) != 0)
		return;
	object_text(r, "pipe");
	later(&l, wake_byte, from[1]);
	TIMED(r, splice(from[0], NULL, to[1], NULL, 16, 0));
	r->bytes = r->ret;
	later_done(&l);
	close_two(from);
	close_two(to);
}

static void run_fsync(struct result *r)
{
	static const char block[1 << 16];
	char path[200];
	int fd = open(in_folder(path, sizeof(path), "fsync"), O_CREAT | O_TRUNC | O_RDWR, 0600);

	for (int i = 0; i < 16; i++)
		r->bytes += write(fd, block, sizeof(block));
	object_text(r, path);
	TIMED(r, fsync(fd));
	close(fd);
}

static void drain_slowly(long fd)
{
	char buf[1 << 16];

	while (read((int)fd, buf, sizeof(buf)) > 0)
		pause_ms(1);
}

static void run_write_pipe_1mb(struct result *r)
{
	static const char block[1 << 20];
	struct later l;
	int fds[2];

	if (pipe(fds) != 0)
		return;
	object_text(r, "pipe");
	later(&l, drain_slowly, fds[0]);
	TIMED(r, write(fds[1], block, sizeof(block)));
	r->bytes = r->ret;
	close(fds[1]);
	later_done(&l);
	close(fds[0]);
}

static const struct row rows[] = {
        {"read_unix", "read", run_read_unix},
        {"read_tcp", "read", run_read_tcp},
        {"read_pipe", "read", run_read_pipe},
        {"readv_pipe", "read", run_readv_pipe},
        {"fread_pipe", "-", run_fread_pipe},
        {"read_eventfd", "read", run_read_eventfd},
        {"read_timerfd", "read", run_read_timerfd},
        {"read_inotify", "read", run_read_inotify},
        {"open_fifo", "open", run_open_fifo},
        {"flock", "flock", run_flock},
        {"setlkw", "flock", run_setlkw},
        {"lockf", "flock", run_lockf},
        {"splice", "sendfile", run_splice},
        {"fsync", "fsync", run_fsync},
        {"write_pipe_1mb", "write", run_write_pipe_1mb},
        {0},
};

int main(int argc, char **argv)
{
	if (!getcwd(folder, sizeof(folder) - sizeof("/waits-XXXXXX")))
		return 1;
	strcat(folder, "/waits-XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	return waits_main(argc, argv, rows);
}
