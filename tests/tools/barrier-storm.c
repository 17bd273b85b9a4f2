/* SPDX-License-Identifier: ISC
 *
 * barrier-storm.c - a storm in a barrier: each round is passed by exactly as many as make one
 *
 * Usage: barrier-storm NAMESPACE COMMAND PHASES SEED
 *
 * In a phase participants join at random moments, by a call or by COMMAND, some of them with a
 * deadline; and some of all that stand there are killed, ended by a signal or stopped.  Then the
 * stopped ones go on, and all come to rest.  Those who still stand take part in the next phase.
 *
 * What must be true of a phase in which the most frequent place was given R times:
 *
 * - Each place from 1 to N was given R times.  Of those that are missing, each needs one who was
 *   killed, and may have passed before it could say so.  (A command that a signal has ended, and
 *   whoever timed out, has not passed.)
 * - When a place is given for the Rth time, R times N of those who have passed, or may have, had
 *   come.
 * - Less than N still stand.
 *
 * Ends with 0 if all this was so in each phase, otherwise with 1; with 2 if something else failed.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chance.h"
#include "compl.h"
#include "process.h"
#include "timing.h"

#define PARTIES_MAX 8
#define SLOTS	    (6 * PARTIES_MAX)
#define LIMIT_MS    ((int)limit_s(30) * 1000)
#define NAME	    "round"

enum ending { STANDS, PASSED, LEFT, UNKNOWN };

/* A participant.  It writes the times and the place itself. */
struct slot {
	int64_t called_ns, returned_ns;
	uint32_t place;
	pid_t pid;  /* 0: nobody */
	int output; /* of a command, or -1 */
	enum ending ending;
};

static struct slot *slots;
static const char *space_name, *command;
static uint32_t seed, parties;
static struct {
	uint32_t rounds, passed, left, killed, wrong;
} total;

static void
give_up(const char *why)
{
	perror(why);
	exit(2);
}

/* ---- participants ----------------------------------------------------------------------- */

static _Noreturn void
join_by_call(struct slot *slot, int ms)
{
	static const char *const name = NAME;
	const struct compl_where where = { .space = space_name, .uid = geteuid() };
	struct compl_request request = { .names = &name, .count = 1 };
	struct compl_round round = { .parties = parties };
	struct compl_space *c;
	enum compl_result result;

	if (compl_open(&c, &where, COMPL_CREATE) != COMPL_OK)
		_exit(3);
	request.deadline_ns = ms < 0 ? COMPL_NEVER : in_ms(ms);
	slot->called_ns = now_ns();
	result = compl_barrier(c, &request, &round);
	slot->returned_ns = now_ns();
	if (result == COMPL_OK)
		slot->place = round.place;
	_exit(result == COMPL_OK ? 0 : result == COMPL_TIMED_OUT ? 124 : 3);
}

