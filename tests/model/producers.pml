/* SPDX-License-Identifier: ISC
 *
 * producers.pml - producers of a completion, whose death ends the waits for it
 *
 * The waits are over one or two names, and waiters may be stopped.
 *
 * The lock is one robust step here (waitqueue.pml has it in detail) and a
 * transaction is one step, at its point of commit (names.pml has the log). In
 * detail are: the queues; what is watched and woken, as in the code; the walk;
 * which wait leaves which queue, and what it wakes; producers; and futex_waitv.
 * futex_waitv compares the words and queues for them one by one. A waiter that
 * was woken by one word stays queued for the others until it runs, and can
 * swallow a wake there.
 *
 * The head of waitqueue.pml explains how steps are merged; the same rules hold.
 * The kernel treats the words of a dead thread one by one, in any order (the
 * real kernel uses fewer orders), each in two steps: the word, then the wake of
 * one sleeper, any one.
 *
 * Parameters (by -D): WAIT0 .. WAIT2 say what each wait is over, PROD0 and PROD1
 * what each producer does, POST0 and POST1 what other processes do; the numbers
 * are below. A producer that runs its command may do so for ever.
 */

#define WAIT_A 1                        /* for A alone */
#define WAIT_B 2
#define WAIT_AB 3                       /* all of A, B; A is named first */
#define ANY_AB 4                        /* any of A, B */

#define TOKEN 0                         /* + name */
#define EVERYTHING 2
#define REINIT 4
#define REMOVE 6                        /* the name is created again at once */
#define STAYS 8                         /* a producer: posts "all", stays; breaks later */
#define BREAKS 10                       /* a producer: ends without posting */
#define SILENT 12                       /* a producer: never posts, never ends by itself */
#define NOBODY 14                       /* there is no such producer */
#define READIES 16                      /* a producer: is ready, and later ends in order */
#define ENDS 18                         /* the same producer, from then on */
#define NAME_OF(what) ((what) & 1)
#define ACTION_OF(what) ((what) & 30)

#ifndef NAMES
#define NAMES 1
#endif
#ifndef WAITS
#define WAITS 1
#endif
#ifndef WAIT0
#define WAIT0 WAIT_A
#endif
#ifndef WAIT1
#define WAIT1 WAIT_A
#endif
#ifndef WAIT2
#define WAIT2 WAIT_A
#endif
#ifndef PRODUCERS
#define PRODUCERS 1
#endif
#ifndef PROD0
#define PROD0 TOKEN
#endif
#ifndef PROD1
#define PROD1 TOKEN
#endif
#ifndef POSTERS
#define POSTERS 0
#endif
#ifndef POST0
#define POST0 TOKEN
#endif
#ifndef POST1
#define POST1 TOKEN
#endif
#ifndef WAKE_AT_LEAST          /* sleepers that are woken before a walk */
#define WAKE_AT_LEAST 2
#endif
#ifndef MAXKILLS
#define MAXKILLS 0
#endif
#ifndef MAXTIMEOUTS
#define MAXTIMEOUTS 0
#endif
#ifndef MAXSTOPS                        /* waiters that are stopped (SIGSTOP) in their sleep */
#define MAXSTOPS 0
#endif
#ifdef FIRST_ONLY                       /* without witnesses, and what they need */
#define BREAK_WITNESS
#define BREAK_OWN
#define BREAK_PASS_ON
#endif
#define PROCESSES (WAITS + PRODUCERS + POSTERS)
#if WAITS > 3 || PRODUCERS > 2 || POSTERS > 2
#error "at most three waits, two producers, two posters"
#endif

/* ---- futex words -------------------------------------------------------- */

#define W_BIT 128                       /* FUTEX_WAITERS */
#define D_BIT 64                        /* FUTEX_OWNER_DIED */
#define TID(v) ((v) & 63)
#define tid (me + 1)

#define A 0
#define B 1
/* The order of the words is that in the vector of futex_waitv. */
#define BELL(n) (n)
#define ENTRY(n, w) (NAMES * (w) + (n))
#define BEACON(n, w) (NAMES + ENTRY(n, w))
#define PROMISE(p) (NAMES + NAMES * WAITS + (p))        /* a producer's beacon */
#define WORDS (NAMES + NAMES * WAITS + PRODUCERS)
#define ARMED(n, w) (ENTRY(n, w) + 1)   /* a bell: 0, or the entry that armed it */
#define RUNG 0
#define NONE 255

byte word[WORDS];
#define BIT(x) (1 << (x))
/* What a sleeper expects. An entry is never reused here, so the value is fixed. */
#define EXPECTED(x, w) ((x) < NAMES -> ARMED(x, w) : \
    ((x) < PROMISE(0) -> (W_BIT | (((x) - NAMES) / NAMES + 1)) \
    : (W_BIT | ((x) - PROMISE(0) + WAITS + 1))))

#define AWAKE 0
#define SLEEPING 1
#define STOPPED 2                        /* stopped, and never continued */
#define RUNNING 3                       /* a producer, while its command runs */
#define ENDED 4
#define NOT_BEGUN 5                         /* has not begun */
byte where[PROCESSES];
short queued[WAITS];                    /* the words it is queued for */
#define IDLE(i) (where[i] == SLEEPING || where[i] == STOPPED || where[i] == RUNNING \
    || where[i] == ENDED)

/* ---- what changes only under the lock, in transactions ------------------ */

byte lock_owner;
bit lock_died;

#define ALL 200
byte counter[NAMES];
bit producer_died[NAMES];                      /* "all" because a producer died, or failed */
bit is_ready[NAMES];                    /* COMPLETION_READY */
bit ready[PRODUCERS];                   /* entry.ready */
byte linked[NAMES * WAITS];             /* 0, or the ticket: the order in the queue */
byte next_ticket;
byte produces[PRODUCERS];               /* 0, or 1 + the name it is linked with */
byte job;                               /* 0, or the walk that has to be completed */
#define JOB(kind, n) ((kind) + 1 + (n))
#define JOB_NAME ((job - 1) & 1)
#define JOB_KIND ((job - 1) & 6)
#define RELEASE 0
#define REMOVES 2
#define PRODUCER_DIED 4

#define OPEN(n) (counter[n] == ALL || is_ready[n])
#define IS_BROKEN(n) (producer_died[n] && !is_ready[n])  /* completion_is_broken() */

/* ---- under the lock, not in transactions --------------------------------- */

#define WAITING 0
#define LEFT 1
#define DONE 2
#define REMOVED 3
#define DIED 4
#define TAKEN 5                         /* for the assertions only */
byte state[WAITS];                      /* by compare-and-swap, without the lock too */
byte watch[NAMES * WAITS];              /* the word that its owner watches */
byte watcher[NAMES * WAITS];            /* the latest wait that watched its beacon */
byte bell_watcher[NAMES];               /* the latest wait that watched bell and producers */

/* ---- book-keeping of the model ------------------------------------------- */

