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
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

static int
say(const char *text, size_t bytes, int fds)
{
	struct sockaddr_un address;
	socklen_t length;
	int fd = address_of(getenv("NOTIFY_SOCKET"), &address, &length);
	struct iovec io = { (char *)text, bytes };
	struct msghdr m = { .msg_name = &address, .msg_iov = &io, .msg_iovlen = 1 };

	if (fd < 0)
		return 1;
	m.msg_namelen = length;
	if (fds) {
		struct cmsghdr *c = &control.align;

		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds * sizeof(int));
		while (fds--) {
			int one = STDERR_FILENO;

			memcpy(CMSG_DATA(c) + fds * sizeof(one), &one, sizeof(one));
		}
	}
	return sendmsg(fd, &m, 0) < 0;
}

int
main(int argc, char **argv)
{
	int rc = 2;

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
	if (rc == 1)
		perror("notify");
	return rc;
}
