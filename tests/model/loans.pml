/* SPDX-License-Identifier: ISC
 *
 * loans.pml - tokens that come back: waits that borrow, what they start, strays, and what reinit and
 * rm make of loans
 *
 * A wait that borrows joins the line.  When it is first and the tokens are there, it takes its byte
 * and moves its entries to the borrowers in the commit that takes the tokens.  The beacons of its
 * entries stay with it until it gives back.  It starts CMD, which inherits the descriptor that keeps
 * the byte, closes its own copy, and waits for CMD's end.  What CMD has started may keep the byte
 * longer (a stray), and CMD may close its copy early.
 *
 *	give back	under the lock: if nobody holds the byte, returns what is still lent, name by
 *			name; otherwise leaves it to the others.  Then releases the beacons.
 *	reap		every call that comes to a name, and every wait that looks again, returns the
 *			loans of borrowers that have gone and whose byte nobody holds
 *	watch		the first in line sleeps on its bell and on the beacons of the borrowers that
 *			live.  If there is one that has gone, and a stray holds the byte, it looks
 *			each second.  A wait that is not the first sleeps on the beacon ahead of it and
 *			on that of one borrower, and hands on the wake of that one's death.
 *
 * Of a death the kernel tells the words one after the other, wakes one sleeper of each, then one of
 * the pending word, and closes the descriptors last.  A wait that was woken on one word stays queued
 * on its other words until it runs, and may take their wakes.  Each of these is a step of its own.
 *
 * Here the lock is one robust step, and so is each transaction; waitqueue.pml and names.pml have
 * these in full.  The line is one line for all names, in the order of the tickets.  A killed
 * participant runs no further step.  The look each second is a step that is possible when there is
 * something to find.
 */
#define PARTS 3
#ifndef NAMES
#define NAMES 1
#endif
/* What a participant does, and with which names (a bit each). */
#define BORROWS 0
#define TAKES 4
#define TRIES 8
#define ABSENT 16
#ifndef PART0
#define PART0 BORROWS+1
#endif
#ifndef PART1
#define PART1 BORROWS+1
#endif
#ifndef PART2
#define PART2 BORROWS+1
#endif
#ifndef TOKENS
#define TOKENS 1		/* of each name, at the beginning */
#endif
/* What a poster does, to name 0. */
#define TOKEN 1
#define REINIT 2
#define REMOVE 3
#ifndef POSTERS
#define POSTERS 0
#endif
#ifndef POST0
#define POST0 TOKEN
#endif
#ifndef POST1
#define POST1 TOKEN
#endif
#ifndef MAXKILLS
#define MAXKILLS 0
#endif
#ifndef MAXTIMEOUTS
#define MAXTIMEOUTS 0
#endif

#define NOBODY 255
#define LOANS (PARTS * NAMES)
#define WAKES 2

/* A loan, and the entry in the line that it was before, has a number: so has its beacon. */
#define PART(l) ((l) / NAMES)
#define NAME(l) ((l) % NAMES)
#define LOAN(i, n) ((i) * NAMES + (n))
#define FIRST(i) (LOAN(i, 0) + (wants[i] == 2))
#define BELL(n) (LOANS + (n))
#define BIT(w) (1 << (w))

#define NONE 0
#define WAITING 1
#define BORROWING 2
#define LEFT 3
#define REMOVED 4
#define TOOK 5

byte state[PARTS];
byte wants[PARTS];		/* a bit for each name */
bool beacon[LOANS];		/* it has an owner: the participant lives */
short watch[PARTS];		/* a bit for each word that it sleeps on, its own beacon's number or a bell's */
short others[PARTS];		/* those of them whose wakes it hands on: beacons of borrowers */
byte pending[PARTS];		/* list_op_pending: the first of these, or NOBODY */
bool changed[PARTS];		/* a word has changed since it was read */
bool asleep[PARTS];		/* queued on its words */
bool woken[PARTS];
bool brief[PARTS];		/* a stray holds what it waits for: it looks each second */
bool killed[PARTS + 2];
byte line[PARTS];
byte length = 0;
byte owner = NOBODY;		/* of the lock */
byte job = 0;