byte kills;
byte timeouts;
byte stops;
bit is_dead[PROCESSES];
bit owes[PRODUCERS];                    /* it has registered, and has not posted */
bit must_end[WAITS];                     /* a committed job has to end it */
byte given[WAITS];                      /* the outcome that it was given */
bit brief[WAITS];                       /* its sleep is bounded */
byte tokens[NAMES];                     /* posted - taken - discarded */
hidden byte h;
hidden byte g;
hidden byte n1;
hidden byte ahead;
hidden byte target;

#define KIND(w) ((w) == 0 -> WAIT0 : ((w) == 1 -> WAIT1 : WAIT2))
#define SEVERAL(w) (KIND(w) >= WAIT_AB)
#define IS_ANY(w) (KIND(w) == ANY_AB)
#define USES(w, n) (SEVERAL(w) || KIND(w) == (n) + 1)
#define FIRST_NAME(w) (KIND(w) == WAIT_B)     /* the name of its first entry */

#define ALIVE(n, w) (TID(word[BEACON(n, w)]) != 0)
/* waitqueue_wait_of(): linked, alive and waiting. The entry of a wait that has ended may be linked
 * and alive. */
#define IS_WAITING(n, w) (linked[ENTRY(n, w)] != 0 && ALIVE(n, w) \
    && TID(word[BEACON(FIRST_NAME(w), w)]) != 0 && state[w] == WAITING)
#define BROKEN(n, p) (produces[p] == (n) + 1 && TID(word[PROMISE(p)]) == 0)
#define KEPT(n, p) (produces[p] == (n) + 1 && TID(word[PROMISE(p)]) != 0)
#if PRODUCERS > 1
#define HAS_BROKEN(n) (BROKEN(n, 0) || BROKEN(n, 1))
#define HAS_LIVING(n) (KEPT(n, 0) || KEPT(n, 1))
#define READY_LIVES(n) (ready[0] && KEPT(n, 0) || ready[1] && KEPT(n, 1))
#define HAS_OTHER(n, p) (produces[1 - (p)] == (n) + 1)   /* it may have died just now */
#else
#define READY_LIVES(n) (ready[0] && KEPT(n, 0))
#define HAS_OTHER(n, p) 0
#define HAS_BROKEN(n) BROKEN(n, 0)
#define HAS_LIVING(n) KEPT(n, 0)
#endif

#define MAY_BE_KILLED_WAKING \
    if \
    :: (kills < MAXKILLS) -> kills++; goto killed \
    :: true \
    fi
/* KILLS_ASLEEP: only processes that sleep, or have just slept, or run their command */
#ifdef KILLS_ASLEEP
#define MAY_BE_KILLED skip
#else
#define MAY_BE_KILLED MAY_BE_KILLED_WAKING
#endif

/* ---- futex calls ---------------------------------------------------------- */

/* Takes wait i off the futex queue of word x; it runs if it slept. */
#define TAKE_OFF(i, x) \
    queued[i] = queued[i] & ~BIT(x); \
    if \
    :: (where[i] == SLEEPING) -> where[i] = AWAKE \
    :: else \
    fi

inline wake_one(x) {
    if
    :: (queued[0] & BIT(x)) -> TAKE_OFF(0, x)
#if WAITS > 1
    :: (queued[1] & BIT(x)) -> TAKE_OFF(1, x)
#endif
#if WAITS > 2
    :: (queued[2] & BIT(x)) -> TAKE_OFF(2, x)
#endif
    :: else
    fi
}

/* found: whether a wait was queued */
inline wake_all(x) {
    d_step {
        h = 0;
        do
        :: (h < WAITS) ->
            if
            :: (queued[h] & BIT(x)) -> found = 1; TAKE_OFF(h, x)
            :: else
            fi;
            h++
        :: else -> break
        od;
        h = 0
    }
}

/* ---- the waitqueue ---------------------------------------------------------- */

/* what a wake does first to the word that the sleeper watches */
#define CHANGE(x) \
    if \
    :: ((x) < NAMES) -> word[x] = RUNG \
    :: else -> word[x] = word[x] | D_BIT \
    fi

/* waitqueue_wake_entry(): changes, then wakes, each word that the wait is recorded to watch. */
inline wake_wait(w) {
    step = 0;
    do
    :: atomic {
        do
        :: (step < NAMES && (watch[ENTRY(step, w)] == NONE || !ALIVE(step, w))) -> step++
        :: else -> break
        od;
        if
        :: (step == NAMES) -> step = 0; break
        :: else -> MAY_BE_KILLED; CHANGE(watch[ENTRY(step, w)])
        fi
       };
       atomic { MAY_BE_KILLED; wake_all(watch[ENTRY(step, w)]); step++ }
    od
}

#define IS_WATCHED(n, w) (watcher[ENTRY(n, w)] != NONE \
    && ALIVE(n, watcher[ENTRY(n, w)]) \
    && watch[ENTRY(n, watcher[ENTRY(n, w)])] == BEACON(n, w))

/* waitqueue_unlink(): wakes the owner and the wait that sleeps on its beacon, and then unlinks. */
inline waitqueue_unlink(n, w) {
    if
    :: ALIVE(n, w) -> wake_wait(w)
    :: else
    fi;
    atomic {
        if
#ifndef BREAK_UNLINK_WATCHER
        :: (IS_WATCHED(n, w) && IS_WAITING(n, watcher[ENTRY(n, w)])) ->
            MAY_BE_KILLED;
            word[BEACON(n, w)] = word[BEACON(n, w)] | D_BIT;
            hit = 1
#endif
        :: else -> MAY_BE_KILLED; linked[ENTRY(n, w)] = 0
        fi
    };
    if
    :: atomic {
        hit ->
        MAY_BE_KILLED;
        wake_all(BEACON(n, w));
        hit = 0;
        MAY_BE_KILLED;
        linked[ENTRY(n, w)] = 0
       }
    :: !hit
    fi
}

/* cursor: the wait of the last entry linked with a ticket before `bound`. */
inline find_before(n, bound) {
    d_step {
        cursor = NONE;
        h = 0;
        do
        :: (h < WAITS) ->
            if
            :: (linked[ENTRY(n, h)] != 0 && linked[ENTRY(n, h)] < (bound)
                && (cursor == NONE || linked[ENTRY(n, h)] > linked[ENTRY(n, cursor)])) ->
                cursor = h
            :: else
            fi;
            h++
        :: else -> break
        od;
        h = 0
    }
}

/* cursor: the wait of the first entry linked with a ticket after `bound`. */
inline find_behind(n, bound) {
    d_step {
        cursor = NONE;
        h = 0;
        do
        :: (h < WAITS) ->
            if
            :: (linked[ENTRY(n, h)] != 0 && linked[ENTRY(n, h)] > (bound)
                && (cursor == NONE || linked[ENTRY(n, h)] < linked[ENTRY(n, cursor)])) ->
                cursor = h
            :: else
            fi;
            h++
        :: else -> break
        od;
        h = 0
    }
}

