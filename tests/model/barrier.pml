/* SPDX-License-Identifier: ISC
 *
 * barrier.pml - the rounds of a barrier: participants that come, complete a round, leave at a
 * deadline without the lock, are stopped while they leave, and are killed
 *
 * A participant joins the line under the lock.  If PARTIES of them stand then, it is the completer:
 * it wakes two of the others, commits the job, and finishes it (inline finish).  The next owner of
 * the lock finishes the job of a completer that was killed.
 *
 *	finish		reads the word; counts the living that are WAITING, gives each its place, and
 *			turns each LEAVING into LEFT; then sets COMPLETE in the word by
 *			compare-and-swap.  If a participant has left meanwhile, the word differs:
 *			counts again.  Fewer than PARTIES: drops the job.  After COMPLETE is set,
 *			the walk turns each WAITING or LEAVING into DONE.
 *	leave		turns its own WAITING into LEAVING; counts itself in the word; if COMPLETE
 *			was not set then, it has left, otherwise it has passed.
 *
 * Only the count unlinks those who have left, and a participant what it has left in the line itself.
 * Here the lock is one robust step, the sleep one word of each participant, and each transaction
 * one step: waitqueue.pml and names.pml have these in full.  A killed participant runs no further
 * step.  The kernel lets go of its beacon, and of the lock, in two later steps.
 */
#ifndef PARTICIPANTS
#define PARTICIPANTS 3
#endif
#ifndef PARTIES
#define PARTIES 2
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef MAXKILLS
#define MAXKILLS 0
#endif
#ifndef MAXTIMEOUTS
#define MAXTIMEOUTS 0
#endif
#ifndef MAXSTOPS
#define MAXSTOPS 0
#endif
#define WAKES 2
#define NOBODY 255

#define NONE 0
#define WAITING 1
#define LEAVING 2
#define LEFT 3
#define DONE 4

byte state[PARTICIPANTS];
bool beacon[PARTICIPANTS];	/* its beacon has an owner */
byte watched[PARTICIPANTS];	/* whose beacon it sleeps on, or NOBODY: the bell */
bool woken[PARTICIPANTS];	/* the word that it sleeps on has changed */
bool asleep[PARTICIPANTS];
bool killed[PARTICIPANTS];
bool stopped[PARTICIPANTS];	/* for good */
byte place[PARTICIPANTS];
byte line[PARTICIPANTS];	/* the waitqueue, by participant */
byte length = 0;
byte owner = NOBODY;		/* of the lock */
bool job = false;
bool complete = false;		/* the two parts of the word */
byte leaves = 0;
byte kills = MAXKILLS, timeouts = MAXTIMEOUTS, stops = MAXSTOPS;

/* What is only there to be checked. */
bool member[PARTICIPANTS];	/* of the round that was completed */
bool counted[PARTICIPANTS];	/* by the count under way */
bool stood[PARTICIPANTS];	/* when that count began */

#define STANDS(i) (beacon[i] && state[i] == WAITING)

hidden byte h1, h2, h3, places;

/* Wakes the participants that sleep on the beacon of i. */
inline wake_after(i)
{
	h3 = 0;
	do
	:: h3 < PARTICIPANTS && watched[h3] == i -> woken[h3] = true; h3++
	:: h3 < PARTICIPANTS && watched[h3] != i -> h3++
	:: h3 == PARTICIPANTS -> break
	od;
	h3 = 0
}

/* Unlinks what participant i has left in the line. */
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

/* n = how many stand. */
inline count_standing(n)
{
	n = 0; h1 = 0;
	do
	:: h1 < length && STANDS(line[h1]) -> n++; h1++
	:: h1 < length && !STANDS(line[h1]) -> h1++
	:: h1 == length -> break
	od;
	h1 = 0
}

/* Changes the word of each participant, from the first on, until WAKES of them were asleep. */
inline wake_at_least()
{
	h1 = 0; h2 = 0;
	do
	:: h1 < length && h2 < WAKES ->
		if
		:: asleep[line[h1]] && !woken[line[h1]] -> h2++
		:: else
		fi;
		woken[line[h1]] = true; h1++
	:: h1 == length || h2 == WAKES -> break
	od;
	h1 = 0; h2 = 0
}

/* Asserts, when COMPLETE is set: PARTIES were counted, all of them stood at one moment, and none of
 * them has left. */
inline check_round()
{
	h1 = 0; h2 = 0;
	do
	:: h1 < PARTICIPANTS ->
		assert(!counted[h1] || stood[h1]);
		assert(!member[h1] || !counted[h1]);	/* rounds do not mix */
		assert(!counted[h1] || state[h1] == WAITING || state[h1] == LEAVING);
		if
		:: counted[h1] ->
			member[h1] = true; h2++;
			assert(place[h1] == 0 || !(places >> place[h1] & 1));
			places = places | (1 << place[h1])
		:: else
		fi;
		h1++
	:: else -> break
	od;
	assert(h2 == PARTIES);
	h1 = 0; h2 = 0; places = 0
}

inline begin_count()
{
	h1 = 0;
	do
	:: h1 < PARTICIPANTS -> counted[h1] = false; stood[h1] = STANDS(h1); h1++
	:: else -> break
	od;
	h1 = 0
}

