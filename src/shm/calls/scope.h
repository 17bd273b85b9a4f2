/* SPDX-License-Identifier: ISC
 *
 * scope.h - whether the maker of a scope lives
 */
#ifndef SCOPE_H
#define SCOPE_H

#include "compl.h"

/* Takes the scope lock of a scope whose maker has died.  Returns a descriptor, which keeps the lock
 * until it is closed; or -1: the maker lives, or there is no such scope. */
int scope_seize(const struct compl_where *where);

#endif