/* waitqueue_reap_to_first(): the head of the queue, after the entries that do not wait are unlinked. */
inline find_first(n) {
    do
    :: atomic {
        find_behind(n, 0);
        if
        :: (cursor == NONE) -> break
        :: (cursor != NONE && IS_WAITING(n, cursor)) -> break
        :: else
        fi
       };
       waitqueue_unlink(n, cursor)
    od
}

/* waitqueue_ring(), if a wait is in the queue */
inline ring(n) {
    find_first(n);
    if
    :: atomic { (cursor != NONE) -> cursor = NONE; MAY_BE_KILLED; word[BELL(n)] = RUNG };
       atomic { MAY_BE_KILLED; wake_all(BELL(n)); found = 0 }
    :: else
    fi
}

/* producer_announce(): runs before something is committed that makes the first wait of the
 * queue watch more: a producer registers, or the name leaves "all" while it has producers. A
 * wait for several names has to watch the entry ahead from now on, and a few waits watch as
 * witnesses; in queues as short as these that is every wait. */
inline announce(n) {
    find_first(n);
    bound = 0;
    do
    :: atomic {
        find_behind(n, bound);
        if
        :: (cursor == NONE) -> bound = 0; found = 0; break
        :: else ->
#ifdef BREAK_WAKE_SEVERAL
            goes = (bound == 0);
#else
            goes = IS_WAITING(n, cursor);
#endif
            bound = linked[ENTRY(n, cursor)]
        fi
       };
       if
       :: goes -> wake_wait(cursor)
       :: !goes
       fi;
       goes = 0
    od
}

/* waitqueue_wake_at_least(): from the head of the queue on, until enough sleepers were found (goes) */
inline wake_at_least(n) {
    bound = 0;
    found = 0;
    do
    :: atomic {
        find_behind(n, bound);
        goes = goes + found;
        found = 0;
        if
        :: (cursor == NONE || goes >= WAKE_AT_LEAST) -> bound = 0; goes = 0; cursor = NONE; break
        :: else -> bound = linked[ENTRY(n, cursor)]
        fi
       };
       wake_wait(cursor)
    od
}

/* ---- jobs --------------------------------------------------------------------- */

/* Does the job end wait w, or does w still need its other name? */
#define GOES(kind, n, w) ((kind) != RELEASE || !SEVERAL(w) || IS_ANY(w) \
    || (linked[ENTRY(1 - (n), w)] != 0 && OPEN(1 - (n))))
#if NAMES == 1
#undef GOES
#define GOES(kind, n, w) 1
#endif
#define OUTCOME (JOB_KIND == RELEASE -> DONE : (JOB_KIND == REMOVES -> REMOVED : DIED))

/* From inside the step that commits it. */
inline commit_walk(kind, n) {
    d_step {
        job = JOB(kind, n);
        h = 0;
        do
        :: (h < WAITS) ->
            if
            :: (IS_WAITING(n, h) && !is_dead[h] && GOES(kind, n, h)) -> must_end[h] = 1
            :: else
            fi;
            h++
        :: else -> break
        od;
        h = 0
    }
}

/* The same for a walk after a post or a removal; the counter is set after. */
inline commit_job(kind, n) {
    commit_walk(kind, n);
    d_step {
        if
        :: (counter[n] != ALL) -> tokens[n] = tokens[n] - counter[n]
        :: else
        fi;
        if
        :: ((kind) == REMOVES) -> counter[n] = 0; producer_died[n] = 0; is_ready[n] = 0
        :: else -> counter[n] = ALL; producer_died[n] = ((kind) == PRODUCER_DIED)
        fi
    }
}

#ifdef BREAK_UNLINK_ALL
#define LEAVES(n) (JOB_NAME == (n))
#else
#define LEAVES(n) 1
#endif

/* walk(): from the tail to the head. A wait that ends leaves all its queues. A process
 * that resumes the walk after a death begins at the end again. */
inline do_the_job() {
    bound = 100;
    do
    :: atomic {
        (bound > 0) ->
        MAY_BE_KILLED;
        find_before(JOB_NAME, bound);
        if
        :: (cursor == NONE) -> bound = 0
        :: else ->
            bound = linked[ENTRY(JOB_NAME, cursor)];
            if
            :: (IS_WAITING(JOB_NAME, cursor) && GOES(JOB_KIND, JOB_NAME, cursor)) ->
                state[cursor] = OUTCOME;
                given[cursor] = OUTCOME;
                goes = 2
            :: (!IS_WAITING(JOB_NAME, cursor)) -> goes = 1
            :: else -> goes = 0
            fi
        fi
       };
       if
       :: (cursor != NONE && goes == 0 && JOB_KIND == RELEASE) -> wake_wait(cursor); cursor = NONE
       :: (cursor != NONE && goes == 1) -> waitqueue_unlink(JOB_NAME, cursor); cursor = NONE
       :: (cursor != NONE && goes == 2) ->
#if NAMES == 1
            waitqueue_unlink(A, cursor);
#else
            if
            :: (linked[ENTRY(A, cursor)] != 0 && LEAVES(A)) -> waitqueue_unlink(A, cursor)
            :: else
            fi;
            if
            :: (linked[ENTRY(B, cursor)] != 0 && LEAVES(B)) -> waitqueue_unlink(B, cursor)
            :: else
            fi;
#endif
            cursor = NONE
       :: else
       fi;
       goes = 0
    :: (bound == 0) -> break
    od;
    /* A removed name has no producers. One transaction each. */
    atomic {
        step = 0;
        do
        :: (step < PRODUCERS && JOB_KIND == REMOVES && produces[step] == JOB_NAME + 1) ->
            MAY_BE_KILLED;
            produces[step] = 0;
            owes[step] = 0;
            ready[step] = 0;
            step++
        :: (step < PRODUCERS && !(JOB_KIND == REMOVES && produces[step] == JOB_NAME + 1)) -> step++
        :: (step == PRODUCERS) -> step = 0; break
        od;
        MAY_BE_KILLED;
        job = 0
    }
}


/* A process that looks at a name and finds a dead producer of it ends all waits for it. */
inline commit_producer_died(n) {
    d_step {
        /* no false alarm */
        h = 0;
        g = 0;
        do
        :: (h < PRODUCERS) ->
            if
            :: (BROKEN(n, h) && is_dead[WAITS + h] && owes[h]) -> g = 1
            :: else
            fi;
            h++
        :: else -> break
        od;
        assert(g == 1);
        g = 0;
        h = 0
    };
    commit_job(PRODUCER_DIED, n)
}

/* post_ready_end(): the end of producer p, which is ready. died: it is dead. With the readiness
 * ends what it covered: "all" by the death of another producer counts from now on. */
