/* SPDX-License-Identifier: ISC
 *
 * waitqueue.pml - one completion and the waiters in its waitqueue
 *
 * The processes are WAITERS waiters and POSTERS posters. Each of their steps
 * is at most one access to a word that another process could read or write at
 * that moment. SIGKILL may come before (and after) every step, MAXKILLS times
 * in a run. What the kernel does for a dead thread is modelled step by step.
 *
 * How steps are merged, and why nothing is lost by it
 *
 *  - Steps that touch only what belongs to one process (its robust list, its
 *    list_op_pending, its local variables) share an `atomic` with the access
 *    next to them. MAY_BE_KILLED is between them nevertheless: a kill at a
 *    later moment is the same as a kill right here whose treatment by the
 *    kernel starts later, and that start is a step of its own.
 *  - Words that change only under the lock are changed by transactions through
 *    a redo log. No process reads them without the lock, and a process that
 *    gets the lock completes a committed transaction before it looks. So a
 *    transaction is one step here, at the point of commit. names.pml has the
 *    log in full.
 *  - The search for the nearest living entry ahead is one step: under the lock
 *    a linked entry can only go from alive to dead, so several reads find what
 *    one look at the moment of the last read finds. The same holds for the
 *    value that is read again in order to watch that entry.
 *  - Reading the lock word and taking it by compare-and-swap is one step: a
 *    compare-and-swap that fails only reads again. Reading it, counting
 *    oneself as a sleeper and going to sleep are three steps.
 *
 * Why a search for bad states is enough
 *
 *   "No process stays asleep that could go on" is a statement about those
 *   states in which every process sleeps or has ended; the proctype Quiet
 *   checks it in each of them. A run could avoid such states for ever only by
 *   running in circles. That there is no circle at all is checked separately
 *   (the configurations "no cycle", built with -DNP): every cycle counts as an
 *   error there, because the model has no progress label.
 *
 * Parameters (all by -D): see below.
 */

#ifndef WAITERS
#define WAITERS 1
#endif
#ifndef POSTERS
#define POSTERS 1
#endif
#ifndef ALLS            /* how many of the posters post "all" */
#define ALLS 0
#endif
#ifndef TOKENS          /* how many tokens each of the others posts */
#define TOKENS 1
#endif
#ifndef REINITS         /* how many of the posters reinitialise instead */
#define REINITS 0
#endif
#ifndef ROUNDS          /* how often the first waiter waits */
#define ROUNDS 1
#endif
#ifndef MAXKILLS
#define MAXKILLS 0
#endif
#ifndef MAXTIMEOUTS     /* deadlines that may pass */
#define MAXTIMEOUTS 0
#endif
#ifndef MAXSTOPS        /* waiters that are stopped (SIGSTOP) in their sleep */
#define MAXSTOPS 0
#endif
#ifndef MAXUNREPORTED   /* kills of which the kernel tells nothing: it does not find the robust list */
#define MAXUNREPORTED 0
#endif
#ifndef WAKE_AT_LEAST          /* sleepers that are woken before a walk */
#define WAKE_AT_LEAST 2
#endif
#ifndef ENTRIES
#define ENTRIES WAITERS
#endif
#if ROUNDS > 1 || ENTRIES != WAITERS
#define REUSE 1         /* entries come from a common pool */
#else
#define REUSE 0         /* each waiter has its own */
#endif
#define PROCESSES (WAITERS + POSTERS)
#if PROCESSES > 5
#error "at most five processes: wake_one names them"
#endif

/* ---- futex words ------------------------------------------------------- */

#define W_BIT 128                       /* FUTEX_WAITERS */
#define D_BIT 64                        /* FUTEX_OWNER_DIED */
#define TID(v) ((v) & 63)
/* The bell is no robust word. It is 0 after it was rung, or else the entry that armed it;
 * so no other waiter can store the value that this one expects. */
#define RUNG 0
#ifdef BREAK_ARM
#define ARMED(p) 1
#else
#define ARMED(p) ((p) + 1)
#endif

#define LOCK 0
#define BELL 1
#define BEACON(p) (2 + (p))
#define WORDS (2 + ENTRIES)
#define NONE 255                        /* no word, no entry */

byte word[WORDS];

/* A thread id is never 0; `me` counts from 0. */
#define tid (me + 1)

/* Where a process is, if it is not running: the index of the word it sleeps
 * on, or one of these. */
#define AWAKE 255
#define ENDED 254
#define STOPPED 253                      /* stopped, and never continued */
#define NOT_BEGUN 252                       /* has not begun */
byte where[PROCESSES];
#define IDLE(i) (where[i] < NOT_BEGUN || where[i] == STOPPED || where[i] == ENDED)
#define ASLEEP(i) (where[i] < WORDS)

/* ---- what changes only under the lock ---------------------------------- */

#define ALL 200
byte counter;                           /* tokens, or ALL */
bit job;                                /* a walk has to be completed */
byte queue[ENTRIES];                    /* the waitqueue: entries in order */
byte queue_length;

/* ---- entries ------------------------------------------------------------ */

#define WAITING 0
#define LEFT 1
#define DONE 2
#define TAKEN 3                         /* for the assertions only */
byte state[ENTRIES];
byte watch[ENTRIES];                     /* the word its owner watches */
byte watcher[ENTRIES];                   /* the latest entry that watched this one */
#if REUSE
byte free[ENTRIES];                      /* the free entries, first in, first out */
byte waiting_free;                      /* how many */
#endif

