/* SPDX-License-Identifier: Apache-2.0 */
/* Variables of the message: URIs, From and To, headers. */
#define STD_PROTOTYPES_ONLY
#define STD_NAME pv
#define STD_DEF "pv/pv.def"
#include "abi/std.h"

#include "script/env.h"
#include "sip/draft.h"

static struct sip_msg *msg_of(struct run *r)
{
	return r->draft ? r->draft->msg : NULL;
}

static int32_t give(struct value *ret, struct str s)
{
	*ret = s.p ? value_str(s) : value_null();
	return 0;
}

/* "" counts as not there. */
static int32_t give_text(struct value *ret, struct str s)
{
	*ret = s.n ? value_str(s) : value_null();
	return 0;
}

/* ---- the request URI and its like ---- */

static bool ruri(struct run *r, struct sip_uri *u)
{
	struct sip_msg *m = msg_of(r);

	return m && m->is_request && sip_draft_uri_parse(r->draft, u) == 0;
}

static bool received_uri(struct run *r, struct sip_uri *u)
{
	struct sip_msg *m = msg_of(r);
	const struct sip_uri *have = m && m->is_request ? sip_ruri(m) : NULL;

	if (have)
		*u = *have;
	return have != NULL;
}

static bool dst_uri(struct run *r, struct sip_uri *u)
{
	return r->draft && r->draft->main.dst_uri.n && sip_uri_parse(r->draft->main.dst_uri, u) == 0;
}

static int32_t give_port(struct run *r, const struct sip_uri *u, struct value *ret)
{
	uint16_t port = sip_uri_port(u);

	*ret = value_strint(str_printf(r->arena, "%u", port), port);
	return 0;
}

static int32_t give_transport(const struct sip_uri *u, struct value *ret)
{
	*ret = value_str(u->transport.n ? u->transport : S("UDP"));
	return 0;
}

int32_t std_pv_pv_ru_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_uri u;

	(void)n;
	/* 5.6 shows nothing when it does not parse */
	if (!msg_of(r) || !msg_of(r)->is_request || (r->prog->compat != 6 && !ruri(r, &u)))
		*ret = value_null();
	else
		*ret = value_str(sip_draft_uri(r->draft));
	return 0;
}

static int32_t need_request(struct run *r)
{
	return msg_of(r) && msg_of(r)->is_request ? 0 : RT_E_STATE;
}

int32_t std_pv_pv_ru_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	(void)n;
	if (need_request(r) || !value_is_str(v))
		return RT_E_INVAL;
	return sip_draft_set_uri(r->draft, v->s);
}

static int32_t rewrite(struct run *r, enum sip_uri_part part, struct str s)
{
	int32_t err = need_request(r);

	return err ? err : sip_draft_rewrite(r->draft, part, s, 0);
}

int32_t std_pv_pv_rU_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	(void)n;
	if (v->tag == VAL_INT)
		return RT_E_INVAL;
	return rewrite(r, SIP_URI_SET_USER, value_is_str(v) ? v->s : S(""));
}

int32_t std_pv_pv_rd_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	(void)n;
	return value_is_str(v) ? rewrite(r, SIP_URI_SET_HOST, v->s) : RT_E_INVAL;
}

int32_t std_pv_pv_rp_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	(void)n;
	return rewrite(r, SIP_URI_SET_PORT, script_text(r, v));
}

int32_t std_pv_pv_rUl_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_uri u;

	(void)n;
	*ret = value_int(ruri(r, &u) ? (int64_t)u.user.n : 0);
	return 0;
}

int32_t std_pv_pv_rul_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	*ret = value_int(need_request(r) ? 0 : (int64_t)sip_draft_uri(r->draft).n);
	return 0;
}

int32_t std_pv_pv_ou_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return give(ret, need_request(r) ? STR_NULL : msg_of(r)->ruri);
}

int32_t std_pv_pv_du_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return give_text(ret, r->draft ? r->draft->main.dst_uri : STR_NULL);
}

int32_t std_pv_pv_du_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	(void)n;
	if (!r->draft || v->tag == VAL_INT)
		return RT_E_INVAL;
	return sip_draft_set_dst(r->draft, value_is_str(v) ? v->s : S(""));
}