byte done[NAMES];
byte lent[NAMES];
bool loan[LOANS];		/* it is in the queue of the borrowers of its name */
bool by_self[PARTS], by_cmd[PARTS]; /* who holds the byte */
bool running[PARTS];		/* its CMD */
byte kills = MAXKILLS, timeouts = MAXTIMEOUTS;

/* What is only there to be checked. */
byte posted[NAMES];
byte taken[NAMES];
byte forgotten[NAMES];		/* by a reinit or a removal */

#define STANDS(i) (beacon[FIRST(i)] && state[i] == WAITING)
#define WANTS(i, n) (wants[i] >> (n) & 1)
#define HELD(i) (by_self[i] || by_cmd[i])
#define IS_BACK(l) (loan[l] && !beacon[l] && !HELD(PART(l)))
#if defined(BREAK_BYTE)
#define ENDED(l) (loan[l] && !beacon[l])
#elif defined(BREAK_BEACON)
#define ENDED(l) (loan[l] && !HELD(PART(l)))
#else
#define ENDED(l) IS_BACK(l)
#endif

hidden byte h1, h2, h3;

/* A word has changed, and all its sleepers are woken: by a process that lives. */
inline wake_all(w)
{
	h1 = 0;
	do
	:: h1 < PARTS ->
		if
		:: watch[h1] & BIT(w) -> changed[h1] = true; woken[h1] = asleep[h1]
		:: else
		fi;
		h1++
	:: else -> break
	od;
	h1 = 0
}

/* One sleeper of a word is woken, any one: by the kernel, or when a wake is handed on. */
inline wake_one(w)
{
	h1 = 0; h2 = 0;
	do
	:: h1 < PARTS -> h2 = h2 + (asleep[h1] && (watch[h1] & BIT(w))); h1++
	:: else -> break
	od;
	h1 = 0;
	do
	:: h2 == 0 -> break
	:: h2 > 0 && !(asleep[h1] && (watch[h1] & BIT(w))) -> h1++
	:: h2 > 0 && asleep[h1] && (watch[h1] & BIT(w)) -> woken[h1] = true; h2 = 0
	:: h2 > 1 && asleep[h1] && (watch[h1] & BIT(w)) -> h1++; h2--
	od;
	h1 = 0
}

/* The same of a word that has changed with that. */
inline release_dead(w)
{
	h1 = 0;
	do
	:: h1 < PARTS ->
		if
		:: watch[h1] & BIT(w) -> changed[h1] = true
		:: else
		fi;
		h1++
	:: else -> break
	od;
	wake_one(w)
}

/* r = the nearest participant that stands ahead of i in the line of name n, or NOBODY. */
inline find_ahead(i, n, r)
{
	r = NOBODY; h3 = 0;
	do
	:: h3 < length && line[h3] != i ->
		if
		:: STANDS(line[h3]) && WANTS(line[h3], n) -> r = line[h3]
		:: else
		fi;
		h3++
	:: else -> break
	od;
	h3 = 0
}

inline unlink(i)
{
	h1 = 0; h2 = 0;
	do
	:: h1 < length ->
		if
		:: line[h1] != i -> line[h2] = line[h1]; h2++
		:: else
		fi;
		h1++
	:: else -> break
	od;
	length = h2; h1 = 0; h2 = 0
}

/* After each commit: tokens are conserved. */
inline check_tokens()
{
	h1 = 0;
	do
	:: h1 < NAMES ->
		assert(posted[h1] == done[h1] + lent[h1] + taken[h1] + forgotten[h1]);
		h1++
	:: else -> break
	od;
	h1 = 0
}

