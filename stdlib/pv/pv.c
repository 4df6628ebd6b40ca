/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, time, flags, the variables that travel with a message. */
#define STD_NAME pv
#define STD_DEF "pv/pv.def"
#include "abi/std.h"

#include <time.h>
#include <unistd.h>

#include "abi/rt.h"
#include "core/worker.h"
#include "net/net.h"
#include "script/env.h"
#include "script/vars.h"
#include "script/xavp.h"
#include "sip/draft.h"

static const struct msg_origin *origin(struct run *r)
{
	static const struct msg_origin none;

	return r->draft ? &r->draft->msg->origin : &none;
}

/* ---- addresses ---- */

static int32_t ip_text(struct run *r, const struct addr *a, bool brackets, struct value *ret)
{
	char buf[ADDR_TEXT_MAX];
	struct str s = addr_text(a, brackets, buf);

	*ret = s.p ? value_str(str_dup(r->arena, s)) : value_null();
	return 0;
}

int32_t std_pv_pv_si_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return ip_text(r, &origin(r)->src, false, ret);
}

int32_t std_pv_pv_siz_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return ip_text(r, &origin(r)->src, true, ret);
}

int32_t std_pv_pv_sp_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	*ret = value_int(origin(r)->src.port);
	return 0;
}

static int32_t source_text(struct run *r, const char *before, bool transport, struct value *ret)
{
	const struct msg_origin *o = origin(r);
	char buf[ADDR_TEXT_MAX];
	struct str ip = addr_text(&o->src, true, buf), s;

	s = str_printf(r->arena, "%s" STR_FMT ":%u%s" STR_FMT, before, STR_ARG(ip), o->src.port,
		       transport ? ";transport=" : "", STR_ARG(transport ? proto_name(o->proto) : S("")));
	*ret = ip.p && s.p ? value_str(s) : value_null();
	return 0;
}

int32_t std_pv_pv_su_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return source_text(r, "sip:", origin(r)->proto != PROTO_UDP, ret);
}

int32_t std_pv_pv_sut_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return source_text(r, "sip:", true, ret);
}

int32_t std_pv_pv_sas_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct str proto = proto_name(origin(r)->proto);

	(void)n;
	return source_text(r, str_printf(r->arena, STR_FMT ":", STR_ARG(proto)).p, false, ret);
}

int32_t std_pv_pv_Ri_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return ip_text(r, &origin(r)->dst, false, ret);
}

int32_t std_pv_pv_Rp_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	*ret = value_int(origin(r)->dst.port);
	return 0;
}

int32_t std_pv_pv_Rn_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	const struct net_socket *s = origin(r)->sock;

	(void)n;
	*ret = s && s->name.n ? value_str(s->name) : value_null();
	return 0;
}

int32_t std_pv_pv_pr_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	*ret = value_strint(proto_name(origin(r)->proto), origin(r)->proto);
	return 0;
}

int32_t std_pv_pv_prid_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	*ret = value_int(origin(r)->proto);
	return 0;
}

int32_t std_pv_pv_af_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	*ret = value_int(origin(r)->src.family);
	return 0;
}

int32_t std_pv_pv_conid_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	uint64_t id = origin(r)->conn_id;

	(void)n;
	*ret = id ? value_int((int64_t)id) : value_null();
	return 0;
}

/* ---- time, process ---- */

static int64_t receipt(struct run *r)
{
	int64_t us = origin(r)->wall_us;

	return (us ? us : worker_wall(r->worker)) / 1000000;
}

/* "Tue Nov 24 13:29:37 2026" */
static int32_t time_text(struct run *r, int64_t s, struct value *ret)
{
	time_t t = (time_t)s;
	struct tm tm;
	char buf[64];

	localtime_r(&t, &tm);
	strftime(buf, sizeof(buf), "%a %b %e %H:%M:%S %Y", &tm);
	*ret = value_strint(str_dup(r->arena, str_of(buf)), s);
	return 0;
}

int32_t std_pv_pv_Ts_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	*ret = value_int(receipt(r));
	return 0;
}

int32_t std_pv_pv_TS_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	*ret = value_int(world_wall(worker_world(r->worker)) / 1000000);
	return 0;
}

int32_t std_pv_pv_Tf_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return time_text(r, receipt(r), ret);
}

int32_t std_pv_pv_TF_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return time_text(r, world_wall(worker_world(r->worker)) / 1000000, ret);
}

int32_t std_pv_pv_pp_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)r;
	(void)n;
	*ret = value_int(getpid());
	return 0;
}

int32_t std_pv_pv_true_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)r;
	(void)n;
	*ret = value_int(1);
	return 0;
}

/* ---- flags ---- */

static int32_t get_flags(const uint32_t *f, struct value *ret)
{
	*ret = value_int(f ? (int32_t)*f : 0);
	return 0;
}

static int32_t set_flags(uint32_t *f, const struct value *v)
{
	if (!f || !value_is_int(v))
		return RT_E_INVAL;
	*f = (uint32_t)v->i;
	return 0;
}

static uint32_t *flags_of(struct run *r, char which)
{
	if (!r->draft)
		return NULL;
	return which == 'm' ? &r->draft->flags : which == 's' ? &r->draft->sflags : &r->draft->main.flags;
}

int32_t std_pv_pv_mf_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return get_flags(flags_of(r, 'm'), ret);
}

int32_t std_pv_pv_mf_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	(void)n;
	return set_flags(flags_of(r, 'm'), v);
}

