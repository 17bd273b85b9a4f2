/* SPDX-License-Identifier: ISC
 *
 * notify.c - both sides of sd_notify(3): a receiver, and a sender
 *
 * Usage:
 * notify listen PATH	takes datagrams at a socket, as a service manager does, and prints for each
 *			how many descriptors came with it, its sender's pid, and its lines with a
 *			'|' between them; a datagram "END" ends it
 * notify deaf PATH	makes the socket, says so, and never reads
 * notify send TEXT [N]	sends TEXT to NOTIFY_SOCKET, with N descriptors
 * notify size BYTES	sends so many bytes
 * notify stay TEXT	sends TEXT, and stays until its parent has gone
 * notify pidfd		whether the kernel tells by a pidfd whose process it is
 * notify flood wait	sends datagrams without a pause, and sleeps while there is no room
 * notify flood spin	the same, but tries again at once
 * notify flood fds	sleeps as well, and sends descriptors
 * notify flood deep	sleeps as well, and has hundreds of processes above it
 * notify linger SECONDS	sends TCP sockets whose close(2) waits so long for data that nobody
 *			reads, closes its own, prints "sent", and stays
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define SIZE 70000
#define FDS  252

static union {
	char bytes[CMSG_SPACE(FDS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	struct cmsghdr align;
} control;

static int
address_of(const char *text, struct sockaddr_un *address, socklen_t *length)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (!text || strlen(text) >= sizeof(address->sun_path))
		return -1;
	memcpy(address->sun_path, text, strlen(text));
	*length = offsetof(struct sockaddr_un, sun_path) + strlen(text) + (*text == '/');
	if (*text == '@')
		address->sun_path[0] = '\0';
	return socket(AF_UNIX, SOCK_DGRAM, 0);
}

static void
print(const struct msghdr *m, char *text, size_t length)
{
	size_t fds = 0;
	int pid = 0;

	for (const struct cmsghdr *c = CMSG_FIRSTHDR(m); c;
	     c = CMSG_NXTHDR((struct msghdr *)m, (struct cmsghdr *)c)) {
		if (c->cmsg_type == SCM_CREDENTIALS)
			memcpy(&pid, CMSG_DATA(c), sizeof(pid));
		if (c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); fds < n; fds++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + fds * sizeof(fd), sizeof(fd));
			close(fd);
		}
	}
	for (size_t i = 0; i < length; i++)
		if (text[i] == '\n')
			text[i] = '|';
	printf("%zu %d %.*s\n", fds, pid, (int)length, text);
}

static int
serve(const char *path, int is_deaf)
{
	static char text[SIZE];
	struct sockaddr_un address;
	socklen_t length;
	const int yes = 1;
	int fd = address_of(path, &address, &length);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) ||
	    bind(fd, (struct sockaddr *)&address, length))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("listens");
	if (is_deaf)
		for (;;)
			pause();
	for (;;) {
		struct iovec io = { text, sizeof(text) };
		struct msghdr m = { .msg_iov = &io,
				    .msg_iovlen = 1,
				    .msg_control = &control,
				    .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(fd, &m, 0);

		if (n < 0)
			return 1;
		if (n == 3 && !memcmp(text, "END", 3))
			return 0;
		print(&m, text, n);
	}
}

static void
add_fds(struct msghdr *m, const int *fds, int count)
{
	struct cmsghdr *c = &control.align;

	m->msg_control = &control;
	m->msg_controllen = CMSG_SPACE(count * sizeof(int));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(c), fds, count * sizeof(int));
}

static int
say_with(const char *text, size_t bytes, const int *fds, int count)
{
	struct sockaddr_un address;
	socklen_t length;
	int fd = address_of(getenv("NOTIFY_SOCKET"), &address, &length);
	struct iovec io = { (char *)text, bytes };
	struct msghdr m = { .msg_name = &address, .msg_iov = &io, .msg_iovlen = 1 };

	if (fd < 0)
		return 1;
	m.msg_namelen = length;
	if (count)
		add_fds(&m, fds, count);
	return sendmsg(fd, &m, 0) < 0;
}

static int
say(const char *text, size_t bytes, int count)
{
	int fds[FDS];

	for (int i = 0; i < count; i++)
		fds[i] = STDERR_FILENO;
	return say_with(text, bytes, fds, count);
}

/* Returns only if it may not send. */
static int
flood(int flags, int count)
{
	struct sockaddr_un address;
	socklen_t length;
	int fd = address_of(getenv("NOTIFY_SOCKET"), &address, &length);
	struct iovec io = { (char *)"READY=1", 7 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };
	const int fds[3] = { 0, 1, 2 };

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, length))
		return 1;
	if (count)
		add_fds(&m, fds, count);
	while (sendmsg(fd, &m, flags) > 0 || errno == EAGAIN)
		continue;
	return 1;
}

