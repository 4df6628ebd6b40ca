/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity of requests (RFC 3261 17.2.3). With the magic cookie it is branch, sent-by and method;
 * without it, RFC 2543's: Request-URI, From tag, Call-ID, CSeq number and the whole top Via. The To
 * tag is left out, for an ACK carries the tag of our reply. One text for both, so one table does.
 */
#include "base/hash.h"
#include "base/sb.h"
#include "txn/txn_priv.h"

enum { KEY_MAX = 4096, TAG_PART_MAX = 128 };

static struct str from_tag(struct sip_msg *m)
{
	struct sip_nameaddr *f = sip_from(m);

	return f ? f->tag : STR_NULL;
}

struct str txn_key(struct sip_msg *m, enum sip_method method, struct str method_text,
		   struct arena *a)
{
	struct sip_via *v = sip_via_top(m);
	struct sip_cseq cs = {0};
	struct sb b;

	if (!v)
		return STR_NULL;
	sb_init(&b, a, KEY_MAX);
	if (str_istarts(v->branch, S("z9hG4bK")) && v->branch.n > 7) {
		sb_add(&b, v->branch);
		sb_addc(&b, '|');
		for (size_t i = 0; i < v->host.n; i++)
			sb_addc(&b, ascii_lower(v->host.p[i]));
		sb_printf(&b, ":%u|", v->port ? v->port : proto_port(v->proto));
	} else {
		if (sip_cseq(m, &cs) != 0)
			return STR_NULL;
		sb_add(&b, sip_call_id(m));
		sb_printf(&b, "|%u|", cs.num);
		sb_add(&b, from_tag(m));
		sb_addc(&b, '|');
		sb_add(&b, v->text);
		sb_addc(&b, '|');
		sb_add(&b, m->ruri);
		sb_addc(&b, '|');
	}
	if (method == SIP_METHOD_OTHER)
		sb_add(&b, method_text);
	else
		sb_add(&b, sip_method_name(method));
	return sb_ok(&b) ? sb_str(&b) : STR_NULL;
}

/* One text of all that makes the request this one; what is long counts by its own hash. */
static size_t add_text(char *buf, size_t n, struct str s)
{
	uint64_t h;

	if (s.n > TAG_PART_MAX) {
		h = hash_str(s);
		s = str_make((const char *)&h, sizeof(h));
	}
	if (s.n)
		memcpy(buf + n, s.p, s.n);
	buf[n + s.n] = 0; /* parts must not run into each other */
	return n + s.n + 1;
}

struct str txn_tag(struct sip_msg *m, char buf[TXN_TAG_LEN + 1])
{
	return txn_tag_by(m, sip_via_top(m), buf);
}

struct str txn_tag_by(struct sip_msg *m, const struct sip_via *v, char buf[TXN_TAG_LEN + 1])
{
	static const char hex[] = "0123456789abcdef";
	struct sip_cseq cs = {0};
	char text[3 * (TAG_PART_MAX + 1) + sizeof(cs.num)];
	uint64_t h[2];
	size_t n;

	(void)sip_cseq(m, &cs);
	memcpy(text, &cs.num, sizeof(cs.num));
	n = add_text(text, sizeof(cs.num), v ? (v->branch.n ? v->branch : v->text) : STR_NULL);
	n = add_text(text, n, sip_call_id(m));
	n = add_text(text, n, from_tag(m));
	/* hashes of known texts must not be read back from the tag: hash them once more */
	h[0] = hash_str(str_make(text, n));
	h[1] = hash_str(str_make((const char *)h, 8));
	h[0] = hash_str(str_make((const char *)h, 16));
	for (int i = 0; i < TXN_TAG_LEN; i++)
		buf[i] = hex[(h[i / 16] >> (4 * (i % 16))) & 15];
	buf[TXN_TAG_LEN] = '\0';
	return str_make(buf, TXN_TAG_LEN);
}
