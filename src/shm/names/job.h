/* SPDX-License-Identifier: ISC
 *
 * job.h - a walk along a waitqueue, or a rebuild, that has been committed to
 *
 * "All", a removal, a failure and a producer's death end more than one wait.  The transaction that
 * changes the completion also writes the job into the header.  After the commit the job is done,
 * entry by entry.
 *
 * Locking: all calls are made under the lock.
 */
#ifndef JOB_H
#define JOB_H

#include "shm/segment/session.h"

/* Commits what has been logged, together with the job (or JOB_NONE), and then does the job. */
void job_commit(struct session *s, enum job_kind job, uint32_t completion);

/* Does what job_commit() does, unless the segment's file is not linked any more: then nothing is
 * changed (log_commit_if_linked()), and no wait is ended.  Returns whether it was done. */
bool job_commit_if_linked(struct session *s, enum job_kind job, uint32_t completion);

/* Does the job that is written in the header, if there is one. */
void job_finish(struct session *s);

#endif