byte sleepers;                          /* on the lock; it may stay too high */

/* ---- book-keeping of the model ----------------------------------------- */

byte kills;
#if MAXUNREPORTED > 0
byte unreported;
bit is_unreported[PROCESSES];
#ifdef BREAK_WATCHDOG_FIRST
bit after_first[PROCESSES];             /* asleep after the entry that was the first then */
#endif
#endif
byte timeouts;
byte stops;
bit is_dead[PROCESSES];
bit must_end[WAITERS];                  /* waited in the queue when "all" was posted */
bit given_done[WAITERS];                /* was given DONE */
byte posted;                            /* tokens that were committed */
byte consumed;                          /* ended waits with a token, kills after a commit */
byte discarded;                         /* tokens that a reinitialisation took away */
hidden byte h;                          /* scratch, only inside one step */
hidden byte g;

#if MAXUNREPORTED > 0
#define DIE_UNREPORTED unreported++; is_unreported[me] = 1; is_dead[me] = 1; goto killed
#ifdef UNREPORTED_ASLEEP                /* only of waiters that sleep in the queue */
#define MAY_DIE_UNREPORTED false
#else
#define MAY_DIE_UNREPORTED (unreported < MAXUNREPORTED)
#endif
#define MAY_BE_KILLED \
    if \
    :: (kills < MAXKILLS) -> kills++; goto killed \
    :: MAY_DIE_UNREPORTED -> DIE_UNREPORTED \
    :: true \
    fi
/* The owner is dead, and the kernel has not told. A process that asks finds out. */
#define UNREPORTED(w) (TID(word[w]) != 0 && is_unreported[TID(word[w]) - 1])
#else
#define MAY_BE_KILLED \
    if \
    :: (kills < MAXKILLS) -> kills++; goto killed \
    :: true \
    fi
#define UNREPORTED(w) false
#endif

/* The watchdogs, where there are unreported deaths: after a sleep of a second on the lock, and of ten
 * on a beacon, a process looks again. That is a step only where the look can find something. */
#if MAXUNREPORTED > 0
#ifdef NO_QUESTIONS
#define LOCK_WATCHDOG(i) (where[i] == LOCK && unreported > 0 && TID(word[LOCK]) == 0)
#define LINE_WATCHDOG(i) false
#else
#define LOCK_WATCHDOG(i) (where[i] == LOCK && unreported > 0 \
    && (TID(word[LOCK]) == 0 || UNREPORTED(LOCK)))
#ifdef BREAK_WATCHDOG
#define LINE_WATCHDOG(i) false
#else
#ifdef BREAK_WATCHDOG_FIRST
#define HAS_LINE_WATCHDOG(i) after_first[i]
#else
#define HAS_LINE_WATCHDOG(i) true
#endif
#define LINE_WATCHDOG(i) (where[i] > BELL && ASLEEP(i) && HAS_LINE_WATCHDOG(i) && unreported > 0 \
    && (TID(word[where[i]]) == 0 || UNREPORTED(where[i])))
#endif
#endif
#else
#define LOCK_WATCHDOG(i) false
#define LINE_WATCHDOG(i) false
#endif
#define WATCHDOG(i) (LOCK_WATCHDOG(i) || LINE_WATCHDOG(i))

/* ---- futex calls ------------------------------------------------------- */

/* FUTEX_WAKE of one sleeper: any of them */
inline wake_one(w) {
    if
    :: (where[0] == (w)) -> where[0] = AWAKE
    :: (where[1] == (w)) -> where[1] = AWAKE
#if PROCESSES > 2
    :: (where[2] == (w)) -> where[2] = AWAKE
#endif
#if PROCESSES > 3
    :: (where[3] == (w)) -> where[3] = AWAKE
#endif
#if PROCESSES > 4
    :: (where[4] == (w)) -> where[4] = AWAKE
#endif
    :: else
    fi
}

inline wake_all(w) {
    d_step {
        h = 0;
        do
        :: (h < PROCESSES) ->
            if
            :: (where[h] == (w)) -> where[h] = AWAKE
            :: else
            fi;
            h++
        :: else -> break
        od;
        h = 0
    }
}

/* ---- the robust list of a process: at most two words, newest first ------ */

inline push(w) { older = newest; newest = (w) }

inline take_off(w) {
    if
    :: (newest == (w)) -> newest = older; older = NONE
    :: else -> older = NONE
    fi
}

/* One word of a dead thread. The change of the word and the wake are two
 * steps, and others run in between. */
inline kernel_handles(w, as_pending) {
    atomic {
        must_wake = 0;
        if
        :: ((w) != NONE) ->
            if
            :: (TID(word[w]) == tid) ->
                must_wake = ((word[w] & W_BIT) != 0);
                word[w] = (word[w] & W_BIT) | D_BIT
#ifdef OLD_KERNEL
            :: (TID(word[w]) != tid && as_pending && word[w] == 0) -> must_wake = 1
            :: (TID(word[w]) != tid && !(as_pending && word[w] == 0))
#else
            :: (TID(word[w]) != tid && as_pending && TID(word[w]) == 0) -> must_wake = 1
            :: (TID(word[w]) != tid && !(as_pending && TID(word[w]) == 0))
#endif
            fi
        :: else
        fi
    };
    if
    :: atomic { must_wake -> wake_one(w) }
    :: !must_wake
    fi
}