/* Comes before the message: after it the parent may go at any time. */
static void
end_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Goes on in a process with so many more above it.  They end with the first of them. */
static void
descend(int count)
{
	for (int i = 0; i < count; i++)
		if (fork())
			pause();
		else
			end_with_parent();
}

static int
stay(void)
{
	while (pause())
		continue;
	return 1;
}

static int
knows_pidfds(void)
{
	uint32_t info[16] = { 3 }; /* struct pidfd_info: its mask asks for pids and users */
	int fd = (int)syscall(434, getpid(), 0);

	return ioctl(fd, _IOWR(0xff, 11, info), info) == 0;
}

/* Returns a TCP socket whose peer does not read, full of data, and that lingers. */
static int
make_lingering(int seconds)
{
	const struct linger linger = { 1, seconds };
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int server = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	char bytes[4096] = { 0 };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (server < 0 || fd < 0 || bind(server, (struct sockaddr *)&address, length) ||
	    listen(server, 1) || getsockname(server, (struct sockaddr *)&address, &length) ||
	    connect(fd, (struct sockaddr *)&address, length) ||
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)))
		return -1;
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		continue;
	return fd;
}

/* Stays, because the kernel would drop the data with the peer. */
static int
say_lingering(int seconds)
{
	int fds[3];

	for (int i = 0; i < 3; i++)
		if ((fds[i] = make_lingering(seconds)) < 0)
			return 1;
	if (say_with("READY=1", 7, fds, 3))
		return 1;
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	puts("sent");
	fflush(stdout);
	return stay();
}

int
main(int argc, char **argv)
{
	int rc = 2;

	if (argc == 2 && !strcmp(argv[1], "pidfd"))
		return !knows_pidfds();
	if (argc < 3)
		return rc;
	if (!strcmp(argv[1], "listen") || !strcmp(argv[1], "deaf"))
		rc = serve(argv[2], argv[1][0] == 'd');
	if (!strcmp(argv[1], "send"))
		rc = say(argv[2], strlen(argv[2]), argc > 3 ? atoi(argv[3]) : 0);
	if (!strcmp(argv[1], "size")) {
		size_t size = atoi(argv[2]);
		char *text = malloc(size + 1);

		if (text)
			memset(text, 'x', size);
		rc = text ? say(text, size, 0) : 1;
		free(text);
	}
	if (!strcmp(argv[1], "stay") || !strcmp(argv[1], "linger"))
		end_with_parent();
	if (!strcmp(argv[1], "stay"))
		rc = prctl(PR_SET_PDEATHSIG, SIGKILL) || say(argv[2], strlen(argv[2]), 0) || stay();
	if (!strcmp(argv[1], "flood") && !strcmp(argv[2], "deep")) {
		descend(400);
		fork(); /* two, which take turns */
	}
	if (!strcmp(argv[1], "flood"))
		rc = flood(strcmp(argv[2], "spin") ? 0 : MSG_DONTWAIT,
			   strcmp(argv[2], "fds") ? 0 : 3);
	if (!strcmp(argv[1], "linger"))
		rc = say_lingering(atoi(argv[2]));
	if (rc == 1)
		perror("notify");
	return rc;
}
