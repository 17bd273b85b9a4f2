/* SPDX-License-Identifier: ISC
 *
 * pidfd.c - asks the kernel about a process, by a pidfd
 *
 * The numbers and structures here are those of the kernel.  The headers of many C libraries do not
 * have them yet.
 */
#include "api/pidfd.h"

#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76 /* of asm-generic; a kernel where it has another number refuses this one */
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* The first version of the kernel's struct pidfd_info; of all later ones it is the beginning. */
struct info {
	uint64_t mask, cgroup;
	uint32_t pid, thread_group, parent;
	uint32_t real_uid, real_gid, effective_uid, effective_gid, saved_uid, saved_gid, fs_uid,
		fs_gid;
	int32_t exit_code;
};

#define GET_INFO  _IOWR(0xff, 11, struct info)
#define WITH_PIDS 1 /* bits of mask: PIDFD_INFO_PID */
#define WITH_UIDS 2 /* PIDFD_INFO_CREDS */

#define GET_PID_NAMESPACE _IO(0xff, 5)

bool
pidfd_ask(int socket, bool with)
{
	const int value = with;

	return setsockopt(socket, SOL_SOCKET, SO_PASSPIDFD, &value, sizeof(value)) == 0;
}

int
pidfd_open_pid(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

bool
pidfd_read(int fd, struct process *process)
{
	struct info info = { .mask = WITH_PIDS | WITH_UIDS };

	if (ioctl(fd, GET_INFO, &info) != 0)
		return false;
	if ((info.mask & (WITH_PIDS | WITH_UIDS)) != (WITH_PIDS | WITH_UIDS)) {
		errno = ENOTSUP;
		return false;
	}
	*process = (struct process){ (pid_t)info.parent, info.real_uid };
	return true;
}

bool
pidfd_send(int fd, int signal)
{
	return syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) == 0;
}

bool
pidfd_is_reaped(int fd)
{
	return !pidfd_send(fd, 0) && errno == ESRCH;
}

int
pidfd_open_pid_namespace(int fd)
{
	return ioctl(fd, GET_PID_NAMESPACE, 0);
}