int32_t std_pv_pv_rU_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_uri u;

	(void)n;
	if (!ruri(r, &u)) {
		*ret = value_null();
		return 0;
	}
	return give_text(ret, u.user);
}

int32_t std_pv_pv_rd_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_uri u;

	(void)n;
	if (!ruri(r, &u)) {
		*ret = value_null();
		return 0;
	}
	return give_text(ret, u.host);
}

int32_t std_pv_pv_rp_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_uri u;

	(void)n;
	if (!ruri(r, &u)) {
		*ret = value_null();
		return 0;
	}
	return give_port(r, &u, ret);
}

int32_t std_pv_pv_oU_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_uri u;

	(void)n;
	if (!received_uri(r, &u)) {
		*ret = value_null();
		return 0;
	}
	return give_text(ret, u.user);
}

int32_t std_pv_pv_od_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_uri u;

	(void)n;
	if (!received_uri(r, &u)) {
		*ret = value_null();
		return 0;
	}
	return give_text(ret, u.host);
}

int32_t std_pv_pv_op_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_uri u;

	(void)n;
	if (!received_uri(r, &u)) {
		*ret = value_null();
		return 0;
	}
	return give_port(r, &u, ret);
}

int32_t std_pv_pv_rP_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_uri u;

	(void)n;
	if (!ruri(r, &u)) {
		*ret = value_null();
		return 0;
	}
	return give_transport(&u, ret);
}

int32_t std_pv_pv_rz_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_uri u;

	(void)n;
	if (!ruri(r, &u)) {
		*ret = value_null();
		return 0;
	}
	return give_text(ret, u.scheme_text);
}

int32_t std_pv_pv_dd_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_uri u;

	(void)n;
	if (!dst_uri(r, &u)) {
		*ret = value_null();
		return 0;
	}
	return give_text(ret, u.host);
}

int32_t std_pv_pv_dp_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_uri u;

	(void)n;
	if (!dst_uri(r, &u)) {
		*ret = value_null();
		return 0;
	}
	return give_port(r, &u, ret);
}

int32_t std_pv_pv_dP_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_uri u;

	(void)n;
	if (!dst_uri(r, &u)) {
		*ret = value_null();
		return 0;
	}
	return give_transport(&u, ret);
}

/* ---- From, To ---- */

static const struct sip_uri *party_uri(struct run *r, struct sip_nameaddr *a)
{
	return a ? sip_nameaddr_uri(msg_of(r), a) : NULL;
}

static struct sip_nameaddr *f_party(struct run *r)
{
	return msg_of(r) ? sip_from(msg_of(r)) : NULL;
}

int32_t std_pv_pv_fu_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_nameaddr *a = f_party(r);

	(void)n;
	return give_text(ret, a ? a->uri : STR_NULL);
}

int32_t std_pv_pv_fn_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_nameaddr *a = f_party(r);

	(void)n;
	return give_text(ret, a ? a->display : STR_NULL);
}

int32_t std_pv_pv_ft_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_nameaddr *a = f_party(r);

	(void)n;
	return give_text(ret, a ? a->tag : STR_NULL);
}

int32_t std_pv_pv_fU_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	const struct sip_uri *u = party_uri(r, f_party(r));

	(void)n;
	return give_text(ret, u ? u->user : STR_NULL);
}

int32_t std_pv_pv_fd_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	const struct sip_uri *u = party_uri(r, f_party(r));

	(void)n;
	return give_text(ret, u ? u->host : STR_NULL);
}

static struct sip_nameaddr *t_party(struct run *r)
{
	return msg_of(r) ? sip_to(msg_of(r)) : NULL;
}

int32_t std_pv_pv_tu_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_nameaddr *a = t_party(r);

	(void)n;
	return give_text(ret, a ? a->uri : STR_NULL);
}

int32_t std_pv_pv_tn_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_nameaddr *a = t_party(r);

	(void)n;
	return give_text(ret, a ? a->display : STR_NULL);
}

int32_t std_pv_pv_tt_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_nameaddr *a = t_party(r);

	(void)n;
	return give_text(ret, a ? a->tag : STR_NULL);
}

