/* SPDX-License-Identifier: Apache-2.0 */
/* Flags, process, constants, statistics, configuration values. */
#include <stdatomic.h>
#include <unistd.h>

#include "pv/pv_priv.h"

#include "base/version.h"
#include "core/counter.h"
#include "core/log.h"
#include "net/net.h"
#include "script/load.h"
#include "script/run.h"

/* ---- flags ---- */

static uint32_t *flags_of(struct run *r, char which)
{
	if (!r->draft)
		return NULL;
	return which == 'm' ? &r->draft->flags : which == 's' ? &r->draft->sflags : &r->draft->main.flags;
}

static int32_t set_all(uint32_t *f, const struct value *v)
{
	if (!f || !value_is_int(v))
		return RT_E_INVAL;
	*f = (uint32_t)v->i;
	return 0;
}

static int32_t give_hex(struct run *r, const uint32_t *f, struct value *ret)
{
	uint32_t v = f ? *f : 0;

	*ret = value_strint(str_printf(r->arena, "%08x", v), v);
	return 0;
}

static int32_t set_one(uint32_t *f, int64_t bit, const struct value *v)
{
	if (!f || bit < 0 || bit > 31 || !value_is_int(v))
		return RT_E_INVAL;
	*f = v->i > 0 ? *f | 1u << bit : *f & ~(1u << bit);
	return 0;
}

#define FLAGS(low, up, which)                                                                      \
	PV_GET(low##f)                                                                             \
	{                                                                                          \
		const uint32_t *f = flags_of(r, which);                                            \
		return pv_give_int(ret, f ? *f : 0);                                               \
	}                                                                                          \
	PV_SET(low##f)                                                                             \
	{                                                                                          \
		return set_all(flags_of(r, which), v);                                             \
	}                                                                                          \
	PV_GET(low##F)                                                                             \
	{                                                                                          \
		return give_hex(r, flags_of(r, which), ret);                                       \
	}                                                                                          \
	PV_SET(low##F)                                                                             \
	{                                                                                          \
		return set_all(flags_of(r, which), v);                                             \
	}                                                                                          \
	PV_GET(up##f)                                                                              \
	{                                                                                          \
		const uint32_t *f = flags_of(r, which);                                            \
		return pv_give_int(ret, f && n->num >= 0 && n->num < 32 ? *f >> n->num & 1 : 0);   \
	}                                                                                          \
	PV_SET(up##f)                                                                              \
	{                                                                                          \
		return set_one(flags_of(r, which), n->num, v);                                     \
	}
FLAGS(m, M, 'm')
FLAGS(s, S, 's')
FLAGS(b, B, 'b')

/* ---- process ---- */

static _Atomic int64_t boot_s; /* all workers start at once; the first one's moment counts */

void pv_note_boot(int64_t wall_us)
{
	int64_t none = 0;

	atomic_compare_exchange_strong(&boot_s, &none, wall_us / 1000000);
}

PV_GET(Tb)
{
	return pv_give_int(ret, boot_s);
}

PV_GET(pp)
{
	return pv_give_int(ret, getpid());
}

PV_GET(sid)
{
	return pv_give_int(ret, script_conf.server_id);
}

PV_GET(true)
{
	return pv_give_int(ret, 1);
}

/* ---- constants ---- */

PV_GET(K)
{
	static const int numbers[] = {AF_INET,	 AF_INET,   AF_INET,   AF_INET6,   AF_INET6, AF_INET6,
				      PROTO_UDP, PROTO_TCP, PROTO_TLS, PROTO_SCTP, PROTO_WS, PROTO_WSS};

	*ret = value_null();
	if (n->num >= 0 && (size_t)n->num < sizeof(numbers) / sizeof(numbers[0]))
		*ret = value_int(numbers[n->num]);
	return 0;
}

/* Scripts ask to decide what the language can do: the version that the script is compiled for. */
static struct str language(struct run *r)
{
	return r->prog->compat == 6 ? S("6.2.0") : S("5.6.3");
}

PV_GET(version)
{
	if (n->num == 0)
		return pv_give(ret, language(r));
	if (n->num == 1)
		return pv_give(ret, str_printf(r->arena, "kiln %s (" STR_FMT ")", KILN_VERSION, STR_ARG(language(r))));
	return pv_give(ret, r->prog->hash);
}

PV_GET(ksr)
{
	if (n->num == 0)
		return pv_give(ret, language(r));
	return pv_give_int(ret, r->prog->compat == 6 ? 6002000 : 5006003);
}

#define TEXT_CONSTANT(c, text)                                                                     \
	PV_GET(c)                                                                                  \
	{                                                                                          \
		return pv_give(ret, S(text));                                                      \
	}
TEXT_CONSTANT(Eb, "\\")
TEXT_CONSTANT(Ec, ",")
TEXT_CONSTANT(Ei, ":")
TEXT_CONSTANT(Ej, ";")
TEXT_CONSTANT(Ek, "'")
TEXT_CONSTANT(En, "\n")
TEXT_CONSTANT(Eq, "\"")
TEXT_CONSTANT(Er, "\r")
TEXT_CONSTANT(Es, " ")
TEXT_CONSTANT(Et, "\t")
TEXT_CONSTANT(Ev, "`")

/* ---- statistics, configuration ---- */

PV_GET(stat)
{
	int handle = counter_find(S(""), n->text);

	*ret = handle == COUNTER_NONE ? value_null() : value_int(counter_value(handle));
	return 0;
}

/* "group.name" or "group:name" cut in two. */
static bool cut_name(struct str all, struct str *group, struct str *name)
{
	size_t i = str_chr(all, '.');

	if (i == STR_NONE)
		i = str_chr(all, ':');
	if (i == STR_NONE)
		return false;
	*group = str_head(all, i);
	*name = str_skip(all, i + 1);
	return group->n && name->n;
}

static int32_t give_param(struct run *r, const struct program_value *v, struct value *ret)
{
	*ret = v->kind == PROGRAM_INT ? value_int(v->i) : value_str(str_dup(r->arena, v->s));
	return 0;
}

PV_GET(ccp)
{
	const struct program *p = r->prog;
	const struct program_value *v;
	struct str group, name;

	*ret = value_null();
	if (!cut_name(n->text, &group, &name))
		return RT_E_INVAL;
	if (str_eq(group, S("core")) && str_eq(name, S("debug")))
		return pv_give_int(ret, log_get_level());
	for (uint64_t i = 0; i < p->n_cfg_vars; i++)
		if (p->cfg_vars[i].instance < 0 && str_eq(p->cfg_vars[i].group, group) &&
		    str_eq(p->cfg_vars[i].name, name))
			return give_param(r, &p->cfg_vars[i].value, ret);
	if (str_eq(group, S("core"))) {
		v = program_core_find(p, str_z(r->arena, name));
		if (v)
			return give_param(r, v, ret);
	}
	return 0;
}

/* Only the log level may change under way. */
PV_SET(ccp)
{
	struct str group, name;

	if (!cut_name(n->text, &group, &name) || !value_is_int(v))
		return RT_E_INVAL;
	if (!str_eq(group, S("core")) || !str_eq(name, S("debug")))
		return RT_E_UNSUPP;
	log_set_level((int)v->i);
	return 0;
}