inline finish()
{
	do
	:: complete -> break
	:: !complete ->
		atomic { v = leaves; n = 0; k = 0; begin_count() };
		do
		:: k < length -> atomic {
			e = line[k];
			if
			:: STANDS(e) ->
				n++; counted[e] = true;
#ifndef BREAK_PLACE
				place[e] = n;
#endif
			:: !STANDS(e) && state[e] == LEAVING && beacon[e] ->
#ifndef BREAK_LEAVING
				state[e] = LEFT
#endif
				skip
			:: else
			fi;
			k++; e = 0 }
		:: k == length -> break
		od;
		if
		:: n < PARTIES -> job = false; break
		:: else -> atomic {
			if
#ifdef BREAK_SWAP
			:: true
#else
			:: leaves == v
#endif
				-> complete = true; check_round(); break
			:: leaves != v
			fi }
		fi
	od;
	n = 0; v = 0;
	if
	:: job || complete ->
#ifdef BREAK_CLEAR
		complete = false;
#endif
		k = length;
		do
		:: k > 0 ->
			atomic {
				e = line[k - 1];
#ifdef BREAK_PLACE
				place[e] = k;
#endif
				if
				:: beacon[e] && (state[e] == WAITING || state[e] == LEAVING) ->
					state[e] = DONE
				:: else
				fi
			};
			atomic { woken[e] = true; length--; k--; e = 0; wake_after(line[length]) }
		:: k == 0 -> break
		od;
		complete = false;
		job = false
	:: else
	fi;
	k = 0
}

inline lock(id)
{
	atomic { owner == NOBODY -> owner = id };
#ifndef BREAK_FINISH
	if
	:: job -> finish()
	:: !job
	fi
#endif
}

/* Under the lock: chooses the word to sleep on. */
inline arm(id)
{
	atomic {
		h1 = 0;
		watched[id] = NOBODY;
		do
		:: line[h1] == id -> break
		:: line[h1] != id && STANDS(line[h1]) -> watched[id] = line[h1]; h1++
		:: line[h1] != id && !STANDS(line[h1]) -> h1++
		od;
		h1 = 0; woken[id] = false
	}
}

/* Gives the beacon up. */
inline let_go(id)
{
	atomic { beacon[id] = false; watched[id] = NOBODY; wake_after(id) }
}

inline passed(id)
{
	atomic {
		assert(member[id]); assert(place[id] >= 1 && place[id] <= PARTIES);
		member[id] = false; place[id] = 0
	}
}

inline leave(id)
{
#ifdef BREAK_WORD_FIRST
	atomic { old = complete; leaves++ };
#endif
	atomic {
		if
		:: state[id] == WAITING -> state[id] = LEAVING
		:: else -> goto ended
		fi
	};
	if
	:: atomic { stops > 0 -> stops--; stopped[id] = true };
end_stopped:	false
	:: true
	fi;
#ifndef BREAK_WORD_FIRST
#ifdef BREAK_NO_WORD
	old = false;
#else
	atomic { old = complete; leaves++ };
#endif
#endif
	atomic {
		if
		:: state[id] == LEAVING && !old -> state[id] = LEFT
		:: state[id] == LEAVING && old -> state[id] = DONE
		:: else
		fi;
		old = false
	}
}

active [PARTICIPANTS] proctype Participant()
{
	byte n = 0, v = 0, k = 0, e = 0, round = 0;
	bool old = false;
	byte id = _pid;

	{
	do
	:: round == ROUNDS -> break
	:: round < ROUNDS ->
		round++;
		lock(id);
		atomic {
			unlink(id);
			line[length] = id; length++;
			state[id] = WAITING; beacon[id] = true; member[id] = false; place[id] = 0;
			count_standing(n)
		};
		if
		:: n >= PARTIES ->
#ifndef BREAK_WAKE
			atomic { wake_at_least() };
#endif
#ifdef BREAK_JOB
			skip;
#else
			job = true;
#endif
			finish()
		:: else
		fi;
		n = 0;
		do
		:: state[id] != WAITING -> owner = NOBODY; goto ended
		:: state[id] == WAITING ->
			arm(id);
			owner = NOBODY;
			asleep[id] = true;
end:			if
			:: woken[id] -> asleep[id] = false
			:: atomic { timeouts > 0 -> timeouts--; asleep[id] = false }; leave(id); goto ended
			fi;
			if
			:: state[id] != WAITING -> goto ended
			:: else -> lock(id)
			fi
		od;
ended:		atomic { asleep[id] = false;
			if
			:: state[id] == DONE -> passed(id)
			:: state[id] == LEFT -> assert(!member[id])
			fi
		};
		let_go(id)
	od
	} unless {
		killed[id];
		let_go(id);
		atomic {
			asleep[id] = false;
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
		:: i < PARTICIPANTS - 1 -> i++
		:: break
		od;
		if
		:: !killed[i] && !stopped[i] -> killed[i] = true; kills--
		:: else -> kills--
		fi;
		i = 0 }
	:: atomic { kills = 0; timeouts = 0; stops = 0 }; break
	od
}

/* When nothing moves any more: the lock is free, and nobody sleeps in a round that is complete, or
 * although enough stand.  (If nobody is left to finish a job, the next command does.) */
active proctype Quiet()
{
	byte n = 0;

	timeout ->
	atomic {
		assert(owner == NOBODY);
		count_standing(n);
		assert(n < PARTIES);
		h1 = 0;
		do
		:: h1 < PARTICIPANTS ->
			assert(!(asleep[h1] && beacon[h1]) ||
			       (state[h1] == WAITING && !complete));
			h1++
		:: else -> break
		od;
		h1 = 0; n = 0
	}
}
