/* SPDX-License-Identifier: ISC
 *
 * socket_dir.h - a socket that is found by a path, in a directory of its own
 */
#ifndef CLI_SOCKET_DIR_H
#define CLI_SOCKET_DIR_H

#include <stdbool.h>

#include "cli/address.h"

/* Binds the socket, in the first of these directories where it can: those of RUNTIME_DIRECTORY,
 * /run as root or else XDG_RUNTIME_DIR, TMPDIR, /tmp.  path is then its address.  Every user can
 * send to it.  Leaves out directories in which another user than root could rename this one.  As
 * root, also leaves out directories that are closed to other users, because CMD may become one.
 * Removes what killed processes have left there. */
bool socket_dir_bind(int socket, char path[static ADDRESS_TEXT_MAX + 1]);

/* Removes the socket and its directory, in the process that has made them. */
void socket_dir_remove(void);

/* Whether an address is one of these. */
bool socket_dir_is_ours(const char *address);

#endif
