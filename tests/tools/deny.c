/* SPDX-License-Identifier: ISC
 *
 * deny NAME[=ERRNO] CMD... - runs CMD where the kernel refuses a system call
 *
 * NAME is set_robust_list, get_robust_list, futex_waitv, fallocate or ftruncate; ERRNO is ENOSYS
 * (the default) or EPERM.  A seccomp filter, written by hand: load the number of the call,
 * compare it, refuse or allow.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

static const struct {
	const char *name;
	long number;
} calls[] = {
	{ "set_robust_list", SYS_set_robust_list },
	{ "get_robust_list", SYS_get_robust_list },
	{ "futex_waitv", SYS_futex_waitv },
	{ "fallocate", SYS_fallocate },
	{ "ftruncate", SYS_ftruncate },
};

static int
deny(unsigned number, unsigned error)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof program / sizeof *program, program };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
}

int
main(int argc, char **argv)
{
	unsigned error = ENOSYS;
	char *name;
	size_t i;

	if (argc < 3)
		return 2;
	name = argv[1];
	if (strstr(name, "=EPERM"))
		error = EPERM;
	name[strcspn(name, "=")] = '\0';
	for (i = 0; i < sizeof calls / sizeof *calls; i++)
		if (!strcmp(calls[i].name, name))
			break;
	if (i == sizeof calls / sizeof *calls || deny((unsigned)calls[i].number, error)) {
		perror("deny");
		return 2;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
