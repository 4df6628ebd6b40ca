/* SPDX-License-Identifier: Apache-2.0 */
/* regex.h - flags of regular expressions, shared by the compiler and the runtime. */
#ifndef ABI_REGEX_H
#define ABI_REGEX_H

enum rt_regex_flag { RT_REGEX_ICASE = 1, RT_REGEX_NEWLINE = 2 };

#endif
