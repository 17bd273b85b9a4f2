/* SPDX-License-Identifier: ISC
 *
 * address.c - the text of an address, and the kernel's form of it
 */
#include "cli/address.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

bool
address_read(struct address *address, const char *text)
{
	struct sockaddr_un *name = &address->name;
	size_t size = strlen(text);

	*address = (struct address){ .name = { .sun_family = AF_UNIX } };
	if ((text[0] != '/' && text[0] != '@') || size < 2 || size > ADDRESS_TEXT_MAX) {
		errno = EINVAL;
		return false;
	}
	memcpy(name->sun_path, text, size);
	address->length =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (text[0] == '/'));
	if (text[0] == '@')
		name->sun_path[0] = '\0';
	return true;
}

bool
address_bind(int socket, const char *text)
{
	struct address a;

	return address_read(&a, text) && bind(socket, (struct sockaddr *)&a.name, a.length) == 0;
}

bool
address_connect(int socket, const char *text)
{
	struct address a;

	return address_read(&a, text) && connect(socket, (struct sockaddr *)&a.name, a.length) == 0;
}
