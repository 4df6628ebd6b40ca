/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME kex
#define STD_DEF "kex/kex.def"
#include "abi/std.h"

#include "sip/draft.h"

static int32_t set(uint32_t *flags, int32_t flag, bool on)
{
	if (flag < 0)
		return -1;
	*flags = on ? *flags | 1u << flag : *flags & ~(1u << flag);
	return 1;
}

static int32_t is_set(uint32_t flags, int32_t flag)
{
	return flag >= 0 && (flags >> flag & 1) ? 1 : -1;
}

int32_t std_kex_setbflag(struct run *r, int32_t flag)
{
	return set(&r->draft->main.flags, flag, true);
}

int32_t std_kex_resetbflag(struct run *r, int32_t flag)
{
	return set(&r->draft->main.flags, flag, false);
}

int32_t std_kex_isbflagset(struct run *r, int32_t flag)
{
	return is_set(r->draft->main.flags, flag);
}

int32_t std_kex_setsflag(struct run *r, int32_t flag)
{
	return set(&r->draft->sflags, flag, true);
}

int32_t std_kex_resetsflag(struct run *r, int32_t flag)
{
	return set(&r->draft->sflags, flag, false);
}

int32_t std_kex_issflagset(struct run *r, int32_t flag)
{
	return is_set(r->draft->sflags, flag);
}

int32_t std_kex_setdsturi(struct run *r, const struct str *uri)
{
	return sip_draft_set_dst(r->draft, *uri) ? -1 : 1;
}

int32_t std_kex_resetdsturi(struct run *r)
{
	return sip_draft_set_dst(r->draft, S("")) ? -1 : 1;
}

int32_t std_kex_isdsturiset(struct run *r)
{
	return r->draft->main.dst_uri.n ? 1 : -1;
}

STD_MODULE(kex)
