/* SPDX-License-Identifier: ISC
 *
 * pidfd.h - what the kernel says about a process without /proc
 *
 * A pidfd stands for one process, and never for a later one with the same number.  Both sides of
 * compl.h use these calls, as those of proc.h.
 */
#ifndef API_PIDFD_H
#define API_PIDFD_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifndef SCM_PIDFD
#define SCM_PIDFD 4 /* as of <sys/socket.h>; the control message that pidfd_ask() asks for */
#endif

struct process {
	pid_t parent; /* 0 if it is of another pid namespace */
	uid_t user;   /* the real one */
};

/* Has messages of the socket come with a pidfd of the sender, or without.  Before Linux 6.5 they
 * come without: false with errno. */
bool pidfd_ask(int socket, bool with);

/* Opens a pidfd.  -1 with errno. */
int pidfd_open_pid(pid_t pid);

/* Reads about a process that is not reaped yet.  False with errno: ESRCH if it is, or another error
 * if the kernel cannot tell, which it can from Linux 6.13 on. */
bool pidfd_read(int fd, struct process *process);

/* Sends a signal to the process.  False with errno: ESRCH if it has been reaped. */
bool pidfd_send(int fd, int signal);

/* Whether the process has been reaped. */
bool pidfd_is_reaped(int fd);

/* Opens the pid namespace of the process.  -1 with errno: before Linux 6.11 the kernel cannot. */
int pidfd_open_pid_namespace(int fd);

#endif
