/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The synthetic script: the declarations of the debugged one (loadmodule, modparam, flags, custom globals), a route that names every $var in the order of its slots, so that
 * slots are the same, and a route with the text. Values come back through the observer: the last
 * variable that the condition read, or how it came out.
 */
#include "debug/expr.h"

#include "base/sb.h"
#include "codegen/codegen.h"
#include "lower/lower.h"
#include "script/load.h"
#include "script/observe.h"

struct expr {
	struct expr *next;
	struct str text;
	route_fn *fn;
	bool lone;    /* one variable: its value is the result */
	const char *why; /* it did not compile */
};

struct expr_scope {
	struct arena *a;
	const struct compilation *c;
	const struct program *p;
	struct str head;
	struct expr *known;
	struct front_opts front;
	struct str current; /* the text being read by the front end */
};

static void quoted(struct sb *b, struct str s)
{
	sb_addc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			sb_addc(b, '\\');
		sb_addc(b, s.p[i]);
	}
	sb_addc(b, '"');
}

static void literal(struct sb *b, const struct ast *n)
{
	if (n && n->kind == AST_INT)
		sb_addi(b, n->num);
	else
		quoted(b, n ? n->text : S(""));
}

/* From the tree, for the text may name defines. */
static void declaration(struct sb *b, const struct ast *n)
{
	switch (n->kind) {
	case AST_LOADMODULE:
		sb_addz(b, "loadmodule ");
		quoted(b, n->text);
		break;
	case AST_MODPARAM:
		sb_addz(b, "modparam(");
		quoted(b, n->kid[0]->text);
		sb_addz(b, ", ");
		quoted(b, n->kid[1]->text);
		sb_addz(b, ", ");
		literal(b, n->kid[2]);
		sb_addc(b, ')');
		break;
	case AST_FLAGS:
		sb_addz(b, n->op == 1 ? "avpflags " : "flags ");
		for (const struct ast *f = n->kid[0]; f; f = f->next) {
			quoted(b, f->text);
			if (f->num >= 0)
				sb_printf(b, ":%lld", (long long)f->num);
			sb_addz(b, f->next ? ", " : ";");
		}
		break;
	case AST_CFGVAR:
		sb_add(b, n->text);
		if (n->num >= 0)
			sb_printf(b, "[%lld]", (long long)n->num);
		sb_printf(b, "." STR_FMT " = ", STR_ARG(n->kid[0]->text));
		literal(b, n->kid[1]);
		break;
	default:
		return;
	}
	sb_addc(b, '\n');
}

static void declarations(struct expr_scope *s, struct sb *b)
{
	for (const struct ast *n = s->c->script.items; n; n = n->next)
		declaration(b, n);
}

struct expr_scope *expr_scope_new(struct arena *a, const struct compilation *c, const struct program *p)
{
	struct expr_scope *s = arena_new_of(a, struct expr_scope);
	struct sb b;

	if (!s)
		return NULL;
	*s = (struct expr_scope){.a = a, .c = c, .p = p, .front = *c->opts};
	sb_init(&b, a, 1 << 20);
	declarations(s, &b);
	sb_addz(&b, "route[__slots] {\n\texit;\n");
	for (uint64_t i = 0; i < p->n_vars; i++)
		sb_printf(&b, "\t$var(" STR_FMT ") = 0;\n", STR_ARG(p->var_names[i]));
	sb_addz(&b, "}\n");
	s->head = sb_str(&b);
	s->front.no_lint = true;
	s->front.all_variants = false;
	s->front.stop = STAGE_ALL;
	return sb_ok(&b) ? s : NULL;
}

static bool read_text(void *arg, struct arena *a, struct str name, struct str *text)
{
	struct expr_scope *s = arg;

	(void)name;
	*text = str_dup(a, s->current);
	return text->p != NULL;
}

/* A variable by itself: "$ru", "$(avp(x)[1])", "@from.uri". */
static bool is_lone(struct str t)
{
	int depth = 0;

	if (t.n < 2 || (t.p[0] != '$' && t.p[0] != '@'))
		return false;
	for (size_t i = 1; i < t.n; i++) {
		depth += (t.p[i] == '(') - (t.p[i] == ')');
		if (depth == 0 && i + 1 < t.n && t.p[i] == ')')
			return false;
		if (depth == 0 && !ascii_alpha(t.p[i]) && !ascii_digit(t.p[i]) && !strchr("_.?()[]\"", t.p[i]))
			return false;
	}
	return depth == 0;
}