#define IS_LAST_READY 1
#define ENDS_WAITS 2
inline ready_end(n, p, died) {
    d_step {
        ends = ((HAS_OTHER(n, p) && ready[PRODUCERS - 1 - (p)]) -> 0 : IS_LAST_READY);
        if
        :: (ends == IS_LAST_READY
            && (counter[n] == 0 && !HAS_OTHER(n, p) || producer_died[n])) -> ends = ends | ENDS_WAITS
        :: else
        fi
    };
    if
    :: (ends & ENDS_WAITS) -> wake_at_least(n)
    :: else -> ring(n)
    fi;
    atomic {
        MAY_BE_KILLED;
        if
        :: (ends & ENDS_WAITS) ->
            commit_walk(PRODUCER_DIED, n);
            producer_died[n] = (died || counter[n] == ALL)
        :: else
        fi;
        if
        :: (ends & IS_LAST_READY) -> is_ready[n] = 0
        :: else
        fi;
        produces[p] = 0;
        owes[p] = 0;
        ready[p] = 0;
        ends = 0
    }
}

/* producer_reap(): each look at a name begins with this. */
inline reap(n) {
    victim = (BROKEN(n, 0) -> 0 : PRODUCERS - 1);
    if
    :: ready[victim] -> ready_end(n, victim, 1)
    :: (!ready[victim] && counter[n] != ALL && !(HAS_OTHER(n, victim) && ready[PRODUCERS - 1 - victim])) ->
        wake_at_least(n);
        atomic { MAY_BE_KILLED; commit_producer_died(n) }
    :: else ->
        /* the waits were told already, or are not concerned */
        atomic { MAY_BE_KILLED; produces[victim] = 0; owes[victim] = 0 }
    fi;
    victim = 0
}

/* ---- the lock ------------------------------------------------------------------- */

/* Processes that do the same begin in the order of their numbers. */
#define IS_A_TWIN ((me > 0 && me < WAITS && KIND(me) == KIND(me - 1)) \
    || (me == WAITS + 1 && PRODUCERS > 1 && PROD1 == PROD0) \
    || (me == WAITS + PRODUCERS + 1 && POST1 == POST0))
#define MAY_BEGIN (where[me] == NOT_BEGUN && (!IS_A_TWIN || where[me - 1] != NOT_BEGUN))

inline lock_segment() {
    if
    :: atomic {
        (lock_owner == 0 && (where[me] == AWAKE || where[me] == RUNNING || MAY_BEGIN)) ->
        where[me] = AWAKE;
        MAY_BE_KILLED;
        lock_owner = tid;
        assert(job == 0 || lock_died);
        lock_died = 0;
        goto look
       }
#ifndef KILLS_ASLEEP
    :: atomic {
        (where[me] != NOT_BEGUN && lock_owner != 0 && kills < MAXKILLS) ->
        where[me] = AWAKE;
        kills++;
        goto killed
       }
#endif
    fi
}

#define UNLOCK_STORE \
    MAY_BE_KILLED; \
    assert(lock_owner == tid); \
    found = 0; \
    cursor = NONE; \
    lock_owner = 0


/* ---- a wait ----------------------------------------------------------------------- */

/* No waiting entry is ahead of mine in queue n. */
#define FIRST_IN(n) ( \
    !(IS_WAITING(n, 0) && linked[ENTRY(n, 0)] < linked[ENTRY(n, me)]) \
    && (WAITS < 2 || !(IS_WAITING(n, WAITS > 1) && linked[ENTRY(n, WAITS > 1)] < linked[ENTRY(n, me)])) \
    && (WAITS < 3 || !(IS_WAITING(n, WAITS - 1) && linked[ENTRY(n, WAITS - 1)] < linked[ENTRY(n, me)])))
#define CLEAR(n) (OPEN(n) || (counter[n] > 0 && FIRST_IN(n)))
#define TAKES(n) \
    if \
    :: !OPEN(n) -> counter[n]--; has = has | BIT(n) \
    :: else \
    fi

#ifdef BREAK_READY_WATCH
#define IS_PRODUCED(n) (!OPEN(n) && (HAS_LIVING(n) || HAS_BROKEN(n)))
#elif defined(BREAK_UNCOVER)
#define IS_PRODUCED(n) (counter[n] != ALL && (HAS_LIVING(n) || HAS_BROKEN(n)))
#else
#define IS_PRODUCED(n) ((counter[n] != ALL || is_ready[n]) && (HAS_LIVING(n) || HAS_BROKEN(n)))
#endif

/* watch_as_first(): the first wait of queue n watches all producers. But if the wait that
 * did so before me was released and has not ended, it may stay queued on them until it
 * runs: until it has ended I watch its beacon instead. */
inline watch_as_first(n) {
    if
    :: (IS_PRODUCED(n) && FIRST_IN(n)) ->
        if
#ifndef BREAK_STALE
        :: (bell_watcher[n] != NONE && bell_watcher[n] != me && ALIVE(n, bell_watcher[n])
            && watch[ENTRY(n, bell_watcher[n])] == BELL(n)) ->
            brief[me] = 1;
            beside = beside | BIT(BEACON(n, bell_watcher[n]))
#endif
        :: else ->
            bell_watcher[n] = me;
            if
            :: HAS_BROKEN(n) -> again = 1
            :: else
            fi;
            if
            :: KEPT(n, 0) -> beside = beside | BIT(PROMISE(0))
            :: else
            fi;
#if PRODUCERS > 1 && !defined(BREAK_SECOND)
            if
            :: KEPT(n, 1) -> beside = beside | BIT(PROMISE(1))
            :: else
            fi;
#endif
            skip
        fi
    :: else
    fi
}

/* watch_as_witness(): a wait that is not the first watches one producer, because the first
 * may be stopped; that word is its pending operation. */
inline watch_as_witness(n) {
    if
    :: (IS_PRODUCED(n) && !FIRST_IN(n) && own == NONE) ->
        if
        :: HAS_BROKEN(n) -> again = 1
        :: else
        fi;
        own = (produces[0] == n + 1 -> PROMISE(0) : PROMISE(PRODUCERS - 1));
        beside = beside | BIT(own)
    :: else
    fi
}

/* From inside a step: notes the word to sleep on in queue n. */
inline watch_queue(n) {
    d_step {
        ahead = NONE;
        h = 0;
        do
        :: (h < WAITS) ->
            if
            :: (linked[ENTRY(n, h)] != 0 && linked[ENTRY(n, h)] < linked[ENTRY(n, me)]
                && (ahead == NONE || linked[ENTRY(n, h)] > linked[ENTRY(n, ahead)])) ->
                ahead = h
            :: else
            fi;
            h++
        :: else -> break
        od;
        h = 0;
        if
        :: (ahead != NONE && !IS_WAITING(n, ahead)) -> again = 1
        :: else
        fi;
        if
        :: (ahead == NONE) ->
            word[BELL(n)] = ARMED(n, me);
            watch[ENTRY(n, me)] = BELL(n);
            sleep_on = sleep_on | BIT(BELL(n))
        :: else ->
            /* find_target() */
            target = ahead;
            do
            :: (watcher[ENTRY(n, target)] != me && IS_WATCHED(n, target)) ->
                target = watcher[ENTRY(n, target)];
                brief[me] = 1
            :: else -> break
            od;
            /* robust_rearm() */
            if
            :: ALIVE(n, target) -> word[BEACON(n, target)] = word[BEACON(n, target)] & ~D_BIT
            :: else -> again = 1
            fi;
            watcher[ENTRY(n, target)] = me;
            watch[ENTRY(n, me)] = BEACON(n, target);
            sleep_on = sleep_on | BIT(BEACON(n, target))
        fi;
        ahead = NONE;
        target = NONE
    }
}

