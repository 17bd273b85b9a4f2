/* SPDX-License-Identifier: ISC
 *
 * listing.h - a snapshot of a namespace
 */
#ifndef LISTING_H
#define LISTING_H

#include "compl.h"

/* compl.h's compl_list(). */
enum compl_result listing_make(struct compl_space *c, struct compl_listing **list);

#endif
