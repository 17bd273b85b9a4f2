/* SPDX-License-Identifier: ISC
 *
 * names.pml - waits over two names, A and B, with one lock and one redo log
 *
 * waitqueue.pml has the lock, its sleepers, the robust list and the reuse of
 * entries in detail. Here the lock is one robust step (the next owner learns
 * that the last one died); the log, the order of the queues, waits over several
 * names, "all", removal and reinitialisation are in detail. A wait has one
 * entry in the queue of each of its names, with a beacon in each entry.
 *
 * The head of waitqueue.pml explains how steps are merged; the same rules
 * hold. What the log does between two steps that others could see happens in
 * one `atomic`, with a possible kill before each single store: no process looks
 * at logged words without the lock, so only a kill can show the states between.
 *
 * The kernel treats the words of a dead thread one by one, in any order (the
 * real kernel uses fewer orders), each in two steps: the word, then the wake of
 * one sleeper.
 *
 * With GENERATIONS A has a generation. A wait may be bound to the first one, and
 * so may a post. RENEW_A is a reinitialisation that draws a new one: its commit
 * writes down the job that ends the bound waits. (Without GENERATIONS a
 * reinitialisation is one of names that nobody is bound to.)
 *
 * Parameters (by -D): WAIT0 .. WAIT2 say what each wait is over, POST0 .. POST2
 * what each poster does, with the numbers below.
 */

#define WAIT_A 1                        /* for A alone */
#define WAIT_B 2
#define WAIT_AB 3                       /* all of A, B; A is named first */
#define WAIT_BA 4
#define ANY_AB 5                        /* any of A, B; A is named first */
#define ANY_BA 6
#define BOUND_A 7                       /* for the first generation of A */
#define ONE_AB 8                        /* at least one of A, B: goes on when one of them is removed */

#define TOKEN_A 0
#define TOKEN_B 1
#define ALL_A 2
#define ALL_B 3
#define REINIT_A 4
#define REINIT_B 5
#define REMOVE_A 6                      /* the name is created again at once */
#define REMOVE_B 7
#define RENEW_A 8                       /* a new generation */
#define ANSWER_A 10                     /* a token for the first generation */

#ifndef WAITS
#define WAITS 2
#endif
#ifndef POSTERS
#define POSTERS 2
#endif
#ifndef WAIT0
#define WAIT0 WAIT_AB
#endif
#ifndef WAIT1
#define WAIT1 WAIT_BA
#endif
#ifndef WAIT2
#define WAIT2 WAIT_A
#endif
#ifndef POST0
#define POST0 TOKEN_A
#endif
#ifndef POST1
#define POST1 TOKEN_B
#endif
#ifndef POST2
#define POST2 TOKEN_A
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
#define PROCESSES (WAITS + POSTERS)
#if WAITS > 3 || PROCESSES > 5
#error "at most three waits and five processes"
#endif

/* A wait that would watch a beacon has to know whether another wait may still be
 * about to sleep on it. With fewer than three waits that cannot happen. */
#if WAITS > 2
#define WATCHERS 1
#else
#define WATCHERS 0
#endif

/* ---- futex words ------------------------------------------------------- */

#define W_BIT 128                       /* FUTEX_WAITERS */
#define D_BIT 64                        /* FUTEX_OWNER_DIED */
#define TID(v) ((v) & 63)

#define A 0
#define B 1
#define BELL(n) (n)
#define ENTRY(n, w) (2 * (w) + (n))
#define BEACON(n, w) (2 + ENTRY(n, w))
#define ARMED(n, w) (ENTRY(n, w) + 1)   /* a bell: 0, or the entry that armed it */
#define RUNG 0
#define WORDS (2 + 2 * WAITS)
#define NONE 255

byte word[WORDS];
#define tid (me + 1)

/* Where a process is: the set of words it sleeps on (futex_waitv), or one of
 * these. The sets 252 .. 255 do not occur. */
#define AWAKE 0
#define ENDED 255
#define NOT_BEGUN 254                       /* has not begun */
byte where[PROCESSES];
#define ASLEEP(i) (where[i] != AWAKE && where[i] < NOT_BEGUN)
#define IDLE(i) (ASLEEP(i) || where[i] == ENDED)
#define SLEEPS_ON(i, w) (where[i] < NOT_BEGUN && ((where[i] >> (w)) & 1))

/* ---- the lock, robust as a whole --------------------------------------- */

byte lock_owner;                        /* thread id */
bit lock_died;

/* ---- logged words: they change only under the lock, through the log ----- */

#define ALL 200
#define COUNTER(n) (n)
#define JOB 2                           /* 0, or the walk that has to be completed */
#define NEXT_TICKET 3
#define LINKED(n, w) (4 + ENTRY(n, w))  /* 0, or the ticket: the order in the queue */
#ifdef GENERATIONS
#define GENERATION (4 + 2 * WAITS)      /* of A: how many it has had before */
#define DATA (5 + 2 * WAITS)
#else
#define DATA (4 + 2 * WAITS)
#endif
byte data[DATA];