static _Noreturn void
join_by_command(struct slot *slot, int ms)
{
	char number[16], timeout[32] = "infinity";
	int null = open("/dev/null", O_RDWR);

	snprintf(number, sizeof number, "%u", parties);
	if (ms >= 0)
		snprintf(timeout, sizeof timeout, "%dms", ms);
	dup2(slot->output, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	slot->called_ns = now_ns();
	execl(command, "compl", "-n", space_name, "barrier", NAME, "--print", "--parties", number,
	      "--timeout", timeout, (char *)NULL);
	_exit(3);
}

static void
start(struct slot *slot)
{
	int ms = roll(&seed, 4) == 0 ? (int)roll(&seed, 20) : -1;
	bool by_command = roll(&seed, 3) == 0;
	pid_t pid;

	*slot = (struct slot){ .output = by_command ? memfd_create("place", MFD_CLOEXEC) : -1 };
	pid = fork();
	if (pid < 0)
		give_up("fork");
	if (pid > 0) {
		slot->pid = pid;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_DFL);
	if (by_command)
		join_by_command(slot, ms);
	join_by_call(slot, ms);
}

/* What a command has printed: its place, or 0. */
static uint32_t
read_place(int output)
{
	char text[16] = "";

	if (pread(output, text, sizeof text - 1, 0) < 0)
		give_up("pread");
	return (uint32_t)strtoul(text, NULL, 10);
}

/* A participant that says nothing may have been killed when it had passed. */
static enum ending
ending_of(struct slot *slot, int status)
{
	bool is_command = slot->output >= 0;

	if (is_command && slot->place == 0)
		slot->place = read_place(slot->output);
	if (slot->place != 0)
		return PASSED;
	if (WIFSIGNALED(status))
		return is_command && WTERMSIG(status) != SIGKILL ? LEFT : UNKNOWN;
	if (WEXITSTATUS(status) == 124)
		return LEFT;
	printf("VIOLATION: a participant ended with %d\n", WEXITSTATUS(status));
	total.wrong++;
	return LEFT;
}

static void
reap(void)
{
	int status;

	for (struct slot *s = slots; s < slots + SLOTS; s++) {
		if (s->pid == 0 || s->ending != STANDS || waitpid(s->pid, &status, WNOHANG) <= 0)
			continue;
		if (s->returned_ns == 0)
			s->returned_ns = now_ns();
		s->ending = ending_of(s, status);
		if (s->output >= 0)
			close(s->output);
	}
}

/* ---- a phase ------------------------------------------------------------------------------ */

static struct slot *
free_slot(void)
{
	for (struct slot *s = slots; s < slots + SLOTS; s++)
		if (s->pid == 0)
			return s;
	return NULL;
}

static uint32_t
count_standing(void)
{
	uint32_t count = 0;

	for (struct slot *s = slots; s < slots + SLOTS; s++)
		count += s->pid != 0 && s->ending == STANDS;
	return count;
}

/* To one of those who stand, or are about to. */
static void
disturb(void)
{
	static const int signals[] = { SIGKILL, SIGKILL, SIGTERM, SIGINT, SIGSTOP, SIGSTOP };
	uint32_t standing = count_standing();
	struct slot *s = slots;

	if (standing == 0)
		return;
	for (uint32_t victim = roll(&seed, standing);; s++)
		if (s->pid != 0 && s->ending == STANDS && victim-- == 0)
			break;
	kill(s->pid, signals[roll(&seed, sizeof signals / sizeof *signals)]);
}

static bool
all_rest(void)
{
	for (struct slot *s = slots; s < slots + SLOTS; s++)
		if (s->pid != 0 && s->ending == STANDS &&
		    (!process_is_asleep(s->pid) || process_is_at_lock(s->pid)))
			return false;
	return true;
}

/* Returns when all have ended or sleep, and too few for a round are left. */
static void
come_to_rest(void)
{
	int64_t end = in_ms(LIMIT_MS);

	for (struct slot *s = slots; s < slots + SLOTS; s++)
		if (s->pid != 0 && s->ending == STANDS)
			kill(s->pid, SIGCONT);
	for (reap(); !all_rest() || count_standing() >= parties; reap()) {
		if (now_ns() > end) {
			printf("VIOLATION: %u stand in a barrier of %u\n", count_standing(),
			       parties);
			total.wrong++;
			return;
		}
		nap();
	}
}

/* How many of those who have passed, or may have, had come by then. */
static uint32_t
count_called(int64_t by_ns)
{
	uint32_t count = 0;

	for (struct slot *s = slots; s < slots + SLOTS; s++)
		count += s->pid != 0 && (s->ending == PASSED || s->ending == UNKNOWN) &&
			 s->called_ns != 0 && s->called_ns <= by_ns;
	return count;
}

/* How often this place had been given by then. */
static uint32_t
count_given(uint32_t place, int64_t by_ns)
{
	uint32_t count = 0;

	for (struct slot *s = slots; s < slots + SLOTS; s++)
		count += s->pid != 0 && s->ending == PASSED && s->place == place &&
			 s->returned_ns <= by_ns;
	return count;
}

static void
judge_pass(const struct slot *slot)
{
	uint32_t given = count_given(slot->place, slot->returned_ns);

	if (slot->place <= parties && given * parties <= count_called(slot->returned_ns))
		return;
	printf("VIOLATION: of %u, place %u was given %u times when %u had come\n", parties,
	       slot->place, given, count_called(slot->returned_ns));
	total.wrong++;
}

static void
judge(void)
{
	uint32_t rounds = 0, missing = 0, killed = 0;

	for (struct slot *s = slots; s < slots + SLOTS; s++) {
		if (s->pid == 0 || s->ending == STANDS)
			continue;
		total.passed += s->ending == PASSED;
		total.left += s->ending == LEFT;
		killed += s->ending == UNKNOWN;
		if (s->ending == PASSED)
			judge_pass(s);
	}
	for (uint32_t place = 1; place <= parties; place++)
		if (count_given(place, INT64_MAX) > rounds)
			rounds = count_given(place, INT64_MAX);
	for (uint32_t place = 1; place <= parties; place++)
		missing += rounds - count_given(place, INT64_MAX);
	if (missing > killed) {
		printf("VIOLATION: in %u rounds of %u, %u places are missing, and %u were killed\n",
		       rounds, parties, missing, killed);
		total.wrong++;
	}
	total.rounds += rounds;
	total.killed += killed;
}

static void
forget_ended(void)
{
	for (struct slot *s = slots; s < slots + SLOTS; s++)
		if (s->ending != STANDS)
			*s = (struct slot){ 0 };
}

static void
play_phase(void)
{
	struct slot *slot;

	if (count_standing() == 0)
		parties = 1 + roll(&seed, PARTIES_MAX);
	for (uint32_t joins = 1 + roll(&seed, 4 * parties); joins > 0; joins--) {
		if ((slot = free_slot()) != NULL)
			start(slot);
		if (roll(&seed, 2) == 0)
			pause_us(roll(&seed, 1000));
		if (roll(&seed, 3) == 0)
			disturb();
	}
	come_to_rest();
	judge();
	forget_ended();
}

int
main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	space_name = argv[1];
	command = argv[2];
	seed = (uint32_t)strtoul(argv[4], NULL, 10) | 1;
	slots = mmap(NULL, SLOTS * sizeof *slots, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (slots == MAP_FAILED)
		give_up("mmap");
	for (unsigned long phases = strtoul(argv[3], NULL, 10); phases > 0 && total.wrong == 0;
	     phases--)
		play_phase();
	for (struct slot *s = slots; s < slots + SLOTS; s++)
		if (s->pid != 0)
			kill(s->pid, SIGKILL);
	while (wait(NULL) > 0)
		;
	printf("%u rounds, %u passed, %u left, %u killed\n", total.rounds, total.passed, total.left,
	       total.killed);
	return total.wrong != 0;
}
