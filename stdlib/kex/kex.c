/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME kex
#define STD_DEF "kex/kex.def"
#include "abi/std.h"

#include <unistd.h>

#include "core/log.h"
#include "core/worker.h"
#include "net/net.h"
#include "script/env.h"
#include "sip/draft.h"

/* ---- flags ---- */

static int32_t set(uint32_t *flags, int32_t flag, bool on)
{
	if (!flags || flag < 0)
		return -1;
	*flags = on ? *flags | 1u << flag : *flags & ~(1u << flag);
	return 1;
}

static int32_t is_set(const uint32_t *flags, int32_t flag)
{
	return flags && flag >= 0 && (*flags >> flag & 1) ? 1 : -1;
}

/* Branch 0 is the main one, the appended ones follow. */
static uint32_t *branch_flags(struct run *r, int64_t branch)
{
	struct sip_branch *b;

	if (!r->draft || branch < 0 || branch > SIP_BRANCHES_MAX)
		return NULL;
	if (branch == 0)
		return &r->draft->main.flags;
	b = sip_branch_at(r->draft, (unsigned)branch - 1);
	return b ? &b->flags : NULL;
}

static uint32_t *script_flags(struct run *r)
{
	return r->draft ? &r->draft->sflags : NULL;
}

int32_t std_kex_setbflag(struct run *r, int32_t flag)
{
	return set(branch_flags(r, 0), flag, true);
}

int32_t std_kex_setbflag_of(struct run *r, int32_t flag, int64_t branch)
{
	return set(branch_flags(r, branch), flag, true);
}

int32_t std_kex_resetbflag(struct run *r, int32_t flag)
{
	return set(branch_flags(r, 0), flag, false);
}

int32_t std_kex_resetbflag_of(struct run *r, int32_t flag, int64_t branch)
{
	return set(branch_flags(r, branch), flag, false);
}

int32_t std_kex_isbflagset(struct run *r, int32_t flag)
{
	return is_set(branch_flags(r, 0), flag);
}

int32_t std_kex_isbflagset_of(struct run *r, int32_t flag, int64_t branch)
{
	return is_set(branch_flags(r, branch), flag);
}

int32_t std_kex_setsflag(struct run *r, int32_t flag)
{
	return set(script_flags(r), flag, true);
}

int32_t std_kex_resetsflag(struct run *r, int32_t flag)
{
	return set(script_flags(r), flag, false);
}

int32_t std_kex_issflagset(struct run *r, int32_t flag)
{
	return is_set(script_flags(r), flag);
}

/* ---- destination ---- */

int32_t std_kex_setdsturi(struct run *r, const struct str *uri)
{
	return r->draft && sip_draft_set_dst(r->draft, *uri) == 0 ? 1 : -1;
}

int32_t std_kex_resetdsturi(struct run *r)
{
	return r->draft && sip_draft_set_dst(r->draft, S("")) == 0 ? 1 : -1;
}

int32_t std_kex_isdsturiset(struct run *r)
{
	return r->draft && r->draft->main.dst_uri.n ? 1 : -1;
}

/* ---- names of ours ---- */

static bool mine(struct run *r, struct str text, bool any_port)
{
	struct sip_uri u;
	struct str with;

	if (sip_uri_parse(text, &u) || !u.host.n) { /* host[:port], with a protocol in front perhaps */
		size_t colon = str_chr(text, ':');
		enum proto p = colon == STR_NONE ? PROTO_NONE : proto_parse(str_head(text, colon));

		with = str_join(r->arena, S("sip:"), p == PROTO_NONE ? text : str_skip(text, colon + 1));
		if (!with.p || sip_uri_parse(with, &u) || !u.host.n)
			return false;
	}
	return net_is_local(net_of(r->worker), u.host, any_port ? 0 : u.port, PROTO_NONE);
}

int32_t std_kex_is_myself(struct run *r, const struct str *uri)
{
	return mine(r, *uri, false) ? 1 : -1;
}

int32_t std_kex_is_myhost(struct run *r, const struct str *uri)
{
	return mine(r, *uri, true) ? 1 : -1;
}

/* ---- text, log level, unique ids ---- */

int32_t std_kex_pv_printf(struct run *r, const struct pv_ref *to, const struct str *text)
{
	struct value v = value_str(*text);

	return to->set && to->set(r, &v) >= 0 ? 1 : -1;
}

static int configured = L_WARN; /* the level that resetdebug() goes back to */

int32_t std_kex_setdebug(struct run *r, int64_t level)
{
	(void)r;
	log_set_level((int)level);
	return 1;
}

int32_t std_kex_resetdebug(struct run *r)
{
	(void)r;
	log_set_level(configured);
	return 1;
}

int32_t std_kex_pv_sruid_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	static _Atomic uint32_t number;
	struct str s = str_printf(r->arena, "srid-%llx-%x-%x", (unsigned long long)(worker_wall(r->worker) / 1000000),
				  (unsigned)getpid(), ++number);

	(void)n;
	*ret = value_str(s.p ? s : S(""));
	return 0;
}

static int kex_worker_init(struct worker *w)
{
	(void)w;
	configured = log_get_level();
	return 0;
}

STD_MODULE(kex, .worker_init = kex_worker_init)
