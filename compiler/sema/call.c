/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call.c - calls of functions, core actions and routes: which row is meant, and its arguments.
 *
 * A row is chosen by name and number of arguments among the loaded modules, the one loaded last
 * first (as the reference searches). What an argument may be is the row's business (abi/def.h).
 */
#include "sema/sema_priv.h"
#include "sip/hdr_ref.h"

#include <regex.h>
#include <stdio.h>

static const char *const route_words[] = {"request_route", "route", "reply_route", "onreply_route",
					  "failure_route", "branch_route", "onsend_route", "event_route"};

const char *sema_regex_fault(struct str re, bool subst, char *buf, size_t size)
{
	char text[1024];
	regex_t r;
	int err;

	if (subst) {
		char sep = re.n ? re.p[0] : 0;
		size_t end = 1;

		while (end < re.n && re.p[end] != sep)
			end += re.p[end] == '\\' && end + 1 < re.n ? 2 : 1;
		if (re.n < 3 || end >= re.n || str_chr(str_skip(re, end + 1), sep) == STR_NONE)
			return "it has the form /regex/replacement/flags";
		re = str_make(re.p + 1, end - 1);
	}
	if (re.n >= sizeof(text))
		return NULL; /* too long for a quick look: the runtime compiles it at start */
	memcpy(text, re.p, re.n);
	text[re.n] = 0;
	err = regcomp(&r, text, REG_EXTENDED | REG_NOSUB);
	if (!err) {
		regfree(&r);
		return NULL;
	}
	regerror(err, &r, buf, size);
	return buf;
}

static int loaded_rank(const struct sema *s, const char *module)
{
	for (size_t i = s->n_loaded; i > 0; i--)
		if (str_eq(str_of(s->p->modules.v[i - 1].name), str_of(module)))
			return (int)i;
	return 0;
}

static int count(const struct ast *n)
{
	int i = 0;

	for (; n; n = n->next)
		i++;
	return i;
}

struct choice {
	const struct cat_fn *fn;        /* right name, arity and block */
	const struct cat_fn *elsewhere; /* right but for the block */
	uint32_t arities;               /* bits: other numbers of arguments that loaded ones take */
	const struct cat_fn *unloaded;
};

static struct choice choose(const struct sema *s, struct str name, int n_args)
{
	struct choice c = {0};
	int best = 0;

	for (const struct cat_fn *f = cat_fn_find(s->cat, name); f; f = f->next) {
		int rank = loaded_rank(s, f->module);

		if (!rank) {
			c.unloaded = f;
		} else if (f->n_args != n_args) {
			c.arities |= 1u << (f->n_args & 31);
		} else if (!(f->contexts & s->block)) {
			c.elsewhere = f;
		} else if (rank > best) {
			best = rank;
			c.fn = f;
		}
	}
	return c;
}

/* A name that the reference has: not built, other arity, or not loaded. False: unknown. */
static bool known_function(struct sema *s, const struct ast *n, int n_args)
{
	const struct cat_known *k, *other = NULL, *unloaded = NULL;
	struct diag *d;

	for (size_t i = 0; (k = cat_known_find(s->cat, KNOWN_FN, n->text, i)) != NULL; i++) {
		if (!loaded_rank(s, k->module)) {
			unloaded = k;
			continue;
		}
		other = k;
		if (k->a[0] == '0' + n_args && !k->a[1]) {
			sema_unsupported(s, n->loc, KNOWN_FN, n->text, k->module);
			return true;
		}
	}
	if (other) {
		diag_report(s->sink, E_ARITY, n->loc, "%.*s does not take %d argument%s", (int)n->text.n,
			    n->text.p, n_args, n_args == 1 ? "" : "s");
		return true;
	}
	if (!unloaded)
		return false;
	d = diag_report(s->sink, E_UNKNOWN_FUNCTION, n->loc, "%.*s is a function of a module that is not loaded",
			(int)n->text.n, n->text.p);
	diag_hint(s->sink, d, "it needs loadmodule \"%s\" above this line", unloaded->module);
	return true;
}

/* Bits as a text: "1", "0 or 2", "0, 1 or 3". */
static struct str numbers(struct arena *a, uint32_t bits)
{
	struct sb b;

