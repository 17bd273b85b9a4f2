/* SPDX-License-Identifier: ISC
 *
 * scope.h - a namespace that lives as long as its maker
 */
#ifndef SCOPE_H
#define SCOPE_H

#include "compl.h"

/* compl.h's compl_scope(). */
enum compl_result scope_make(struct compl_space **c, const struct compl_where *where,
			     unsigned flags, char *name);

#endif