#define RELEASE(n) (1 + (n))
#define REMOVE(n) (3 + (n))
#define OUTDATE_A 5
#define JOB_NAME(j) (((j) - 1) & 1)
#define JOB_REMOVES(j) ((j) == 3 || (j) == 4)

byte log_length;
byte log_word[3];
byte log_value[3];

/* ---- not logged --------------------------------------------------------- */

#define WAITING 0
#define LEFT 1
#define DONE 2
#define TAKEN 3                         /* for the assertions only */
byte state[WAITS];
byte watch[2 * WAITS];                  /* per entry: the word that its owner watches */
#if WATCHERS
byte watcher[2 * WAITS];                /* per entry: the wait that watches its beacon */
#endif

/* ---- book-keeping of the model ----------------------------------------- */

byte kind[WAITS];
byte kills;
byte timeouts;
bit is_dead[PROCESSES];
bit must_end[WAITS];                     /* "all" or a removal is to release it */
bit given_done[WAITS];                  /* was given DONE */
byte posted[2];
byte consumed[2];
byte discarded[2];
hidden byte h;
hidden byte g;
hidden byte n1;
hidden byte n2;
hidden byte blocker;
hidden byte covered;
hidden byte found;

#define USES_A(w) (kind[w] != WAIT_B)
#define USES_B(w) (kind[w] != WAIT_A && kind[w] != BOUND_A)
#define IS_ONE(w) (kind[w] == ONE_AB)
#define USES(w, n) ((n) == A && USES_A(w) || (n) == B && USES_B(w))
#define IS_ANY(w) (kind[w] == ANY_AB || kind[w] == ANY_BA || IS_ONE(w))
#define SEVERAL(w) (kind[w] >= WAIT_AB && kind[w] != BOUND_A)
#define IS_BOUND(w) (kind[w] == BOUND_A)
/* the names in the order of the arguments */
#define FIRST_NAME(w) (kind[w] == WAIT_B || kind[w] == WAIT_BA || kind[w] == ANY_BA)
#define OTHER(n) (1 - (n))

#define ALIVE(n, w) (TID(word[BEACON(n, w)]) != 0)
#define IS_LINKED(n, w) (data[LINKED(n, w)] != 0)
/* Linked, alive and waiting. The entry of a wait that has ended may be linked and alive. */
#define IS_WAITING(n, w) (IS_LINKED(n, w) && ALIVE(n, w) && state[w] == WAITING)

#define MAY_BE_KILLED \
    if \
    :: (kills < MAXKILLS) -> kills++; goto killed \
    :: true \
    fi

/* ---- futex calls -------------------------------------------------------- */

inline wake_one(w) {
    if
    :: SLEEPS_ON(0, w) -> where[0] = AWAKE
#if WAITS > 1
    :: SLEEPS_ON(1, w) -> where[1] = AWAKE
#endif
#if WAITS > 2
    :: SLEEPS_ON(2, w) -> where[2] = AWAKE
#endif
    :: else
    fi
}

/* found: whether a wait slept there */
inline wake_all(w) {
    d_step {
        h = 0;
        do
        :: (h < WAITS) ->
            if
            :: SLEEPS_ON(h, w) -> where[h] = AWAKE; found = 1
            :: else
            fi;
            h++
        :: else -> break
        od;
        h = 0
    }
}

/* ---- the log ------------------------------------------------------------ */

/* The records are written first, and have no effect until the length is stored. */
inline log_begin() { g = 0 }

inline log_entry(w, v) {
    log_word[g] = (w);
    log_value[g] = (v);
    g++
}

/* Applies what is committed. The values are absolute: to apply them twice does no harm. */
inline log_apply() {
    if
    :: (log_length > 0) -> MAY_BE_KILLED; data[log_word[0]] = log_value[0]
    :: else
    fi;
    if
    :: (log_length > 1) -> MAY_BE_KILLED; data[log_word[1]] = log_value[1]
    :: else
    fi;
    if
    :: (log_length > 2) -> MAY_BE_KILLED; data[log_word[2]] = log_value[2]
    :: else
    fi;
    MAY_BE_KILLED;
    log_length = 0;
    log_word[0] = 0; log_word[1] = 0; log_word[2] = 0;
    log_value[0] = 0; log_value[1] = 0; log_value[2] = 0
}

/* ---- the lock ----------------------------------------------------------- */

/* Processes that do the same begin in the order of their numbers: any other
 * order is the same run with the names exchanged. */
#define IS_A_TWIN (me > 0 && ((me < WAITS && kind[me] == kind[me - 1]) \
    || (me == WAITS + 1 && POST1 == POST0) || (me == WAITS + 2 && POST2 == POST1)))
#define MAY_BEGIN (where[me] == NOT_BEGUN && (!IS_A_TWIN || where[me - 1] != NOT_BEGUN))

inline lock_segment() {
    if
    :: atomic {
        (lock_owner == 0 && (where[me] == AWAKE || MAY_BEGIN)) ->
        where[me] = AWAKE;
        MAY_BE_KILLED;
        lock_owner = tid;
        died = lock_died;
        lock_died = 0
       }
    :: atomic { (where[me] == AWAKE && lock_owner != 0 && kills < MAXKILLS) -> kills++; goto killed }
    fi;
    recover()
}

