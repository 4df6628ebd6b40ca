/* SPDX-License-Identifier: Apache-2.0 */
/* $sel with a name that is only known at run time; the others are compiled like @selects. */
#define STD_NAME pv
#define STD_DEF "pv/pv.def"
#define STD_PROTOTYPES_ONLY
#include "abi/std.h"

#include "script/select.h"

int32_t std_pv_pv_sel_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	script_select(r, n->text, ret);
	return 0;
}
