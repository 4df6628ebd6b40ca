/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/binrpc.h"

enum { MAGIC = 0xA1, TYPE_INT = 0, TYPE_STR = 1, TYPE_DOUBLE = 2, TYPE_STRUCT = 3, TYPE_ARRAY = 4,
       TYPE_NAME = 5, TYPE_BYTES = 6, END = 0x80, FLAG_REPLY = 1, FLAG_FAULT = 3 };

static uint64_t number(struct str s)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v = v << 8 | (unsigned char)s.p[i];
	return v;
}

int binrpc_frame(struct str in, size_t *need)
{
	size_t len_n, cookie_n;
	uint64_t body;

	*need = 0;
	if (in.n >= 1 && (unsigned char)in.p[0] != MAGIC)
		return RT_E_PARSE;
	if (in.n < 2)
		return 0;
	len_n = ((size_t)in.p[1] >> 2 & 3) + 1;
	cookie_n = ((size_t)in.p[1] & 3) + 1;
	if (in.n < 2 + len_n)
		return 0;
	body = number(str_make(in.p + 2, len_n));
	if (body > BINRPC_BODY_MAX)
		return RT_E_LIMIT;
	*need = 2 + len_n + cookie_n + (size_t)body;
	return 0;
}

/* One record of a request; only ints, strings and doubles are arguments. */
static int record(struct rpc *c, struct str *in, struct rpc_node **ret)
{
	unsigned char head;
	size_t size;
	struct str v;

	if (in->n < 1)
		return RT_E_PARSE;
	head = (unsigned char)in->p[0];
	*in = str_skip(*in, 1);
	size = head >> 4 & 7;
	if (head & END) {
		if (size == 0 || size > 4 || in->n < size)
			return RT_E_PARSE;
		v = str_head(*in, size);
		*in = str_skip(*in, size);
		size = (size_t)number(v);
	}
	if (in->n < size)
		return RT_E_PARSE;
	v = str_head(*in, size);
	*in = str_skip(*in, size);
	switch (head & 15) {
	case TYPE_INT:
	case TYPE_DOUBLE:
		if (size > 8)
			return RT_E_PARSE;
		*ret = rpc_node_new(c, (head & 15) == TYPE_INT ? RPC_INT : RPC_DOUBLE);
		(*ret)->i = size == 4 ? (int32_t)number(v) : (int64_t)number(v);
		(*ret)->d = (double)(*ret)->i / 1000;
		return 0;
	case TYPE_STR:
	case TYPE_BYTES:
		*ret = rpc_node_new(c, RPC_STR);
		if (v.n && (head & 15) == TYPE_STR && v.p[v.n - 1] == 0)
			v.n--;
		(*ret)->s = str_dup(c->arena, v);
		return 0;
	}
	return RT_E_PARSE;
}

int binrpc_request(struct rpc *c, struct str packet, struct str *command, struct str *cookie)
{
	size_t need = 0, head;
	struct rpc_node *n;
	int err = binrpc_frame(packet, &need);

	if (err || need == 0 || need > packet.n)
		return err ? err : RT_E_PARSE;
	if ((packet.p[1] & 0xf0) != 0)
		return RT_E_PARSE; /* not a request */
	head = 2 + ((size_t)packet.p[1] >> 2 & 3) + 1;
	*cookie = str_make(packet.p + head, ((size_t)packet.p[1] & 3) + 1);
	packet = str_skip(str_head(packet, need), head + cookie->n);
	err = record(c, &packet, &n);
	if (err || n->kind != RPC_STR)
		return RT_E_PARSE;
	*command = n->s;
	while (packet.n) {
		err = record(c, &packet, &n);
		if (err)
			return err;
		if (!rpc_push(c, n))
			return RT_E_LIMIT;
	}
	return 0;
}

/* Type and size, the size in the head when it fits there. */
static void put_head(struct sb *b, int type, size_t size)
{
	if (size < 8) {
		sb_addc(b, (char)(size << 4 | (size_t)type));
		return;
	}
	for (int n = 1; n <= 4; n++) {
		if (size >> (8 * n))
			continue;
		sb_addc(b, (char)(END | n << 4 | type));
		while (n-- > 0)
			sb_addc(b, (char)(size >> (8 * n)));
		return;
	}
}

static void put_int(struct sb *b, int type, int64_t v)
{
	uint64_t u = v < 0 ? (uint32_t)(int32_t)v : (uint64_t)v;
	int n = 0;

	while (n < 8 && u >> (8 * n))
		n++;
	put_head(b, type, (size_t)n);
	while (n-- > 0)
		sb_addc(b, (char)(u >> (8 * n)));
}

static void put_str(struct sb *b, int type, struct str s)
{
	put_head(b, type, s.n + 1);
	sb_add(b, s);
	sb_addc(b, 0);
}

static void put_node(struct sb *b, const struct rpc_node *n, int depth)
{
	if (n->name.n)
		put_str(b, TYPE_NAME, n->name);
	switch (n->kind) {
	case RPC_INT:
		put_int(b, TYPE_INT, n->i);
		return;
	case RPC_DOUBLE:
		put_int(b, TYPE_DOUBLE, (int64_t)(n->d * 1000));
		return;
	case RPC_STR:
		put_str(b, TYPE_STR, n->s);
		return;
	case RPC_STRUCT:
	case RPC_ARRAY:
		break;
	}
	sb_addc(b, TYPE_STRUCT); /* arrays too: kamcmd reads no names in arrays, and the reference sends none */
	for (const struct rpc_node *m = n->first; m && depth < RPC_DEPTH_MAX; m = m->next)
		put_node(b, m, depth + 1);
	sb_addc(b, (char)(END | TYPE_STRUCT));
}

void binrpc_answer(struct rpc *c, struct str cookie, struct sb *out)
{
	struct sb body;
	int len_n = 1;

	sb_init(&body, c->arena, 16 << 20);
	if (c->fault) {
		put_int(&body, TYPE_INT, c->fault);
		put_str(&body, TYPE_STR, c->fault_text);
	} else {
		for (const struct rpc_node *n = c->top.first; n; n = n->next)
			put_node(&body, n, 0);
	}
	if (!sb_ok(&body)) {
		out->failed = true;
		return;
	}
	while (len_n < 4 && body.n >> (8 * len_n))
		len_n++;
	sb_addc(out, (char)MAGIC);
	sb_addc(out, (char)((c->fault ? FLAG_FAULT : FLAG_REPLY) << 4 | (len_n - 1) << 2 |
			    (int)(cookie.n - 1)));
	for (int n = len_n; n-- > 0;)
		sb_addc(out, (char)(body.n >> (8 * n)));
	sb_add(out, cookie);
	sb_add(out, sb_str(&body));
}