/* From inside a step, the point of commit: takes the tokens if enough are there. */
inline try_to_take() {
    d_step {
#if NAMES == 1
        if
        :: IS_BROKEN(A) -> state[me] = DIED
        :: (!IS_BROKEN(A) && CLEAR(A)) -> TAKES(A); state[me] = TAKEN
        :: else
        fi
#else
        if
        :: (USES(me, A) && IS_BROKEN(A) || USES(me, B) && IS_BROKEN(B) && !(IS_ANY(me) && CLEAR(A))) ->
            state[me] = DIED
        :: else
        fi;
        if
        :: (state[me] != WAITING)
        :: (state[me] == WAITING && IS_ANY(me) && CLEAR(A)) -> TAKES(A); state[me] = TAKEN
        :: (state[me] == WAITING && IS_ANY(me) && !CLEAR(A) && CLEAR(B)) -> TAKES(B); state[me] = TAKEN
        :: (state[me] == WAITING && !IS_ANY(me) && (!USES(me, A) || CLEAR(A))
            && (!USES(me, B) || CLEAR(B))) ->
            if
            :: USES(me, A) -> TAKES(A)
            :: else
            fi;
            if
            :: USES(me, B) -> TAKES(B)
            :: else
            fi;
            state[me] = TAKEN
        :: else
        fi
#endif
    }
}

/* An all-of wait has one blocker: the first queue in which another wait is ahead, else the
 * first name that lacks a token. */
#define TURN_IN(n) (OPEN(n) || FIRST_IN(n))
#define IN_THE_WAY_IS_A (!TURN_IN(A) || TURN_IN(B) && counter[A] == 0 && !OPEN(A))
/* In the queue of a name with producers it watches the entry ahead as well. */
#ifdef BREAK_ONE_WORD
#define watch_beside(n) skip
#else
#define watch_beside(n) \
    if \
    :: IS_PRODUCED(n) -> watch_queue(n) \
    :: else \
    fi
#endif

/* From inside a step: sets sleep_on, or again if something has to be done first. */
inline arm() {
    sleep_on = 0;
    again = 0;
    brief[me] = 0;
    watch[ENTRY(A, me)] = NONE;
#if NAMES > 1
    watch[ENTRY(B, me)] = NONE;
#endif
#if NAMES == 1
    watch_queue(A);
#else
    if
    :: (USES(me, A) && (!USES(me, B) || IS_ANY(me) || IN_THE_WAY_IS_A)) -> watch_queue(A)
    :: (USES(me, A) && !(!USES(me, B) || IS_ANY(me) || IN_THE_WAY_IS_A)) -> watch_beside(A)
    :: else
    fi;
    if
    :: (USES(me, B) && (!USES(me, A) || IS_ANY(me) || !IN_THE_WAY_IS_A)) -> watch_queue(B)
    :: (USES(me, B) && !(!USES(me, A) || IS_ANY(me) || !IN_THE_WAY_IS_A)) -> watch_beside(B)
    :: else
    fi;
#endif
    beside = 0;
    own = NONE;
#if !defined(BREAK_PROMISES)
#if !defined(BREAK_WITNESS)
    if
    :: USES(me, A) -> watch_as_witness(A)
    :: else
    fi;
#if NAMES > 1
    if
    :: USES(me, B) -> watch_as_witness(B)
    :: else
    fi;
#endif
#endif
    if
    :: USES(me, A) -> watch_as_first(A)
    :: else
    fi;
#if NAMES > 1
    if
    :: USES(me, B) -> watch_as_first(B)
    :: else
    fi;
#endif
#endif
    if
    :: again -> sleep_on = 0; beside = 0; own = NONE; brief[me] = 0
    :: else ->
        sleep_on = sleep_on | beside;
        if
        :: (own == NONE && beside != 0) ->
            own = 0;
            do
            :: !(beside & BIT(own)) -> own++
            :: else -> break
            od
        :: else
        fi
    fi
}

/* watch_pass_on(): passes on the wakes that I was given and do not need. If I am killed
 * before, the kernel does it for me, for the word that is pending. */
inline pass_on() {
    do
    :: atomic {
        MAY_BE_KILLED_WAKING;
        h = 0;
        do
        :: (h < WORDS && !((beside & BIT(h)) && TID(word[h]) == 0)) -> h++
        :: else -> break
        od;
        if
        :: (h == WORDS) -> h = 0; beside = 0; pending = NONE; break
        :: else ->
            beside = beside & ~BIT(h);
#ifndef BREAK_PASS_ON
            hit = h;
            h = 0;
            wake_one(hit);
            hit = 0
#else
            h = 0
#endif
        fi
       }
    od
}

inline release_beacon(n) {
    if
    :: atomic { (TID(word[BEACON(n, me)]) == tid) -> MAY_BE_KILLED; pending = BEACON(n, me);
                word[BEACON(n, me)] = 0 };
       atomic { MAY_BE_KILLED; wake_all(BEACON(n, me)); found = 0; pending = NONE }
    :: else
    fi
}

/* What the kernel does for the words of a dead process: lower and upper are those
 * that can be its own. */
inline kernel_cleans_up(lower, upper) {
    do
    :: atomic { (lock_owner == tid) -> lock_owner = 0; lock_died = 1 }
    :: atomic {
        (pending != NONE && TID(word[pending]) == 0) -> must_wake = pending; pending = NONE
       };
       atomic { wake_one(must_wake); must_wake = NONE }
    :: atomic {
        (TID(word[lower]) == tid) ->
        word[lower] = W_BIT | D_BIT;
        must_wake = lower;
        if
        :: (pending == lower) -> pending = NONE
        :: else
        fi
       };
       atomic { wake_one(must_wake); must_wake = NONE }
    :: atomic {
        (TID(word[upper]) == tid) ->
        word[upper] = W_BIT | D_BIT;
        must_wake = upper;
        if
        :: (pending == upper) -> pending = NONE
        :: else
        fi
       };
       atomic { wake_one(must_wake); must_wake = NONE }
    :: atomic {
        (lock_owner != tid && TID(word[lower]) != tid && TID(word[upper]) != tid
         && (pending == NONE || TID(word[pending]) != 0)) ->
        break
       }
    od
}

#define COUNT_CONSUMED \
    tokens[A] = tokens[A] - (has & 1); \
    tokens[NAMES - 1] = tokens[NAMES - 1] - (has >> 1); \
    has = 0

#define FORGET_LOCALS \
    pending = NONE; must_wake = NONE; cursor = NONE; bound = 0; step = 0; goes = 0; \
    hit = 0; found = 0; victim = 0; ends = 0

