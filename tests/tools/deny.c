/* SPDX-License-Identifier: ISC
 *
 * deny.c - runs a command for which the kernel refuses system calls
 *
 * Usage: deny NAME[,NAME...][=HOW] CMD...
 *
 * The names are in the table below.  HOW is the error of the call, ENOSYS (the default), EPERM,
 * EINVAL or EOPNOTSUPP; or KILL, which ends the process by SIGSYS, as systemd(1) does.  Three calls
 * are refused only with some arguments: clone for a new namespace, personality for more than Docker
 * allows, and fcntl for the lock of an open file description.
 * Each name has a seccomp filter, written by hand: load the number of the call, compare it, look
 * at the argument, refuse or allow.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

#define NEW_NAMESPACES                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET)
#define ALLOWED_PERSONALITY 0x20008u	/* PER_LINUX32 and UNAME26 */
#define QUESTION	    0xffffffffu /* with this, personality() changes nothing */

static const struct call {
	const char *name;
	long number;
	/* Refused if the first argument has one of these bits; 0: always.  Of fcntl: if the second
	   argument is this. */
	unsigned bits;
} calls[] = {
	{ "set_robust_list", SYS_set_robust_list, 0 },
	{ "get_robust_list", SYS_get_robust_list, 0 },
	{ "futex_waitv", SYS_futex_waitv, 0 },
	{ "fallocate", SYS_fallocate, 0 },
	{ "ftruncate", SYS_ftruncate, 0 },
	{ "fchmod", SYS_fchmod, 0 },
	{ "setfsuid", SYS_setfsuid, 0 },
	{ "ptrace", SYS_ptrace, 0 },
	{ "unshare", SYS_unshare, 0 },
	{ "setns", SYS_setns, 0 },
	{ "clone", SYS_clone, NEW_NAMESPACES },
	{ "clone3", SYS_clone3, 0 },
	{ "mount", SYS_mount, 0 },
	{ "umount2", SYS_umount2, 0 },
	{ "pivot_root", SYS_pivot_root, 0 },
	{ "fsopen", SYS_fsopen, 0 },
	{ "open_tree", SYS_open_tree, 0 },
	{ "move_mount", SYS_move_mount, 0 },
	{ "mount_setattr", SYS_mount_setattr, 0 },
	{ "perf_event_open", SYS_perf_event_open, 0 },
	{ "pwritev2", SYS_pwritev2, 0 },
	{ "personality", SYS_personality, ~ALLOWED_PERSONALITY },
	{ "ofd_lock", SYS_fcntl, F_OFD_SETLK },
};

#define AT(field)			 offsetof(struct seccomp_data, field)
#define LOAD(field)			 BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(field))
#define RETURN(what)			 BPF_STMT(BPF_RET | BPF_K, what)
#define SKIP(count)			 BPF_STMT(BPF_JMP | BPF_JA, count)
#define IF(test, value, then, otherwise) BPF_JUMP(BPF_JMP | (test) | BPF_K, value, then, otherwise)

static int
deny(const struct call *call, unsigned how)
{
	struct sock_filter program[] = {
		LOAD(nr),
		IF(BPF_JEQ, (unsigned)call->number, 0, 4),
		LOAD(args[0]),
		IF(BPF_JEQ, QUESTION, 2, 0),
		IF(BPF_JSET, call->bits, 0, 1),
		RETURN(how),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof program / sizeof *program, program };

	if (call->number == SYS_fcntl) {
		program[2] = (struct sock_filter)LOAD(args[1]);
		program[3] = (struct sock_filter)IF(BPF_JEQ, call->bits, 1, 2);
	} else if (!call->bits) {
		program[2] = (struct sock_filter)SKIP(2);
	}
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
}

static int
deny_named(const char *name, unsigned how)
{
	size_t i;

	for (i = 0; i < sizeof calls / sizeof *calls; i++)
		if (!strcmp(calls[i].name, name))
			return deny(&calls[i], how);
	errno = EINVAL;
	return -1;
}

int
main(int argc, char **argv)
{
	unsigned how = SECCOMP_RET_ERRNO | ENOSYS;
	char *name, *rest;

	if (argc < 3)
		return 2;
	if (strstr(argv[1], "=EPERM"))
		how = SECCOMP_RET_ERRNO | EPERM;
	else if (strstr(argv[1], "=EOPNOTSUPP"))
		how = SECCOMP_RET_ERRNO | EOPNOTSUPP;
	else if (strstr(argv[1], "=KILL"))
		how = SECCOMP_RET_KILL_PROCESS;
	else if (strstr(argv[1], "=EINVAL"))
		how = SECCOMP_RET_ERRNO | EINVAL;
	argv[1][strcspn(argv[1], "=")] = '\0';
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		perror("deny");
		return 2;
	}
	for (name = strtok_r(argv[1], ",", &rest); name; name = strtok_r(NULL, ",", &rest))
		if (deny_named(name, how)) {
			fprintf(stderr, "deny: %s: %s\n", name, strerror(errno));
			return 2;
		}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
