/* SPDX-License-Identifier: ISC
 *
 * address.h - addresses as NOTIFY_SOCKET has them
 */
#ifndef CLI_ADDRESS_H
#define CLI_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ADDRESS_TEXT_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

struct address {
	struct sockaddr_un name;
	socklen_t length;
};

/* Reads "/path", or "@name" for an abstract one.  False if text is neither, or too long. */
bool address_read(struct address *address, const char *text);

/* These return false with errno if text is no address. */
bool address_bind(int socket, const char *text);
bool address_connect(int socket, const char *text);

#endif
