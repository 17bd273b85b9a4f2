/* SPDX-License-Identifier: ISC
 *
 * seats.pml - the lock of a segment that processes of several pid namespaces share
 *
 * Two threads of different pid namespaces may have the same thread id. The kernel compares nothing
 * but the id when it clears up after a dead thread. Here three processes with the ids ID0, ID1 and
 * ID2 take the lock ROUNDS times each. The first FOREIGN of them are not of the home namespace.
 *
 * PROTOCOL 0: everybody stores its thread id in the lock, and has the lock as its pending operation
 *             from before the compare-and-swap until it sleeps
 *          1: the same, but the lock is pending only while it was seen without an owner
 *          2: a foreign process owns a seat, and the lock names the seat; only thread ids of the
 *             home namespace ever stand in the lock
 *
 * A seat has the thread id of its owner, the number of the owner's handle, and a serial number.
 * Number and thread id are changed together, as one word of 64 bits, when a seat is claimed or
 * cleared. IS_GONE is what fcntl(F_OFD_GETLK) tells of a handle: the process with this number has
 * ended, and the kernel has cleared up. Processes with equal HOLDERs are a parent and a child that
 * share a handle.
 *
 * How steps are merged: a step is at most one access to a word that others may read or write at
 * that moment. What touches only a process's own list shares an `atomic` with the access next to
 * it, and MAY_BE_KILLED is between the two. A sleep on the lock is one blocking step: the bounded
 * sleeps wake everybody, so how a sleeper is woken is not modelled. SIGKILL may come before every
 * step, MAXKILLS times. MAXSILENT of these deaths (of foreign processes) are not reported: the
 * kernel does not walk the list.
 *
 * In every state: the lock has one living owner at the most; the owner finds its own value in the
 * lock when it unlocks, and whoever gives a seat up finds itself in it. No state in which somebody
 * waits is the last one.
 *
 * Rules that are left out on request: BREAK_SERIAL, BREAK_SEAT_PENDING, BREAK_LIST_FIRST,
 * BREAK_CLEAR, BREAK_RECLAIM, BREAK_PROOF. README.md says what each is.
 */
#ifndef PROTOCOL
#define PROTOCOL 2
#endif
#ifndef FOREIGN
#define FOREIGN 3
#endif
#ifndef ID0
#define ID0 1
#endif
#ifndef ID1
#define ID1 1
#endif
#ifndef ID2
#define ID2 1
#endif
#ifndef HOLDER0
#define HOLDER0 0
#endif
#ifndef HOLDER1
#define HOLDER1 1
#endif
#ifndef HOLDER2
#define HOLDER2 2
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef MAXKILLS
#define MAXKILLS 1
#endif
#ifndef MAXSILENT
#define MAXSILENT 0
#endif
#ifndef SEATS
#define SEATS 2
#endif

#define NONE     255
#define LOCK     254            /* as a word on a list; a smaller number is a seat */
#define DIED     64             /* FUTEX_OWNER_DIED, without a thread id */
#define TID(w)   ((w) & 63)
#define NAME     100            /* lock values from here on name a seat */
#define SERIALS  8

#define NAMES_A_SEAT(v) ((v) >= NAME)
#define SEAT_OF(v)      (((v) - NAME) % SEATS)
#define SERIAL_OF(v)    (((v) - NAME) / SEATS)
#ifdef BREAK_SERIAL
#define VALUE_OF(s)     (NAME + (s))
#define IS_SERIAL(v)    (true)
#else
#define VALUE_OF(s)     (NAME + serial[s] * SEATS + (s))
#define IS_SERIAL(v)    (serial[SEAT_OF(v)] == SERIAL_OF(v))
#endif

short lock;
byte seat[SEATS];               /* thread id, or DIED, or 0 */
byte holder[SEATS];
byte serial[SEATS];
byte inside;                    /* living owners */
byte kills;
byte silent;
byte users[3];                  /* of each handle: processes that live, or are being cleared up */