inline give(l)
{
	assert(loan[l]);			/* nothing comes back twice */
	assert(!by_cmd[PART(l)]);		/* nor while somebody uses it */
	assert(!(beacon[l] && running[PART(l)]));
	assert(lent[NAME(l)] > 0);
	loan[l] = false; lent[NAME(l)]--; done[NAME(l)]++;
	check_tokens()
}

/* Under the lock: rings for the first in line, and commits. */
inline give_back(l)
{
#if !defined(BREAK_RING) && !defined(BREAK_RING_AFTER)
	atomic { wake_all(BELL(NAME(l))) };
#endif
	atomic { give(l) }
#ifdef BREAK_RING_AFTER
	;
	atomic { wake_all(BELL(NAME(l))) }
#endif
}

/* Under the lock: returns the loans of the names in the set that have ended. */
inline reap(set)
{
	do
	:: atomic {
		k = 0;
		do
		:: k < LOANS && !((set >> NAME(k) & 1) && ENDED(k)) -> k++
		:: else -> break
		od;
		if
		:: k < LOANS
		:: else -> k = 0; break
		fi };
		give_back(k)
	od
}

/* Ends the waits in the line of name 0, if it was removed; forgets what it has lent. */
inline finish_job()
{
	do
	:: job == REMOVE && length > 0 -> atomic {
		e = line[length - 1];
		if
		:: STANDS(e) && WANTS(e, 0) ->
			state[e] = REMOVED;
			woken[e] = asleep[e]; changed[e] = true;
			k = 0;
			do
			:: k < NAMES -> wake_all(LOAN(e, k)); k++
			:: else -> break
			od;
			k = 0;
			unlink(e)
		:: else -> break
		fi;
		e = 0 }
	:: else -> break
	od;
	e = 0; k = 0;
#ifndef BREAK_RECALL
	do
	:: atomic {
		k = 0;
		do
		:: k < PARTS && !loan[LOAN(k, 0)] -> k++
		:: else -> break
		od;
		if
		:: k < PARTS -> loan[LOAN(k, 0)] = false
		:: else -> break
		fi;
		k = 0 }
	od;
#endif
	atomic { k = 0; job = 0 }
}

inline lock(id)
{
	atomic { owner == NOBODY -> owner = id };
#ifndef BREAK_JOB
	if
	:: job != 0 -> finish_job()
	:: else
	fi
#endif
}

/* Under the lock: chooses the words to sleep on.  changed[id]: do not sleep. */
inline arm(id)
{
	atomic {
		watch[id] = 0; others[id] = 0; pending[id] = NOBODY;
		changed[id] = false; woken[id] = false; brief[id] = false;
		e = NOBODY; k = 0;
		/* The word of the line that holds it up, and of each other line with loans. */
		do
		:: k < NAMES ->
			if
			:: WANTS(id, k) ->
				find_ahead(id, k, e);
				if
				:: e != NOBODY -> watch[id] = watch[id] | BIT(LOAN(e, k))
				:: e == NOBODY && (done[k] == 0 || lent[k] > 0) ->
					watch[id] = watch[id] | BIT(BELL(k))
				:: else
				fi;
				arm_loans(id, k, e)
			:: else
			fi;
			k++
		:: else -> break
		od;
		k = 0; e = 0; j = 0;
		changed[id] = changed[id] || watch[id] == 0	/* who was ahead has just died */
	}
}

