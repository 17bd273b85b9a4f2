/* SPDX-License-Identifier: ISC
 *
 * cli-process.c - reads /proc
 *
 * Where there is none, nobody has a name.
 */
#include "cli-process.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *
process_parent_name(void)
{
	static char name[64];
	char path[64];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)getppid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	length = read(fd, name, sizeof(name) - 1);
	close(fd);
	if (length <= 0)
		return NULL;
	name[length] = '\0';
	name[strcspn(name, "\n")] = '\0';
	return name;
}