/* No process reads these of a wait that has ended: they become the same in all states. */
inline forget_me() {
    d_step {
        state[me] = WAITING;
        must_end[me] = 0;
        given[me] = 0;
        brief[me] = 0;
        h = 0;
        do
        :: (h < NAMES) ->
            watch[ENTRY(h, me)] = NONE;
            if
            :: (bell_watcher[h] == me) -> bell_watcher[h] = NONE
            :: else
            fi;
            h++
        :: else -> break
        od;
        h = 0;
        do
        :: (h < NAMES * WAITS) ->
            if
            :: (watcher[h] == me) -> watcher[h] = NONE
            :: else
            fi;
            h++
        :: else -> break
        od;
        h = 0;
        FORGET_LOCALS
    }
}

proctype Wait(byte me) {
    byte pending = NONE;
    byte must_wake = NONE;
    byte cursor = NONE;
    byte bound;
    byte step;
    byte goes;
    byte hit;
    bit found;
    byte victim;
    byte ends;
    bit joined;
    bit leaving;
    bit again;
    byte has;
    short sleep_on;
    short beside;                       /* those of them that are no bell or beacon of its queues */
    byte own = NONE;                    /* the first of these */
    short todo;

    lock_segment();
    /* One look: under the lock, the words that others change without the lock only go from
     * alive to dead and from waiting to ended. */
look:
    atomic {
        if
        :: (job != 0) -> goto finish_job
        :: else
        fi;
        if
        :: (joined && state[me] != WAITING) -> goto leave_queue
        :: else
        fi;
        if
        :: (USES(me, A) && HAS_BROKEN(A)) -> goto reap_a
#if NAMES > 1
        :: (USES(me, B) && HAS_BROKEN(B)) -> goto reap_b
#endif
        :: else
        fi;
        MAY_BE_KILLED;
        if
        :: !joined ->
            if
            :: USES(me, A) -> word[BEACON(A, me)] = W_BIT | tid
            :: else
            fi;
#if NAMES > 1
            if
            :: USES(me, B) -> word[BEACON(B, me)] = W_BIT | tid
            :: else
            fi;
#endif
            joined = 1;
            next_ticket++;
            if
            :: USES(me, A) -> MAY_BE_KILLED; linked[ENTRY(A, me)] = next_ticket
            :: else
            fi;
#if NAMES > 1
            if
            :: USES(me, B) -> MAY_BE_KILLED; linked[ENTRY(B, me)] = next_ticket
            :: else
            fi;
#endif
            MAY_BE_KILLED
        :: joined
        fi;
        /* waitqueue_reap_ahead(): unlinks the entry directly ahead if it does not wait any more */
        if
        :: USES(me, A) ->
            find_before(A, linked[ENTRY(A, me)]);
            if
            :: (cursor != NONE && !IS_WAITING(A, cursor)) -> goto drop_a
            :: else -> cursor = NONE
            fi
        :: else
        fi;
#if NAMES > 1
        if
        :: USES(me, B) ->
            find_before(B, linked[ENTRY(B, me)]);
            if
            :: (cursor != NONE && !IS_WAITING(B, cursor)) -> goto drop_b
            :: else -> cursor = NONE
            fi
        :: else
        fi;
#endif
        try_to_take();
        if
        :: (state[me] == WAITING && leaving) -> state[me] = LEFT
        :: (state[me] == WAITING && !leaving) -> arm()
        :: else
        fi;
        if
        :: again -> again = 0; goto look
        :: else
        fi;
        if
        :: (state[me] == WAITING) ->
            todo = sleep_on;
            UNLOCK_STORE;
#ifndef BREAK_OWN
            pending = own;
#endif
            own = NONE;
            goto asleep
        :: else ->
            watch[ENTRY(A, me)] = NONE;
#if NAMES > 1
            watch[ENTRY(B, me)] = NONE;
#endif
            goto unlink_places
        fi
    };
finish_job:
    do_the_job();
    goto look;
reap_a:
    reap(A);
    goto look;
drop_a:
    waitqueue_unlink(A, cursor);
    goto look;
#if NAMES > 1
reap_b:
    reap(B);
    goto look;
drop_b:
    waitqueue_unlink(B, cursor);
    goto look;
#endif

asleep:
    /* The words are compared and queued for one by one; the first that has changed ends it. */
    do
    :: atomic {
        (todo != 0) ->
        h = 0;
        do
        :: !(todo & BIT(h)) -> h++
        :: else -> break
        od;
        if
        :: (word[h] == EXPECTED(h, me)) ->
            queued[me] = queued[me] | BIT(h);
            todo = todo & ~BIT(h);
            h = 0;
            if
            :: (todo == 0 && queued[me] == sleep_on) -> where[me] = SLEEPING; break
            :: else
            fi
        :: else -> todo = 0; h = 0; break
        fi
       }
    :: (todo == 0) -> break
    od;
    if
    /* It leaves the futex queues of the other words when it runs, and not before. */
    :: atomic { (where[me] == AWAKE) -> queued[me] = 0 }
    :: atomic {
        (where[me] == SLEEPING && kills < MAXKILLS) ->
        kills++;
        where[me] = AWAKE;
        queued[me] = 0;
        goto killed
       }
#if MAXTIMEOUTS > 0
    :: atomic {
        (timeouts < MAXTIMEOUTS) -> timeouts++; where[me] = AWAKE; queued[me] = 0; leaving = 1
       }
#endif
#if MAXSTOPS > 0
    :: atomic {
        /* Stopped: it is in no queue. It stays so for ever, or it is continued, and
         * its call begins again. */
        (where[me] == SLEEPING && stops < MAXSTOPS) ->
        stops++;
        where[me] = AWAKE;
#ifndef STOPS_AWAKE
        queued[me] = 0
#endif
       };
       if
       :: atomic { where[me] = STOPPED; queued[me] = 0; (0) }
       :: atomic { queued[me] = 0; todo = sleep_on; goto asleep }
       fi
#endif
    fi;
#ifdef STOPS_AWAKE
    if
    :: atomic { (stops < MAXSTOPS) -> stops++; where[me] = STOPPED; (0) }
    :: true
    fi;
#endif
    pass_on();
    atomic {
        MAY_BE_KILLED;
        sleep_on = 0;
        if
        :: (state[me] != WAITING) -> goto released
        :: else
        fi
    };
    if
    :: atomic { leaving ->
        MAY_BE_KILLED;
        if
        :: (lock_owner == 0) -> lock_owner = tid; lock_died = 0; goto look
        :: else
        fi
       };
       atomic {
        /* leaves without the lock: compare-and-swap */
        MAY_BE_KILLED;
        if
        :: (state[me] == WAITING) -> state[me] = LEFT
        :: else
        fi
       };
       goto released
    :: !leaving
    fi;
    lock_segment();

unlink_places:
    if
    :: (linked[ENTRY(A, me)] != 0) -> waitqueue_unlink(A, me)
    :: else
    fi;
#if NAMES > 1
    if
    :: (linked[ENTRY(B, me)] != 0) -> waitqueue_unlink(B, me)
    :: else
    fi;
#endif

leave_queue:
    atomic { UNLOCK_STORE };

released:
    assert(!has || state[me] == TAKEN);
    assert(given[me] == 0 || state[me] == given[me]);
#if NAMES > 1
    release_beacon(B);
#endif
    release_beacon(A);
    atomic {
        COUNT_CONSUMED;
        joined = 0;
        leaving = 0;
        sleep_on = 0;
        beside = 0;
        own = NONE;
        todo = 0;
        forget_me();
        where[me] = ENDED;
        goto over
    };

killed:
    atomic {
        is_dead[me] = 1;
        COUNT_CONSUMED;
        must_end[me] = 0;
        given[me] = 0;
        brief[me] = 0;
        joined = 0;
        leaving = 0;
        again = 0;
        sleep_on = 0;
        beside = 0;
        own = NONE;
        todo = 0;
        cursor = NONE; bound = 0; step = 0; goes = 0; hit = 0; found = 0; victim = 0; ends = 0
    };
    kernel_cleans_up(BEACON(A, me), BEACON(NAMES - 1, me));
    atomic { forget_me(); where[me] = ENDED };
over:
    skip
}