/* "=" outside of strings and parentheses that is no comparison. */
static bool is_assignment(struct str t)
{
	int depth = 0;
	char quote = 0;

	if (!t.n || t.p[0] != '$')
		return false;
	for (size_t i = 0; i < t.n; i++) {
		char c = t.p[i], next = i + 1 < t.n ? t.p[i + 1] : 0, last = i ? t.p[i - 1] : 0;

		if (quote) {
			if (c == quote && last != '\\')
				quote = 0;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '(' || c == ')') {
			depth += c == '(' ? 1 : -1;
		} else if (depth == 0 && strchr("<>!&|", c)) {
			return false;
		} else if (depth == 0 && c == '=') {
			return next != '=' && next != '~';
		}
	}
	return false;
}

static const char *first_error(struct expr_scope *s, const struct compilation *c)
{
	for (const struct diag *d = c->diag.first; d; d = d->next)
		if (d->severity == DIAG_ERROR)
			return str_printf(s->a, STR_FMT, STR_ARG(d->message)).p;
	return NULL;
}

static void build(struct expr_scope *s, struct expr *e)
{
	struct str body = is_assignment(e->text) ? str_printf(s->a, "\t" STR_FMT ";\n", STR_ARG(e->text))
			  : e->lone ? str_printf(s->a, "\tif (defined " STR_FMT ") return 1;\n", STR_ARG(e->text))
				    : str_printf(s->a, "\tif (" STR_FMT ") return 1;\n", STR_ARG(e->text));
	struct compilation *c;
	struct codegen_input in;
	const struct program *p = NULL;
	int32_t route;

	s->front.read = read_text;
	s->front.read_arg = s;
	s->current = str_printf(s->a, STR_FMT "route[__typed] {\n" STR_FMT "\treturn -1;\n}\n", STR_ARG(s->head), STR_ARG(body));
	c = s->current.p && body.p ? compile_front(&s->front, "typed") : NULL; /* kept: the code refers to it */
	e->why = "out of memory";
	if (!c)
		return;
	e->why = first_error(s, c);
	if (e->why)
		return;
	if (c->program->var_names.n > s->p->n_vars) {
		e->why = "the script has no such $var";
		return;
	}
	in = (struct codegen_input){.arena = c->arena, .source = &c->source, .pp = &c->pp, .file = c->file};
	in.rir = lower_run(c->arena, c->program, &c->source, true);
	p = in.rir ? codegen_jit(&in) : NULL;
	route = p && !program_load_constants(p) ? program_route_find(p, ROUTE_SUB, S("__typed")) : -1;
	if (route < 0) {
		e->why = "it could not be compiled";
		return;
	}
	e->fn = p->routes[route].fn;
}

const struct expr *expr_compile(struct expr_scope *s, struct str text, const char **why)
{
	struct expr *e;

	text = str_trim(text);
	*why = "there is nothing";
	if (!text.n)
		return NULL;
	*why = "it must be one line without comments";
	if (str_chr(text, '\n') != STR_NONE || str_chr(text, '#') != STR_NONE || str_chr(text, ';') != STR_NONE)
		return NULL;
	for (e = s->known; e && !str_eq(e->text, text); e = e->next)
		;
	if (!e) {
		*why = "out of memory";
		e = arena_new_of(s->a, struct expr);
		if (!e)
			return NULL;
		*e = (struct expr){.next = s->known, .text = str_dup(s->a, text), .lone = is_lone(text)};
		s->known = e;
		build(s, e);
	}
	*why = e->why;
	return e->why ? NULL : e;
}

/* ---- running ---- */

struct result {
	struct arena *a;
	struct value last; /* variable read */
	bool taken;
};

static void on_value(void *arg, struct run *r, struct str pv, const struct value *v)
{
	struct result *x = arg;

	(void)r;
	(void)pv;
	x->last = *v;
	if (value_is_str(v))
		x->last.s = str_dup(x->a, v->s); /* the run's own texts end with it */
}

static void on_cond(void *arg, struct run *r, bool taken)
{
	struct result *x = arg;

	(void)r;
	x->taken = taken;
}

static void exec(const struct expr *e, struct run *r, struct result *x)
{
	struct observer o = {.arg = x, .value = on_value, .cond = on_cond};
	const struct observer *before = script_observer();
	struct run kept = *r;

	script_observe(&o);
	e->fn(r);
	script_observe(before);
	r->site = kept.site;
	r->rc = kept.rc;
	r->ctl = kept.ctl;
	r->depth = kept.depth;
	r->failed = kept.failed;
}

void expr_eval(const struct expr *e, struct run *r, struct arena *a, struct value *ret)
{
	struct result x = {.a = a};

	exec(e, r, &x);
	*ret = e->lone ? x.last : value_int(x.taken);
}

bool expr_true(const struct expr *e, struct run *r)
{
	struct arena *a = arena_new(1 << 20);
	struct result x = {.a = a};

	if (a)
		exec(e, r, &x);
	arena_free(&a);
	return x.taken;
}