inline unlock_store() {
    MAY_BE_KILLED;
    assert(lock_owner == tid);
    lock_owner = 0
}

/* ---- "all" and removal: the walk ---------------------------------------- */

/* what a wake does first to the word that the sleeper watches */
inline change(w) {
    if
    :: ((w) == BELL(A) || (w) == BELL(B)) -> word[w] = RUNG
    :: ((w) != BELL(A) && (w) != BELL(B) && (w) != NONE) -> word[w] = word[w] | D_BIT
    :: ((w) == NONE)
    fi
}

/* Changes the word, then wakes: a wait that does not sleep yet will not go to sleep. */
inline wake_entry(p) {
    if
    :: atomic { (watch[p] != NONE) -> MAY_BE_KILLED; change(watch[p]) };
       atomic { MAY_BE_KILLED; wake_all(watch[p]); found = 0 }
    :: (watch[p] == NONE)
    fi
}
/* The same, and counts those found asleep; WAKE_AT_LEAST of them end the loop. */
inline wake_and_count(n, w) {
    if
    :: atomic { (watch[ENTRY(n, w)] != NONE) -> MAY_BE_KILLED; change(watch[ENTRY(n, w)]) };
       atomic {
        MAY_BE_KILLED;
        found = 0;
        wake_all(watch[ENTRY(n, w)]);
        if
        :: found ->
            found = 0;
            woken++;
            if
            :: (woken == WAKE_AT_LEAST) -> last = NONE; woken = 0
            :: else
            fi
        :: else
        fi
       }
    :: (watch[ENTRY(n, w)] == NONE)
    fi
}
/* It may sleep on a word of any of its queues. */
inline wake_wait(w) {
    wake_entry(ENTRY(A, w));
    wake_entry(ENTRY(B, w))
}

/* The wait of the first living entry in queue n with a ticket after `last`. */
inline next_in_queue(n) {
    d_step {
        cursor = NONE;
        h = 0;
        do
        :: (h < WAITS) ->
            if
            :: (data[LINKED(n, h)] > last && IS_WAITING(n, h)
                && (cursor == NONE || data[LINKED(n, h)] < data[LINKED(n, cursor)])) ->
                cursor = h
            :: else
            fi;
            h++
        :: else -> break
        od;
        h = 0
    }
}

/* The wait of the last entry linked in queue n with a ticket before `last`. */
inline previous_in_queue(n) {
    d_step {
        cursor = NONE;
        h = 0;
        do
        :: (h < WAITS) ->
            if
            :: (IS_LINKED(n, h) && data[LINKED(n, h)] < last
                && (cursor == NONE || data[LINKED(n, h)] > data[LINKED(n, cursor)])) ->
                cursor = h
            :: else
            fi;
            h++
        :: else -> break
        od;
        h = 0
    }
}

/* Does the job end wait w, or does w still need its other name? */
#define COVERED_BY_JOB(w) \
    (data[JOB] == OUTDATE_A && IS_BOUND(w) || data[JOB] != OUTDATE_A && COVERED_BY_POST(w))
#define COVERED_BY_POST(w) \
    (JOB_REMOVES(data[JOB]) && !GOES_ON(w, JOB_NAME(data[JOB])) \
     || !JOB_REMOVES(data[JOB]) && (!SEVERAL(w) || IS_ANY(w)) \
     || !JOB_REMOVES(data[JOB]) && data[COUNTER(OTHER(JOB_NAME(data[JOB])))] == ALL)
/* Does a wait go on when name n is removed, because its other name is left? */
#define GOES_ON(w, n) (IS_ONE(w) && IS_LINKED(OTHER(n), w))

/* From the tail to the head. A wait that has ended leaves all its queues, one
 * transaction each. */
inline walk_the_queue() {
    last = 100;
    do
    :: atomic {
        (data[JOB] != 0 && last != NONE) ->
        MAY_BE_KILLED;
        previous_in_queue(JOB_NAME(data[JOB]));
        if
        :: (cursor == NONE) -> last = NONE
        :: else ->
            last = data[LINKED(JOB_NAME(data[JOB]), cursor)];
            if
            :: (COVERED_BY_JOB(cursor) && state[cursor] == WAITING && ALIVE(A, cursor)
                || COVERED_BY_JOB(cursor) && state[cursor] == WAITING && ALIVE(B, cursor)) ->
                state[cursor] = DONE;
                given_done[cursor] = 1
            :: else
            fi
        fi
       };
       if
       :: (cursor != NONE) ->
            wake_wait(cursor);
            atomic {
                if
                :: (!IS_WAITING(JOB_NAME(data[JOB]), cursor)) ->
                    if
                    :: IS_LINKED(OTHER(JOB_NAME(data[JOB])), cursor) ->
                        MAY_BE_KILLED;
                        log_begin();
                        log_entry(LINKED(OTHER(JOB_NAME(data[JOB])), cursor), 0);
                        log_length = g;
                        log_apply()
                    :: else
                    fi;
                    MAY_BE_KILLED;
                    log_begin();
                    log_entry(LINKED(JOB_NAME(data[JOB]), cursor), 0);
                    log_length = g;
                    log_apply()
                :: (IS_WAITING(JOB_NAME(data[JOB]), cursor) && JOB_REMOVES(data[JOB])) ->
                    MAY_BE_KILLED;
                    log_begin();
                    log_entry(LINKED(JOB_NAME(data[JOB]), cursor), 0);
                    log_length = g;
                    log_apply()
                :: else
                fi;
                cursor = NONE
            }
       :: else
       fi
    :: (data[JOB] == 0 || last == NONE) -> break
    od;
    atomic {
        last = 0;
        if
        :: (data[JOB] != 0) ->
            MAY_BE_KILLED;
            log_begin();
            log_entry(JOB, 0);
            log_length = g;
            log_apply()
        :: else
        fi
    }
}

