/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME textopsx
#define STD_DEF "textopsx/textopsx.def"
#include "abi/std.h"

STD_MODULE(textopsx)