int32_t std_pv_pv_mF_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	const uint32_t *f = flags_of(r, 'm');

	(void)n;
	*ret = value_strint(str_printf(r->arena, "%08x", f ? *f : 0), f ? (int32_t)*f : 0);
	return 0;
}

int32_t std_pv_pv_sf_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return get_flags(flags_of(r, 's'), ret);
}

int32_t std_pv_pv_sf_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	(void)n;
	return set_flags(flags_of(r, 's'), v);
}

int32_t std_pv_pv_bf_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return get_flags(flags_of(r, 'b'), ret);
}

int32_t std_pv_pv_bf_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	(void)n;
	return set_flags(flags_of(r, 'b'), v);
}

/* ---- $var: generated code reads slots itself; these serve references by name ---- */

static int32_t var_get(struct run *r, const struct pv_name *n, bool null, struct value *ret)
{
	*ret = r->vars[n->num];
	if (ret->tag == VAL_NULL && !null)
		*ret = value_int(0);
	return 0;
}



static int32_t var_set(struct run *r, const struct pv_name *n, bool null, const struct value *v)
{
	struct value zero = value_int(0);

	rt_var_set(r, (int32_t)n->num, v->tag == VAL_NULL && !null ? &zero : v);
	return 0;
}

int32_t std_pv_pv_var_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	return var_get(r, n, false, ret);
}

int32_t std_pv_pv_var_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	return var_set(r, n, false, v);
}

int32_t std_pv_pv_vz_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	return var_get(r, n, false, ret);
}

int32_t std_pv_pv_vz_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	return var_set(r, n, false, v);
}

int32_t std_pv_pv_vn_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	return var_get(r, n, true, ret);
}

int32_t std_pv_pv_vn_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	return var_set(r, n, true, v);
}

/* ---- AVPs ---- */

static struct avp_key key_of(const struct pv_name *n)
{
	return (struct avp_key){n->num, n->text};
}

int32_t std_pv_pv_avp_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct avp_key k = key_of(n);
	struct value v;
	struct sb b;

	*ret = value_null();
	if (n->index_kind != PV_INDEX_ALL) {
		avp_get(r->sv, k, n->index_kind == PV_INDEX_NUM ? n->index : 0, ret);
		return 0;
	}
	sb_init(&b, r->arena, 65535);
	for (int64_t i = 0; avp_get(r->sv, k, i, &v); i++) {
		if (i)
			sb_addz(&b, ", ");
		sb_add(&b, script_text(r, &v));
	}
	if (avp_count(r->sv, k))
		*ret = value_str(sb_str(&b));
	return sb_ok(&b) ? 0 : RT_E_LIMIT;
}

/* The index on the left is ignored, as in the reference; [*] replaces all. */
int32_t std_pv_pv_avp_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	struct avp_key k = key_of(n);
	bool all = n->index_kind == PV_INDEX_ALL;

	if (v->tag == VAL_NULL) {
		avp_delete(r->sv, k, all);
		return 0;
	}
	if (all)
		avp_delete(r->sv, k, true);
	return avp_add(r->sv, k, v);
}

/* ---- XAVPs: $xavp(root[i]=>field[k]) ---- */

static int64_t index_of(const struct pv_name *n)
{
	return n->index_kind == PV_INDEX_NUM ? n->index : 0;
}

int32_t std_pv_pv_xavp_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	const struct pv_name *p = n->parts;

	*ret = value_null();
	if (n->n_parts == 1) {
		struct value v;

		if (xavp_field_at(r->sv, p[0].text, index_of(&p[0]), S(""), 0, &v) == 0)
			*ret = v;
		else if (xavp_exists(r->sv, p[0].text, index_of(&p[0])))
			*ret = value_str(str_printf(r->arena, "<<xavp:" STR_FMT ">>", STR_ARG(p[0].text)));
		return 0;
	}
	if (n->n_parts != 2)
		return RT_E_UNSUPP;
	xavp_field_at(r->sv, p[0].text, index_of(&p[0]), p[1].text, index_of(&p[1]), ret);
	return 0;
}

int32_t std_pv_pv_xavp_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	const struct pv_name *p = n->parts;
	struct xavp_pair pair = {.value = *v};

	if (n->n_parts == 1) {
		if (v->tag == VAL_NULL) {
			xavp_delete(r->sv, p[0].text, p[0].index_kind == PV_INDEX_ALL);
			return 0;
		}
		pair.name = S("");
		return xavp_push(r->sv, p[0].text, &pair, 1);
	}
	if (n->n_parts != 2 || v->tag == VAL_NULL)
		return RT_E_UNSUPP;
	if (p[0].index_kind == PV_INDEX_NUM) { /* a field of a record that is there; else nothing happens */
		int err = xavp_field_add(r->sv, p[0].text, p[0].index, p[1].text, v);

		return err == RT_E_NOENT ? 0 : err;
	}
	pair.name = p[1].text;
	return xavp_push(r->sv, p[0].text, &pair, 1);
}

int32_t std_pv_pv_s_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)r;
	*ret = value_str(n->text.p ? n->text : S(""));
	return 0;
}

int32_t std_pv_pv_cnt_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	const struct pv_ref *in = n->inner;

	*ret = value_null();
	if (!in || !in->name)
		return RT_E_INVAL;
	if (str_eq(str_of(in->pv_class), S("avp")))
		*ret = value_int(avp_count(r->sv, key_of(in->name)));
	return 0;
}

STD_MODULE(pv)