	sb_init(&b, a, 256);
	for (int i = 0; i < 32; i++) {
		uint32_t above = i < 31 ? bits >> (i + 1) : 0;

		if (!(bits >> i & 1))
			continue;
		sb_printf(&b, "%d%s", i, !above ? "" : above & (above - 1) ? ", " : " or ");
	}
	return sb_str(&b);
}

static void report_no_function(struct sema *s, const struct ast *n, int n_args, const struct choice *c)
{
	struct diag *d;
	struct str near;

	if (c->elsewhere) {
		d = diag_report(s->sink, E_CONTEXT, n->loc, "%.*s cannot be used in %s", (int)n->text.n,
				n->text.p, s->route ? route_words[s->route->kind] : "this block");
		if (s->route)
			diag_span(s->sink, d, s->route->loc, "this block");
		return;
	}
	if (c->arities) {
		d = diag_report(s->sink, E_ARITY, n->loc, "%.*s does not take %d argument%s",
				(int)n->text.n, n->text.p, n_args, n_args == 1 ? "" : "s");
		diag_hint(s->sink, d, "it takes " STR_FMT, STR_ARG(numbers(s->arena, c->arities)));
		return;
	}
	if (n->op == 1) {
		sema_unsupported_part(s, n->loc, "core action", n->text, "it has no row in stdlib/core");
		return;
	}
	if (known_function(s, n, n_args))
		return;
	d = diag_report(s->sink, E_UNKNOWN_FUNCTION, n->loc, "unknown function %.*s", (int)n->text.n,
			n->text.p);
	near = cat_suggest_fn(s->cat, n->text, n_args);
	if (c->unloaded)
		diag_hint(s->sink, d, "it needs loadmodule \"%s\" above this line", c->unloaded->module);
	else if (near.n)
		diag_hint(s->sink, d, "did you mean %.*s?", (int)near.n, near.p);
}

/* ---- arguments ---- */

struct bind {
	struct sema *s;
	const struct ast *call;
	const struct cat_fn *fn;
	int at; /* argument number from 0 */
	struct ast *e;
	struct sema_arg *a;
	bool told; /* that it cannot be used */
};

static void bad(struct bind *b, enum diag_id id, const char *what)
{
	struct diag *d = diag_report(b->s->sink, id, b->e->loc, "argument %d of %.*s: %s", b->at + 1,
				     (int)b->call->text.n, b->call->text.p, what);

	b->told = true;
	if (b->fn->args[b->at].keys)
		diag_hint(b->s->sink, d, "one of %s", b->fn->args[b->at].keys);
}

static const struct sema_fmt *fmt(struct bind *b, struct str text)
{
	const struct sema_fmt *f;

	b->s->late = true;
	f = sema_fmt_bind(&b->s->text, text);
	b->s->late = false;
	if (!f)
		sema_report_text(b->s, b->e->loc, text);
	for (int i = 0; f && i < f->n_parts; i++)
		if (f->parts[i].pv && str_eq(str_of(f->parts[i].pv->row->name), S("sel")))
			sema_cfg_get(b->s, f->parts[i].pv->name.text, b->e->loc);
	return f;
}

static bool number(struct str t, int64_t *ret)
{
	int64_t v = 0;

	if (str_to_i64(t, ret))
		return true;
	if (t.n < 3 || t.n > 10 || !str_istarts(t, S("0x")))
		return false;
	for (size_t i = 2; i < t.n; i++) {
		if (hex_value(t.p[i]) < 0)
			return false;
		v = v * 16 + hex_value(t.p[i]);
	}
	*ret = v;
	return true;
}

static bool has_dollar(struct str t)
{
	return str_chr(t, '$') != STR_NONE;
}

/* Text that must be a number or exactly one variable. */
static void int_text(struct bind *b, struct str t)
{
	const struct sema_fmt *f;

	if (number(t, &b->a->num)) {
		b->a->form = SEMA_ARG_INT;
		return;
	}
	if (t.n && t.p[0] == '@') { /* "@select": a value like any expression */
		b->a->form = SEMA_ARG_FMT;
		t = str_printf(b->s->arena, "$sel(%.*s)", (int)t.n - 1, t.p + 1);
	}
	f = has_dollar(t) ? fmt(b, t) : NULL;
	if (f && f->only) {
		b->a->form = SEMA_ARG_PV;
		b->a->pv = f->only;
	} else if (f || !has_dollar(t)) {
		bad(b, E_ARGUMENT, "neither a number nor exactly one variable");
	}
}

