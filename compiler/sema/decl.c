/* SPDX-License-Identifier: Apache-2.0 */
/* decl.c - what stands at the top level: modules, parameters, flags, addresses, custom variables. */
#include "sema/sema_priv.h"

#include "base/addr.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

/* ---- collecting ---- */

static struct str module_name(struct str t)
{
	size_t slash = str_rchr(t, '/');

	if (slash != STR_NONE)
		t = str_skip(t, slash + 1);
	if (str_ends(t, S(".so")))
		t = str_head(t, t.n - 3);
	return t;
}

static void collect_module(struct sema *s, struct ast *n)
{
	struct str name = module_name(n->text);
	const struct cat_module *row = cat_module_find(s->cat, name);
	struct sema_module *m;
	struct diag *d;

	for (size_t i = 0; i < s->p->modules.n; i++) {
		if (!str_eq(str_of(s->p->modules.v[i].name), name))
			continue;
		d = diag_report(s->sink, E_MODULE_TWICE, n->loc, "module \"%.*s\" is loaded twice",
				(int)name.n, name.p);
		diag_span(s->sink, d, s->p->modules.v[i].loc, "first here");
		return;
	}
	if (!row && !cat_known_find(s->cat, KNOWN_MODULE, name, 0)) {
		struct str near = cat_suggest(s->cat, KNOWN_MODULE, name);

		d = diag_report(s->sink, E_UNKNOWN_MODULE, n->loc, "there is no module \"%.*s\"",
				(int)name.n, name.p);
		if (near.n)
			diag_hint(s->sink, d, "did you mean \"%.*s\"?", (int)near.n, near.p);
	} else if (!row) {
		s->p->unsupported++;
		if (!s->opts.quiet_load) {
			s->p->unsupported--;
			sema_unsupported(s, n->loc, KNOWN_MODULE, name, "");
		}
	}
	m = SEMA_PUSH(s, s->p->modules);
	if (m)
		*m = (struct sema_module){str_z(s->arena, name), row, n->loc};
}

static uint32_t declared_contexts(int kind)
{
	static const uint32_t by_kind[] = {
		[ROUTE_REQUEST] = IN_REQUEST,        [ROUTE_SUB] = 0,
		[ROUTE_CORE_REPLY] = IN_CORE_ONREPLY, [ROUTE_ONREPLY] = IN_TM_ONREPLY,
		[ROUTE_FAILURE] = IN_FAILURE,        [ROUTE_BRANCH] = IN_BRANCH,
		[ROUTE_ONSEND] = IN_ONSEND,          [ROUTE_EVENT] = IN_EVENT,
	};

	return by_kind[kind];
}

static const char *symbol(struct sema *s, int kind, struct str name)
{
	static const char *const prefix[] = {"route_request", "route_sub", "reply_route", "onreply",
					     "failure",       "branch",    "onsend",      "event"};
	struct sb b;

	sb_init(&b, s->arena, 4096);
	sb_addz(&b, prefix[kind]);
	if (name.n)
		sb_addc(&b, '_');
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (ascii_alpha(c) || ascii_digit(c))
			sb_addc(&b, c);
		else if (c == '_')
			sb_addz(&b, "_");
		else
			sb_printf(&b, "_%02x_", (unsigned char)c);
	}
	sb_addc(&b, 0);
	return sb_ok(&b) ? b.p : "route";
}

static bool symbol_taken(const struct sema_program *p, const char *sym)
{
	for (size_t i = 0; i < p->routes.n; i++)
		if (p->routes.v[i] && str_eq(str_of(p->routes.v[i]->symbol), str_of(sym)))
			return true;
	return false;
}

static struct sema_route *new_route(struct sema *s, const struct ast *n, int kind, struct str name)
{
	struct sema_route *r = arena_alloc(s->arena, sizeof(*r)), **slot;
	const char *sym = symbol(s, kind, name);