/* ---- a producer, and other posters --------------------------------------------------- */

/* One proctype: a producer first registers; then comes the post. */
#define IS_PRODUCER (me < WAITS + PRODUCERS)
#define SELF (me - WAITS)
#define HERE NAME_OF(what)

proctype Poster(byte me; byte what) {
    byte pending = NONE;
    byte must_wake = NONE;
    byte cursor = NONE;
    byte bound;
    byte step;
    byte goes;
    bit hit;
    bit found;
    byte victim;
    byte ends;
    bit registered;                     /* a producer: has been */
    bit finished;                       /* it has committed what it had to do */

    if
    :: (ACTION_OF(what) == NOBODY) -> goto over
    :: else
    fi;
again:
    lock_segment();
look:
    atomic {
        if
        :: (job != 0) -> goto finish_job
        :: else
        fi;
        if
        :: finished ->
            if
            :: (IS_PRODUCER && ACTION_OF(what) == BREAKS) -> MAY_BE_KILLED; produces[SELF] = 0
            :: (IS_PRODUCER && ACTION_OF(what) == ENDS && produces[SELF] != 0) ->
                MAY_BE_KILLED;
                produces[SELF] = 0
            :: else
            fi;
            goto leave
        :: else
        fi;
        if
        :: HAS_BROKEN(HERE) -> goto reap_here
        :: else
        fi;
        if
        :: (IS_PRODUCER && !registered) -> goto register
        :: (IS_PRODUCER && registered && produces[SELF] == 0) -> goto leave     /* removed */
        :: (!IS_PRODUCER && ACTION_OF(what) == REINIT) -> goto reinit
        :: else -> goto post
        fi
    };
finish_job:
    do_the_job();
    goto look;
reap_here:
    reap(HERE);
    goto look;

post:
    if
    :: (ACTION_OF(what) == READIES) ->
        wake_at_least(HERE);
        atomic {
            MAY_BE_KILLED;
            finished = 1;
            ready[SELF] = 1;
            is_ready[HERE] = 1;
            commit_walk(RELEASE, HERE)
        };
        goto look
    :: (ACTION_OF(what) == ENDS && ready[SELF]) ->
        ready_end(HERE, SELF, 0);
        finished = 1;
        goto look
    :: (ACTION_OF(what) == TOKEN) ->
        ring(HERE);
#ifdef BREAK_SPLIT_BEFORE
        atomic { MAY_BE_KILLED; if :: IS_PRODUCER -> produces[SELF] = 0 :: else fi };
#endif
        atomic {
            MAY_BE_KILLED;
            if
            :: (counter[HERE] != ALL) -> counter[HERE]++; tokens[HERE]++; producer_died[HERE] = 0
            :: else
            fi;
            if
            :: IS_PRODUCER ->
                owes[SELF] = 0;
#ifndef BREAK_SPLIT_AFTER
                produces[SELF] = 0
#endif
            :: else
            fi
        };
#ifdef BREAK_SPLIT_AFTER
        atomic { MAY_BE_KILLED; if :: IS_PRODUCER -> produces[SELF] = 0 :: else fi };
#endif
        goto leave
    :: (ACTION_OF(what) == EVERYTHING || ACTION_OF(what) == STAYS || ACTION_OF(what) == REMOVE
        || ACTION_OF(what) == BREAKS || (ACTION_OF(what) == ENDS && !ready[SELF])) ->
        if
        :: (counter[HERE] != ALL || ACTION_OF(what) == REMOVE) -> wake_at_least(HERE)
        :: else
        fi;
        atomic {
            MAY_BE_KILLED;
            finished = 1;
            if
            :: IS_PRODUCER -> owes[SELF] = 0
            :: else
            fi;
            if
            :: (IS_PRODUCER && ACTION_OF(what) == EVERYTHING) -> produces[SELF] = 0
            :: else
            fi;
            if
            :: (ACTION_OF(what) == REMOVE) -> commit_job(REMOVES, HERE)
            :: (ACTION_OF(what) != REMOVE && counter[HERE] != ALL) ->
                if
                :: (ACTION_OF(what) == BREAKS || ACTION_OF(what) == ENDS) ->
                    commit_job(PRODUCER_DIED, HERE)
                :: else -> commit_job(RELEASE, HERE)
                fi
            :: else
            fi
        };
        goto look
    fi;

reinit:
#ifndef BREAK_REINIT
    announce(HERE);
#endif
    atomic {
        MAY_BE_KILLED;
        if
        :: (counter[HERE] != ALL) -> tokens[HERE] = tokens[HERE] - counter[HERE]
        :: else
        fi;
        counter[HERE] = 0;
        producer_died[HERE] = 0;
        is_ready[HERE] = 0;
        h = 0;
        do
        :: (h < PRODUCERS) ->
            if
            :: (produces[h] == HERE + 1) -> owes[h] = 1; ready[h] = 0
            :: else
            fi;
            h++
        :: else -> break
        od;
        h = 0
    };
    goto leave;

register:
    /* The first wait of the queue looks again, and watches me too. */
#if !defined(BREAK_REGISTER) && !defined(BREAK_REGISTER_AFTER)
    announce(HERE);
#endif
    atomic {
        MAY_BE_KILLED;
        word[PROMISE(SELF)] = W_BIT | tid;
        MAY_BE_KILLED;
        registered = 1;
        if
#ifdef BREAK_ANEW
        :: (counter[HERE] == ALL && !HAS_LIVING(HERE)) -> counter[HERE] = 0; producer_died[HERE] = 0
#else
        :: ((counter[HERE] == ALL || producer_died[HERE] || ACTION_OF(what) == READIES)
            && !HAS_LIVING(HERE) && !HAS_BROKEN(HERE)) ->
            if
            :: (counter[HERE] != ALL) -> tokens[HERE] = tokens[HERE] - counter[HERE]
            :: else
            fi;
            counter[HERE] = 0;
            producer_died[HERE] = 0
#endif
        :: else
        fi;
        produces[SELF] = HERE + 1;
        owes[SELF] = 1
    };
    atomic { UNLOCK_STORE };
#ifdef BREAK_REGISTER_AFTER
    atomic { MAY_BE_KILLED; word[BELL(HERE)] = RUNG };
    atomic { MAY_BE_KILLED; wake_all(BELL(HERE)); found = 0 };
#endif
command:
    /* its command runs, for any length of time */
    atomic { where[me] = RUNNING };
    if
    :: (ACTION_OF(what) != SILENT) -> goto again
    :: atomic { (kills < MAXKILLS) -> kills++; where[me] = AWAKE; goto killed }
    fi;

leave:
    atomic { UNLOCK_STORE };
    if
    :: atomic { (IS_PRODUCER && finished && produces[SELF] != 0
            && (ACTION_OF(what) == STAYS || ACTION_OF(what) == READIES)) ->
        what = (ACTION_OF(what) == STAYS -> BREAKS : ENDS) | HERE;
        finished = 0
       };
       goto command
    :: else
    fi;
    /* Crash: no name has it as a producer any more. */
    if
    :: IS_PRODUCER ->
        atomic { MAY_BE_KILLED; pending = PROMISE(SELF); word[PROMISE(SELF)] = 0 };
        atomic { MAY_BE_KILLED; wake_all(PROMISE(SELF)); found = 0; pending = NONE }
    :: else
    fi;
    goto over;

killed:
    atomic {
        is_dead[me] = 1;
        registered = 0;
        finished = 0;
        cursor = NONE; bound = 0; step = 0; goes = 0; hit = 0; found = 0; victim = 0; ends = 0
    };
    if
    :: IS_PRODUCER -> kernel_cleans_up(PROMISE(SELF), PROMISE(SELF))
    :: else ->
        atomic {
            if
            :: (lock_owner == tid) -> lock_owner = 0; lock_died = 1
            :: else
            fi
        }
    fi;
over:
    atomic { registered = 0; finished = 0; FORGET_LOCALS; where[me] = ENDED }
}

