/* SPDX-License-Identifier: Apache-2.0 */
/* version.h - which Kiln this is. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define KILN_VERSION "0.1.0"
#if defined(__x86_64__)
#define KILN_TARGET "x86_64/linux"
#elif defined(__aarch64__)
#define KILN_TARGET "aarch64/linux"
#else
#define KILN_TARGET "linux"
#endif

#endif