	if (symbol_taken(s->p, sym))
		sym = str_printf(s->arena, "%s_r%zu", sym, s->p->routes.n).p;
	slot = r ? (struct sema_route **)SEMA_PUSH(s, s->p->routes) : NULL;
	if (!slot)
		return NULL;
	*r = (struct sema_route){.index = (int)s->p->routes.n - 1, .kind = kind, .name = name,
				 .loc = n->loc, .symbol = sym};
	r->declared = r->contexts = declared_contexts(kind);
	*slot = r;
	return r;
}

static void collect_route(struct sema *s, struct ast *n)
{
	int kind = n->op;
	struct str name = n->text;
	bool zero = str_eq(name, S("0")) || n->sub == 2, unnamed = !name.n && !zero;
	struct sema_route *r;
	struct sema_body *b, **at;

	if (zero && kind == ROUTE_SUB)
		kind = ROUTE_REQUEST;
	if (zero && kind == ROUTE_ONREPLY)
		kind = ROUTE_CORE_REPLY;
	if (unnamed && kind == ROUTE_SUB)
		kind = ROUTE_REQUEST;
	if (unnamed && kind == ROUTE_ONREPLY)
		kind = ROUTE_CORE_REPLY;
	if (kind == ROUTE_REQUEST || kind == ROUTE_CORE_REPLY || kind == ROUTE_ONSEND)
		name = (struct str){NULL, 0};
	else if (unnamed && (kind == ROUTE_FAILURE || kind == ROUTE_BRANCH))
		name = S("0");
	r = sema_route_find(s->p, kind, name);
	if (r && !unnamed) {
		struct diag *d = diag_report(s->sink, E_ROUTE_TWICE, n->loc, "this route stands twice");

		diag_span(s->sink, d, r->loc, "first here");
	} else if (!r) {
		r = new_route(s, n, kind, name);
	}
	b = arena_alloc(s->arena, sizeof(*b));
	if (!r || !b)
		return;
	b->node = n;
	for (at = &r->bodies; *at; at = &(*at)->next)
		;
	*at = b;
	n->bind = r;
}

/* modparam("htable", "htable", "name=>size=8;...") */
static void collect_hash_table(struct sema *s, const struct ast *n)
{
	const struct ast *v = n->kid[2];
	struct str name, *slot;

	if (!n->kid[1] || !v || v->kind != AST_STR || !str_eq(n->kid[1]->text, S("htable")))
		return;
	name = str_trim(str_head(v->text, str_find(v->text, S("=>"))));
	if (str_chr(name, '$') != STR_NONE)
		s->hash_tables_open = true;
	slot = SEMA_PUSH(s, s->hash_tables);
	if (slot)
		*slot = name;
	if (str_find(v->text, S("dmqreplicate=1")) != STR_NONE)
		sema_unsupported_part(s, v->loc, "table attribute", S("dmqreplicate"), "needs the dmq module");
}

bool sema_hash_table_known(const struct sema *s, struct str name)
{
	for (size_t i = 0; i < s->hash_tables.n; i++)
		if (str_eq(s->hash_tables.v[i], name))
			return true;
	return s->hash_tables_open;
}

void sema_collect(struct sema *s, struct ast *items)
{
	for (const char *const *m = s->opts.extra_modules; m && *m; m++) {
		struct ast *n = ast_new(s->arena, AST_LOADMODULE, (struct loc){0, 0, 0, 0});

		if (!n)
			return;
		n->text = str_of(*m);
		collect_module(s, n);
	}
	s->n_loaded = s->p->modules.n;
	for (struct ast *n = items; n; n = n->next) {
		if (n->kind == AST_LOADMODULE)
			collect_module(s, n);
		else if (n->kind == AST_ROUTE)
			collect_route(s, n);
		else if (n->kind == AST_MODPARAM)
			collect_hash_table(s, n);
	}
}

/* ---- values ---- */

static bool already_told(const struct sema *s, struct loc l)
{
	for (const struct diag *d = s->sink->first; d; d = d->next)
		if (d->severity == DIAG_ERROR && d->loc.file == l.file && d->loc.off == l.off)
			return true;
	return false;
}

