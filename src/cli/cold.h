/* SPDX-License-Identifier: ISC
 *
 * cold.h - static memory that most runs never touch
 *
 * The linker sorts data by alignment, and puts what is aligned least last (--sort-section in
 * src/compat/toolchain).  So all that a short command does touch lies in one page.
 */
#ifndef CLI_COLD_H
#define CLI_COLD_H

#define COLD __attribute__((aligned(1)))

#endif
