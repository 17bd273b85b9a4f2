/* SPDX-License-Identifier: ISC
 *
 * cdefs.h - what libbsd's headers expect of <sys/cdefs.h>, which musl does not have
 *
 * Without this file, a compiler that also looks in /usr/include, for the kernel's headers, finds
 * that of glibc, which does not work with musl.
 */
#ifndef COMPL_COMPAT_CDEFS_H
#define COMPL_COMPAT_CDEFS_H

#ifdef __cplusplus
#define __BEGIN_DECLS extern "C" {
#define __END_DECLS   }
#else
#define __BEGIN_DECLS
#define __END_DECLS
#endif

#endif
