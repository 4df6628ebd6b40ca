/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME cfg_rpc
#define STD_DEF "cfg_rpc/cfg_rpc.def"
#include "rpc/rpc.h"
#include "abi/std.h"

void std_cfg_rpc_rpc_get(struct rpc *c)
{
	struct str group, name;

	if (!rpc_arg_str(c, 0, false, &group) || !rpc_arg_str(c, 1, false, &name))
		return;
	for (uint64_t i = 0; i < c->prog->n_cfg_vars; i++) {
		const struct program_cfg_var *v = &c->prog->cfg_vars[i];

		if (v->instance >= 0 || !str_eq(v->group, group) || !str_eq(v->name, name))
			continue;
		if (v->value.kind == PROGRAM_INT)
			rpc_add_int(c, NULL, NULL, v->value.i);
		else
			rpc_add_str(c, NULL, NULL, v->value.s);
		return;
	}
	rpc_fail(c, 400, "Failed to get the variable");
}

void std_cfg_rpc_rpc_list(struct rpc *c)
{
	for (uint64_t i = 0; i < c->prog->n_cfg_vars; i++)
		if (c->prog->cfg_vars[i].instance < 0)
			rpc_add_fmt(c, NULL, NULL, STR_FMT ": " STR_FMT, STR_ARG(c->prog->cfg_vars[i].group),
				    STR_ARG(c->prog->cfg_vars[i].name));
}

STD_MODULE(cfg_rpc)
