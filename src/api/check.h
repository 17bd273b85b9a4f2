/* SPDX-License-Identifier: ISC
 *
 * check.h - whether what the caller of compl.h has filled in is as compl.h asks for it
 *
 * The public functions call these first, and nothing below them checks again.
 */
#ifndef API_CHECK_H
#define API_CHECK_H

#include "compl.h"

/* COMPL_OK or COMPL_E_ARGUMENT.  The namespace's name is not looked at. */
enum compl_result check_where(const struct compl_where *where);

/* The same, and the flags of compl_open(). */
enum compl_result check_open(const struct compl_where *where, unsigned flags);

/* COMPL_OK, COMPL_E_ARGUMENT or COMPL_E_BAD_VALUE. */
enum compl_result check_post(const struct compl_post *post);

/* COMPL_OK, COMPL_E_ARGUMENT or COMPL_E_BAD_NAME. */
enum compl_result check_promise(const char *name, unsigned flags);

/* COMPL_OK, COMPL_E_ARGUMENT or COMPL_E_BAD_NAME. */
enum compl_result check_request(const struct compl_request *req);

#endif