inline kernel_cleans_up() {
#if MAXUNREPORTED > 0
    if
    :: is_unreported[me] -> newest = NONE; older = NONE; pending = NONE
    :: else
    fi;
#endif
    /* the list, newest first, without the pending word; that one comes last */
    if
    :: (newest != NONE && newest != pending) -> kernel_handles(newest, 0)
    :: else
    fi;
    if
    :: (older != NONE && older != pending) -> kernel_handles(older, 0)
    :: else
    fi;
    if
    :: (pending != NONE) -> kernel_handles(pending, 1)
    :: else
    fi
}

/* ---- the waitqueue ----------------------------------------------------- */

/* What a wake does first to the word that the sleeper watches: the word changes. */
inline change(w) {
    if
    :: ((w) == BELL) -> word[w] = RUNG
    :: ((w) != BELL && (w) != NONE) -> word[w] = word[w] | D_BIT
    :: ((w) == NONE)
    fi
}

/* Its owner lives and still waits. An entry whose wait has left may be linked and alive. */
#define IS_WAITING(p) (TID(word[BEACON(p)]) != 0 && state[p] == WAITING)
/* A living waiter is recorded to sleep, or to be about to sleep, on its beacon. */
#define IS_WATCHED(p) (watcher[p] != NONE && TID(word[BEACON(watcher[p])]) != 0 \
    && watch[watcher[p]] == BEACON(p))

#if REUSE
#define APPEND_FREE(p) free[waiting_free] = (p); waiting_free++
#else
#define APPEND_FREE(p) skip
#endif

inline unlink(p) {
    d_step {
        h = 0;
        do
        :: (h < queue_length && queue[h] != (p)) -> h++
        :: else -> break
        od;
        if
        :: (h < queue_length) ->
            APPEND_FREE(p);
            do
            :: (h + 1 < queue_length) -> queue[h] = queue[h + 1]; h++
            :: else -> break
            od;
            queue[h] = 0;
            queue_length--
        :: else
        fi;
        h = 0
    }
}

/* waitqueue_unlink(): wakes the owner, if it lives, and the waiter that sleeps on its beacon,
 * and then unlinks. Without such a process, only the unlinking has an effect. */
inline waitqueue_unlink(p) {
    atomic {
        MAY_BE_KILLED;
        if
        :: (TID(word[BEACON(p)]) != 0 && watch[p] != NONE) ->
#ifndef BREAK_CHANGE
            change(watch[p]);
#endif
            hit = 1
        :: else
        fi
    };
    if
    :: atomic { hit -> MAY_BE_KILLED; wake_all(watch[p]); hit = 0 }
    :: !hit
    fi;
    atomic {
        MAY_BE_KILLED;
        if
        :: (IS_WATCHED(p) && IS_WAITING(watcher[p])) ->
            word[BEACON(p)] = word[BEACON(p)] | D_BIT;
            hit = 1
        :: else -> unlink(p)
        fi
    };
    if
    :: atomic { hit -> MAY_BE_KILLED; wake_all(BEACON(p)); hit = 0; MAY_BE_KILLED; unlink(p) }
    :: !hit
    fi
}

/* entry_report(): what the kernel would have done, by the owner of the lock.
 * Crash: the beacon is its pending operation, so the kernel makes the wake. */
#if MAXUNREPORTED > 0
inline report(p) {
    atomic {
        MAY_BE_KILLED;
        if
        :: UNREPORTED(BEACON(p)) ->
#ifndef BREAK_REPORT_PENDING
            pending = BEACON(p);
#endif
            MAY_BE_KILLED;
            word[BEACON(p)] = 0;
            hit = 1
        :: else
        fi
    };
    if
    :: atomic { hit -> MAY_BE_KILLED; wake_all(BEACON(p)); hit = 0; MAY_BE_KILLED; pending = NONE }
    :: !hit
    fi
}
#define REPORT(p) report(p);
#else
#define REPORT(p)
#endif

/* waitqueue_reap_to_first(): unlinks the entries at the head of the queue that do not wait any more. */
inline reap_first() {
    do
    :: atomic {
        (queue_length > 0 && !IS_WAITING(queue[0])) -> cursor = queue[0]
       };
       waitqueue_unlink(cursor);
       cursor = NONE
    :: (queue_length == 0 || IS_WAITING(queue[0])) -> break
    od
}

/* Puts the entry directly ahead of mine into `ahead`, or NONE. */
inline look_ahead() {
    d_step {
        ahead = NONE;
        h = 0;
        do
        :: (h < queue_length && queue[h] != entry) -> h++
        :: else -> break
        od;
        assert(h < queue_length);           /* a waiting entry is linked */
        if
        :: (h > 0) -> ahead = queue[h - 1]
        :: else
        fi;
        h = 0
    }
}

/* First come, first served: a waiter that takes a token does not overtake a living
 * waiter that still waits, and each such waiter is still linked. */
inline assert_nobody_is_overtaken() {
    d_step {
        h = 0;
        do
        :: (h < queue_length && queue[h] != entry) ->
            assert(TID(word[BEACON(queue[h])]) == 0
                || is_dead[TID(word[BEACON(queue[h])]) - 1]
                || state[queue[h]] != WAITING);
            h++
        :: else -> break
        od;
        h = 0;
        do
        :: (h < ENTRIES) ->
            if
            :: (TID(word[BEACON(h)]) != 0 && state[h] == WAITING
                && !is_dead[TID(word[BEACON(h)]) - 1]) ->
                g = 0;
                do
                :: (g < queue_length && queue[g] != h) -> g++
                :: else -> break
                od;
                assert(g < queue_length)
            :: else
            fi;
            h++
        :: else -> break
        od;
        h = 0;
        g = 0
    }
}

