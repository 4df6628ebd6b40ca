/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One list of checks, in the order in which their answers matter; the first that fails decides. Only
 * what RFC 3261 8.1.1 asks of every message is looked at, and framing; the rest is the script's.
 */
#include "sip/check.h"

#include "sip/sip_priv.h"

static bool first_line_ok(struct sip_msg *m, unsigned flags)
{
	(void)flags;
	return m->fault != SIP_FAULT_FIRST_LINE;
}

static bool version_ok(struct sip_msg *m, unsigned flags)
{
	(void)flags;
	return m->fault != SIP_FAULT_VERSION;
}

static bool lines_ok(struct sip_msg *m, unsigned flags)
{
	(void)flags;
	return m->fault == SIP_FAULT_NONE;
}

static bool via_ok(struct sip_msg *m, unsigned flags)
{
	struct sip_via *v;

	(void)flags;
	return sip_vias(m, &v) == 0;
}

static bool from_ok(struct sip_msg *m, unsigned flags)
{
	(void)flags;
	return sip_from(m) && !sip_from(m)->star;
}

static bool to_ok(struct sip_msg *m, unsigned flags)
{
	(void)flags;
	return sip_to(m) && !sip_to(m)->star;
}

static bool call_id_ok(struct sip_msg *m, unsigned flags)
{
	struct str id = sip_call_id(m);

	(void)flags;
	return id.n > 0 && !sip_has_lws(id);
}

static bool cseq_ok(struct sip_msg *m, unsigned flags)
{
	struct sip_cseq c;

	(void)flags;
	return sip_cseq(m, &c) == 0;
}

/* RFC 3261 8.1.1.5: the method must be the request's. */
static bool cseq_method_ok(struct sip_msg *m, unsigned flags)
{
	struct sip_cseq c;

	(void)flags;
	return !m->is_request || (sip_cseq(m, &c) == 0 && str_eq(c.method_text, m->method_text));
}

static bool single_ok(struct sip_msg *m, unsigned flags)
{
	static const uint64_t once = 1ull << SIP_HDR_FROM | 1ull << SIP_HDR_TO | 1ull << SIP_HDR_CALL_ID | 1ull << SIP_HDR_CSEQ;

	return flags & SIP_CHECK_LAX_DUP || !(m->repeated & once);
}

static bool max_forwards_ok(struct sip_msg *m, unsigned flags)
{
	struct sip_number n;
	int err = sip_number(m, SIP_HDR_MAX_FORWARDS, &n);

	(void)flags;
	if (err == RT_E_NOENT || !m->is_request)
		return true;
	return err == 0 && n.value <= 255 && !m->first[SIP_HDR_MAX_FORWARDS]->same;
}

static bool ruri_ok(struct sip_msg *m, unsigned flags)
{
	(void)flags;
	return !m->is_request || sip_ruri(m);
}

/* All Content-Length headers are numbers and say the same. */
static bool clen_agrees(struct sip_msg *m, unsigned flags)
{
	uint64_t first = 0, v = 0;

	if (flags & SIP_CHECK_LAX_CLEN)
		return true;
	for (struct sip_hdr *h = m->first[SIP_HDR_CONTENT_LENGTH]; h; h = h->same) {
		if (!str_to_u64(h->body, UINT32_MAX, &v))
			return false;
		if (h == m->first[SIP_HDR_CONTENT_LENGTH])
			first = v;
		if (v != first)
			return false;
	}
	return true;
}

/* Behind clen_agrees(): the first speaks for all, and is a number. */
static bool clen_fits(struct sip_msg *m, unsigned flags)
{
	const struct sip_hdr *h = m->first[SIP_HDR_CONTENT_LENGTH];
	uint64_t v;

	return flags & SIP_CHECK_LAX_CLEN || !h || (str_to_u64(h->body, UINT32_MAX, &v) && v <= m->body.n);
}

/* RFC 3261 18.3: over a stream it says where the next message begins. */
static bool clen_there(struct sip_msg *m, unsigned flags)
{
	bool framed = m->origin.proto == PROTO_TCP || m->origin.proto == PROTO_TLS;

	return !framed || flags & SIP_CHECK_NO_CLEN || m->first[SIP_HDR_CONTENT_LENGTH];
}

/* Something to answer, and somewhere to answer to. */
static bool can_answer(struct sip_msg *m)
{
	return m->is_request && !str_eq(m->method_text, S("ACK")) && sip_via_top(m);
}

static void refuse(struct sip_msg *m, int status, struct str reason, bool framing, struct sip_judgement *ret)
{
	ret->verdict = can_answer(m) ? SIP_REJECT : SIP_DROP;
	ret->status = status;
	ret->reason = reason;
	ret->close = framing && proto_is_stream(m->origin.proto);
}

/* function, status, reason, framing: a stream cannot go on after this one */
#define CHECKS(X)                                                        \
	X(first_line_ok, 400, "Bad Request Line", true)                  \
	X(clen_agrees, 400, "Bad Content-Length", true)                  \
	X(clen_fits, 400, "Content-Length Beyond Message", true)         \
	X(clen_there, 400, "Missing Content-Length", true)               \
	X(version_ok, 505, "Version Not Supported", false)               \
	X(lines_ok, 400, "Malformed Header Line", true)                  \
	X(single_ok, 400, "Duplicate Header", false)                     \
	X(via_ok, 400, "Bad Via", false)                                 \
	X(from_ok, 400, "Bad From", false)                               \
	X(to_ok, 400, "Bad To", false)                                   \
	X(call_id_ok, 400, "Bad Call-ID", false)                         \
	X(cseq_ok, 400, "Bad CSeq", false)                               \
	X(cseq_method_ok, 400, "CSeq Method Mismatch", false)            \
	X(max_forwards_ok, 400, "Bad Max-Forwards", false)               \
	X(ruri_ok, 400, "Bad Request-URI", false)

void sip_judge(struct sip_msg *m, unsigned flags, struct sip_judgement *ret)
{
	*ret = (struct sip_judgement){.verdict = SIP_ACCEPT};
#define CHECK(ok, status, reason, framing) \
	if (!ok(m, flags)) {               \
		refuse(m, status, S(reason), framing, ret); \
		return;                    \
	}
	CHECKS(CHECK)
#undef CHECK
}
