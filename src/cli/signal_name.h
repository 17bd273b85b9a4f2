/* SPDX-License-Identifier: ISC
 *
 * signal_name.h - signals by name
 */
#ifndef CLI_SIGNAL_NAME_H
#define CLI_SIGNAL_NAME_H

/* Returns the number of the signal with this name ("TERM", "SIGTERM", "RTMIN+3", "RTMAX-1"), or 0
 * if there is none. */
int signal_name_find(const char *name);

#endif