/* ---- the lock ---------------------------------------------------------- */

/* The lock is mine: push it, then nothing is pending. */
inline lock_is_mine() {
    assert(TID(seen) == 0);
    word[LOCK] = W_BIT | tid;
    died = ((seen & D_BIT) != 0);
    seen = 0;
    MAY_BE_KILLED;
    push(LOCK);
    MAY_BE_KILLED;
    pending = NONE
}

/* Processes that do the same begin in the order of their numbers: any other
 * order is the same run with the names exchanged. (The first waiter is alone
 * in its kind if it waits several times.) */
#define FIRST_OF_ITS_KIND \
    (me == 0 || (ROUNDS > 1 && me == 1) || me == WAITERS \
     || me == WAITERS + ALLS || me == WAITERS + ALLS + REINITS)
#define MAY_BEGIN (FIRST_OF_ITS_KIND || where[me - 1] != NOT_BEGUN)

/* may_give_up: this process has a deadline, which may pass while it sleeps on
 * the lock. Then `gave_up` is set and the lock is not taken. */
inline lock_segment(may_give_up) {
    do
    :: atomic {
        (where[me] == AWAKE || (where[me] == NOT_BEGUN && MAY_BEGIN)) ->
        where[me] = AWAKE;
        MAY_BE_KILLED;
        pending = LOCK;
        MAY_BE_KILLED;
        seen = word[LOCK];
#if MAXUNREPORTED > 0 && !defined(NO_QUESTIONS)
        if
        :: (counted && UNREPORTED(LOCK)) -> seen = D_BIT        /* taken from the dead owner */
        :: else
        fi;
#endif
        if
        :: (TID(seen) == 0) -> lock_is_mine(); break
        :: else
        fi
       };
       if
       :: (!counted) -> atomic { MAY_BE_KILLED; sleepers++; counted = 1 }
       :: else
       fi;
       atomic {
        MAY_BE_KILLED;
#ifdef BREAK_PENDING
        pending = NONE;
#endif
        if
        :: (word[LOCK] == seen) -> where[me] = LOCK
        :: else
        fi;
        seen = 0
       }
    :: atomic {
        /* Crash: killed in its sleep. list_op_pending still names the lock, so
         * the kernel hands a wake that it was given on to another sleeper. */
        (where[me] == LOCK && kills < MAXKILLS) -> kills++; where[me] = AWAKE; goto killed
       }
#if MAXUNREPORTED > 0
    :: atomic { LOCK_WATCHDOG(me) -> where[me] = AWAKE }
    :: atomic {
        (where[me] == LOCK && MAY_DIE_UNREPORTED) -> where[me] = AWAKE; DIE_UNREPORTED
       }
#endif
    :: atomic {
        /* asleep, or woken a moment ago */
        ((where[me] == LOCK || counted) && may_give_up && timeouts < MAXTIMEOUTS) ->
        timeouts++;
        where[me] = AWAKE;
        gave_up = 1;
        break
       }
    od;
    if
    :: (gave_up) ->
        /* It may have been given the one wake of an unlock or of a death:
         * pass it on first, then let go of list_op_pending. */
#ifndef BREAK_GIVE_UP
        atomic { MAY_BE_KILLED; wake_one(LOCK) };
#endif
        atomic { MAY_BE_KILLED; pending = NONE; MAY_BE_KILLED; sleepers--; counted = 0 }
    :: (!gave_up && counted) ->
        /* Crash: before this the count stays too high for ever, which costs
         * a needless wake in each unlock and nothing else. */
        atomic { MAY_BE_KILLED; sleepers--; counted = 0 }
    :: (!gave_up && !counted)
    fi
}

/* The store that gives the lock away; from inside an atomic. */
inline unlock_store() {
    MAY_BE_KILLED;
    pending = LOCK;
    MAY_BE_KILLED;
    take_off(LOCK);
    MAY_BE_KILLED;
    assert(TID(word[LOCK]) == tid);     /* mutual exclusion */
    word[LOCK] = 0
}

/* Crash: between the store and the wake list_op_pending names a word without
 * owner, and the kernel gives the wake. */
inline unlock_wake() {
    atomic {
        MAY_BE_KILLED;
        if
        :: (sleepers == 0) -> pending = NONE
        :: else
        fi
    };
    if
    :: atomic { (pending == LOCK) -> MAY_BE_KILLED; wake_one(LOCK); MAY_BE_KILLED; pending = NONE }
    :: (pending != LOCK)
    fi
}

/* ---- "all" -------------------------------------------------------------- */

/* Releases the waiters of the queue, entry by entry, from its end: the first waiter, which
 * comes to the lock, is released last. A process that resumes the walk after a death begins
 * at the end again, and finds done what was done already. */
inline walk_the_queue() {
    do
    :: atomic {
        (job && queue_length > 0) ->
        MAY_BE_KILLED;
        cursor = queue[queue_length - 1];
        if
        :: IS_WAITING(cursor) ->
            state[cursor] = DONE;
            given_done[TID(word[BEACON(cursor)]) - 1] = 1
        :: else
        fi
       };
       waitqueue_unlink(cursor);
       cursor = NONE
    :: (!job || queue_length == 0) -> break
    od
}

/* The job is done: one more transaction. */
inline job_is_done() {
    atomic { MAY_BE_KILLED; job = 0 }
}

