/* SPDX-License-Identifier: Apache-2.0 */
/* rt.h - prototypes of rt.def. */
#ifndef ABI_RT_H
#define ABI_RT_H

#include "abi/def.h"
#include "abi/program.h"

#define RT(ret, name, sig, params) ret name params;
#include "abi/rt.def"
#undef RT

#endif
