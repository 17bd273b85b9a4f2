/*
 * Producers of a completion, whose death ends the waits for it; waits over one
 * or two names; waiters that are stopped.
 *
 * The lock is one robust step here (waitqueue.pml has it in detail) and a transaction
 * is one step, at its point of commit (names.pml has the log). In detail: lines,
 * watches and pokes as the code has them, the walk, what leaves which line and
 * who wakes whom for it, producers, and futex_waitv: the words are compared and
 * queued for one by one, and whoever was woken by one word is still queued for
 * the others until it has run, and can swallow a wake there.
 *
 * How steps are merged is explained at the head of waitqueue.pml; the same rules hold.
 * The kernel treats the words of a dead thread one by one, in any order (more than
 * it really does), each in two steps: word, then wake of one sleeper, any one.
 *
 * Parameters (by -D): WAIT0 .. WAIT2 say what each wait is over, PROD0, PROD1
 * what each producer does, POST0, POST1 what others do; the numbers are below.
 * A producer that runs its command may do so for ever.
 */

#define WAIT_A 1                        /* for A alone */
#define WAIT_B 2
#define WAIT_AB 3                       /* all of A, B; A is named first */
#define ANY_AB 4                        /* any of A, B */

#define TOKEN 0                         /* + name */
#define EVERYTHING 2
#define RESET 4
#define REMOVE 6                        /* and made anew at once */
#define STAYS 8                         /* a producer: posts "all", stays; breaks later */
#define BREAKS 10                       /* a producer: ends without posting */
#define SILENT 12                       /* a producer: never posts, never ends by itself */
#define NOBODY 14                       /* a producer: is none */
#define NAME_OF(what) ((what) & 1)
#define ACTION_OF(what) ((what) & 14)

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
#ifndef WAKE_AT_LEAST          /* sleepers that are brought to the lock before a walk */
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
/* What a sleeper expects. A entry is never used again here, so that is fixed. */
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
bit producer_died[NAMES];                      /* "all" because a producer died */
byte linked[NAMES * WAITS];             /* 0, or the ticket: the order in line */
byte next_ticket;
byte produces[PRODUCERS];               /* 0, or 1 + the name it is linked with */
byte job;                               /* none, or the walk to complete */
#define JOB(kind, n) ((kind) + 1 + (n))
#define JOB_NAME ((job - 1) & 1)
#define JOB_KIND ((job - 1) & 6)
#define RELEASE 0
#define REMOVES 2
#define PRODUCER_DIED 4

/* ---- under the lock, not in transactions --------------------------------- */

#define WAITING 0
#define LEFT 1
#define DONE 2
#define REMOVED 3
#define DIED 4
#define TAKEN 5                         /* for the assertions only */
byte state[WAITS];                      /* by compare-and-swap, without the lock too */
byte watch[NAMES * WAITS];              /* the word its owner watches */
byte watcher[NAMES * WAITS];            /* the latest wait to watch its beacon */
byte bell_watcher[NAMES];               /* the latest wait to watch bell and producers */

/* ---- book-keeping of the model ------------------------------------------- */

byte kills;
byte timeouts;
byte stops;
bit is_dead[PROCESSES];
bit owes[PRODUCERS];                    /* registered, and has not posted */
bit must_end[WAITS];                     /* a committed job is to end it */
byte given[WAITS];                      /* the outcome that it was given */
bit brief[WAITS];                       /* its sleep is bounded */
byte tokens[NAMES];                     /* posted, - taken, - discarded */
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
/* line_lead(): in line, and still waiting. Who has ended does not stand, though it
 * may be linked and alive. */
#define IS_WAITING(n, w) (linked[ENTRY(n, w)] != 0 && ALIVE(n, w) \
    && TID(word[BEACON(FIRST_NAME(w), w)]) != 0 && state[w] == WAITING)
#define BROKEN(n, p) (produces[p] == (n) + 1 && TID(word[PROMISE(p)]) == 0)
#define KEPT(n, p) (produces[p] == (n) + 1 && TID(word[PROMISE(p)]) != 0)
#if PRODUCERS > 1
#define HAS_BROKEN(n) (BROKEN(n, 0) || BROKEN(n, 1))
#define HAS_LIVING(n) (KEPT(n, 0) || KEPT(n, 1))
#else
#define HAS_BROKEN(n) BROKEN(n, 0)
#define HAS_LIVING(n) KEPT(n, 0)
#endif