static void pvar_text(struct bind *b, struct str t)
{
	const struct sema_fmt *f = fmt(b, t);

	if (!f)
		return;
	b->a->form = SEMA_ARG_PV;
	b->a->pv = f->only;
	if (!f->only)
		bad(b, E_ARGUMENT, "exactly one variable is expected");
	else if (b->a->kind == CAT_PVAR_W && (!f->only->row->writable || f->only->n_trs))
		bad(b, E_ARGUMENT, "the variable must be one that can be assigned");
	else if (b->a->kind == CAT_AVP && !str_eq(str_of(f->only->row->name), S("avp")))
		bad(b, E_ARGUMENT, "an $avp(...) is expected");
}

static void pvlist_text(struct bind *b, struct str t)
{
	const struct sema_fmt *f = fmt(b, t);
	int n = 0;

	b->a->form = SEMA_ARG_PVLIST;
	b->a->fmt = f;
	for (int i = 0; f && i < f->n_parts; i++) {
		const struct sema_fmt_part *p = &f->parts[i];

		for (size_t k = 0; !p->pv && k < p->text.n; k++)
			if (!ascii_lws(p->text.p[k]) && p->text.p[k] != ',' && p->text.p[k] != ';') {
				bad(b, E_ARGUMENT, "variables between ',' or ';' are expected");
				return;
			}
		n += p->pv != NULL;
		if (p->pv && (!p->pv->row->writable || p->pv->n_trs)) {
			bad(b, E_ARGUMENT, "the variables must be such that can be assigned");
			return;
		}
	}
	if (f && (!n || n > PV_LIST_MAX))
		bad(b, E_ARGUMENT, n ? "too many variables" : "a variable is expected");
}

static void text_or_fmt(struct bind *b, struct str t)
{
	const struct sema_fmt *f = fmt(b, t);

	if (!f)
		return;
	b->a->form = f->constant ? SEMA_ARG_TEXT : SEMA_ARG_FMT;
	b->a->text = f->plain;
	b->a->fmt = f;
	if (b->a->kind == CAT_ANY && f->only) {
		b->a->form = SEMA_ARG_PV;
		b->a->pv = f->only;
	}
}

static void text_or_pv(struct bind *b, struct str t)
{
	const struct sema_fmt *f = t.n > 1 && t.p[0] == '$' ? fmt(b, t) : NULL;

	b->a->form = f && f->only ? SEMA_ARG_PV : SEMA_ARG_TEXT;
	b->a->pv = f ? f->only : NULL;
	b->a->text = t;
}

static void regex_text(struct bind *b, struct str t)
{
	char buf[128];
	const char *fault;

	if (sema_text_has_pv(t)) {
		text_or_fmt(b, t);
		if (b->a->form != SEMA_ARG_TEXT)
			return;
	} else {
		b->a->text = t;
	}
	b->a->form = SEMA_ARG_REGEX;
	fault = sema_regex_fault(b->a->text, false, buf, sizeof(buf));
	if (fault)
		diag_report(b->s->sink, E_REGEX, b->e->loc, "bad regular expression \"%.*s\": %s",
			    (int)t.n, t.p, fault);
}

static void subst_text(struct bind *b, struct str t)
{
	char buf[128];
	const char *fault = sema_regex_fault(t, true, buf, sizeof(buf));

	b->a->form = SEMA_ARG_SUBST;
	if (!sema_subst_bind(&b->s->text, t, &b->a->text, &b->a->fmt)) {
		sema_report_text(b->s, b->e->loc, t);
		return;
	}
	if (fault)
		diag_report(b->s->sink, E_REGEX, b->e->loc, "bad substitution \"%.*s\": %s", (int)t.n,
			    t.p, fault);
}

static int route_kind_of(int arg_kind)
{
	switch ((enum cat_arg_kind)arg_kind) {
	case CAT_ROUTE_ONREPLY:
		return ROUTE_ONREPLY;
	case CAT_ROUTE_FAILURE:
		return ROUTE_FAILURE;
	case CAT_ROUTE_BRANCH:
		return ROUTE_BRANCH;
	case CAT_ROUTE_BRANCH_FAILURE:
		return ROUTE_EVENT;
	default:
		return ROUTE_SUB;
	}
}

