/* SPDX-License-Identifier: ISC
 *
 * space.h - the namespace of a test, and short forms of the calls
 */
#ifndef SPACE_H
#define SPACE_H

#include <stddef.h>
#include <stdint.h>

#include "compl.h"

/* A namespace that no other test uses. */
extern char space_name[COMPL_SPACE_MAX + 1];

/* The namespace, as compl_open() takes it. */
struct compl_where space_where(void);

/* Opens another handle; NULL on a failure. */
struct compl_space *space_open(unsigned flags);

/* The test's own handle, opened on first use. */
extern struct compl_space *space_handle;
struct compl_space *space(void);

/* Closes the handle, and removes the file. */
void space_unlink(void);

/* Calls with the test's own handle. */
enum compl_result space_post(const char *name, uint32_t tokens);
enum compl_result space_post_all(const char *name);
enum compl_result space_try(const char *name);

/* A wait for one token; ms < 0: without a deadline. */
enum compl_result space_wait_ms(struct compl_space *c, const char *name, int ms);

/* The counter, or -1 if the name does not exist. */
int64_t space_counter(const char *name);

/* How many waits are in line for a name. */
size_t space_waiters(const char *name);

/* How many names there are. */
size_t space_names_left(void);

#endif
