/* SPDX-License-Identifier: Apache-2.0 */
/* pv_priv.h - shared by the files of this module: how a getter is written, and small answers. */
#ifndef PV_PV_PRIV_H
#define PV_PV_PRIV_H

#define STD_NAME pv
#define STD_DEF "pv/pv.def"
#ifndef PV_MAIN
#define STD_PROTOTYPES_ONLY
#endif
#include "abi/std.h"

#include "core/worker.h"
#include "script/env.h"
#include "sip/draft.h"

#define PV_ARGS struct run *r __attribute__((unused)), const struct pv_name *n __attribute__((unused))
#define PV_GET(c) int32_t std_pv_pv_##c##_get(PV_ARGS, struct value *ret)
#define PV_SET(c) int32_t std_pv_pv_##c##_set(PV_ARGS, const struct value *v)
#define TR_FN(c, ...) int32_t std_pv_tr_##c(struct run *r, const struct value *in, ##__VA_ARGS__, struct value *ret)

enum { PV_TEXT_MAX = 65535, TR_FAILED = -1 };

static inline struct sip_msg *pv_msg(struct run *r)
{
	return r->draft ? r->draft->msg : NULL;
}

static inline struct sip_msg *pv_request(struct run *r)
{
	struct sip_msg *m = pv_msg(r);

	return m && m->is_request ? m : NULL;
}

/* p NULL is null. */
static inline int32_t pv_give(struct value *ret, struct str s)
{
	*ret = s.p ? value_str(s) : value_null();
	return 0;
}

/* "" is null too. */
static inline int32_t pv_give_text(struct value *ret, struct str s)
{
	*ret = s.n ? value_str(s) : value_null();
	return 0;
}

static inline int32_t pv_give_int(struct value *ret, int64_t i)
{
	*ret = value_int(i);
	return 0;
}

/* Text first, the number attached. */
static inline int32_t pv_give_number(struct run *r, struct value *ret, int64_t i)
{
	*ret = value_strint(str_printf(r->arena, "%lld", (long long)i), i);
	return 0;
}

/* Parts of a URI as the language sees them; u NULL: null. */
int32_t pv_give_user(struct value *ret, const struct sip_uri *u);
int32_t pv_give_host(struct value *ret, const struct sip_uri *u);
int32_t pv_give_port(struct run *r, struct value *ret, const struct sip_uri *u);
int32_t pv_give_transport(struct value *ret, const struct sip_uri *u);
/* The user; of a ;user=phone URI without the number's parameters. */
struct str pv_phone_user(const struct sip_uri *u);
static inline struct str pv_uri_user(const struct sip_uri *u)
{
	return u->flags & SIP_URI_USER_PHONE ? pv_phone_user(u) : u->user;
}

/* The input of a transformation as text; false when it is null or too long. */
static inline bool tr_text(struct run *r, const struct value *in, struct str *s)
{
	if (in->tag == VAL_NULL)
		return false;
	*s = script_text(r, in);
	return s->n <= PV_TEXT_MAX;
}

static inline int32_t tr_give(struct value *ret, struct str s)
{
	*ret = value_str(s.p ? s : S(""));
	return 0;
}

struct sb;
/* What was built, or failure when it did not fit. */
int32_t tr_give_sb(struct value *ret, struct sb *b);

/* shv.c: at start-up. */
int pv_shv_preset(struct str name, const struct value *v);
void pv_shv_free(void);

/* state.c: the moment of start. */
void pv_note_boot(int64_t wall_us);

#endif