#define MAY_BE_KILLED_WAKING \
    if \
    :: (kills < MAXKILLS) -> kills++; goto killed \
    :: true \
    fi
/* KILLS_ASLEEP: only those that sleep or come from there, or run their command */
#ifdef KILLS_ASLEEP
#define MAY_BE_KILLED skip
#else
#define MAY_BE_KILLED MAY_BE_KILLED_WAKING
#endif

/* ---- futex calls ---------------------------------------------------------- */

/* One entry of a queue is taken off, and its owner runs if it slept. */
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

/* found: whether anybody was queued */
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

/* ---- the line --------------------------------------------------------------- */

/* what a poke does to the word that somebody watches */
#define CHANGE(x) \
    if \
    :: ((x) < NAMES) -> word[x] = RUNG \
    :: else -> word[x] = word[x] | D_BIT \
    fi

/* line_poke(): change, then wake, each word that the wait is recorded to watch. */
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

/* line_unlink(): wakes the owner, and who sleeps behind it, and then unlinks. */
inline line_unlink(n, w) {
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

/* What is linked before ticket `bound`, the last of it: cursor. */
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

/* The same behind a ticket, the first of it. */
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

/* line_reap_first(): the head of the line, after what does not stand there is unlinked. */
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
       line_unlink(n, cursor)
    od
}

/* line_ring(), if anybody stands there */
inline ring(n) {
    find_first(n);
    if
    :: atomic { (cursor != NONE) -> cursor = NONE; MAY_BE_KILLED; word[BELL(n)] = RUNG };
       atomic { MAY_BE_KILLED; wake_all(BELL(n)); found = 0 }
    :: else
    fi
}

/* producer_announce(): before something is committed that makes the first in line watch
 * more: a producer registers, or the name leaves "all" while it has producers. Who waits
 * for several names has to watch the one ahead from now on, and a few watch as witnesses;
 * in lines as short as these that is everybody. */
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

/* line_rouse(): down the line, until so many sleepers were found (goes) */
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

/* Is wait w free to go by the job, or does another of its names keep it? */
#define GOES(kind, n, w) ((kind) != RELEASE || !SEVERAL(w) || IS_ANY(w) \
    || (linked[ENTRY(1 - (n), w)] != 0 && counter[1 - (n)] == ALL))
#if NAMES == 1
#undef GOES
#define GOES(kind, n, w) 1
#endif
#define OUTCOME (JOB_KIND == RELEASE -> DONE : (JOB_KIND == REMOVES -> REMOVED : DIED))

/* From inside the step that commits it; the counter is set after. */
inline commit_job(kind, n) {
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
        h = 0;
        if
        :: (counter[n] != ALL) -> tokens[n] = tokens[n] - counter[n]
        :: else
        fi;
        if
        :: ((kind) == REMOVES) -> counter[n] = 0; producer_died[n] = 0
        :: else -> counter[n] = ALL; producer_died[n] = ((kind) == PRODUCER_DIED)
        fi
    }
}

#ifdef BREAK_UNLINK_ALL
#define LEAVES(n) (JOB_NAME == (n))
#else
#define LEAVES(n) 1
#endif

/* walk(): from the tail to the head. A wait that ends leaves all its lines. Whoever
 * resumes it after a death begins at the end again. */
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
       :: (cursor != NONE && goes == 1) -> line_unlink(JOB_NAME, cursor); cursor = NONE
       :: (cursor != NONE && goes == 2) ->
#if NAMES == 1
            line_unlink(A, cursor);
#else
            if
            :: (linked[ENTRY(A, cursor)] != 0 && LEAVES(A)) -> line_unlink(A, cursor)
            :: else
            fi;
            if
            :: (linked[ENTRY(B, cursor)] != 0 && LEAVES(B)) -> line_unlink(B, cursor)
            :: else
            fi;
#endif
            cursor = NONE
       :: else
       fi;
       goes = 0
    :: (bound == 0) -> break
    od;
    /* A name that is gone has no producers. One transaction each. */
    atomic {
        step = 0;
        do
        :: (step < PRODUCERS && JOB_KIND == REMOVES && produces[step] == JOB_NAME + 1) ->
            MAY_BE_KILLED;
            produces[step] = 0;
            owes[step] = 0;
            step++
        :: (step < PRODUCERS && !(JOB_KIND == REMOVES && produces[step] == JOB_NAME + 1)) -> step++
        :: (step == PRODUCERS) -> step = 0; break
        od;
        MAY_BE_KILLED;
        job = 0
    }
}