int32_t std_pv_pv_tU_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	const struct sip_uri *u = party_uri(r, t_party(r));

	(void)n;
	return give_text(ret, u ? u->user : STR_NULL);
}

int32_t std_pv_pv_td_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	const struct sip_uri *u = party_uri(r, t_party(r));

	(void)n;
	return give_text(ret, u ? u->host : STR_NULL);
}

/* ---- first line ---- */

int32_t std_pv_pv_rm_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_msg *m = msg_of(r);
	struct sip_cseq c;

	(void)n;
	if (!m)
		*ret = value_null();
	else if (m->is_request)
		*ret = value_strint(m->method_text, m->method);
	else if (sip_cseq(m, &c) == 0)
		*ret = value_strint(c.method_text, c.method);
	else
		*ret = value_null();
	return 0;
}

int32_t std_pv_pv_rmid_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	int32_t err = std_pv_pv_rm_get(r, n, ret);

	if (ret->tag == VAL_STRINT)
		*ret = value_int(ret->i);
	return err;
}

static bool is_reply(struct run *r)
{
	return msg_of(r) && !msg_of(r)->is_request;
}

int32_t std_pv_pv_rs_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	*ret = is_reply(r) ? value_strint(msg_of(r)->status_text, msg_of(r)->status) : value_null();
	return 0;
}

int32_t std_pv_pv_rsi_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	*ret = is_reply(r) ? value_int(msg_of(r)->status) : value_null();
	return 0;
}

int32_t std_pv_pv_rr_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return give(ret, is_reply(r) ? msg_of(r)->reason : STR_NULL);
}

int32_t std_pv_pv_rv_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return give(ret, msg_of(r) ? msg_of(r)->version : STR_NULL);
}

int32_t std_pv_pv_mt_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	*ret = value_int(is_reply(r) ? 2 : 1);
	return 0;
}

int32_t std_pv_pv_mts_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return give(ret, is_reply(r) ? S("rp") : S("rq"));
}

int32_t std_pv_pv_mi_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_msg *m = msg_of(r);

	(void)n;
	*ret = value_int(m ? m->id : 0);
	return 0;
}

int32_t std_pv_pv_ml_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_msg *m = msg_of(r);

	(void)n;
	*ret = value_int(m ? (int64_t)m->buf.n : 0);
	return 0;
}

int32_t std_pv_pv_mb_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_msg *m = msg_of(r);

	(void)n;
	return give(ret, m ? m->buf : STR_NULL);
}

int32_t std_pv_pv_ci_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_msg *m = msg_of(r);

	(void)n;
	return give(ret, m ? sip_call_id(m) : STR_NULL);
}

int32_t std_pv_pv_cT_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_msg *m = msg_of(r);

	(void)n;
	return give_text(ret, m && m->first[SIP_HDR_CONTENT_TYPE] ? m->first[SIP_HDR_CONTENT_TYPE]->body : STR_NULL);
}

int32_t std_pv_pv_ct_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_msg *m = msg_of(r);

	(void)n;
	return give_text(ret, m && m->first[SIP_HDR_CONTACT] ? m->first[SIP_HDR_CONTACT]->body : STR_NULL);
}

int32_t std_pv_pv_ua_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_msg *m = msg_of(r);

	(void)n;
	return give_text(ret, m && m->first[SIP_HDR_USER_AGENT] ? m->first[SIP_HDR_USER_AGENT]->body : STR_NULL);
}

int32_t std_pv_pv_csb_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_msg *m = msg_of(r);

	(void)n;
	return give_text(ret, m && m->first[SIP_HDR_CSEQ] ? m->first[SIP_HDR_CSEQ]->body : STR_NULL);
}

int32_t std_pv_pv_rb_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_msg *m = msg_of(r);

	(void)n;
	return give_text(ret, m ? sip_body(m) : STR_NULL);
}

int32_t std_pv_pv_bs_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_msg *m = msg_of(r);

	(void)n;
	*ret = value_int(m ? (int64_t)sip_body(m).n : 0);
	return 0;
}