static struct sema_value plain(const struct ast *v)
{
	struct sema_value r = {.kind = PROGRAM_STR};

	if (v && v->kind == AST_INT) {
		r.kind = PROGRAM_INT;
		r.i = v->num;
	} else if (v) {
		r.s = v->text;
	}
	return r;
}

/* ---- core parameters ---- */

static bool core_value_fits(int kind, const struct ast *v, bool negative)
{
	bool num = v->kind == AST_INT, str = v->kind == AST_STR, id = v->kind == AST_ID;

	switch ((enum cat_core_kind)kind) {
	case CATCORE_NUM:
		return num && !negative;
	case CATCORE_INT:
		return num;
	case CATCORE_STR:
		return str;
	case CATCORE_ID:
		return id;
	case CATCORE_ID_STR:
		return id || str;
	case CATCORE_ID_NUM:
		return id || (num && !negative);
	case CATCORE_NUM_STR:
		return num || str;
	case CATCORE_IP4:
	case CATCORE_IP6:
	case CATCORE_PROTO:
	case CATCORE_HOST:
	case CATCORE_LIST:
	case CATCORE_TLSM:
	case CATCORE_ATTR:
		return true;
	}
	return true;
}

static const char *const core_wants[] = {
	[CATCORE_NUM] = "a number",           [CATCORE_INT] = "a number",
	[CATCORE_STR] = "a string",           [CATCORE_ID] = "a bare word",
	[CATCORE_ID_STR] = "a word or string", [CATCORE_ID_NUM] = "a word or number",
	[CATCORE_NUM_STR] = "a number or string", [CATCORE_IP4] = "an address",
	[CATCORE_IP6] = "an address",         [CATCORE_PROTO] = "a protocol",
	[CATCORE_HOST] = "a host",            [CATCORE_LIST] = "addresses",
	[CATCORE_TLSM] = "a TLS method",      [CATCORE_ATTR] = "a block of attributes",
};

static void core_param(struct sema *s, struct ast *n)
{
	const struct cat_core_param *row = cat_core_param_find(s->cat, n->text);
	struct ast *v = n->kid[0];
	struct sema_core_param *p;
	struct str near;
	struct diag *d;

	if (!row) {
		d = diag_report(s->sink, E_CORE_PARAM, n->loc, "unknown core parameter %.*s",
				(int)n->text.n, n->text.p);
		near = cat_suggest_core_param(s->cat, n->text);
		if (near.n)
			diag_hint(s->sink, d, "did you mean %.*s?", (int)near.n, near.p);
		return;
	}
	if (!v)
		return;
	if (!core_value_fits(row->kind, v, n->sub == 1 || (v->kind == AST_INT && v->num < 0))) {
		if (!already_told(s, v->loc) && !already_told(s, n->loc))
			diag_report(s->sink, E_VALUE_KIND, v->loc, "%s takes %s", row->name,
				    core_wants[row->kind]);
		return;
	}
	if (str_eq(str_of(row->name), S("children")))
		s->children = (int)v->num;
	if (v->kind == AST_IP && !sema_ip4_ok(v->text))
		diag_report(s->sink, E_NUMBER, v->loc, "invalid IPv4 address \"%.*s\"", (int)v->text.n, v->text.p);
	p = SEMA_PUSH(s, s->p->core);
	if (!p)
		return;
	*p = (struct sema_core_param){row, plain(v), n->loc};
	if (str_eq(str_of(row->name), S("log_prefix")) && v->kind == AST_STR) {
		s->late = true;
		p->value.fmt = sema_fmt_bind(&s->text, v->text);
		s->late = false;
		if (p->value.fmt)
			p->value.kind = PROGRAM_FMT;
		else
			sema_report_text(s, v->loc, v->text);
	}
}

/* ---- addresses ---- */