static struct str nearest_route(const struct sema_program *p, int kind, struct str name)
{
	struct str hit = {NULL, 0};
	unsigned best = cat_distance_max(name) + 1;

	for (size_t i = 0; i < p->routes.n && best; i++) {
		unsigned d = cat_distance(name, p->routes.v[i]->name, best);

		if (p->routes.v[i]->kind == kind && d < best) {
			best = d;
			hit = p->routes.v[i]->name;
		}
	}
	return hit;
}

static void missing_route(struct sema *s, enum diag_id id, struct loc l, int kind, struct str name)
{
	struct diag *d = diag_report(s->sink, id, l, "there is no %s[%.*s]", route_words[kind],
				     (int)name.n, name.p);
	struct str near = nearest_route(s->p, kind, name);

	if (near.n)
		diag_hint(s->sink, d, "did you mean %.*s?", (int)near.n, near.p);
}

static void route_text(struct bind *b, struct str t)
{
	int kind = route_kind_of(b->a->kind);
	struct sema_route *r;

	if (has_dollar(t)) {
		text_or_fmt(b, t);
		if (b->a->form != SEMA_ARG_TEXT)
			b->s->p->dynamic_kinds |= 1u << kind;
		return;
	}
	b->a->form = SEMA_ARG_ROUTE;
	b->a->text = t;
	b->a->num = -1;
	if (str_eq(t, S("0")) || !t.n)
		return; /* takes the armed route back */
	if (kind == ROUTE_EVENT)
		t = str_printf(b->s->arena, "tm:branch-failure:%.*s", (int)t.n, t.p);
	r = sema_route_find(b->s->p, kind, t);
	if (!r) {
		missing_route(b->s, W_ROUTE_MISSING, b->e->loc, kind, t);
		return;
	}
	b->a->num = r->index;
	r->called = true;
}

static const struct {
	const char *name;
	int64_t bit;
} methods[] = {
#define METHOD(id, text, value) {text, value},
#include "sip/method.def"
#undef METHOD
};
enum { N_METHODS = sizeof(methods) / sizeof(methods[0]) };

static void method_typo(struct bind *b, struct str m)
{
	unsigned best = m.n < 3 ? 1 : 3;
	const char *near = NULL;
	struct diag *d;

	for (size_t i = 0; i < N_METHODS; i++) {
		unsigned dist = cat_distance(m, str_of(methods[i].name), best - 1);

		if (dist < best) {
			best = dist;
			near = methods[i].name;
		}
	}
	if (!near)
		return;
	d = diag_report(b->s->sink, W_METHOD, b->e->loc, "%.*s is no method", (int)m.n, m.p);
	diag_hint(b->s->sink, d, "did you mean %s?", near);
}

static void methods_text(struct bind *b, struct str t)
{
	struct str rest;
	bool all = true;

	text_or_fmt(b, t);
	if (b->a->form != SEMA_ARG_TEXT)
		return;
	for (rest = b->a->text; rest.p;) {
		struct str m = str_trim(str_cut(&rest, '|'));
		size_t i = 0;

		while (i < N_METHODS && !str_ieq(m, str_of(methods[i].name)))
			i++;
		if (i < N_METHODS) {
			b->a->num |= methods[i].bit;
			continue;
		}
		all = false;
		method_typo(b, m);
	}
	if (all)
		b->a->form = SEMA_ARG_INT;
}

static void flag_range(struct bind *b, int64_t v)
{
	b->a->form = SEMA_ARG_INT;
	b->a->num = v;
	if (v < 0 || v > 31)
		diag_report(b->s->sink, E_FLAG, b->e->loc, "flag %lld is out of the range 0 to 31",
			    (long long)v);
}

static void flag_text(struct bind *b, struct str t)
{
	const struct sema_flag *f;
	int64_t v;

	if (number(t, &v)) {
		flag_range(b, v);
		return;
	}
	if (has_dollar(t)) {
		int_text(b, t);
		return;
	}
	f = sema_flag_find(b->s, t, str_find(b->call->text, S("avpflag")) != STR_NONE);
	if (f)
		flag_range(b, f->number);
	else
		diag_report(b->s->sink, E_FLAG, b->e->loc, "no flag %.*s is declared", (int)t.n, t.p);
}

