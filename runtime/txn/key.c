/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity of requests (RFC 3261 17.2.3). With the magic cookie it is branch, sent-by and method;
 * without it, RFC 2543's: Request-URI, From tag, Call-ID, CSeq number and the whole top Via. The To
 * tag is left out, for an ACK carries the tag of our reply. One text for both, so one table does.
 */
#include "base/fmt.h"
#include "base/hash.h"
#include "txn/txn_priv.h"

enum { KEY_MAX = 4096 };

static struct str from_tag(struct sip_msg *m)
{
	struct sip_nameaddr *f = sip_from(m);

	return f ? f->tag : STR_NULL;
}

/* The parts, each but the last with a '|' behind it. */
static struct str joined(struct arena *a, const struct str *part, unsigned n)
{
	size_t len = n - 1;
	char *p, *at;

	for (unsigned i = 0; i < n; i++)
		len += part[i].n;
	at = p = len <= KEY_MAX ? arena_raw(a, len) : NULL;
	for (unsigned i = 0; at && i < n; i++) {
		if (part[i].n)
			memcpy(at, part[i].p, part[i].n);
		at += part[i].n;
		if (i + 1 < n)
			*at++ = '|';
	}
	return at ? str_make(p, len) : STR_NULL;
}

/* branch|host|port|method, the host in lower case. */
static struct str magic_key(struct sip_msg *m, const struct sip_via *v, struct str method)
{
	size_t room = v->branch.n + v->host.n + FMT_INT_MAX + method.n + 3;
	char *p = room <= KEY_MAX ? arena_raw(m->arena, room) : NULL, *at = p;

	if (!p)
		return STR_NULL;
	memcpy(at, v->branch.p, v->branch.n);
	at += v->branch.n;
	*at++ = '|';
	for (size_t i = 0; i < v->host.n; i++)
		*at++ = ascii_lower(v->host.p[i]);
	*at++ = '|';
	at += fmt_u64(v->port ? v->port : proto_port(v->proto), at);
	*at++ = '|';
	memcpy(at, method.p, method.n);
	return str_make(p, (size_t)(at - p) + method.n);
}

static struct str old_key(struct sip_msg *m, const struct sip_via *v, struct str method)
{
	char num[FMT_INT_MAX];
	struct sip_cseq cs = {0};
	struct str part[] = {sip_call_id(m), {num, 0}, from_tag(m), v->text, m->ruri, method};

	if (sip_cseq(m, &cs) != 0)
		return STR_NULL;
	part[1].n = fmt_u64(cs.num, num);
	return joined(m->arena, part, 6);
}

const struct sip_key *txn_key(struct sip_msg *m, enum sip_method method)
{
	struct sip_via *v;
	struct str name;
	bool magic;

	if (m->key.text.p && m->key.method == method)
		return &m->key;
	v = sip_via_top(m);
	name = method == SIP_METHOD_OTHER ? m->method_text : sip_method_name(method);
	magic = v && v->branch.n > 7 && str_istarts(v->branch, S("z9hG4bK"));
	m->key.method = method;
	m->key.text = !v ? STR_NULL : magic ? magic_key(m, v, name) : old_key(m, v, name);
	m->key.hash = hash_str(m->key.text);
	return &m->key;
}

struct str txn_tag(struct sip_msg *m, char buf[TXN_TAG_LEN + 1])
{
	return txn_tag_by(m, sip_via_top(m), buf);
}

bool txn_tag_make(struct txn *t)
{
	char buf[TXN_TAG_LEN + 1];

	if (t->tag.p || (t->flags & TXN_LOCAL))
		return true;
	if (txn_wake(t))
		t->tag = str_dup(t->arena, txn_tag(t->req, buf));
	return t->tag.p;
}

/* 16 hex digits, lowest first: all nibbles at once, those of a byte side by side. */
static void hex_out(uint64_t h, char *buf)
{
	typedef unsigned char nibbles __attribute__((vector_size(16)));
	typedef uint64_t words __attribute__((vector_size(16)));
	nibbles low = (nibbles)(words){h & 0x0f0f0f0f0f0f0f0fu}, high = (nibbles)(words){h >> 4 & 0x0f0f0f0f0f0f0f0fu};
	nibbles x = __builtin_shufflevector(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);

	x += '0' + ((nibbles)(x > 9) & ('a' - '0' - 10));
	memcpy(buf, &x, sizeof(x));
}

struct str txn_tag_by(struct sip_msg *m, const struct sip_via *v, char buf[TXN_TAG_LEN + 1])
{
	struct sip_cseq cs = {0};
	struct str part[] = {v ? (v->branch.n ? v->branch : v->text) : STR_NULL, sip_call_id(m)};
	uint64_t h[2];

	(void)sip_cseq(m, &cs);
	hash_texts128(cs.num, part, 2, h);
	hex_out(h[0], buf);
	hex_out(h[1], buf + TXN_TAG_LEN / 2);
	buf[TXN_TAG_LEN] = '\0';
	return str_make(buf, TXN_TAG_LEN);
}