bool sema_ip4_ok(struct str host)
{
	struct str rest = host;
	int parts = 0;
	bool fits = true;

	while (rest.p) {
		struct str part = str_cut(&rest, '.');
		uint64_t v;

		if (!part.n || !str_to_u64(part, 1000000, &v))
			return true;
		fits &= v <= 255;
		parts++;
	}
	return parts != 4 || fits;
}

static bool ip6_text(struct str t)
{
	for (size_t i = 0; i < t.n; i++)
		if (hex_value(t.p[i]) < 0 && !strchr(":.[]", t.p[i]))
			return false;
	return true;
}

static void listen_one(struct sema *s, const struct ast *n, const struct ast *id, const struct ast *adv)
{
	struct sema_listen *l;

	if (id->sub == AST_HOST_LIST) {
		for (const struct ast *k = id->kid[0]; k; k = k->next) {
			struct ast one = *k;

			one.op = k->op ? k->op : id->op;
			one.num = k->num ? k->num : id->num;
			listen_one(s, n, &one, adv);
		}
		return;
	}
	if (!sema_ip4_ok(id->text))
		diag_report(s->sink, E_NUMBER, id->loc, "invalid IPv4 address \"%.*s\"", (int)id->text.n,
			    id->text.p);
	else if (id->sub == AST_HOST_STRING && str_chr(id->text, ':') != STR_NONE && !ip6_text(id->text))
		diag_hint(s->sink, diag_report(s->sink, E_VALUE_KIND, id->loc, "\"%.*s\" is taken as the name of a host",
					       (int)id->text.n, id->text.p),
			  "write protocol, address and port without quotes");
	if (id->num > 65535)
		diag_report(s->sink, W_PORT, id->loc, "port %lld does not exist", (long long)id->num);
	if (id->op == PROTO_WS || id->op == PROTO_WSS)
		diag_report(s->sink, E_VALUE_KIND, id->loc, "WebSocket is no protocol to listen on; listen on tcp or tls");
	l = SEMA_PUSH(s, s->p->listens);
	if (!l)
		return;
	*l = (struct sema_listen){.proto = id->op,
				  .port = id->num > 0 ? (int)id->num : 0,
				  .host = id->text,
				  .name = n->text,
				  .is_virtual = (int)n->num,
				  .workers = s->children,
				  .loc = id->loc};
	if (adv) {
		l->adv_host = adv->text;
		l->adv_port = adv->num > 0 ? (int)adv->num : 0;
		l->adv_proto = adv->op;
	}
}

static void listen_line(struct sema *s, const struct ast *n)
{
	for (const struct ast *id = n->kid[0]; id; id = id->next)
		listen_one(s, n, id, n->kid[1]);
}

static void socket_block(struct sema *s, const struct ast *n)
{
	struct ast line = {.kind = AST_LISTEN, .loc = n->loc};
	const struct ast *bind = NULL, *adv = NULL;
	int workers = s->children;

	for (const struct ast *a = n->kid[0]; a; a = a->next) {
		const struct ast *v = a->kid[0];

		if (!v)
			continue;
		if (str_eq(a->text, S("bind")))
			bind = v;
		else if (str_eq(a->text, S("advertise")))
			adv = v;
		else if (str_eq(a->text, S("name")))
			line.text = v->text;
		else if (str_eq(a->text, S("virtual")))
			line.num = v->num;
		else if (str_eq(a->text, S("workers")))
			workers = (int)v->num;
	}
	if (!bind)
		return;
	int children = s->children;
	s->children = workers;
	listen_one(s, &line, bind, adv);
	s->children = children;
}

static void alias_line(struct sema *s, const struct ast *n)
{
	for (const struct ast *id = n->kid[0]; id; id = id->next) {
		struct sema_alias *a = SEMA_PUSH(s, s->p->aliases);

		if (a)
			*a = (struct sema_alias){id->op, id->num > 0 ? (int)id->num : 0, id->text};
	}
}

/* ---- flags ---- */

