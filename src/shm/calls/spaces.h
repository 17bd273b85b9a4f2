/* SPDX-License-Identifier: ISC
 *
 * spaces.h - which namespaces there are
 */
#ifndef SPACES_H
#define SPACES_H

#include "compl.h"

/* compl.h's compl_spaces(). */
enum compl_result spaces_make(const struct compl_where *where, struct compl_spaces **list);

#endif
