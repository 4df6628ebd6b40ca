/* SPDX-License-Identifier: Apache-2.0 */
/*
 * via.c - what our own Via tells: the server's id, parameters and an address from XAVPs (core parameters
 * xavp_via_params, xavp_via_fields). The XAVPs are read when the Via is made, so those set later count.
 * What the script asked for stands in a struct wish, one a message, in the arena of its draft.
 */
#define STD_NAME corex
#define STD_DEF "corex/corex.def"
#define STD_PROTOTYPES_ONLY
#include "rpc/rpc.h"
#include "abi/std.h"

#include "base/arena.h"
#include "base/sb.h"
#include "corex/corex_priv.h"
#include "script/env.h"
#include "script/load.h"
#include "script/run.h"
#include "script/xavp.h"

enum { PARAMS_MAX = 32, VIA_PARAMS_BYTES = 512 };

struct wish {
	struct script_vars *vars; /* of the message: they live as long as its transaction */
	bool srvid, params, fields;
};

static struct str params_root, fields_root; /* of the program: they live as long */

void corex_via_load(const struct program *p)
{
	params_root = program_core_str(p, "xavp_via_params", STR_NULL);
	fields_root = program_core_str(p, "xavp_via_fields", STR_NULL);
}

static void add_params(const struct wish *w, struct sb *b)
{
	struct xavp_place place = {.root = params_root};
	struct xavp_pair f;

	for (unsigned i = 0; i < PARAMS_MAX && xavp_field_nth(w->vars, &place, i, &f); i++) {
		sb_printf(b, ";" STR_FMT, STR_ARG(f.name));
		if (value_is_str(&f.value) && f.value.s.n)
			sb_printf(b, "=" STR_FMT, STR_ARG(f.value.s));
		else if (!value_is_str(&f.value))
			sb_printf(b, "=%lld", (long long)f.value.i);
	}
}

static void add_fields(const struct wish *w, struct arena *a, struct sip_via_more *ret)
{
	struct value v;
	uint64_t port = 0;

	if (xavp_field_get(w->vars, fields_root, S("address"), &v) == 0 && value_is_str(&v))
		ret->host = str_dup(a, v.s);
	if (xavp_field_get(w->vars, fields_root, S("port"), &v) != 0)
		return;
	if (value_is_str(&v) ? str_to_u64(v.s, 65535, &port) : v.i > 0 && v.i <= 65535)
		ret->port = (uint16_t)(value_is_str(&v) ? port : (uint64_t)v.i);
}

static void more(void *arg, struct arena *a, struct sip_via_more *ret)
{
	const struct wish *w = arg;
	struct sb b;

	sb_init(&b, a, VIA_PARAMS_BYTES);
	if (w->srvid && script_conf.server_id)
		sb_printf(&b, ";srvid=%lld", (long long)script_conf.server_id);
	if (w->params && params_root.n)
		add_params(w, &b);
	if (sb_ok(&b))
		ret->params = sb_str(&b);
	if (w->fields && fields_root.n)
		add_fields(w, a, ret);
}

/* The wish of this message's draft, made when there is none; NULL: no message, or memory is out. */
static struct wish *wish_of(struct run *r)
{
	struct sip_draft *d = r->draft;
	struct wish *w;

	if (!d)
		return NULL;
	if (d->via_more == more)
		return d->via_more_arg;
	w = arena_new_of(d->arena, struct wish);
	if (!w)
		return NULL;
	w->vars = r->sv;
	d->via_more = more;
	d->via_more_arg = w;
	return w;
}

int32_t std_corex_via_add_srvid(struct run *r, int64_t on)
{
	struct wish *w = wish_of(r);

	if (w)
		w->srvid = on != 0;
	return w ? 1 : -1;
}

int32_t std_corex_via_add_xavp_params(struct run *r, int64_t on)
{
	struct wish *w = wish_of(r);

	if (w)
		w->params = on != 0;
	return w ? 1 : -1;
}

int32_t std_corex_via_use_xavp_fields(struct run *r, int64_t on)
{
	struct wish *w = wish_of(r);

	if (w)
		w->fields = on != 0;
	return w ? 1 : -1;
}
