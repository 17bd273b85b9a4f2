/* SPDX-License-Identifier: ISC
 *
 * access.h - why this process may not open, make or remove the file of a segment
 */
#ifndef ACCESS_H
#define ACCESS_H

#include "compl.h"

/* Fills in reason and remedy for COMPL_E_WRONG_OWNER.  The object is the path of the file. */
void access_describe(struct compl_description *d, const struct compl_where *where);

/* Fills them in if there is no file, and the directory has refused that it be made (EACCES). */
void access_describe_directory(struct compl_description *d, const struct compl_where *where);

/* Sets the remedy to the removal of the file: by this user if the file is the user's own, otherwise
 * by its owner. */
void access_advise_removal(struct compl_description *d);

#endif