const struct sema_flag *sema_flag_find(const struct sema *s, struct str name, bool is_avp)
{
	for (size_t i = 0; i < s->p->flags.n; i++)
		if (s->p->flags.v[i].is_avp == is_avp && str_eq(s->p->flags.v[i].name, name))
			return &s->p->flags.v[i];
	return NULL;
}

static int free_flag(const struct sema *s, bool is_avp)
{
	uint32_t used = 0;

	for (size_t i = 0; i < s->p->flags.n; i++)
		if (s->p->flags.v[i].is_avp == is_avp && s->p->flags.v[i].number >= 0)
			used |= 1u << (s->p->flags.v[i].number & 31);
	for (int i = 0; i < 32; i++)
		if (!(used & (1u << i)))
			return i;
	return -1;
}

static void flags_line(struct sema *s, const struct ast *n)
{
	bool is_avp = n->op == 1;

	for (const struct ast *k = n->kid[0]; k; k = k->next) {
		const struct sema_flag *old = sema_flag_find(s, k->text, is_avp);
		int number = k->num >= 0 ? (int)k->num : free_flag(s, is_avp);
		struct sema_flag *f;

		if (old) {
			struct diag *d = diag_report(s->sink, E_FLAG_TWICE, k->loc, "flag %.*s is declared twice",
						     (int)k->text.n, k->text.p);
			diag_span(s->sink, d, old->loc, "first here");
			continue;
		}
		if (number < 0 || number > 31) {
			diag_report(s->sink, E_FLAG, k->loc, "flags are numbered from 0 to 31");
			number = 0;
		}
		f = SEMA_PUSH(s, s->p->flags);
		if (f)
			*f = (struct sema_flag){k->text, number, is_avp, k->loc};
	}
}

/* ---- custom variables ---- */

static void cfg_var(struct sema *s, const struct ast *n)
{
	struct str name = n->kid[0] ? n->kid[0]->text : (struct str){NULL, 0};
	struct sema_cfg_var *v;
	bool plain_one = false;

	if (cat_known_find(s->cat, KNOWN_GROUP, n->text, 0)) {
		diag_report(s->sink, E_CFG_VAR, n->loc, "the group \"%.*s\" belongs to the server",
			    (int)n->text.n, n->text.p);
		return;
	}
	for (size_t i = 0; i < s->p->cfg_vars.n; i++) {
		const struct sema_cfg_var *o = &s->p->cfg_vars.v[i];

		if (!str_eq(o->group, n->text) || !str_eq(o->name, name))
			continue;
		plain_one |= o->instance == -1;
		if (o->instance != n->num)
			continue;
		diag_report(s->sink, E_CFG_VAR, n->loc, "%.*s.%.*s is declared twice", (int)n->text.n,
			    n->text.p, (int)name.n, name.p);
		return;
	}
	if (n->kid[1] && n->kid[1]->kind == AST_INT && n->kid[1]->num < 0) {
		diag_report(s->sink, E_CFG_VAR, n->kid[1]->loc, "a custom variable takes no negative number");
		return;
	}
	if (n->num >= 0 && !plain_one) {
		diag_report(s->sink, E_CFG_VAR, n->loc,
			    "a value of an instance needs %.*s.%.*s declared before", (int)n->text.n,
			    n->text.p, (int)name.n, name.p);
		return;
	}
	v = SEMA_PUSH(s, s->p->cfg_vars);
	if (v)
		*v = (struct sema_cfg_var){n->text, name, n->num,
					   n->kid[2] ? n->kid[2]->text : (struct str){NULL, 0}, plain(n->kid[1]), n->loc};
}

/* ---- modparam ---- */