/* What a new owner of the lock does first if the last owner died. */
inline recover() {
    if
    :: (died) ->
#ifndef BREAK_WALK
        if
        :: (job) -> walk_the_queue(); job_is_done()
        :: else
        fi;
#endif
        died = 0
    :: else
    fi
}

/* ---- a waiter ----------------------------------------------------------- */

/* Crash: at any point here the kernel does the rest, word and wake. */
inline release_beacon() {
    atomic {
        /* this wait reports the outcome that it was given */
        assert(!has_token || state[entry] == TAKEN);
        assert(!given_done[me] || state[entry] == DONE);
        MAY_BE_KILLED;
        pending = BEACON(entry);
        MAY_BE_KILLED;
        take_off(BEACON(entry));
        MAY_BE_KILLED;
        word[BEACON(entry)] = 0
    };
    atomic {
        MAY_BE_KILLED;
        wake_one(BEACON(entry));
        MAY_BE_KILLED;
        pending = NONE
    }
}

/* entry_obtain(): the head of the queue of free entries, after those that may not be used
 * have gone to its tail. An entry may be used if its beacon has no owner and no living
 * waiter is recorded to watch it. */
#if REUSE
#ifdef BREAK_REUSE
#define GUARDED(p) 0
#else
#define GUARDED(p) IS_WATCHED(p)
#endif
inline find_entry() {
    d_step {
        entry = NONE;
        h = waiting_free;
        do
        :: (h > 0) ->
            if
            :: (TID(word[BEACON(free[0])]) == 0 && !GUARDED(free[0])) -> entry = free[0]; h = 0
            :: else -> h--
            fi;
            if
            :: (entry == NONE) ->       /* rotate */
                seen = free[0];
                g = 0;
                do
                :: (g + 1 < waiting_free) -> free[g] = free[g + 1]; g++
                :: else -> break
                od;
                free[g] = seen;
                seen = 0
            :: else
            fi
        :: else -> break
        od;
        g = 0
    }
}
/* into the transaction that links it */
inline use_entry() {
    d_step {
        g = 0;
        do
        :: (g + 1 < waiting_free) -> free[g] = free[g + 1]; g++
        :: else -> break
        od;
        free[g] = 0;
        waiting_free--;
        g = 0
    }
}
#else
#define find_entry() entry = me
#define use_entry() skip
#endif
#define FORGET_WATCHER(p) watcher[p] = NONE

/* Under the lock, in the queue: takes a token if it is my turn, else decides which
 * word to sleep on. From inside an atomic. Sets `sleep_on`: NONE means that I have what I
 * wanted; AGAIN means to look again, after `cursor` was unlinked if that is not NONE. */
#define AGAIN 254
#if MAXUNREPORTED > 0 && !defined(NO_QUESTIONS)
/* The entry ahead keeps others waiting although it could go, so a question is asked; and it is dead. */
#ifdef BREAK_ASK_AHEAD
#define IS_FOUND_DEAD(a) (UNREPORTED(BEACON(a)) && overslept)
#else
#define IS_FOUND_DEAD(a) (UNREPORTED(BEACON(a)) && (overslept || queue[0] == (a) && counter > 0))
#endif
#else
#define IS_FOUND_DEAD(a) false
#endif
inline evaluate() {
    sleep_on = NONE;
    if
    :: (state[entry] != WAITING)        /* the outcome was given meanwhile */
    :: (state[entry] == WAITING) ->
        look_ahead();
        if
        :: (ahead != NONE && !IS_WAITING(ahead)) ->
            /* to be unlinked first */
            sleep_on = AGAIN;
            cursor = ahead
        :: (ahead != NONE && IS_WAITING(ahead) && counter != ALL && IS_FOUND_DEAD(ahead)) ->
            /* to be reported, and unlinked then */
            sleep_on = AGAIN;
            cursor = ahead
        :: ((ahead == NONE || IS_WAITING(ahead)) && counter == ALL) ->
            watch[entry] = NONE;
            state[entry] = TAKEN
        :: (counter != ALL && ahead == NONE && counter > 0) ->
            assert_nobody_is_overtaken();
            /* the point of commit */
            counter--;
            has_token = 1;
            watch[entry] = NONE;
            state[entry] = TAKEN
        :: (counter != ALL && ahead == NONE && counter == 0 && !leaving) ->
            /* watch the bell */
            sleep_on = BELL;
            expected = ARMED(entry);
            word[BELL] = expected;
            watch[entry] = BELL
        :: (counter != ALL && ahead != NONE && IS_WAITING(ahead) && !leaving
                && !IS_FOUND_DEAD(ahead)) ->
#ifdef BREAK_WATCHDOG_FIRST
            after_first[me] = (queue[0] == ahead);
#endif
            /* Watch the beacon of the entry ahead. If a living waiter is recorded to
             * watch that one already (it has left the queue and not ended yet),
             * watch the beacon of that waiter. */
            do
            :: (watcher[ahead] != entry && IS_WATCHED(ahead)) -> ahead = watcher[ahead]
            :: else -> break
            od;
            sleep_on = BEACON(ahead);
            watcher[ahead] = entry;
            watch[entry] = sleep_on;
            if
            :: (TID(word[sleep_on]) != 0) ->
                word[sleep_on] = word[sleep_on] & (255 - D_BIT);
                expected = word[sleep_on]
            :: else -> sleep_on = AGAIN         /* its owner has just released it */
            fi
        :: (counter != ALL && leaving && (ahead == NONE && counter == 0
                || ahead != NONE && IS_WAITING(ahead) && !IS_FOUND_DEAD(ahead))) ->
            /* the deadline has passed and there is nothing to take: leave the queue */
            watch[entry] = NONE;
            state[entry] = LEFT
        fi;
        ahead = NONE
    fi
}

