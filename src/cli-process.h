/* SPDX-License-Identifier: ISC
 *
 * cli-process.h - what /proc says of other processes
 */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

/* The name of the process that started this one, or NULL; static storage. */
const char *process_parent_name(void);

#endif
