/* SPDX-License-Identifier: ISC
 *
 * cold.h - static memory that most runs never touch
 *
 * The linker sorts what is aligned least behind everything else (Makefile), and so all that a
 * short command does touch lies in one page.
 */
#ifndef CLI_COLD_H
#define CLI_COLD_H

#define COLD __attribute__((aligned(1)))

#endif