#define FORGET_LOCALS \
    newest = NONE; older = NONE; pending = NONE; entry = NONE; \
    sleep_on = NONE; ahead = NONE; cursor = NONE; \
    seen = 0; expected = 0; died = 0; counted = 0; gave_up = 0; must_wake = 0; hit = 0
#if MAXUNREPORTED > 0
#ifdef BREAK_WATCHDOG_FIRST
#define FORGET_WATCHDOG overslept = 0; after_first[me] = 0
#else
#define FORGET_WATCHDOG overslept = 0
#endif
#else
#define FORGET_WATCHDOG skip
#endif

proctype Waiter(byte me; byte rounds) {
    byte newest = NONE;
    byte older = NONE;
    byte pending = NONE;                /* list_op_pending */
    byte entry = NONE;
    byte sleep_on = NONE;
    byte ahead = NONE;
    byte cursor = NONE;
    byte seen;
    byte expected;
    bit died;
    bit counted;
    bit gave_up;
    bit must_wake;
    bit has_token;
    bit hit;
    bit leaving;
#if MAXUNREPORTED > 0
    bit overslept;                      /* only the watchdog has ended the latest sleep */
#endif

begin:
    lock_segment(1);
    if
    :: (gave_up) -> goto finished       /* the deadline came before the lock */
    :: else
    fi;
    recover();

    /* Takes a token at once if there is one and the queue is empty;
     * it may also join the queue and find that out there. */
    reap_first();
    atomic {
        MAY_BE_KILLED;
        if
        :: (counter == ALL) -> unlock_store()
        :: (counter != ALL && counter > 0 && queue_length == 0) ->
            counter--;
            has_token = 1;
            unlock_store()
        :: (counter != ALL) ->
            find_entry();
            if
            :: (entry == NONE) -> unlock_store()
            :: else ->
                assert(TID(word[BEACON(entry)]) == 0);
                push(BEACON(entry));
                /* Crash: on the list, not yet mine: the kernel does nothing. */
                MAY_BE_KILLED;
                word[BEACON(entry)] = W_BIT | tid;
                state[entry] = WAITING;
                watch[entry] = NONE;
                FORGET_WATCHER(entry)
            fi
        fi
    };
    if
    :: (entry == NONE) -> unlock_wake(); goto finished
    :: else
    fi;
    /* Crash: mine, not yet linked: the kernel clears its owner, and the entry is as free
     * as it was. */
    atomic {
        MAY_BE_KILLED;
        queue[queue_length] = entry;
        queue_length++;
        use_entry();
        MAY_BE_KILLED;
        evaluate()
    };

    do
    :: (sleep_on == AGAIN) ->
        if
        :: (cursor != NONE) -> REPORT(cursor) waitqueue_unlink(cursor); cursor = NONE
        :: else
        fi;
        atomic { MAY_BE_KILLED; evaluate() }
    :: (sleep_on < AGAIN) ->
#if MAXUNREPORTED > 0
        overslept = 0;
#endif
        atomic { unlock_store() };
        unlock_wake();
        atomic {
            MAY_BE_KILLED;
            if
            :: (word[sleep_on] == expected) -> where[me] = sleep_on
            :: else
            fi
        };
        /* asleep, or about to sleep */
        do
        :: atomic {
            (where[me] == AWAKE) ->
            MAY_BE_KILLED;
            sleep_on = NONE;
            expected = 0;
            if
            :: (state[entry] != WAITING) -> goto released
            :: else
            fi;
            break
           }
        :: atomic {
            (ASLEEP(me) && kills < MAXKILLS) -> kills++; where[me] = AWAKE; goto killed
           }
#if MAXUNREPORTED > 0
        :: atomic {
            (ASLEEP(me) && unreported < MAXUNREPORTED) -> where[me] = AWAKE; DIE_UNREPORTED
           }
        :: atomic { LINE_WATCHDOG(me) -> where[me] = AWAKE; overslept = 1 }
#endif
#if MAXTIMEOUTS > 0
        :: atomic {
            /* asleep, or woken a moment ago */
            (timeouts < MAXTIMEOUTS) ->
            timeouts++;
            where[me] = AWAKE;
            sleep_on = NONE;
            expected = 0;
            goto deadline
           }
#endif
#if MAXSTOPS > 0
        :: atomic {
            /* Stopped: it is in no futex queue. It stays so for ever, or it
             * is continued, and its call compares the word again. */
            (ASLEEP(me) && stops < MAXSTOPS) ->
            stops++;
            where[me] = AWAKE
           };
           if
           :: atomic { where[me] = STOPPED; (0) }
           :: atomic {
                if
                :: (word[sleep_on] == expected) -> where[me] = sleep_on
                :: else
                fi
              }
           fi
#endif
        od;
        lock_segment(1);
        if
        :: (gave_up) -> gave_up = 0; goto leave_without_lock
        :: else
        fi;
        recover();
        atomic { MAY_BE_KILLED; evaluate() }
    :: (sleep_on == NONE) -> break
    od;
    goto leave_queue;

#if MAXTIMEOUTS > 0
deadline:
    atomic {
        MAY_BE_KILLED;
        if
        :: (state[entry] != WAITING) -> goto released
        :: else
        fi
    };
    atomic {
        MAY_BE_KILLED;
        pending = LOCK;
        MAY_BE_KILLED;
        seen = word[LOCK];
        if
        :: (TID(seen) == 0) -> lock_is_mine()
        :: else -> seen = 0; pending = NONE; goto leave_without_lock
        fi
    };
    recover();
    /* if there is a token, it is taken in spite of the deadline */
    leaving = 1;
    do
    :: atomic {
        MAY_BE_KILLED;
        evaluate();
        if
        :: (sleep_on == NONE) -> break
        :: else
        fi
       };
       REPORT(cursor)
       waitqueue_unlink(cursor);
       cursor = NONE
    od;
    goto leave_queue;
#endif

leave_without_lock:
    atomic {
        MAY_BE_KILLED;
        /* compare-and-swap: if it fails, "all" was faster, and the wait succeeds */
#ifdef BREAK_LEAVE
        state[entry] = LEFT
#else
        if
        :: (state[entry] == WAITING) -> state[entry] = LEFT
        :: else
        fi
#endif
    };
    goto released;

leave_queue:
    if
    :: (state[entry] != DONE) -> waitqueue_unlink(entry)
    :: else
    fi;
    atomic { unlock_store() };
    unlock_wake();

released:
    release_beacon();

finished:
    atomic {
        if
        :: (has_token) -> consumed++; has_token = 0
        :: else
        fi;
        must_end[me] = 0;
        given_done[me] = 0;
        leaving = 0;
        FORGET_WATCHDOG;
        FORGET_LOCALS;
        rounds--;
        if
        :: (rounds > 0) -> goto begin
        :: else -> where[me] = ENDED; goto over
        fi
    };

killed:
    atomic {
        is_dead[me] = 1;
        died = 0;
        seen = 0;
        expected = 0;
        counted = 0;
        gave_up = 0;
        leaving = 0;
        FORGET_WATCHDOG;
        hit = 0;
        sleep_on = NONE;
        ahead = NONE;
        cursor = NONE;
        entry = NONE;
        rounds = 0;
        if
        :: (has_token) -> consumed++; has_token = 0
        :: else
        fi
    };
    kernel_cleans_up();
    atomic { must_end[me] = 0; given_done[me] = 0; FORGET_LOCALS; where[me] = ENDED };
over:
    skip
}

