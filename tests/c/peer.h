/* SPDX-License-Identifier: ISC
 *
 * peer.h - for tests that do the same to compl and to a peer: the mutexes of the libc
 *
 * What becomes of the peer is a note on the screen (tests/run shows lines that begin with "# note:
 * "), never a failure.  The peer is that of the libc that the test is linked with.
 */
#ifndef PEER_H
#define PEER_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include "tap.h"

#ifdef __GLIBC__
#define PEER "glibc"
#else
#define PEER "musl"
#endif

#define PATIENT_MS 1500 /* how long a test waits for the peer */

/* Memory that the test and its children share; NULL: there is none. */
void *peer_shared_memory(size_t size);

/* A mutex that processes share. */
void peer_make_robust(pthread_mutex_t *mutex);

/* Locks it as the manual says: if the owner died, makes it consistent. */
bool peer_lock_robust(pthread_mutex_t *mutex);

/* Whether a child ends in time. */
bool peer_ends_within(size_t i, int ms);

/* Kills a child and waits for its end. */
void peer_put_away(size_t i);

#endif