/* The same for the borrowers of name n; a is the one ahead there. */
inline arm_loans(id, n, a)
{
	j = 0;
	do
	:: j < PARTS ->
		if
		:: !loan[LOAN(j, n)]
		:: loan[LOAN(j, n)] && beacon[LOAN(j, n)] && (a == NOBODY || others[id] == 0) ->
#ifndef BREAK_WATCH
			watch[id] = watch[id] | BIT(LOAN(j, n)); others[id] = others[id] | BIT(LOAN(j, n));
#ifndef BREAK_OWN
			if
			:: pending[id] == NOBODY -> pending[id] = LOAN(j, n)
			:: else
			fi
#endif
#endif
			skip
		:: loan[LOAN(j, n)] && beacon[LOAN(j, n)] && a != NOBODY && others[id] != 0
		:: loan[LOAN(j, n)] && !beacon[LOAN(j, n)] && a == NOBODY ->
			if
			:: HELD(j) ->
#ifndef BREAK_BRIEF
				brief[id] = true
#endif
				skip
			:: else -> changed[id] = true
			fi
		:: loan[LOAN(j, n)] && !beacon[LOAN(j, n)] && a != NOBODY
		fi;
		j++
	:: else -> break
	od;
	j = 0
}

/* Hands on the wakes of borrowers that have gone. */
inline pass_on(id)
{
#ifndef BREAK_PASS_ON
	do
	:: atomic {
		k = 0;
		do
		:: k < LOANS && !((others[id] & BIT(k)) && !beacon[k]) -> k++
		:: else -> break
		od;
		if
		:: k < LOANS -> others[id] = others[id] & ~BIT(k); wake_one(k); k = 0
		:: else -> k = 0; break
		fi }
	od;
#endif
	atomic {
		pending[id] = NOBODY; watch[id] = 0; others[id] = 0;
		changed[id] = false; woken[id] = false; brief[id] = false
	}
}

/* Whether a look would find something to give back. */
#if NAMES == 1
#define FINDS(id) (WANTS(id, 0) && (IS_BACK(0) || IS_BACK(1) || IS_BACK(2)))
#else
#define FINDS(id) ((WANTS(id, 0) && (IS_BACK(0) || IS_BACK(2) || IS_BACK(4))) || \
		   (WANTS(id, 1) && (IS_BACK(1) || IS_BACK(3) || IS_BACK(5))))
#endif

/* Gives its beacons up, one after the other. */
inline let_go(id)
{
	atomic { beacon[FIRST(id)] = false; wake_all(FIRST(id)) };
#if NAMES > 1
	if
	:: wants[id] == 3 -> atomic { beacon[LOAN(id, 1)] = false; wake_all(LOAN(id, 1)) }
	:: else
	fi
#else
	skip
#endif
}

/* can = whether it is first in all its lines, and the tokens are there.  Unlinks the dead. */
inline look(id)
{
	atomic {
		can = true; k = 0;
		do
		:: k < length ->
			if
			:: STANDS(line[k]) -> k++
			:: else -> unlink(line[k])
			fi
		:: else -> break
		od;
		k = 0;
		do
		:: k < NAMES ->
			if
			:: WANTS(id, k) ->
				find_ahead(id, k, e);
				can = can && e == NOBODY && done[k] > 0
			:: else
			fi;
			k++
		:: else -> break
		od;
		k = 0; e = 0
	}
}

/* Wakes those after it in its lines.  Their words do not change by the commit. */
inline wake_next(id)
{
#ifndef BREAK_WAKE_NEXT
	atomic { wake_all(LOAN(id, 0)) };
#if NAMES > 1
	atomic { wake_all(LOAN(id, 1)) };
#endif
#endif
	skip
}

/* The tokens are lent, in one commit. */
inline lend(id)
{
#ifdef BREAK_SPLIT
	atomic { k = 0;
		do
		:: k < NAMES -> done[k] = done[k] - WANTS(id, k); k++
		:: else -> break
		od;
		k = 0 };
#endif
	atomic {
		k = 0; j = 0;
		do
		:: k < NAMES ->
			if
			:: WANTS(id, k) ->
#ifndef BREAK_SPLIT
				done[k]--;
#endif
				lent[k]++; loan[LOAN(id, k)] = true
			:: else
			fi;
			k++
		:: else -> break
		od;
		k = 0;
		unlink(id); state[id] = BORROWING;
		check_tokens();
		check_users()
	}
}