inline recover() {
    if
    :: (died) ->
        atomic {
            if
            :: (log_length > 0) -> log_apply()
            :: else
            fi
        };
#ifndef BREAK_WALK
        if
        :: (data[JOB] != 0) -> walk_the_queue()
        :: else
        fi;
#endif
        died = 0
    :: else
    fi
}

/* ---- a wait ------------------------------------------------------------- */

/* The nearest living entry ahead of mine in queue n: its wait, or NONE. */
inline look_ahead(n) {
    ahead = NONE;
    h = 0;
    do
    :: (h < WAITS) ->
        if
        :: (IS_WAITING(n, h) && data[LINKED(n, h)] < data[LINKED(n, me)]
            && (ahead == NONE || data[LINKED(n, h)] > data[LINKED(n, ahead)])) ->
            ahead = h
        :: else
        fi;
        h++
    :: else -> break
    od;
    h = 0
}

inline watch_beacon(n) {
#if WATCHERS && !defined(BREAK_WATCHER)
    /* A wait that was released and has not ended may still be about to sleep
     * on this beacon. Then this one waits for that wait to end. */
    do
    :: (watcher[ENTRY(n, ahead)] != NONE && watcher[ENTRY(n, ahead)] != me
        && ALIVE(n, watcher[ENTRY(n, ahead)])
        && watch[ENTRY(n, watcher[ENTRY(n, ahead)])] == BEACON(n, ahead)) ->
        ahead = watcher[ENTRY(n, ahead)]
    :: else -> break
    od;
#endif
#if WATCHERS
    watcher[ENTRY(n, ahead)] = me;
#endif
    word[BEACON(n, ahead)] = word[BEACON(n, ahead)] & (255 - D_BIT);
    blocker = BEACON(n, ahead)
}

inline watch_bell(n) {
    word[BELL(n)] = ARMED(n, me);
    blocker = BELL(n)
}

/* No living wait that still waits is ahead of me in queue n. */
inline assert_not_overtaking(n) {
    h = 0;
    do
    :: (h < WAITS) ->
        assert(h == me || !IS_LINKED(n, h) || data[LINKED(n, h)] > data[LINKED(n, me)]
            || is_dead[h] || state[h] != WAITING);
        h++
    :: else -> break
    od;
    h = 0
}

/* Decides, under the lock. `take`: the names to take from (1: A, 2: B); GRANTED: the wait
 * ends. Otherwise the words to sleep on are in `sleep_on` and `expected_..`. */
#define GRANTED 4
inline evaluate_all_of() {
    /* Is it my turn in every queue? The first queue where it is not has the blocker. */
    n2 = 0;
    take = 0;
    do
    :: (n2 < 2 && blocker == NONE) ->
        n1 = (n2 ^ FIRST_NAME(me));
        if
        :: (USES(me, n1) && data[COUNTER(n1)] != ALL) ->
            look_ahead(n1);
            if
            :: (ahead != NONE) -> watch_beacon(n1)
            :: else
            fi
        :: else
        fi;
        n2++
    :: else -> break
    od;
    /* Are all tokens there? The first name that lacks one has the blocker. */
    n2 = 0;
    do
    :: (n2 < 2 && blocker == NONE) ->
        n1 = (n2 ^ FIRST_NAME(me));
        if
        :: (USES(me, n1) && data[COUNTER(n1)] == 0) -> watch_bell(n1)
        :: (USES(me, n1) && data[COUNTER(n1)] != 0 && data[COUNTER(n1)] != ALL) ->
            take = take | (1 << n1)
        :: else
        fi;
        n2++
    :: else -> break
    od;
    if
    :: (blocker == NONE) -> take = take | GRANTED
    :: else ->
        take = 0;
        sleep_on = 1 << blocker;
        expected[0] = word[blocker];
        watch[ENTRY(A, me)] = NONE;
        watch[ENTRY(B, me)] = NONE;
        /* the entry in the queue that has the blocker */
        watch[ENTRY(blocker & 1, me)] = blocker
    fi
}