int32_t std_pv_pv_cs_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_msg *m = msg_of(r);
	struct sip_cseq c;

	(void)n;
	return give(ret, m && sip_cseq(m, &c) == 0 ? c.num_text : STR_NULL);
}

int32_t std_pv_pv_cl_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_msg *m = msg_of(r);
	struct sip_number num;

	(void)n;
	*ret = m && sip_number(m, SIP_HDR_CONTENT_LENGTH, &num) == 0 ? value_int(num.value) : value_null();
	return 0;
}

int32_t std_pv_pv_hdrc_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	int64_t count = 0;

	for (struct sip_hdr *h = msg_of(r) ? sip_hdr_find(msg_of(r), n->text) : NULL; h; h = sip_hdr_next(h))
		count++;
	*ret = value_int(count);
	return 0;
}

int32_t std_pv_pv_hdr_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	int64_t i = n->index_kind == PV_INDEX_NUM ? n->index : 0;
	struct sip_hdr *h = msg_of(r) ? sip_hdr_find(msg_of(r), n->text) : NULL;

	if (i < 0) {
		struct value count;

		std_pv_pv_hdrc_get(r, n, &count);
		i += count.i;
	}
	*ret = value_null();
	if (n->index_kind == PV_INDEX_ALL) {
		struct sb b;

		sb_init(&b, r->arena, 65535);
		for (; h; h = sip_hdr_next(h)) {
			if (b.n)
				sb_addc(&b, ',');
			sb_add(&b, h->body);
		}
		return sb_ok(&b) ? give_text(ret, sb_str(&b)) : RT_E_LIMIT;
	}
	for (; h && i > 0; i--)
		h = sip_hdr_next(h);
	if (h && i == 0)
		*ret = value_str(h->body.p ? h->body : S(""));
	return 0;
}

/* ---- branches ---- */

int32_t std_pv_pv_br_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_branch *b = r->draft ? sip_branch_at(r->draft, 0) : NULL;

	(void)n;
	return give(ret, b ? b->uri : STR_NULL);
}

int32_t std_pv_pv_br_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	struct sip_branch b = {.q = SIP_Q_NONE};

	(void)n;
	if (v->tag == VAL_NULL)
		return 0;
	if (!r->draft || !value_is_str(v))
		return RT_E_INVAL;
	b.uri = v->s;
	return sip_branch_append(r->draft, &b, NULL);
}

static void add_branch(struct sb *b, struct str uri, int q)
{
	if (b->n && b->p[b->n - 1] != ' ')
		sb_addz(b, ", ");
	sb_printf(b, "<" STR_FMT ">", STR_ARG(uri));
	if (q >= 1000)
		sb_addz(b, ";q=1");
	else if (q >= 0) {
		sb_printf(b, ";q=0.%03d", q);
		while (b->p[b->n - 1] == '0' && b->p[b->n - 2] != '.')
			b->n--;
	}
}

int32_t std_pv_pv_bR_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sb b;

	(void)n;
	sb_init(&b, r->arena, 65535);
	for (unsigned i = 0; r->draft && i < sip_branch_count(r->draft); i++)
		add_branch(&b, sip_branch_at(r->draft, i)->uri, sip_branch_at(r->draft, i)->q);
	return sb_ok(&b) ? give_text(ret, sb_str(&b)) : RT_E_LIMIT;
}

int32_t std_pv_pv_ds_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sb b;

	(void)n;
	*ret = value_null();
	if (need_request(r))
		return 0;
	sb_init(&b, r->arena, 65535);
	sb_addz(&b, "Contact: ");
	add_branch(&b, sip_draft_uri(r->draft), r->draft->main.q);
	for (unsigned i = 0; i < sip_branch_count(r->draft); i++)
		add_branch(&b, sip_branch_at(r->draft, i)->uri, sip_branch_at(r->draft, i)->q);
	return sb_ok(&b) ? give_text(ret, sb_str(&b)) : RT_E_LIMIT;
}

int32_t std_pv_pv_ruid_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return give_text(ret, r->draft ? r->draft->main.ruid : STR_NULL);
}

int32_t std_pv_pv_location_ua_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return give_text(ret, r->draft ? r->draft->main.location_ua : STR_NULL);
}