static bool pairs(struct sema *s, struct str text, struct loc l, struct sema_value *v)
{
	enum { MOST = 64 };
	struct sema_pair *list = arena_calloc(s->arena, MOST, sizeof(*list));
	size_t start = 0, depth = 0;

	for (size_t i = 0; list && i <= text.n && v->n_pairs < MOST; i++) {
		char c = i < text.n ? text.p[i] : ';';

		depth += c == '(';
		depth -= c == ')' && depth;
		if (c != ';' || (depth && i < text.n))
			continue;
		struct str val = str_trim(str_make(text.p + start, i - start));
		struct str name = str_trim(str_cut(&val, '='));

		start = i + 1;
		if (!name.n)
			continue;
		list[v->n_pairs].name = name;
		list[v->n_pairs].fmt = sema_fmt_bind(&s->text, str_trim(val));
		if (!list[v->n_pairs].fmt) {
			sema_report_text(s, l, str_trim(val));
			return false;
		}
		v->n_pairs++;
	}
	v->pairs = list;
	return list != NULL;
}

static bool param_value(struct sema *s, const struct cat_param *row, const struct ast *v,
			struct sema_value *ret)
{
	bool ok = true;

	*ret = plain(v);
	if (v->kind != AST_STR)
		return true;
	s->late = true;
	if (row->type == CAT_PARAM_PV && v->text.n) {
		ret->kind = PROGRAM_PV;
		ret->pv = sema_pv_bind(&s->text, v->text);
		ok = ret->pv != NULL;
	} else if (row->type == CAT_PARAM_FMT) {
		ret->kind = PROGRAM_FMT;
		ret->fmt = sema_fmt_bind(&s->text, v->text);
		ok = ret->fmt != NULL;
	}
	if (!ok)
		sema_report_text(s, v->loc, v->text);
	if (row->type == CAT_PARAM_PAIRS) {
		ret->kind = PROGRAM_PAIRS;
		ok = pairs(s, v->text, v->loc, ret);
	}
	s->late = false;
	return ok;
}

static bool wants_int(const struct cat_param *row)
{
	return row->type == CAT_PARAM_INT || row->type == CAT_PARAM_INT_CB;
}

static struct str near_param(const struct sema *s, struct str module, struct str name)
{
	unsigned best = cat_distance_max(name) + 1;
	struct str hit = {NULL, 0};
	size_t n;
	const struct cat_known *k = cat_known_rows(KNOWN_PARAM, &n);

	(void)s;
	for (size_t i = 0; i < n && best; i++) {
		unsigned d;

		if (!str_eq(str_of(k[i].module), module))
			continue;
		d = cat_distance(name, str_of(k[i].name), best - 1);
		if (d < best) {
			best = d;
			hit = str_of(k[i].name);
		}
	}
	return hit;
}

/* One module that a modparam names. */
static void set_param(struct sema *s, const struct ast *n, const struct sema_module *m)
{
	struct str module = str_of(m->name), name = n->kid[1]->text;
	const struct cat_param *row = cat_param_find(s->cat, module, name);
	const struct cat_known *known = cat_known_in(s->cat, KNOWN_PARAM, module, name, -1);
	const struct ast *v = n->kid[2];
	struct sema_param p = {m->name, row, {0}, n->loc};
	struct sema_param *slot;
	struct diag *d;

	if (!m->row && !cat_known_find(s->cat, KNOWN_MODULE, module, 0))
		return; /* told at its loadmodule */
	if (!row && known) {
		bool num = str_ends(str_of(known->a), S("int")), any = str_eq(str_of(known->a), S("any"));

		if (!any && num != (v->kind == AST_INT))
			diag_report(s->sink, E_MODPARAM, v->loc, "parameter \"%s\" of module \"%s\" takes %s",
				    known->name, m->name, num ? "a number" : "a string");
		else if (m->row)
			sema_unsupported(s, n->kid[1]->loc, KNOWN_PARAM, name, m->name);
		return;
	}
	if (!row) {
		struct str near = near_param(s, module, name);

		d = diag_report(s->sink, E_MODPARAM, n->kid[1]->loc, "module \"%s\" has no parameter \"%.*s\"",
				m->name, (int)name.n, name.p);
		if (near.n)
			diag_hint(s->sink, d, "did you mean \"%.*s\"?", (int)near.n, near.p);
		return;
	}
	if (wants_int(row) != (v->kind == AST_INT)) {
		diag_report(s->sink, E_MODPARAM, v->loc, "parameter \"%s\" of module \"%s\" takes %s", row->name,
			    m->name, wants_int(row) ? "a number" : "a string");
		return;
	}
	if (!param_value(s, row, v, &p.value))
		return;
	slot = SEMA_PUSH(s, s->p->params);
	if (slot)
		*slot = p;
}