/* Not more CMDs use a token of name 0 than there are. */
inline check_users()
{
	h1 = 0; h2 = 0;
	do
	:: h1 < PARTS -> h2 = h2 + (((running[h1] && beacon[FIRST(h1)]) || by_cmd[h1]) && WANTS(h1, 0)); h1++
	:: else -> break
	od;
	assert(forgotten[0] > 0 || !WANTS(id, 0) || h2 < posted[0]);
	h1 = 0; h2 = 0
}

/* Under the lock, with what the kernel does after a death between the two. */
inline borrow(id)
{
	by_self[id] = true;
	wake_next(id);
	lend(id);
	owner = NOBODY;
	/* CMD. */
	if
	:: atomic { running[id] = true; by_cmd[id] = true }
	:: true				/* it cannot be started */
	fi;
	by_self[id] = false;
end_cmd:	!running[id];
	lock(id);
	k = 0;
	if
	:: by_cmd[id]			/* a stray: others give it back */
	:: else ->
		do
		:: k < NAMES ->
			if
#ifdef BREAK_HAS_TOKENS
			:: WANTS(id, k) -> give_back(LOAN(id, k))
#else
			:: WANTS(id, k) && loan[LOAN(id, k)] -> give_back(LOAN(id, k))
#endif
			:: else
			fi;
			k++
		:: else -> break
		od
	fi;
	k = 0;
	owner = NOBODY;
	let_go(id);
	atomic { state[id] = NONE }
}

/* Under the lock. */
inline take(id)
{
	atomic {
		k = 0;
		do
		:: k < NAMES -> done[k] = done[k] - WANTS(id, k); taken[k] = taken[k] + WANTS(id, k); k++
		:: else -> break
		od;
		k = 0; state[id] = TOOK;
		check_tokens()
	};
	wake_next(id);
	atomic { unlink(id) };
	owner = NOBODY;
	let_go(id)
}

proctype Participant(byte id; byte kind)
{
	byte k = 0, j = 0, e = 0;
	bool can = false;

	{
	lock(id);
	reap(wants[id]);
	look(id);
	if
	:: (kind & TRIES) && !can -> owner = NOBODY; goto over
	:: else
	fi;
	atomic {
		line[length] = id; length++; state[id] = WAITING;
		beacon[FIRST(id)] = true;
#if NAMES > 1
		beacon[LOAN(id, 1)] = WANTS(id, 1)
#endif
	};
	do
	:: atomic { can && (kind & TAKES) -> can = false }; take(id); goto over
	:: atomic { can && !(kind & TAKES) -> can = false }; borrow(id); goto over
	:: !can ->
		arm(id);
		owner = NOBODY;
		atomic { can = changed[id]; asleep[id] = true };	/* whether the kernel refuses */
		if
		:: can -> asleep[id] = false
		:: else ->
end:			if
			:: woken[id] -> asleep[id] = false
			:: atomic { brief[id] && FINDS(id) -> asleep[id] = false }
			:: atomic { timeouts > 0 -> timeouts--; asleep[id] = false };
				pass_on(id);
				atomic {
					if
					:: state[id] == WAITING -> state[id] = LEFT
					:: else
					fi
				};
				let_go(id);
				goto over
			fi
		fi;
		can = false;
		pass_on(id);
		lock(id);
		if
		:: state[id] != WAITING -> owner = NOBODY; let_go(id); goto over
		:: else
		fi;
		reap(wants[id]);
		look(id)
	od;
over:	skip
	} unless {
		killed[id];
		atomic {
			asleep[id] = false; woken[id] = false; watch[id] = 0;
			if
			:: beacon[FIRST(id)] -> beacon[FIRST(id)] = false; release_dead(FIRST(id))
			:: else
			fi
		};
#if NAMES > 1
		atomic {
			if
			:: wants[id] == 3 && beacon[LOAN(id, 1)] -> beacon[LOAN(id, 1)] = false; release_dead(LOAN(id, 1))
			:: else
			fi
		};
#endif
		atomic {
			if
			:: owner == id -> owner = NOBODY
			:: else
			fi;
			if
			:: pending[id] != NOBODY && !beacon[pending[id]] -> wake_one(pending[id])
			:: else
			fi;
			pending[id] = NOBODY; others[id] = 0;
			changed[id] = false; brief[id] = false;
			k = 0; j = 0; e = 0; can = false
		};
		by_self[id] = false
	}
}

