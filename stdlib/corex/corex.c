/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME corex
#define STD_DEF "corex/corex.def"
#include "abi/std.h"

STD_MODULE(corex)
