/* SPDX-License-Identifier: ISC
 *
 * signal_name.c - the names of the signals
 *
 * C libraries do not agree on SIGRTMIN, because they keep different signals to themselves.  A name
 * may come from another program, so RTMIN is the same here in each build: that of glibc.
 */
#include "cli/signal_name.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define RTMIN 34
#define RTMAX 64

static const struct {
	const char *name;
	int number;
} names[] = {
	{ "HUP", SIGHUP },	 { "INT", SIGINT },   { "QUIT", SIGQUIT },     { "ILL", SIGILL },
	{ "TRAP", SIGTRAP },	 { "ABRT", SIGABRT }, { "IOT", SIGABRT },      { "BUS", SIGBUS },
	{ "FPE", SIGFPE },	 { "KILL", SIGKILL }, { "USR1", SIGUSR1 },     { "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 },	 { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },     { "TERM", SIGTERM },
	{ "CHLD", SIGCHLD },	 { "CLD", SIGCHLD },  { "CONT", SIGCONT },     { "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP },	 { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU },     { "URG", SIGURG },
	{ "XCPU", SIGXCPU },	 { "XFSZ", SIGXFSZ }, { "VTALRM", SIGVTALRM }, { "PROF", SIGPROF },
	{ "WINCH", SIGWINCH },	 { "IO", SIGIO },     { "POLL", SIGIO },       { "PWR", SIGPWR },
#ifdef SIGSTKFLT
	{ "STKFLT", SIGSTKFLT },
#endif
	{ "SYS", SIGSYS },
};

/* Reads a distance, as "+3": the sign and one or two digits.  Nothing is 0.  -1 if it is none, or
 * beyond the last real-time signal. */
static int
read_distance(const char *text, char sign)
{
	size_t digits = strspn(text + (*text != '\0'), "0123456789");
	int n;

	if (*text == '\0')
		return 0;
	if (*text != sign || digits == 0 || digits > 2 || text[1 + digits] != '\0')
		return -1;
	n = digits == 1 ? text[1] - '0' : (text[1] - '0') * 10 + text[2] - '0';
	return n <= RTMAX - RTMIN ? n : -1;
}

static int
find_real_time(const char *name)
{
	bool from_least = strncmp(name, "RTMIN", strlen("RTMIN")) == 0;
	int n;

	if (!from_least && strncmp(name, "RTMAX", strlen("RTMAX")) != 0)
		return 0;
	n = read_distance(name + strlen("RTMIN"), from_least ? '+' : '-');
	if (n < 0)
		return 0;
	return from_least ? RTMIN + n : RTMAX - n;
}

int
signal_name_find(const char *name)
{
	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i].name) == 0)
			return names[i].number;
	return find_real_time(name);
}