/* ---- the check of every state in which no process runs ------------------------------------ */

#define ALL_IDLE (IDLE(0) && IDLE(PROCESSES - 1) \
    && (PROCESSES < 3 || IDLE(1)) \
    && (PROCESSES < 4 || IDLE(2)) \
    && (PROCESSES < 5 || IDLE(3)) \
    && (PROCESSES < 6 || IDLE(4)))

/* It was killed and had not posted, and the waits were not told. */
#define FAILED(p) (owes[p] && is_dead[WAITS + (p)] \
    && ((p) == 0 -> NAME_OF(PROD0) : NAME_OF(PROD1)) == n1)

/* The first wait of the queue watches all producers, the others watch one of them. */
#if PRODUCERS > 1
#define EXCUSED behind_stopped
#else
#define EXCUSED 0
#endif

hidden byte lacks;
hidden byte has_one;
hidden byte behind_stopped;
hidden byte some_stopped;

proctype Quiet() {
    byte i;
    do
    :: d_step {
        ALL_IDLE ->
        assert(lock_owner == 0);
        n1 = 0;
        do
        :: (n1 < NAMES) ->
            assert(tokens[n1] == (counter[n1] == ALL -> 0 : counter[n1]));
            n1++
        :: else -> break
        od;
        n1 = 0;
        some_stopped = 0;
        i = 0;
        do
        :: (i < WAITS) ->
            if
            :: (where[i] == STOPPED) -> some_stopped = 1
            :: else
            fi;
            i++
        :: else -> break
        od;
        i = 0;
        do
        :: (i < WAITS) ->
            if
            :: (where[i] == SLEEPING && brief[i] && some_stopped)
                /* it sleeps on a wait that was released and is stopped, and looks again in a second */
            :: (where[i] == SLEEPING && !(brief[i] && some_stopped)) ->
                assert(job == 0);
                assert(!must_end[i]);
                assert(state[i] == WAITING);
                lacks = 0;
                has_one = 0;
                n1 = 0;
                do
                :: (n1 < NAMES) ->
                    if
                    :: USES(i, n1) ->
                        assert(linked[ENTRY(n1, i)] != 0);
                        /* is a wait ahead of it? */
                        ahead = 0;
                        behind_stopped = 0;
                        h = 0;
                        do
                        :: (h < WAITS) ->
                            if
                            :: (IS_WAITING(n1, h) && linked[ENTRY(n1, h)] < linked[ENTRY(n1, i)]) ->
                                ahead = 1;
                                if
                                :: (where[h] == STOPPED) -> behind_stopped = 1
                                :: else
                                fi
                            :: else
                            fi;
                            h++
                        :: else -> break
                        od;
                        if
                        :: (OPEN(n1) || (!ahead && counter[n1] > 0)) -> has_one = 1
                        :: else -> lacks = 1
                        fi;
                        /* no death of a producer went unnoticed */
                        assert(counter[n1] == ALL || EXCUSED || !(FAILED(0) || FAILED(PRODUCERS - 1)));
                        /* it does not sleep for a name that has failed, or would have failed
                         * without a readiness that has ended */
                        assert(!IS_BROKEN(n1));
                        assert(!producer_died[n1] || READY_LIVES(n1))
                    :: else
                    fi;
                    n1++
                :: else -> break
                od;
                if
                :: IS_ANY(i) -> assert(!has_one)
                :: else -> assert(lacks)
                fi;
                n1 = 0;
                h = 0;
                ahead = 0;
                lacks = 0;
                has_one = 0;
                behind_stopped = 0
            :: else
            fi;
            i++
        :: else -> break
        od;
        some_stopped = 0;
        i = 0
       }
    od
}

init {
    byte i;
    atomic {
        i = 0;
        do
        :: (i < NAMES * WAITS) -> watch[i] = NONE; watcher[i] = NONE; i++
        :: else -> break
        od;
        i = 0;
        do
        :: (i < NAMES) -> bell_watcher[i] = NONE; i++
        :: else -> break
        od;
        i = 0;
        do
        :: (i < PROCESSES) -> where[i] = NOT_BEGUN; i++
        :: else -> break
        od;
#ifndef NP
        run Quiet();
#endif
        i = 0;
        do
        :: (i < WAITS) -> run Wait(i); i++
        :: else -> break
        od;
        run Poster(WAITS, PROD0);
#if PRODUCERS > 1
        run Poster(WAITS + 1, PROD1);
#endif
#if POSTERS > 0
        run Poster(WAITS + PRODUCERS, POST0);
#endif
#if POSTERS > 1
        run Poster(WAITS + PRODUCERS + 1, POST1);
#endif
        i = 0
    }
}