/* Whoever looks at a name and finds that a producer of it is dead tells everybody. */
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

/* producer_reap(): a look at a name begins with this. */
inline reap(n) {
    if
    :: (counter[n] != ALL) ->
        wake_at_least(n);
        atomic { MAY_BE_KILLED; commit_producer_died(n) }
    :: else ->
        /* told of, or of no consequence */
        atomic {
            MAY_BE_KILLED;
            if
            :: BROKEN(n, 0) -> produces[0] = 0; owes[0] = 0
#if PRODUCERS > 1
            :: else -> produces[1] = 0; owes[1] = 0
#else
            :: else
#endif
            fi
        }
    fi
}

/* ---- the lock, and who comes with it ------------------------------------------- */

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

/* Nobody who stands there is before me in line n. */
#define FIRST_IN(n) ( \
    !(IS_WAITING(n, 0) && linked[ENTRY(n, 0)] < linked[ENTRY(n, me)]) \
    && (WAITS < 2 || !(IS_WAITING(n, WAITS > 1) && linked[ENTRY(n, WAITS > 1)] < linked[ENTRY(n, me)])) \
    && (WAITS < 3 || !(IS_WAITING(n, WAITS - 1) && linked[ENTRY(n, WAITS - 1)] < linked[ENTRY(n, me)])))
#define CLEAR(n) (counter[n] == ALL || (counter[n] > 0 && FIRST_IN(n)))
#define TAKES(n) \
    if \
    :: (counter[n] != ALL) -> counter[n]--; has = has | BIT(n) \
    :: else \
    fi

#define IS_PRODUCED(n) (counter[n] != ALL && (HAS_LIVING(n) || HAS_BROKEN(n)))

/* watch_as_first(): first in line n, it watches all producers. But if somebody who did
 * so before me was released and has not gone, it may be queued on them until it has
 * run: until it has gone I watch that one instead. */
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

/* watch_as_witness(): not first there, it watches one producer, lest the first is
 * stopped; that word is its pending operation. */
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

/* From inside a step: notes the word to sleep on in line n. */
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
            /* behind_watchers() */
            target = ahead;
            do
            :: (watcher[ENTRY(n, target)] != me && IS_WATCHED(n, target)) ->
                target = watcher[ENTRY(n, target)];
                brief[me] = 1
            :: else -> break
            od;
            /* robust_unpoke() */
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