/* ---- a poster ----------------------------------------------------------- */

#define TOKEN 0
#define EVERYTHING 1
#define REINIT 2

/* BREAK_RING_SKIP: takes a rung bell to mean that no process sleeps on it. */
inline ring() {
    atomic {
        MAY_BE_KILLED;
        seen = (word[BELL] != RUNG);
        word[BELL] = RUNG
    };
    atomic {
        MAY_BE_KILLED;
#if MAXUNREPORTED > 0 && !defined(NO_QUESTIONS) && !defined(BREAK_ASK_FIRST)
        /* no sleeper on the bell: a question about the first in line */
        h = 0;
        do
        :: (h < PROCESSES && where[h] != BELL) -> h++
        :: else -> break
        od;
        found_dead = (h == PROCESSES && queue_length > 0 && UNREPORTED(BEACON(queue[0])));
        h = 0;
#endif
#ifdef BREAK_RING_SKIP
        if
        :: (seen) -> wake_all(BELL)
        :: else
        fi;
#else
        wake_all(BELL);
#endif
        seen = 0
    }
}

proctype Poster(byte me; byte what) {
    byte newest = NONE;
    byte older = NONE;
    byte pending = NONE;
    byte entry = NONE;
    byte sleep_on = NONE;
    byte ahead = NONE;
    byte cursor = NONE;
    byte seen;
    byte woken;
    byte expected;
    bit died;
    bit counted;
    bit gave_up;
    bit must_wake;
    bit hit;
#if MAXUNREPORTED > 0
    bit found_dead;
#endif

    lock_segment(0);
    recover();
    if
    :: (what == REINIT) ->
        atomic {
            MAY_BE_KILLED;
            if
            :: (counter != ALL) -> discarded = discarded + counter
            :: else
            fi;
            counter = 0;
            unlock_store()
        };
        unlock_wake();
        goto finished
    :: else
    fi;

    reap_first();
    if
    :: (queue_length == 0) -> goto nobody_there
    :: else
    fi;
    if
    :: (what == TOKEN) ->
        /* Ring before the commit: a waiter that wakes too early waits for the lock, and is
         * woken again if I die with the lock.
         * Crash: between the store and the wake a waiter sleeps on a rung bell. There is
         * nothing for it to take yet, and the next ring wakes it whatever the bell says. */
#if !defined(BREAK_RING)
again:
        ring();
#if MAXUNREPORTED > 0
        if
        :: found_dead ->
            found_dead = 0;
            cursor = queue[0];
            report(cursor);
            cursor = NONE;
            reap_first();
            if
            :: (queue_length > 0) -> goto again
            :: else
            fi
        :: else
        fi
#endif
#else
        skip
#endif
    :: (what == EVERYTHING) ->
        /* Two waiters besides me have to ask for the lock: wakes entries from the head of the
         * queue on, until that many were found asleep. A waiter that does not sleep yet must
         * not go to sleep: so the value changes before the wake. */
        cursor = 0;
        do
        :: atomic {
            (cursor < queue_length && woken < WAKE_AT_LEAST) ->
            MAY_BE_KILLED;
#ifndef BREAK_CHANGE
            change(watch[queue[cursor]])
#endif
           };
           atomic {
            MAY_BE_KILLED;
            h = watch[queue[cursor]];
            if
            :: (h != NONE) ->
                g = 0;
                do
                :: (g < PROCESSES && where[g] != h) -> g++
                :: else -> break
                od;
                if
                :: (g < PROCESSES) -> g = 0; h = 0; wake_all(watch[queue[cursor]]); woken++
                :: else -> g = 0
                fi
            :: else
            fi;
            h = 0;
            cursor++
           }
        :: atomic { (cursor >= queue_length || woken >= WAKE_AT_LEAST) -> cursor = NONE; woken = 0; break }
        od
    fi;

nobody_there:
    if
    :: (what == EVERYTHING) ->
        atomic {
            MAY_BE_KILLED;
            counter = ALL;
            job = (queue_length > 0);
            /* for the check: these have to end */
            h = 0;
            do
            :: (h < queue_length) ->
                g = TID(word[BEACON(queue[h])]);
                if
                :: (IS_WAITING(queue[h]) && !is_dead[g - 1]) -> must_end[g - 1] = 1
                :: else
                fi;
                h++
            :: else -> break
            od;
            h = 0;
            g = 0
        };
        walk_the_queue();
        atomic { MAY_BE_KILLED; job = 0; unlock_store() }
    :: else ->
        atomic {
            MAY_BE_KILLED;
            if
            :: (counter != ALL) -> counter = counter + TOKENS; posted = posted + TOKENS
            :: else
            fi;
            unlock_store()
        }
    fi;
    unlock_wake();
#ifdef BREAK_RING
    ring();
#endif
finished:
    goto over;

killed:
    atomic {
        is_dead[me] = 1;
        died = 0;
        seen = 0;
        counted = 0;
        woken = 0;
#if MAXUNREPORTED > 0
        found_dead = 0;
        hit = 0;
#endif
        cursor = NONE
    };
    kernel_cleans_up();
over:
    atomic { FORGET_LOCALS; where[me] = ENDED }
}

