/* SPDX-License-Identifier: ISC
 *
 * elf-range.c - looks a function up in the symbols of a program
 */
#include "elf-range.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the kernel puts a position-independent program when nothing is random. */
#define ELF_BASE UINT64_C(0x555555554000)

static struct range
elf_find(const char *map, const char *function)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)map;
	const Elf64_Shdr *section = (const Elf64_Shdr *)(map + header->e_shoff);
	uint64_t base = header->e_type == ET_DYN ? ELF_BASE : 0;
	size_t i, k;

	for (i = 0; i < header->e_shnum; i++) {
		const Elf64_Sym *symbol = (const Elf64_Sym *)(map + section[i].sh_offset);
		const char *names = map + section[section[i].sh_link].sh_offset;

		if (section[i].sh_type != SHT_SYMTAB)
			continue;
		for (k = 0; k < section[i].sh_size / sizeof *symbol; k++)
			if (!strcmp(names + symbol[k].st_name, function))
				return (struct range){ base + symbol[k].st_value,
						       base + symbol[k].st_value +
							       symbol[k].st_size };
	}
	return (struct range){ 0 };
}

struct range
elf_range(const char *program, const char *function)
{
	struct range found = { 0 };
	int fd = open(program, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *map;

	if (fd < 0 || fstat(fd, &st))
		return found;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return found;
	if (!memcmp(map, ELFMAG, SELFMAG) && map[EI_CLASS] == ELFCLASS64)
		found = elf_find(map, function);
	munmap(map, (size_t)st.st_size);
	return found;
}