#ifdef BREAK_PROOF
#define IS_GONE(n)      (true)
#else
#define IS_GONE(n)      (users[n] == 0)
#endif
#define SITS(s)         (TID(seat[s]) != 0 && users[holder[s]] != 0)
#define HAS_OWNER(v) \
    ((NAMES_A_SEAT(v) && SITS(SEAT_OF(v)) && IS_SERIAL(v)) || (!NAMES_A_SEAT(v) && TID(v) != 0))
#define IS_NAMED(s)     (NAMES_A_SEAT(lock) && SEAT_OF(lock) == (s))
#define IS_LEFT(s)      (seat[s] != 0 && (TID(seat[s]) == 0 || IS_GONE(holder[s])))
#ifdef BREAK_RECLAIM
#define CAN_SIT(s)      (seat[s] == 0)
#else
#define CAN_SIT(s)      (seat[s] == 0 || (IS_LEFT(s) && !IS_NAMED(s)))
#endif

#define MAY_BE_KILLED \
    if \
    :: (kills < MAXKILLS) -> kills++; goto killed \
    :: true \
    fi

/* What the kernel does with one word of a dead thread. */
inline kernel_handles(w) {
    atomic {
        if
        :: (w == LOCK && lock == id) -> lock = DIED
        :: (w < SEATS && seat[w] == id) -> seat[w] = DIED
        :: else
        fi
    }
}

inline enter() {
    assert(inside == 0);
    inside++;
    in = 1
}

/* Gives a seat up. */
inline vacate() {
#ifdef BREAK_SEAT_PENDING
    atomic { MAY_BE_KILLED; pending = s };
#endif
    atomic { MAY_BE_KILLED; listed = NONE };
    atomic {
        MAY_BE_KILLED;
        assert(seat[s] == id && holder[s] == number);
        seat[s] = 0;
        pending = NONE;
        s = NONE
    }
}