/* ---- the check of every state in which no process runs ---------------------- */

#define ALL_IDLE (IDLE(0) && IDLE(1) \
    && (PROCESSES < 3 || IDLE(PROCESSES - 1)) \
    && (PROCESSES < 4 || IDLE(2)) \
    && (PROCESSES < 5 || IDLE(3)))

#define NO_WATCHDOG (!WATCHDOG(0) && !WATCHDOG(1) \
    && (PROCESSES < 3 || !WATCHDOG(PROCESSES - 1)) \
    && (PROCESSES < 4 || !WATCHDOG(2)) \
    && (PROCESSES < 5 || !WATCHDOG(3)))

proctype Quiet() {
    byte i;
    do
    :: d_step {
        (ALL_IDLE && NO_WATCHDOG) ->
#ifdef NO_QUESTIONS
        assert(TID(word[LOCK]) == 0);
#else
        assert(TID(word[LOCK]) == 0 || UNREPORTED(LOCK));       /* the next process asks */
#endif
        assert(ALLS > 0 || posted == consumed + discarded + counter);
        i = 0;
        do
        :: (i < PROCESSES) ->
            if
            :: ASLEEP(i) ->
                assert(where[i] != LOCK);       /* it sleeps on a free lock */
                assert(i < WAITERS);
                assert(!must_end[i]);            /* "all" did not release it */
                assert(counter != ALL);
                assert(!job);
                /* its entry */
                h = 0;
                do
                :: (h < queue_length && TID(word[BEACON(queue[h])]) != i + 1) -> h++
                :: else -> break
                od;
                assert(h < queue_length);
                assert(state[queue[h]] == WAITING);
                assert(watch[queue[h]] == where[i]);
#if MAXUNREPORTED > 0
                /* if all ahead are dead, there is nothing to take */
                g = 0;
                do
                :: (g < h && (!IS_WAITING(queue[g])
                        || is_dead[TID(word[BEACON(queue[g])]) - 1])) -> g++
                :: else -> break
                od;
                assert(g < h || counter == 0);
                g = 0;
#endif
                /* the nearest living entry ahead */
                do
                :: (h > 0 && !IS_WAITING(queue[h - 1])) -> h--
                :: else -> break
                od;
                if
                :: (where[i] == BELL) ->
                    assert(h == 0);
                    assert(counter == 0);
                    /* rung: by a poster that was killed before the wake */
                    assert(word[BELL] == ARMED(queue[h]) || word[BELL] == RUNG)
                :: else ->
                    assert(h > 0 && where[i] == BEACON(queue[h - 1]))
                fi;
                h = 0
            :: else
            fi;
            i++
        :: else -> break
        od;
        i = 0
       }
    od
}

init {
    byte i;
    atomic {
        i = 0;
        do
        :: (i < ENTRIES) -> watch[i] = NONE; FORGET_WATCHER(i); APPEND_FREE(i); i++
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
        :: (i == 0) -> run Waiter(i, ROUNDS); i++
        :: (i > 0 && i < WAITERS) -> run Waiter(i, 1); i++
        :: (i >= WAITERS && i < PROCESSES) ->
            if
            :: (i - WAITERS < ALLS) -> run Poster(i, EVERYTHING)
            :: (i - WAITERS >= ALLS && i - WAITERS < ALLS + REINITS) -> run Poster(i, REINIT)
            :: else -> run Poster(i, TOKEN)
            fi;
            i++
        :: else -> break
        od;
        i = 0
    }
}
