/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON-RPC 2.0 over jansson. One value added at the top is the result itself, several or the answer of a
 * command that lists are an array, none is an empty object. A request without an id is answered without
 * one, as the reference does.
 */
#include "rpc/rpc.h"

#include <jansson.h>

enum { REQUEST_MAX = 1 << 20 };

static json_t *parse(struct str text, const char **why)
{
	json_error_t e;
	json_t *j;

	if (text.n > REQUEST_MAX) {
		*why = "Request too large";
		return NULL;
	}
	j = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &e);
	if (!j)
		*why = "Parse error";
	return j;
}

static struct rpc_node *to_node(struct rpc *c, json_t *j)
{
	struct rpc_node *n;

	if (json_is_string(j)) {
		n = rpc_node_new(c, RPC_STR);
		n->s = str_dup(c->arena, str_make(json_string_value(j), json_string_length(j)));
	} else if (json_is_real(j)) {
		n = rpc_node_new(c, RPC_DOUBLE);
		n->d = json_real_value(j);
	} else {
		n = rpc_node_new(c, RPC_INT);
		n->i = json_is_integer(j) ? json_integer_value(j) : json_is_true(j);
	}
	return n;
}

/* Positional params, or the values of an object in order. */
static void push_params(struct rpc *c, json_t *params)
{
	const char *key;
	json_t *v;
	size_t i;

	json_array_foreach(params, i, v)
		if (!rpc_push(c, to_node(c, v)))
			rpc_fail(c, 400, "Too many parameters");
	json_object_foreach(params, key, v)
		if (!rpc_push(c, to_node(c, v)))
			rpc_fail(c, 400, "Too many parameters");
}

static json_t *text_json(struct str s)
{
	json_t *j = json_stringn(s.n ? s.p : "", s.n);

	/* bytes that are no UTF-8 are shown as Latin-1 rather than lost */
	if (!j) {
		struct sb b;

		sb_init(&b, NULL, s.n * 2 + 1);
		for (size_t i = 0; i < s.n; i++) {
			unsigned char ch = (unsigned char)s.p[i];

			if (ch < 128) {
				sb_addc(&b, (char)ch);
			} else {
				sb_addc(&b, (char)(0xc0 | ch >> 6));
				sb_addc(&b, (char)(0x80 | (ch & 0x3f)));
			}
		}
		j = sb_ok(&b) ? json_stringn(b.p, b.n) : NULL;
		sb_fini(&b);
	}
	return j ? j : json_string("");
}

static json_t *from_node(const struct rpc_node *n, int depth)
{
	json_t *j = NULL;

	switch (n->kind) {
	case RPC_INT:
		return json_integer(n->i);
	case RPC_DOUBLE:
		return json_real(n->d);
	case RPC_STR:
		return text_json(n->s);
	case RPC_STRUCT:
		j = json_object();
		break;
	case RPC_ARRAY:
		j = json_array();
		break;
	}
	for (const struct rpc_node *m = n->first; m && depth < RPC_DEPTH_MAX; m = m->next) {
		json_t *v = from_node(m, depth + 1);

		if (n->kind == RPC_ARRAY && m->name.n) { /* a named member: {"name": value} */
			json_t *o = json_object();

			json_object_setn_new(o, m->name.p, m->name.n, v);
			v = o;
		}
		if (n->kind == RPC_ARRAY)
			json_array_append_new(j, v);
		else
			json_object_setn_new(j, m->name.n ? m->name.p : "", m->name.n, v);
	}
	return j;
}

static json_t *answer(struct rpc *c, json_t *id)
{
	json_t *out = json_pack("{s:s}", "jsonrpc", "2.0");

	if (c->fault) {
		json_t *e = json_pack("{s:i}", "code", c->fault);

		json_object_set_new(e, "message", text_json(c->fault_text));
		json_object_set_new(out, "error", e);
	} else if (!c->list && c->top.first == c->top.last) {
		json_object_set_new(out, "result", c->top.first ? from_node(c->top.first, 0) : json_object());
	} else {
		json_object_set_new(out, "result", from_node(&c->top, 0));
	}
	if (id)
		json_object_set(out, "id", id);
	else if (c->fault < 0) /* what could not be read (JSON-RPC 2.0, 5) */
		json_object_set_new(out, "id", json_null());
	return out;
}

static int dump(const char *buf, size_t n, void *arg)
{
	struct sb *out = arg;

	sb_add(out, str_make(buf, n));
	return sb_ok(out) ? 0 : -1;
}

void rpc_json(struct arena *a, struct worker *w, const struct program *p, struct str request,
	      bool pretty, struct sb *out, struct rpc_status *status)
{
	const char *why = NULL;
	json_t *req = parse(request, &why), *method, *reply;
	struct rpc c;

	rpc_init(&c, a, w, p);
	method = json_object_get(req, "method");
	if (!req) {
		rpc_fail(&c, -32700, "%s", why);
	} else if (!json_is_string(method)) {
		rpc_fail(&c, -32600, "Invalid Request");
	} else {
		push_params(&c, json_object_get(req, "params"));
		if (!c.fault)
			rpc_call(&c, str_make(json_string_value(method), json_string_length(method)));
	}
	reply = answer(&c, json_object_get(req, "id"));
	json_dump_callback(reply, dump, out, pretty ? JSON_INDENT(2) : JSON_COMPACT);
	json_decref(reply);
	json_decref(req);
	if (status)
		*status = c.fault ? (struct rpc_status){c.fault, c.fault_text} : (struct rpc_status){200, S("OK")};
}

struct str rpc_json_reply_name(struct arena *a, struct str request)
{
	const char *why = NULL;
	json_t *req = parse(request, &why), *name = json_object_get(req, "reply_name");
	struct str s = STR_NULL;

	if (json_is_string(name))
		s = str_dup(a, str_make(json_string_value(name), json_string_length(name)));
	json_decref(req);
	return s;
}