proctype Participant(byte id; byte number; bit foreign) {
    byte listed = NONE, pending = NONE, s = NONE, t, rounds = ROUNDS;
    byte found, found_holder;
    short seen;
    bit in, ok;

again:
#if PROTOCOL == 2
    if
    :: foreign -> goto by_seat
    :: else
    fi;
#endif
    /* ---- by the thread id itself ---- */
#if PROTOCOL != 1
    atomic { MAY_BE_KILLED; pending = LOCK };
#endif
    do
    :: atomic { MAY_BE_KILLED; seen = lock };
       if
       :: HAS_OWNER(seen) ->
#if PROTOCOL == 0
          atomic { MAY_BE_KILLED; pending = NONE };
#endif
          if
          :: atomic { !HAS_OWNER(lock) -> MAY_BE_KILLED }
          :: atomic { (kills < MAXKILLS) -> kills++; goto killed }
          fi;
#if PROTOCOL == 0
          atomic { MAY_BE_KILLED; pending = LOCK }
#endif
       :: else ->
#if PROTOCOL == 1
          atomic { MAY_BE_KILLED; pending = LOCK };
#endif
          atomic {
            MAY_BE_KILLED;
            ok = (lock == seen);
            if
            :: ok -> lock = id; enter(); MAY_BE_KILLED; listed = LOCK; MAY_BE_KILLED; pending = NONE
            :: else
            fi
          };
#if PROTOCOL == 1
          if
          :: !ok -> atomic { MAY_BE_KILLED; pending = NONE }
          :: ok
          fi;
#endif
          if
          :: ok -> break
          :: !ok
          fi
       fi
    od;
    ok = 0;
    seen = 0;
    atomic { MAY_BE_KILLED; pending = LOCK; MAY_BE_KILLED; listed = NONE };
    atomic { MAY_BE_KILLED; assert(lock == id); inside--; in = 0; lock = 0 };
    atomic { MAY_BE_KILLED; pending = NONE };
    goto next;

#if PROTOCOL == 2
    /* ---- by a seat ---- */
by_seat:
    do
    :: if
       :: atomic { !HAS_OWNER(lock) -> MAY_BE_KILLED; seen = lock; t = 0 }
       :: atomic { (kills < MAXKILLS) -> kills++; goto killed }
       fi;
       /* claims a seat */
       do
       :: (t < SEATS && s == NONE) ->
            atomic {
                MAY_BE_KILLED;
#ifdef BREAK_SEAT_PENDING
                pending = t;
                MAY_BE_KILLED;
#endif
#ifdef BREAK_LIST_FIRST
                listed = t;
                MAY_BE_KILLED;
#endif
#ifdef BREAK_CLEAR
                ok = (seat[t] == 0 || seat[t] == DIED);
#else
                ok = (seat[t] == 0);
#endif
                if
                :: ok -> seat[t] = id; holder[t] = number; s = t; ok = 0; t = 0
                :: else ->
#ifdef BREAK_LIST_FIRST
                    listed = NONE;
#endif
                    t++
                fi
            }
       :: else -> break
       od;
       if
       :: (s == NONE) ->
            /* none is free: waits for one, or for one that was left, and clears it */
            if
            :: atomic { (lock != seen || CAN_SIT(0) || CAN_SIT(SEATS - 1)) -> MAY_BE_KILLED; t = 0 }
            :: atomic { (kills < MAXKILLS) -> kills++; goto killed }
            fi;
#ifndef BREAK_RECLAIM
            do
            :: (t < SEATS) ->
                atomic { MAY_BE_KILLED; found = seat[t]; found_holder = holder[t]; ok = IS_LEFT(t) };
                if
                :: ok -> atomic { MAY_BE_KILLED; ok = !IS_NAMED(t) }
                :: else
                fi;
                if
                :: ok ->
                    atomic {
                        MAY_BE_KILLED;
                        if
                        :: (seat[t] == found && holder[t] == found_holder) -> seat[t] = 0
                        :: else
                        fi
                    }
                :: else
                fi;
                ok = 0; found = 0; found_holder = 0;
                t++
            :: else -> break
            od;
#endif
            t = 0; seen = 0
       :: else ->
            atomic { MAY_BE_KILLED; listed = s };
#ifdef BREAK_SEAT_PENDING
            atomic { MAY_BE_KILLED; pending = NONE };
#endif
            atomic { MAY_BE_KILLED; serial[s] = (serial[s] + 1) % SERIALS };
            atomic {
                MAY_BE_KILLED;
                ok = (lock == seen);
                if
                :: ok -> lock = VALUE_OF(s); enter()
                :: else
                fi
            };
            if
            :: ok -> break
            :: !ok -> vacate(); seen = 0
            fi
       fi
    od;
    ok = 0;
    seen = 0;
    atomic { MAY_BE_KILLED; assert(lock == VALUE_OF(s)); inside--; in = 0; lock = 0 };
    vacate();
#endif
next:
    rounds--;
    if
    :: (rounds > 0) -> goto again
    :: else -> goto over
    fi;

killed:
    atomic {
        if
        :: in -> inside--; in = 0
        :: else
        fi;
        seen = 0; s = NONE; t = 0; found = 0; found_holder = 0; ok = 0
    };
    if
    :: (foreign && silent < MAXSILENT) -> atomic { silent++; goto over }
    :: true
    fi;
    if
    :: (listed != NONE && listed != pending) -> kernel_handles(listed)
    :: else
    fi;
    if
    :: (pending != NONE) -> kernel_handles(pending)
    :: else
    fi;
over:
    atomic { users[number]--; listed = NONE; pending = NONE; rounds = 0 }
}

init {
    atomic {
        users[HOLDER0]++;
        users[HOLDER1]++;
        users[HOLDER2]++;
        run Participant(ID0, HOLDER0, (0 < FOREIGN));
        run Participant(ID1, HOLDER1, (1 < FOREIGN));
        run Participant(ID2, HOLDER2, (2 < FOREIGN))
    }
}
