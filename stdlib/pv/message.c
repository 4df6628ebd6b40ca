/* SPDX-License-Identifier: Apache-2.0 */
/* First line, identity, body, the message as a whole. */
#include "pv/pv_priv.h"

#include "sip/build.h"

/* ---- first line ---- */

static struct value method_of_reply(struct sip_msg *m)
{
	struct sip_cseq c;

	return m && sip_cseq(m, &c) == 0 ? value_strint(c.method_text, c.method) : value_null();
}

PV_GET(rm)
{
	struct sip_msg *m = pv_msg(r);

	*ret = m && m->is_request ? value_strint(m->method_text, m->method) : method_of_reply(m);
	return 0;
}

PV_GET(rmid)
{
	std_pv_pv_rm_get(r, n, ret);
	if (ret->tag == VAL_STRINT)
		*ret = value_int(ret->i);
	return 0;
}

static const struct sip_msg *reply_of(struct run *r)
{
	struct sip_msg *m = pv_msg(r);

	return m && !m->is_request ? m : NULL;
}

PV_GET(rs)
{
	const struct sip_msg *m = reply_of(r);

	*ret = value_null();
	if (m && r->draft->set_status)
		return pv_give_number(r, ret, r->draft->set_status);
	if (m)
		*ret = value_strint(m->status_text, m->status);
	return 0;
}

PV_GET(rsi)
{
	const struct sip_msg *m = reply_of(r);

	return pv_give_int(ret, !m ? 0 : r->draft->set_status ? r->draft->set_status : m->status);
}

PV_GET(rr)
{
	const struct sip_msg *m = reply_of(r);

	return pv_give(ret, !m ? STR_NULL : r->draft->set_reason.p ? r->draft->set_reason : m->reason);
}

PV_GET(rv)
{
	return pv_give(ret, pv_msg(r) ? pv_msg(r)->version : STR_NULL);
}

PV_GET(mt)
{
	return pv_give_int(ret, reply_of(r) ? 2 : 1);
}

PV_GET(mts)
{
	return pv_give(ret, reply_of(r) ? S("rp") : S("rq"));
}

PV_GET(mi)
{
	return pv_give_int(ret, pv_msg(r) ? pv_msg(r)->id : 0);
}

/* ---- identity ---- */

PV_GET(ci)
{
	return pv_give(ret, pv_msg(r) ? sip_call_id(pv_msg(r)) : STR_NULL);
}

PV_GET(cs)
{
	struct sip_cseq c;

	return pv_give(ret, pv_msg(r) && sip_cseq(pv_msg(r), &c) == 0 ? c.num_text : STR_NULL);
}

static int32_t first_body(struct run *r, enum sip_hdr_id id, struct value *ret)
{
	struct sip_msg *m = pv_msg(r);

	return pv_give_text(ret, m && m->first[id] ? m->first[id]->body : STR_NULL);
}

PV_GET(csb)
{
	return first_body(r, SIP_HDR_CSEQ, ret);
}

PV_GET(cT)
{
	return first_body(r, SIP_HDR_CONTENT_TYPE, ret);
}

PV_GET(ct)
{
	return first_body(r, SIP_HDR_CONTACT, ret);
}

PV_GET(ua)
{
	return first_body(r, SIP_HDR_USER_AGENT, ret);
}

PV_GET(ctu)
{
	struct sip_nameaddr *a = pv_msg(r) ? sip_contacts(pv_msg(r)) : NULL;

	return pv_give_text(ret, a && !a->star ? a->uri : STR_NULL);
}

PV_GET(cts)
{
	struct sip_nameaddr *a = pv_msg(r) ? sip_contacts(pv_msg(r)) : NULL;

	return pv_give_int(ret, !a ? -1 : a->star);
}

PV_GET(cl)
{
	struct sip_number num;

	*ret = value_null();
	if (pv_msg(r) && sip_number(pv_msg(r), SIP_HDR_CONTENT_LENGTH, &num) == 0)
		*ret = value_int(num.value);
	return 0;
}

/* ---- body and whole ---- */

PV_GET(rb)
{
	struct str body = pv_msg(r) ? sip_body(pv_msg(r)) : STR_NULL;

	return pv_give(ret, pv_msg(r) && !body.p ? S("") : body);
}

PV_GET(bs)
{
	return pv_give_int(ret, pv_msg(r) ? (int64_t)sip_body(pv_msg(r)).n : 0);
}

PV_GET(ml)
{
	return pv_give_int(ret, pv_msg(r) ? (int64_t)pv_msg(r)->buf.n : 0);
}

PV_GET(mb)
{
	return pv_give(ret, pv_msg(r) ? pv_msg(r)->buf : STR_NULL);
}

PV_GET(mbu)
{
	struct sip_msg *m;

	*ret = value_null();
	if (!r->draft)
		return 0;
	if (sip_apply_changes(r->draft, &m))
		return RT_E_NOMEM;
	pv_give(ret, str_dup(r->arena, m->buf));
	sip_msg_unref(&m);
	return 0;
}

PV_GET(msgbuf)
{
	struct sip_msg *m = pv_msg(r);

	*ret = value_null();
	if (m && n->num >= 0 && (uint64_t)n->num < m->buf.n)
		*ret = value_str(str_make(m->buf.p + n->num, 1));
	return 0;
}

/* Without the line end at its end, as the reference counts. */
static struct str between(const struct sip_msg *m, uint32_t from, uint32_t to)
{
	struct str s = str_make(m->buf.p + from, to - from);

	return str_ends(s, S("\r\n")) ? str_head(s, s.n - 2) : s;
}

PV_GET(msg)
{
	struct sip_msg *m = pv_msg(r);
	int64_t count = 0;

	*ret = value_null();
	if (!m)
		return 0;
	switch (n->num) {
	case 0:
		return pv_give_int(ret, (int64_t)m->buf.n);
	case 1:
		return pv_give(ret, m->buf);
	case 2:
		return std_pv_pv_rb_get(r, n, ret);
	case 3:
		return std_pv_pv_bs_get(r, n, ret);
	case 4:
		return pv_give(ret, between(m, m->hdr_off, m->eoh_off));
	case 5:
		return pv_give_int(ret, (int64_t)between(m, m->hdr_off, m->eoh_off).n);
	case 6:
		for (struct sip_hdr *h = m->headers; h; h = h->next)
			count++;
		return pv_give_int(ret, count);
	case 7:
		return pv_give(ret, between(m, 0, m->hdr_off));
	case 8:
		return pv_give(ret, between(m, 0, m->eoh_off));
	case 9:
		return pv_give(ret, str_skip(m->buf, m->hdr_off));
	default:
		return 0;
	}
}

/* ---- parse errors: what cannot be parsed is answered before a script runs (sip/check.h) ---- */

PV_GET(err_class)
{
	return pv_give(ret, STR_NULL);
}

PV_GET(err_level)
{
	return pv_give(ret, STR_NULL);
}

PV_GET(err_info)
{
	return pv_give(ret, STR_NULL);
}

PV_GET(err_rcode)
{
	return pv_give(ret, STR_NULL);
}

PV_GET(err_rreason)
{
	return pv_give(ret, STR_NULL);
}