/* A variable that a parameter names unless the script says otherwise. */
static void default_params(struct sema *s, const struct sema_module *m, struct loc l)
{
	size_t n;
	const struct cat_param *rows = cat_param_all(s->cat, &n);

	for (size_t i = 0; i < n; i++) {
		struct sema_param p = {m->name, &rows[i], {.kind = PROGRAM_PV}, l};
		struct sema_param *slot;

		if (rows[i].type != CAT_PARAM_PV || !rows[i].def[0] || strcmp(rows[i].module, m->name) != 0)
			continue;
		s->late = true;
		p.value.pv = sema_pv_bind(&s->text, str_of(rows[i].def));
		s->late = false;
		/* NULL: the variable's module is not loaded, so that nothing can set it */
		slot = p.value.pv ? SEMA_PUSH(s, s->p->params) : NULL;
		if (slot)
			*slot = p;
	}
}

static void load_module(struct sema *s, const struct ast *n)
{
	for (size_t i = 0; i < s->p->modules.n; i++) {
		const struct sema_module *m = &s->p->modules.v[i];

		if (!str_eq(str_of(m->name), module_name(n->text)) || i + 1 <= s->n_loaded)
			continue;
		s->n_loaded = i + 1;
		default_params(s, m, n->loc);
	}
}

static bool compile_names(struct sema *s, struct str re, regex_t *ret)
{
	struct str text = str_printf(s->arena, "^(%.*s)$", (int)re.n, re.p);

	return text.p && regcomp(ret, text.p, REG_EXTENDED | REG_ICASE | REG_NOSUB) == 0;
}

static void modparam(struct sema *s, const struct ast *n)
{
	regex_t re;
	bool any = false;
	struct diag *d;

	if (!n->kid[0] || !n->kid[1] || !n->kid[2])
		return;
	if (!compile_names(s, n->kid[0]->text, &re)) {
		diag_report(s->sink, E_REGEX, n->kid[0]->loc, "bad regular expression");
		return;
	}
	for (size_t i = 0; i < s->n_loaded; i++) {
		if (regexec(&re, s->p->modules.v[i].name, 0, NULL, 0) != 0)
			continue;
		any = true;
		set_param(s, n, &s->p->modules.v[i]);
	}
	regfree(&re);
	if (any)
		return;
	d = diag_report(s->sink, E_MODPARAM, n->kid[0]->loc, "no loaded module is named \"%.*s\"",
			(int)n->kid[0]->text.n, n->kid[0]->text.p);
	diag_hint(s->sink, d, "loadmodule must stand above its modparam");
}

void sema_declare(struct sema *s, struct ast *n)
{
	switch (n->kind) {
	case AST_PARAM:
	case AST_COREPARAM:
		core_param(s, n);
		break;
	case AST_LISTEN:
		listen_line(s, n);
		break;
	case AST_SOCKET:
		socket_block(s, n);
		break;
	case AST_ALIAS:
		alias_line(s, n);
		break;
	case AST_FLAGS:
		flags_line(s, n);
		break;
	case AST_LOADMODULE:
		load_module(s, n);
		break;
	case AST_MODPARAM:
		s->seen_modparam = true;
		modparam(s, n);
		break;
	case AST_CFGVAR:
		cfg_var(s, n);
		break;
	case AST_CFGENGINE:
		if (!str_eq(n->text, S("native")) && !str_eq(n->text, S("default")))
			sema_unsupported_part(s, n->loc, "routing engine", n->text, "scripts of embedded languages are not compiled");
		break;
	default:
		break;
	}
}