inline evaluate_any_of() {
    n2 = 0;
    take = 0;
    sleep_on = 0;
    do
    :: (n2 < 2 && take == 0) ->
        n1 = (n2 ^ FIRST_NAME(me));
        look_ahead(n1);
        if
        :: !IS_LINKED(n1, me) -> watch[ENTRY(n1, me)] = NONE     /* it was removed */
        :: (IS_LINKED(n1, me) && data[COUNTER(n1)] == ALL) -> take = GRANTED
        :: (IS_LINKED(n1, me) && data[COUNTER(n1)] != ALL && ahead == NONE
            && data[COUNTER(n1)] > 0) ->
            take = GRANTED | (1 << n1)
        :: (IS_LINKED(n1, me) && data[COUNTER(n1)] != ALL
            && (ahead != NONE || data[COUNTER(n1)] == 0)) ->
            if
            :: (ahead != NONE) -> watch_beacon(n1)
            :: else -> watch_bell(n1)
            fi;
            sleep_on = sleep_on | (1 << blocker);
            expected[n1] = word[blocker];
            watch[ENTRY(n1, me)] = blocker
        fi;
        n2++
    :: else -> break
    od
}

/* From inside an atomic. After it: sleep_on == 0 means that the wait is over
 * (granted here, or released before). With `leaving` it is over in any case. */
inline evaluate(leaving) {
    sleep_on = 0;
    expected[0] = 0;
    expected[1] = 0;
    if
    :: (state[me] == WAITING) ->
        d_step {
            blocker = NONE;
            ahead = NONE;
            if
            :: IS_ANY(me) -> evaluate_any_of()
            :: else -> evaluate_all_of()
            fi;
            ahead = NONE;
            blocker = NONE;
            n1 = 0;
            n2 = 0;
            if
            :: (take & GRANTED) ->
                sleep_on = 0;
                expected[0] = 0;
                expected[1] = 0
            :: else
            fi
        };
        if
        :: (take & GRANTED) ->
            d_step {
                if
                :: (take & 1) -> assert_not_overtaking(A)
                :: else
                fi;
                if
                :: (take & 2) -> assert_not_overtaking(B)
                :: else
                fi
            };
#ifdef GENERATIONS
            /* no old answer */
            assert(!IS_BOUND(me) || data[GENERATION] == 0);
#endif
            MAY_BE_KILLED;
            if
            :: (take & 3) ->
#ifdef BREAK_LOG
                /* one after the other, with a possible kill between them */
                if
                :: (take & 1) -> data[COUNTER(A)] = data[COUNTER(A)] - 1
                :: else
                fi;
                MAY_BE_KILLED;
                if
                :: (take & 2) -> data[COUNTER(B)] = data[COUNTER(B)] - 1
                :: else
                fi;
                has = take & 3
#else
                log_begin();
                if
                :: (take & 1) -> log_entry(COUNTER(A), data[COUNTER(A)] - 1)
                :: else
                fi;
                if
                :: (take & 2) -> log_entry(COUNTER(B), data[COUNTER(B)] - 1)
                :: else
                fi;
                /* the point of commit */
                log_length = g;
                has = take & 3;
                log_apply()
#endif
            :: else
            fi;
            take = 0;
            unlink_me();
            state[me] = TAKEN
        :: (!(take & GRANTED) && leaving) ->
            unlink_me();
            state[me] = LEFT;
            sleep_on = 0;
            expected[0] = 0;
            expected[1] = 0
        :: (!(take & GRANTED) && !leaving)
        fi
    :: else
    fi
}

/* one transaction for each entry */
inline unlink_me() {
    if
    :: (USES_A(me) && IS_LINKED(A, me)) ->
        MAY_BE_KILLED;
        log_begin();
        log_entry(LINKED(A, me), 0);
        log_length = g;
        log_apply()
    :: else
    fi;
    if
    :: (USES_B(me) && IS_LINKED(B, me)) ->
        MAY_BE_KILLED;
        log_begin();
        log_entry(LINKED(B, me), 0);
        log_length = g;
        log_apply()
    :: else
    fi
}

/* Asleep on all of the words, if each still has the value that was expected. */
inline futex_wait() {
    d_step {
        covered = 1;
        h = 0;
        do
        :: (h < WORDS) ->
            if
            :: (!((sleep_on >> h) & 1))
            :: (((sleep_on >> h) & 1) && IS_ANY(me)) ->
                /* the expected value of the name this word stands for */
                n1 = (h == watch[ENTRY(A, me)] -> A : B);
                if
                :: (word[h] != expected[n1]) -> covered = 0
                :: else
                fi
            :: (((sleep_on >> h) & 1) && !IS_ANY(me)) ->
                if
                :: (word[h] != expected[0]) -> covered = 0
                :: else
                fi
            fi;
            h++
        :: else -> break
        od;
        h = 0;
        n1 = 0;
        if
        :: (covered) -> where[me] = sleep_on
        :: else
        fi;
        covered = 0
    }
}

inline release_beacon(n) {
    if
    :: (TID(word[BEACON(n, me)]) == tid) ->
        atomic { MAY_BE_KILLED; pending = BEACON(n, me); MAY_BE_KILLED; word[BEACON(n, me)] = 0 };
        atomic { MAY_BE_KILLED; wake_one(BEACON(n, me)); MAY_BE_KILLED; pending = NONE }
    :: else
    fi
}