static void level_text(struct bind *b, struct str t)
{
	static const struct {
		const char *name;
		int level;
	} levels[] = {{"L_ALERT", -5}, {"L_BUG", -4},   {"L_CRIT2", -3}, {"L_CRIT", -2},
		      {"L_ERR", -1},   {"L_WARN", 0},   {"L_NOTICE", 1}, {"L_INFO", 2},
		      {"L_DBG", 3},    {"L_DEBUG", 3}};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (!str_eq(t, str_of(levels[i].name)))
			continue;
		b->a->form = SEMA_ARG_INT;
		b->a->num = levels[i].level;
		return;
	}
	if (has_dollar(t))
		int_text(b, t);
	else if (number(t, &b->a->num))
		b->a->form = SEMA_ARG_INT;
	else
		diag_report(b->s->sink, E_LOG_LEVEL, b->e->loc, "unknown log level \"%.*s\"", (int)t.n, t.p);
}

/* The name of a hash table, or "table=>rest": where the table is constant it must be declared. */
static void hash_table_text(struct bind *b, struct str t)
{
	size_t arrow = b->a->kind == CAT_SHTKEY ? str_find(t, S("=>")) : t.n;
	struct str name = str_trim(str_head(t, arrow));

	text_or_fmt(b, t);
	if (arrow == STR_NONE)
		bad(b, E_ARGUMENT, "it has the form table=>name");
	else if (!has_dollar(name) && !sema_hash_table_known(b->s, name))
		diag_report(b->s->sink, E_TABLE, b->e->loc, "hash table \"%.*s\" is not declared",
			    (int)name.n, name.p);
}

/* A header's value, in one of the forms that the function takes. */
static void header_ref_text(struct bind *b, struct str t)
{
	static const char *const index[] = {"", "[N]", "[*]"};
	struct sip_hdr_ref ref;
	char form[16];

	b->a->form = SEMA_ARG_TEXT;
	b->a->text = t;
	if (!sip_hdr_ref_parse(t, &ref)) {
		bad(b, E_ARGUMENT, "no header name, with or without [index] and .parameter");
		return;
	}
	snprintf(form, sizeof(form), "NAME%s%s", index[ref.which], ref.param.p ? ".P" : "");
	if (cat_key_index(b->fn->args[b->at].keys, str_of(form), false) < 0)
		bad(b, E_ARGUMENT, "index or parameter that cannot be given here");
}

static void bind_text(struct bind *b, struct str t)
{
	if (b->call->op == 1 && b->a->kind == CAT_AVP) { /* setavpflag("name", ...) */
		b->a->form = SEMA_ARG_PV;
		b->a->pv = sema_attr_bind(&b->s->text, t);
		if (!b->a->pv)
			sema_report_text(b->s, b->e->loc, t);
		return;
	}
	if (b->call->op == 1 && b->a->kind != CAT_FLAG && b->a->kind != CAT_INT) {
		b->a->form = SEMA_ARG_TEXT; /* core actions take text literally */
		b->a->text = t;
		return;
	}
	switch ((enum cat_arg_kind)b->a->kind) {
	case CAT_INT:
	case CAT_CODE:
		int_text(b, t);
		break;
	case CAT_STR:
	case CAT_ANY:
	case CAT_TABLE:
		text_or_fmt(b, t);
		break;
	case CAT_SHT:
	case CAT_SHTKEY:
		hash_table_text(b, t);
		break;
	case CAT_VSTR:
		text_or_pv(b, t);
		break;
	case CAT_CSTR:
		b->a->form = SEMA_ARG_TEXT;
		b->a->text = t;
		break;
	case CAT_PVAR:
	case CAT_PVAR_W:
	case CAT_AVP:
		pvar_text(b, t);
		break;
	case CAT_ROUTE:
	case CAT_ROUTE_ONREPLY:
	case CAT_ROUTE_FAILURE:
	case CAT_ROUTE_BRANCH:
	case CAT_ROUTE_BRANCH_FAILURE:
		route_text(b, t);
		break;
	case CAT_REGEX:
		regex_text(b, t);
		break;
	case CAT_SUBST:
		subst_text(b, t);
		break;
	case CAT_METHODS:
		methods_text(b, t);
		break;
	case CAT_FLAG:
		flag_text(b, t);
		break;
	case CAT_LEVEL:
		level_text(b, t);
		break;
	case CAT_ENUM:
		b->a->form = SEMA_ARG_INT;
		b->a->num = cat_key_index(b->fn->args[b->at].keys, t, false);
		if (b->a->num < 0)
			bad(b, E_ARGUMENT, "no such word");
		break;
	case CAT_HDRREF:
		header_ref_text(b, t);
		break;
	case CAT_PVLIST_W:
		pvlist_text(b, t);
		break;
	}
}

