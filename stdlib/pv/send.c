/* SPDX-License-Identifier: Apache-2.0 */
/* $snd, $sndto and $sndfrom: what is about to leave, in an onsend route; null elsewhere. */
#define STD_NAME pv
#define STD_DEF "pv/pv.def"
#define STD_PROTOTYPES_ONLY
#include "abi/std.h"

#include "base/arena.h"
#include "net/net.h"
#include "script/send.h"

enum { SND_IP, SND_PORT, SND_PROTO, SND_SPROTO, SND_AF, SND_BUF, SND_LEN };

static struct value side(struct run *r, const struct addr *a, int64_t key)
{
	char buf[ADDR_TEXT_MAX];

	switch (key) {
	case SND_IP:
		return value_str(str_dup(r->arena, addr_text(a, false, buf)));
	case SND_PORT:
		return value_int(a->port);
	case SND_PROTO:
		return value_int(r->send->proto);
	case SND_SPROTO:
		return value_str(proto_name(r->send->proto));
	case SND_AF:
		return value_int(a->family);
	case SND_BUF:
		return value_str(r->send->bytes);
	case SND_LEN:
		return value_int((int64_t)r->send->bytes.n);
	default:
		return value_null();
	}
}

int32_t std_pv_pv_snd_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	*ret = r->send ? side(r, r->send->to, n->num) : value_null();
	return 0;
}

int32_t std_pv_pv_sndfrom_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	*ret = r->send && r->send->sock ? side(r, &r->send->sock->addr, n->num) : value_null();
	return 0;
}