/* From inside a step, the point of commit: takes what is there if it suffices. */
inline try_to_take() {
    d_step {
#if NAMES == 1
        if
        :: producer_died[A] -> state[me] = DIED
        :: (!producer_died[A] && CLEAR(A)) -> TAKES(A); state[me] = TAKEN
        :: else
        fi
#else
        if
        :: (USES(me, A) && producer_died[A] || USES(me, B) && producer_died[B] && !(IS_ANY(me) && CLEAR(A))) ->
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

/* An all-of wait has one blocker: the first line where somebody is ahead, else the
 * first name that is short. */
#define TURN_IN(n) (counter[n] == ALL || FIRST_IN(n))
#define IN_THE_WAY_IS_A (!TURN_IN(A) || TURN_IN(B) && counter[A] == 0)
/* In a line of a name with producers it watches the line as well. */
#ifdef BREAK_ONE_WORD
#define watch_beside(n) skip
#else
#define watch_beside(n) \
    if \
    :: IS_PRODUCED(n) -> watch_queue(n) \
    :: else \
    fi
#endif

/* From inside a step: sets sleep_on, or again if there is more to do before. */
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

/* watch_pass_on(): what I was given and do not need; the kernel does it for me if I
 * am killed before, for the word that is pending. */
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
    hit = 0; found = 0

/* Of one that has ended nobody reads any of this: the same in all states. */
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
    bit joined;
    bit leaving;
    bit again;
    byte has;
    short sleep_on;
    short beside;                       /* those of them that are not its lines' own */
    byte own = NONE;                    /* the first of these */
    short todo;

    lock_segment();
    /* One look: under the lock, the words that others change without it only go from
     * alive to dead and from waiting to ended. */
look:
    atomic {
        if
        :: (job != 0) -> goto finish_job
        :: else
        fi;
        if
        :: (joined && state[me] != WAITING) -> goto left_queue
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
        /* line_reap_ahead(): what does not stand right before me is unlinked */
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
    line_unlink(A, cursor);
    goto look;
#if NAMES > 1
reap_b:
    reap(B);
    goto look;
drop_b:
    line_unlink(B, cursor);
    goto look;
#endif

asleep:
    /* Compared and queued for one by one; the first that has changed ends it. */
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
    /* It leaves the queues of the other words when it runs, and no earlier. */
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
    :: (linked[ENTRY(A, me)] != 0) -> line_unlink(A, me)
    :: else
    fi;
#if NAMES > 1
    if
    :: (linked[ENTRY(B, me)] != 0) -> line_unlink(B, me)
    :: else
    fi;
#endif

left_queue:
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
        cursor = NONE; bound = 0; step = 0; goes = 0; hit = 0; found = 0
    };
    kernel_cleans_up(BEACON(A, me), BEACON(NAMES - 1, me));
    atomic { forget_me(); where[me] = ENDED };
over:
    skip
}

/* ---- a producer, and others who post ------------------------------------------------ */

/* One proctype: first what a producer does to register, then the post. */
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
    bit registered;                     /* a producer: has been */
    bit finished;                       /* has committed what it came for */

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
        :: (!IS_PRODUCER && ACTION_OF(what) == RESET) -> goto reinit
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
    :: (ACTION_OF(what) == TOKEN) ->
        ring(HERE);
#ifdef BREAK_SPLIT_BEFORE
        atomic { MAY_BE_KILLED; if :: IS_PRODUCER -> produces[SELF] = 0 :: else fi };
#endif
        atomic {
            MAY_BE_KILLED;
            if
            :: (counter[HERE] != ALL) -> counter[HERE]++; tokens[HERE]++
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
        || ACTION_OF(what) == BREAKS) ->
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
                :: (ACTION_OF(what) == BREAKS) -> commit_job(PRODUCER_DIED, HERE)
                :: else -> commit_job(RELEASE, HERE)
                fi
            :: else
            fi
        };
        goto look
    fi;

reinit:
#ifndef BREAK_RESET
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
        h = 0;
        do
        :: (h < PRODUCERS) ->
            if
            :: (produces[h] == HERE + 1) -> owes[h] = 1
            :: else
            fi;
            h++
        :: else -> break
        od;
        h = 0
    };
    goto leave;

register:
    /* The first in line looks again, and watches me too. */
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
        :: (counter[HERE] == ALL && !HAS_LIVING(HERE) && !HAS_BROKEN(HERE)) ->
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
    /* its command runs, for as long as it likes */
    atomic { where[me] = RUNNING };
    if
    :: (ACTION_OF(what) != SILENT) -> goto again
    :: atomic { (kills < MAXKILLS) -> kills++; where[me] = AWAKE; goto killed }
    fi;

leave:
    atomic { UNLOCK_STORE };
    if
    :: atomic { (IS_PRODUCER && ACTION_OF(what) == STAYS && finished && produces[SELF] != 0) ->
        what = BREAKS | HERE;
        finished = 0
       };
       goto command
    :: else
    fi;
    /* Crash: it is linked nowhere any more. */
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
        cursor = NONE; bound = 0; step = 0; goes = 0; hit = 0; found = 0
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

/* ---- the check of every state in which nobody runs ------------------------------------ */

#define ALL_IDLE (IDLE(0) && IDLE(PROCESSES - 1) \
    && (PROCESSES < 3 || IDLE(1)) \
    && (PROCESSES < 4 || IDLE(2)) \
    && (PROCESSES < 5 || IDLE(3)) \
    && (PROCESSES < 6 || IDLE(4)))

/* It was killed, had not posted, and nobody was told. */
#define FAILED(p) (owes[p] && is_dead[WAITS + (p)] \
    && ((p) == 0 -> NAME_OF(PROD0) : NAME_OF(PROD1)) == n1)

/* The first in line watches all producers, the others one of them. */
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
                /* behind one that was released and is stopped: looks in a second */
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
                        /* who stands before it? */
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
                        :: (counter[n1] == ALL || (!ahead && counter[n1] > 0)) -> has_one = 1
                        :: else -> lacks = 1
                        fi;
                        /* no producer died unnoticed */
                        assert(counter[n1] == ALL || EXCUSED || !(FAILED(0) || FAILED(PRODUCERS - 1)))
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