/* What CMD and what it has started do, for as long as they like: closes the descriptor, ends. */
active proctype Commands()
{
	byte i = 0;

	do
	:: atomic {
		i = 0;
		do
		:: i < PARTS - 1 -> i++
		:: break
		od };
		if
		:: running[i] -> running[i] = false
		:: by_cmd[i] -> by_cmd[i] = false
		:: true -> break
		fi
	od;
	i = 0
}

/* Wakes up to two that sleep, so that they finish the job. */
inline wake_at_least()
{
	atomic {
		h1 = 0; h2 = 0;
		do
		:: h1 < length && h2 < WAKES ->
			h2 = h2 + (asleep[line[h1]] && !woken[line[h1]]);
			woken[line[h1]] = asleep[line[h1]]; changed[line[h1]] = true; h1++
		:: else -> break
		od;
		h1 = 0; h2 = 0
	}
}

proctype Poster(byte id; byte kind)
{
	byte k = 0, e = 0;

	{
	lock(id);
	reap(1);
	if
	:: kind == TOKEN ->
		atomic { wake_all(BELL(0)) };
		atomic { done[0]++; posted[0]++; check_tokens() }
	:: else ->
		if
		:: kind == REMOVE -> wake_at_least()
		:: else
		fi;
		atomic { forgotten[0] = forgotten[0] + done[0] + lent[0]; done[0] = 0; lent[0] = 0; job = kind };
		finish_job()
	fi;
	owner = NOBODY
	} unless {
		killed[id];
		atomic {
			if
			:: owner == id -> owner = NOBODY
			:: else
			fi
		}
	}
}

active proctype Killer()
{
	byte i;

	do
	:: kills > 0 -> atomic {
		i = 0;
		do
		:: i < PARTS + POSTERS - 1 -> i++
		:: break
		od;
		killed[i] = true; kills--;
		i = 0 }
	:: atomic { kills = 0; timeouts = 0 }; break
	od
}

/* When nothing moves any more: the lock is free, nobody sleeps who could go, and nobody sleeps in the
 * line of a name of which something has ended and is not back. */
active proctype Quiet()
{
	byte k = 0, e = 0, i = 0, j = 0;
	bool can = false;

	timeout ->
	atomic {
		assert(owner == NOBODY);
		check_tokens();
		do
		:: i < PARTS ->
			if
			:: asleep[i] && STANDS(i) ->
				assert(job != REMOVE);
				look(i);
				assert(!can);
				assert(job != 0 || !FINDS(i))
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0; can = false
	}
}

init {
	byte n = 0;

	atomic {
		do
		:: n < NAMES -> done[n] = TOKENS; posted[n] = TOKENS; n++
		:: else -> break
		od;
		n = 0;
		do
		:: n < PARTS -> pending[n] = NOBODY; n++
		:: else -> break
		od;
		n = 0;
		wants[0] = (PART0) & 3; wants[1] = (PART1) & 3; wants[2] = (PART2) & 3;
		run Participant(0, PART0);
		run Participant(1, PART1);
#if PART2 != ABSENT
		run Participant(2, PART2);
#endif
#if POSTERS > 0
		run Poster(PARTS, POST0);
#endif
#if POSTERS > 1
		run Poster(PARTS + 1, POST1);
#endif
		skip
	}
}