static void bind_number(struct bind *b, int64_t v)
{
	switch ((enum cat_arg_kind)b->a->kind) {
	case CAT_INT:
	case CAT_CODE:
	case CAT_ANY:
	case CAT_LEVEL:
		b->a->form = SEMA_ARG_INT;
		b->a->num = v;
		break;
	case CAT_FLAG:
		flag_range(b, v);
		break;
	default: /* numbers become text */
		bind_text(b, str_printf(b->s->arena, "%lld", (long long)v));
		break;
	}
}

static bool holds_call(const struct ast *e)
{
	if (e->kind == AST_CALL)
		return true;
	for (int i = 0; i < 4; i++)
		for (const struct ast *k = e->kid[i]; k; k = k->next)
			if (holds_call(k))
				return true;
	return false;
}

static void bind_dynamic(struct bind *b)
{
	const struct sema_pv *pv;

	if (b->fn->const_args || b->a->kind == CAT_CSTR || b->a->kind == CAT_ENUM ||
	    b->a->kind == CAT_HDRREF || b->a->kind == CAT_SUBST || b->a->kind == CAT_PVLIST_W) {
		diag_report(b->s->sink, E_NOT_CONSTANT, b->e->loc, "function %.*s: parameter %d is not constant",
			    (int)b->call->text.n, b->call->text.p, b->at + 1);
		return;
	}
	b->a->form = SEMA_ARG_EXPR;
	pv = b->e->kind == AST_PV ? b->e->bind : NULL;
	if (b->a->kind == CAT_PVAR || b->a->kind == CAT_PVAR_W || b->a->kind == CAT_AVP) {
		b->a->form = SEMA_ARG_PV;
		b->a->pv = pv;
		if (!pv)
			bad(b, E_ARGUMENT, "exactly one variable is expected");
	}
	if (b->a->kind >= CAT_ROUTE && b->a->kind <= CAT_ROUTE_BRANCH_FAILURE)
		b->s->p->dynamic_kinds |= 1u << route_kind_of(b->a->kind);
}

static struct str sockid_text(struct sema *s, const struct ast *e)
{
	static const char *const protos[] = {"", "udp:", "tcp:", "tls:", "sctp:", "ws:", "wss:"};
	const char *proto = e->op > 0 && e->op < 7 ? protos[e->op] : "";

	if (e->num > 0)
		return str_printf(s->arena, "%s%.*s:%lld", proto, (int)e->text.n, e->text.p,
				  (long long)e->num);
	return str_printf(s->arena, "%s%.*s", proto, (int)e->text.n, e->text.p);
}

/* Core actions take literals of the right kind only; cfg_select's number may be computed. */
static bool core_literal(const struct bind *b, const struct sema_const *c)
{
	if (!c)
		return str_eq(b->call->text, S("cfg_select")) && b->at == 1;
	if (b->a->kind != CAT_INT)
		return true;
	return !c->is_str && (c->i >= 0 || str_eq(b->call->text, S("remove_branch")));
}

