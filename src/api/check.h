/* SPDX-License-Identifier: ISC
 *
 * check.h - whether the structures, flags and names of a caller are as compl.h demands
 *
 * The public functions call these first, and nothing below them checks again.
 */
#ifndef API_CHECK_H
#define API_CHECK_H

#include "compl.h"

/* COMPL_OK or COMPL_E_ARGUMENT.  Does not look at the namespace's name. */
enum compl_result check_where(const struct compl_where *where);

/* Does what check_where() does, and also checks the flags of compl_open(). */
enum compl_result check_open(const struct compl_where *where, unsigned flags);

/* COMPL_OK, COMPL_E_ARGUMENT or COMPL_E_BAD_VALUE. */
enum compl_result check_post(const struct compl_post *post);

/* Does what check_post() does, for a post of compl_keep(). */
enum compl_result check_keep(const struct compl_post *post, bool stays);

/* COMPL_OK, COMPL_E_ARGUMENT or COMPL_E_BAD_NAME. */
enum compl_result check_promise(const char *name, unsigned flags);

/* COMPL_OK, COMPL_E_ARGUMENT or COMPL_E_BAD_NAME. */
enum compl_result check_request(const struct compl_request *req);

/* Does what check_request() does, and also checks what compl_barrier() demands. */
enum compl_result check_barrier(const struct compl_request *req, const struct compl_round *round);

#endif