#define FORGET_LOCALS \
    pending = NONE; ahead = NONE; cursor = NONE; last = 0; died = 0; \
    sleep_on = 0; expected[0] = 0; expected[1] = 0; take = 0; must_wake = NONE

/* What the kernel does for the words of a dead process; lower to upper: the
 * words that can be its own. */
inline kernel_cleans_up(lower, upper) {
    do
    :: atomic {
        (lock_owner == tid) -> lock_owner = 0; lock_died = 1
       }
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

proctype Wait(byte me) {
    byte pending = NONE;
    byte ahead = NONE;
    byte cursor = NONE;
    byte last;
    bit died;
    byte sleep_on;
    byte expected[2];
    byte take;
    byte has;                           /* names of which I took a token */
    byte must_wake = NONE;

    lock_segment();
#if defined(GENERATIONS) && !defined(BREAK_BIND)
    if
    :: (IS_BOUND(me) && data[GENERATION] != 0) -> goto leave_queue
    :: else
    fi;
#endif
    /* the beacons are mine before anybody can see them */
    atomic {
        if
        :: USES_A(me) -> MAY_BE_KILLED; word[BEACON(A, me)] = W_BIT | tid
        :: else
        fi;
        if
        :: USES_B(me) -> MAY_BE_KILLED; word[BEACON(B, me)] = W_BIT | tid
        :: else
        fi;
#ifdef BREAK_ONE_HOLD
    };
    if
    :: SEVERAL(me) ->
        /* one queue first, the other when the lock is taken again */
        atomic {
            MAY_BE_KILLED;
            log_begin();
            log_entry(LINKED(FIRST_NAME(me), me), data[NEXT_TICKET] + 1);
            log_entry(NEXT_TICKET, data[NEXT_TICKET] + 1);
            log_length = g;
            log_apply();
            unlock_store()
        };
        lock_segment();
        atomic {
            MAY_BE_KILLED;
            log_begin();
            log_entry(LINKED(OTHER(FIRST_NAME(me)), me), data[NEXT_TICKET] + 1);
            log_entry(NEXT_TICKET, data[NEXT_TICKET] + 1);
            log_length = g;
            log_apply();
            evaluate(0)
        };
        goto decided
    :: else
    fi;
    atomic {
#endif
        MAY_BE_KILLED;
        log_begin();
        log_entry(NEXT_TICKET, data[NEXT_TICKET] + 1);
        if
        :: USES_A(me) -> log_entry(LINKED(A, me), data[NEXT_TICKET] + 1)
        :: else
        fi;
        if
        :: USES_B(me) -> log_entry(LINKED(B, me), data[NEXT_TICKET] + 1)
        :: else
        fi;
        log_length = g;
        log_apply();
        MAY_BE_KILLED;
        evaluate(0)
    };
#ifdef BREAK_ONE_HOLD
decided:
#endif

    do
    :: (sleep_on != 0) ->
        atomic { unlock_store() };
        atomic { MAY_BE_KILLED; futex_wait(); sleep_on = 0; expected[0] = 0; expected[1] = 0 };
        if
        :: atomic {
            (where[me] == AWAKE) ->
            MAY_BE_KILLED;
            if
            :: (state[me] != WAITING) -> goto released
            :: else
            fi
           }
        :: atomic { (ASLEEP(me) && kills < MAXKILLS) -> kills++; where[me] = AWAKE; goto killed }
#if MAXTIMEOUTS > 0
        :: atomic {
            (timeouts < MAXTIMEOUTS) -> timeouts++; where[me] = AWAKE; goto deadline
           }
#endif
        fi;
        lock_segment();
        atomic { MAY_BE_KILLED; evaluate(0) }
    :: (sleep_on == 0) -> break
    od;
    goto leave_queue;

#if MAXTIMEOUTS > 0
deadline:
    atomic {
        MAY_BE_KILLED;
        if
        :: (state[me] != WAITING) -> goto released
        :: else
        fi
    };
    atomic {
        MAY_BE_KILLED;
        if
        :: (lock_owner == 0) -> lock_owner = tid; died = lock_died; lock_died = 0
        :: else -> goto leave_without_lock
        fi
    };
    recover();
    atomic { MAY_BE_KILLED; evaluate(1) };
    goto leave_queue;

leave_without_lock:
    atomic {
        MAY_BE_KILLED;
        if
        :: (state[me] == WAITING) -> state[me] = LEFT
        :: else
        fi
    };
    goto released;
#endif

leave_queue:
    atomic { unlock_store() };

released:
    assert(!has || state[me] == TAKEN);
    assert(!given_done[me] || state[me] == DONE);
    release_beacon(A);
    release_beacon(B);
    atomic {
        consumed[A] = consumed[A] + (has & 1);
        consumed[B] = consumed[B] + (has >> 1);
        has = 0;
        must_end[me] = 0;
        given_done[me] = 0;
        FORGET_LOCALS;
        where[me] = ENDED;
        goto over
    };

killed:
    atomic {
        is_dead[me] = 1;
        consumed[A] = consumed[A] + (has & 1);
        consumed[B] = consumed[B] + (has >> 1);
        has = 0;
        sleep_on = 0;
        expected[0] = 0;
        expected[1] = 0;
        take = 0;
        ahead = NONE;
        cursor = NONE;
        last = 0;
        died = 0
    };
    kernel_cleans_up(BEACON(A, me), BEACON(B, me));
    atomic { must_end[me] = 0; given_done[me] = 0; FORGET_LOCALS; where[me] = ENDED };
over:
    skip
}

/* ---- a poster ----------------------------------------------------------- */

proctype Poster(byte me; byte what) {
    byte cursor = NONE;
    byte last;
    byte woken;
    bit died;
#define NAME (what & 1)
#define IS_TOKEN (what == TOKEN_A || what == TOKEN_B || what == ANSWER_A)
/* whether a wait that is bound is linked */
#define HAS_BOUND (IS_BOUND(0) && IS_LINKED(A, 0) \
    || WAITS > 1 && IS_BOUND(1) && IS_LINKED(A, 1) \
    || WAITS > 2 && IS_BOUND(WAITS - 1) && IS_LINKED(A, WAITS - 1))

    lock_segment();
    if
    :: (what == REINIT_A || what == REINIT_B) ->
        atomic {
            MAY_BE_KILLED;
            log_begin();
            log_entry(COUNTER(NAME), 0);
            log_length = g;
            if
            :: (data[COUNTER(NAME)] != ALL) ->
                discarded[NAME] = discarded[NAME] + data[COUNTER(NAME)]
            :: else
            fi;
            log_apply();
            unlock_store()
        };
        goto finished
    :: else
    fi;

#ifdef GENERATIONS
    if
    :: (what == ANSWER_A && data[GENERATION] != 0) ->
        atomic { unlock_store() };
        goto finished
    :: else
    fi;
#endif

    if
    :: IS_TOKEN ->
        atomic { MAY_BE_KILLED; next_in_queue(NAME) };
        if
        :: (cursor != NONE) ->
            /* Ring before the commit. Crash: a wait that sleeps on a rung bell has
             * nothing to take, and the next ring wakes it all the same. */
            atomic { cursor = NONE; MAY_BE_KILLED; word[BELL(NAME)] = RUNG };
            atomic { MAY_BE_KILLED; wake_all(BELL(NAME)); found = 0 }
        :: else
        fi
    :: else
    fi;

    if
    :: !IS_TOKEN ->
        /* Two waits besides me have to ask for the lock: wakes entries from the head of the
         * queue on, until that many were found asleep. */
        last = (what == RENEW_A && !HAS_BOUND -> NONE : 0);
        do
        :: atomic {
            (last != NONE) ->
            MAY_BE_KILLED;
            next_in_queue(NAME);
            if
            :: (cursor == NONE) -> last = NONE; woken = 0
            :: else -> last = data[LINKED(NAME, cursor)]
            fi
           };
           if
           :: (cursor != NONE) -> wake_and_count(A, cursor); wake_and_count(B, cursor); cursor = NONE
           :: (cursor == NONE)
           fi
        :: (last == NONE) -> break
        od;
        atomic {
            last = 0;
            MAY_BE_KILLED;
            log_begin();
            if
#ifdef GENERATIONS
            :: (what == RENEW_A) ->
                log_entry(COUNTER(NAME), 0);
                log_entry(GENERATION, data[GENERATION] + 1);
#ifndef BREAK_OUTDATE
                if
                :: HAS_BOUND -> log_entry(JOB, OUTDATE_A)
                :: else
                fi
#endif
#endif
            :: (what == REMOVE_A || what == REMOVE_B) ->
                log_entry(COUNTER(NAME), 0);
                log_entry(JOB, REMOVE(NAME))
#ifdef GENERATIONS
                ; log_entry(GENERATION, data[GENERATION] + 1)
#endif
            :: (what == ALL_A || what == ALL_B) ->
                log_entry(COUNTER(NAME), ALL);
                log_entry(JOB, RELEASE(NAME))
            fi;
            log_length = g;
            /* for the check: these have to end */
            g = 0;
            do
            :: (g < WAITS) ->
                if
                :: (IS_WAITING(NAME, g) && !is_dead[g]
                    && (what != RENEW_A || IS_BOUND(g))
                    && (what >= REMOVE_A && !(GOES_ON(g, NAME) && what <= REMOVE_B)
                        || what < REMOVE_A && (!SEVERAL(g) || IS_ANY(g)
                        || data[COUNTER(OTHER(NAME))] == ALL))) ->
                    must_end[g] = 1
                :: else
                fi;
                g++
            :: else -> break
            od;
            g = 0;
            if
            :: (what >= REMOVE_A && data[COUNTER(NAME)] != ALL) ->
                discarded[NAME] = discarded[NAME] + data[COUNTER(NAME)]
            :: else
            fi;
            log_apply()
        };
        walk_the_queue();
        atomic { unlock_store() }
    :: else ->
        atomic {
            MAY_BE_KILLED;
            if
            :: (data[COUNTER(NAME)] != ALL) ->
                log_begin();
                log_entry(COUNTER(NAME), data[COUNTER(NAME)] + 1);
                /* the point of commit */
                log_length = g;
                posted[NAME]++;
                log_apply()
            :: else
            fi;
            unlock_store()
        }
    fi;
finished:
    goto over;

killed:
    atomic { is_dead[me] = 1; cursor = NONE; last = 0; woken = 0; died = 0 };
    /* the only word that it owns is the lock */
    atomic {
        if
        :: (lock_owner == tid) -> lock_owner = 0; lock_died = 1
        :: else
        fi
    };
over:
    atomic {
        cursor = NONE; last = 0; woken = 0; died = 0;
        where[me] = ENDED
    }
}