static void bind_arg(struct bind *b)
{
	const struct sema_const *c;

	b->a->kind = b->fn->args[b->at].kind;
	b->a->expr = b->e;
	switch (b->e->kind) {
	case AST_ID:
	case AST_HOST:
	case AST_IP:
		bind_text(b, b->e->text);
		return;
	case AST_SOCKID:
		bind_text(b, sockid_text(b->s, b->e));
		return;
	case AST_URIPART:
		b->a->form = b->a->kind == CAT_INT ? SEMA_ARG_INT : SEMA_ARG_TEXT;
		b->a->num = -1;
		b->a->text = b->e->op ? S("uri:port") : S("uri:host");
		return;
	case AST_SERATTR:
		if (b->call->op == 1) {
			sema_expr(b->s, b->e);
			b->a->form = SEMA_ARG_PV;
			b->a->pv = b->e->bind;
			return;
		}
		break;
	default:
		break;
	}
	if (holds_call(b->e)) {
		diag_report(b->s->sink, E_NESTED_CALL, b->e->loc, "an argument may not call a function");
		return;
	}
	sema_expr(b->s, b->e);
	c = sema_const_of(b->e);
	if (b->call->op == 1 && !core_literal(b, c)) {
		bad(b, E_ARGUMENT, b->a->kind == CAT_INT ? "an unsigned number is expected" : "a literal is expected");
		return;
	}
	if (!c)
		bind_dynamic(b);
	else if (c->is_str)
		bind_text(b, c->s);
	else
		bind_number(b, c->i);
}

/* The code of a reply, when it is known now. */
static void check_code(struct bind *b)
{
	const struct sema_arg *a = b->a;

	if (b->at != 0 || b->told || !(b->fn->effects & FX_REPLIES) || a->form != SEMA_ARG_INT ||
	    (a->kind != CAT_INT && a->kind != CAT_CODE))
		return;
	if (a->num < 100 || a->num > 699)
		diag_report(b->s->sink, E_REPLY_CODE, b->e->loc, "%lld is no reply code", (long long)a->num);
}

/* ---- route(X) ---- */

static void note_edge(struct sema *s, int to, struct loc l)
{
	struct sema_edge *e;

	if (!s->route)
		return;
	e = SEMA_PUSH(s, s->edges);
	if (e)
		*e = (struct sema_edge){s->route->index, to, s->mask, l};
}

static void route_call(struct sema *s, struct ast *n, struct sema_call *call)
{
	struct ast *arg = n->kid[0];
	const struct sema_const *c = NULL;
	struct str name = {NULL, 0};
	struct sema_route *r;

	call->kind = SEMA_CALL_ROUTE_DYN;
	call->name = arg;
	if (!arg)
		return;
	if (arg->kind == AST_ID || arg->kind == AST_HOST) {
		name = arg->text;
	} else {
		sema_expr(s, arg);
		c = sema_const_of(arg);
		if (!c) {
			s->p->dynamic_kinds |= 1u << ROUTE_SUB;
			return;
		}
		name = c->is_str ? c->s : str_printf(s->arena, "%lld", (long long)c->i);
	}
	call->kind = SEMA_CALL_ROUTE;
	call->route = -1;
	r = sema_route_find(s->p, ROUTE_SUB, name);
	if (!r && str_eq(name, S("0")))
		r = sema_route_find(s->p, ROUTE_REQUEST, (struct str){NULL, 0});
	if (!r) {
		missing_route(s, E_ROUTE_MISSING, arg->loc, ROUTE_SUB, name);
		return;
	}
	call->route = r->index;
	r->called = true;
	r->called_in_expr |= s->in_expr > 0;
	note_edge(s, r->index, n->loc);
}

void sema_call_node(struct sema *s, struct ast *n)
{
	struct sema_call *call = arena_alloc(s->arena, sizeof(*call));
	int n_args = count(n->kid[0]);
	struct choice c;
	struct ast *e = n->kid[0];
	struct sema_use *use;

	if (!call)
		return;
	n->type = VT_INT;
	if (n->op == 1 && str_eq(n->text, S("route"))) {
		n->bind = call;
		route_call(s, n, call);
		return;
	}
	c = choose(s, n->text, n_args);
	if (!c.fn) {
		report_no_function(s, n, n_args, &c);
		return;
	}
	n->bind = call;
	call->fn = c.fn;
	call->n_args = n_args;
	for (int i = 0; i < n_args && i < CAT_ARGS_MAX && e; i++, e = e->next) {
		struct bind b = {s, n, c.fn, i, e, &call->args[i], false};

		bind_arg(&b);
		check_code(&b);
	}
	use = s->route ? SEMA_PUSH(s, s->uses) : NULL;
	if (use)
		*use = (struct sema_use){s->route->index, c.fn, s->mask, n->loc};
}