#define POSTS(x) (POST0 == (x) || (POSTERS > 1 && POST1 == (x)) || (POSTERS > 2 && POST2 == (x)))
#define NO_ALL_A (!POSTS(ALL_A))
#define NO_ALL_B (!POSTS(ALL_B))

/* ---- the check of every state in which no process runs ---------------------- */

#define ALL_IDLE (IDLE(0) && IDLE(PROCESSES - 1) \
    && (PROCESSES < 3 || IDLE(1)) \
    && (PROCESSES < 4 || IDLE(2)) \
    && (PROCESSES < 5 || IDLE(3)))

hidden byte value[DATA];       /* with the committed log applied */
hidden byte near;

/* near: the wait ahead of wait i in the queue of name n, or NONE. */
inline who_is_ahead(n) {
    near = NONE;
    h = 0;
    do
    :: (h < WAITS) ->
        if
        :: (value[LINKED(n, h)] != 0 && ALIVE(n, h) && value[LINKED(n, h)] < value[LINKED(n, i)]
            && (near == NONE || value[LINKED(n, h)] > value[LINKED(n, near)])) ->
            near = h
        :: else
        fi;
        h++
    :: else -> break
    od;
    h = 0
}

proctype Quiet() {
    byte i;
    do
    :: d_step {
        ALL_IDLE ->
        assert(lock_owner == 0);
        h = 0;
        do
        :: (h < DATA) -> value[h] = data[h]; h++
        :: else -> break
        od;
        h = 0;
        do
        :: (h < log_length) -> value[log_word[h]] = log_value[h]; h++
        :: else -> break
        od;
        assert(!NO_ALL_A
            || posted[A] == consumed[A] + discarded[A] + value[COUNTER(A)]);
        assert(!NO_ALL_B
            || posted[B] == consumed[B] + discarded[B] + value[COUNTER(B)]);
        i = 0;
        do
        :: (i < WAITS) ->
            if
            :: ASLEEP(i) ->
                assert(!must_end[i]);
                assert(state[i] == WAITING);
                n2 = 0;                 /* blockers that it watches as it should */
                g = 0;                  /* names that it lacks */
                n1 = A;
                do
                :: (n1 <= B) ->
                    if
                    :: (USES(i, n1) && IS_ONE(i) && value[LINKED(n1, i)] == 0) ->
                        near = NONE     /* it was removed */
                    :: (USES(i, n1) && !(IS_ONE(i) && value[LINKED(n1, i)] == 0)) ->
                        assert(value[LINKED(n1, i)] != 0);
                        who_is_ahead(n1);
                        if
                        :: (value[COUNTER(n1)] != ALL && near != NONE) ->
                            g++;
                            n2 = n2 + SLEEPS_ON(i, BEACON(n1, near));
                            /* they do not wait for each other */
                            assert(!SLEEPS_ON(near, BEACON(A, i)) && !SLEEPS_ON(near, BEACON(B, i)))
                        :: (value[COUNTER(n1)] != ALL && near == NONE
                            && value[COUNTER(n1)] == 0) ->
                            g++;
                            /* rung: by a poster that was killed before the wake */
                            n2 = n2 + SLEEPS_ON(i, BELL(n1));
                            assert(word[BELL(n1)] == ARMED(n1, i) || word[BELL(n1)] == RUNG)
                        :: else
                        fi
                    :: else
                    fi;
                    n1++
                :: else -> break
                od;
                if
                :: IS_ANY(i) ->
                    assert(g > 0 && n2 == g);
                    assert(g == 2 || IS_ONE(i) && (value[LINKED(A, i)] == 0 || value[LINKED(B, i)] == 0))
                :: else -> assert(g > 0 && n2 == 1)
                fi;
                n1 = 0;
                n2 = 0;
                g = 0;
                near = 0
            :: else
            fi;
            i++
        :: else -> break
        od;
        i = 0;
        h = 0;
        do
        :: (h < DATA) -> value[h] = 0; h++
        :: else -> break
        od;
        h = 0
       }
    od
}

init {
    byte i;
    atomic {
        kind[0] = WAIT0;
#if WAITS > 1
        kind[1] = WAIT1;
#endif
#if WAITS > 2
        kind[2] = WAIT2;
#endif
        i = 0;
        do
        :: (i < 2 * WAITS) ->
            watch[i] = NONE;
#if WATCHERS
            watcher[i] = NONE;
#endif
            i++
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
        run Poster(WAITS, POST0);
#if POSTERS > 1
        run Poster(WAITS + 1, POST1);
#endif
#if POSTERS > 2
        run Poster(WAITS + 2, POST2);
#endif
        i = 0
    }
}
