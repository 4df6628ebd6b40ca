/* SPDX-License-Identifier: Apache-2.0 */
#include "parse/parse_priv.h"

#include <stdarg.h>

#include "base/hash.h"
#include "catalog/catalog.h"
#include "base/sb.h"
#include "abi/program.h"
#include "parser.h"

enum { KEYWORD_BUCKETS = 1024 };

static const struct {
	const char *text;
	int token;
	int64_t num;
	bool six;
} words[] = {
#define KW(text, token, num) {text, token, num, false},
#define KW6(text, token, num) {text, token, num, true},
#include "keywords.def"
#undef KW
#undef KW6
};

/* Core parameters that only 6.x has: words of their own only where an assignment stands. */
static const char *const only_six[] = {
	"xavp_via_reply_params", "maxsndbuffer", "msg_clone_extra_size", "msg_apply_changes_mode",
	"msg_recv_max_size", "tcp_msg_read_timeout", "tcp_msg_data_timeout", "tcp_accept_iplimit",
	"tcp_main_threads", "tcp_check_timer", "async_tkv_gname", "async_tkv_evcb", "mem_add_size",
	"tcp_listen_backlog", "tcp_accept_protocols", "tcp_accept_protos", "tcp_close_rst",
	"tls_connection_match_domain", "tls_threads_mode", "auto_domains", "return_mode",
	"rpc_exec_delta", "rpc_exec_locks", "rpc_exec_locks_mode", "udp_receiver_mode",
	"udp_accept_proxy", "dns_rev_via", "dns_use_cache", "dns_use_failover",
};

static const struct {
	const char *name, *aliases;
} globals[] = {
#define CORE_PARAM(name, aliases, kind, def, effect, why) {name, aliases},
#include "catalog/core_params.def"
#undef CORE_PARAM
};

const struct parse_keyword *parse_keyword_find(const struct parser *ps, struct str text)
{
	struct parse_keyword *k = ps->keywords[hash_fnv(text) & (KEYWORD_BUCKETS - 1)];

	while (k && !str_eq(k->text, text))
		k = k->next;
	return k;
}

static bool add_keyword(struct parser *ps, struct str text, int token, int64_t num, bool six)
{
	struct parse_keyword **b = &ps->keywords[hash_fnv(text) & (KEYWORD_BUCKETS - 1)];
	struct parse_keyword *k;

	if (parse_keyword_find(ps, text))
		return true; /* keywords.def goes before parameter names */
	k = arena_new_of(ps->arena, struct parse_keyword);
	if (!k)
		return false;
	*k = (struct parse_keyword){*b, text, token, num, six};
	*b = k;
	return true;
}

static bool is_only_six(struct str name)
{
	for (size_t i = 0; i < sizeof(only_six) / sizeof(only_six[0]); i++)
		if (str_eq(str_of(only_six[i]), name))
			return true;
	return false;
}

bool parse_keywords_init(struct parser *ps)
{
	bool ok = true;

	ps->keywords = arena_calloc(ps->arena, KEYWORD_BUCKETS, sizeof(struct parse_keyword *));
	if (!ps->keywords)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		ok = add_keyword(ps, str_of(words[i].text), words[i].token, words[i].num, words[i].six) && ok;
	for (size_t i = 0; i < sizeof(globals) / sizeof(globals[0]); i++) {
		struct str rest = str_of(globals[i].aliases), name = str_of(globals[i].name);

		while (name.n) {
			if (str_chr(name, '.') == STR_NONE)
				ok = add_keyword(ps, name, T_GLOBAL, 0, is_only_six(name)) && ok;
			rest = str_ltrim(rest);
			for (name.p = rest.p, name.n = 0;
			     name.n < rest.n && !strchr(" ,", rest.p[name.n]);)
				name.n++;
			rest = str_skip(rest, name.n);
			while (rest.n && strchr(" ,", rest.p[0]))
				rest = str_skip(rest, 1);
		}
	}
	return ok;
}

/* Letters that change places, are missing or too many: 1; two of them: 2 (in words of six and more). */
static bool is_near(struct str word, struct str key, unsigned *best)
{
	unsigned max = word.n < 6 ? 1 : 2, d;

	if (max >= *best)
		max = *best - 1;
	if (word.n > key.n + max || key.n > word.n + max || (max < 2 && ascii_lower(word.p[0]) != key.p[0] && word.p[1] != key.p[0]))
		return false;
	d = cat_distance(word, key, max);
	if (d > max)
		return false;
	*best = d;
	return true;
}

const struct parse_keyword *parse_keyword_near(const struct parser *ps, struct str word)
{
	const struct parse_keyword *hit = NULL;
	unsigned best = 3;

	for (int i = 0; i < KEYWORD_BUCKETS && word.n > 1; i++)
		for (const struct parse_keyword *k = ps->keywords[i]; k; k = k->next)
			if (best && is_near(word, k->text, &best))
				hit = k;
	return hit;
}

/* ---- errors ---- */

/* An item is parsed again after a repair: what its actions told is told. */
static bool is_told(const struct parser *ps, struct loc loc)
{
	for (const struct diag *d = ps->diag->first; d; d = d->next)
		if (d->id == E_SYNTAX && d->loc.file == loc.file && d->loc.off == loc.off)
			return true;
	return false;
}

void parse_error_at(struct parser *ps, struct loc loc, const char *fmt, ...)
{
	struct str text;
	va_list ap;

	if (ps->trial || is_told(ps, loc))
		return;
	va_start(ap, fmt);
	text = str_vprintf(ps->arena, fmt, ap);
	va_end(ap);
	diag_report(ps->diag, E_SYNTAX, loc, STR_FMT, STR_ARG(text));
}

/* ---- builders ---- */

struct ast *mk(struct parser *ps, enum ast_kind kind, struct loc loc)
{
	static __thread struct ast lost;
	struct ast *n = ast_new(ps->arena, kind, loc);

	if (!n) {
		ps->fatal = true;
		lost = (struct ast){.kind = AST_EMPTY};
		return &lost;
	}
	return n;
}

struct ast *mk_text(struct parser *ps, enum ast_kind kind, struct loc loc, struct str text)
{
	struct ast *n = mk(ps, kind, loc);

	n->text = text;
	return n;
}

struct ast *mk_num(struct parser *ps, struct loc loc, int64_t num, int sub)
{
	struct ast *n = mk(ps, AST_INT, loc);

	n->num = num;
	n->sub = sub;
	return n;
}

struct ast *mk_unary(struct parser *ps, enum ast_kind kind, int op, struct loc loc, struct ast *a)
{
	struct ast *n = mk(ps, kind, loc);

	n->op = op;
	n->kid[0] = a;
	return n;
}

struct ast *mk_binary(struct parser *ps, int op, struct loc loc, struct ast *a, struct ast *b)
{
	struct ast *n = mk(ps, AST_BINARY, loc);

	n->op = op;
	n->kid[0] = a;
	n->kid[1] = b;
	return n;
}

struct chain chain_of(struct ast *n)
{
	return (struct chain){n, n};
}

struct chain chain_add(struct chain c, struct ast *n)
{
	if (!c.head)
		return chain_of(n);
	c.tail->next = n;
	c.tail = n;
	return c;
}

/* ---- door ---- */

static bool start(struct parser *ps, struct preproc *p)
{
	*ps = (struct parser){.pp = p, .arena = p->arena, .diag = p->diag};
	return parse_keywords_init(ps) && scanner_open(ps) == 0;
}

static bool run(struct preproc *p, struct ast_script *ret)
{
	struct parser *ps = arena_new_of(p->arena, struct parser);

	if (!ps || !start(ps, p))
		return false;
	parse_read_tokens(ps);
	scanner_close(ps);
	parse_and_repair(ps);
	if (!ps->fatal)
		pp_if_end(p);
	ret->items = ps->items.head;
	ret->trivia = p->trivia;
	return true;
}

static bool open_main(struct preproc *p, struct str name)
{
	struct loc none = {0};
	int err = pp_include(p, name, none);

	if (err)
		diag_report(p->diag, E_INCLUDE, none, "cannot read \"" STR_FMT "\"", STR_ARG(name));
	return err == 0;
}

bool parse_file(struct preproc *p, struct str name, struct ast_script *ret)
{
	return open_main(p, name) && run(p, ret);
}

bool parse_text(struct preproc *p, struct str name, struct str text, struct ast_script *ret)
{
	uint32_t file;

	if (source_add_text(p->src, name, text, &file))
		return false;
	p->frames[p->n_frames++] = (struct pp_frame){.file = file};
	return run(p, ret);
}

int kiln_lex_lex(union kiln_parse_value *v, struct loc *l, void *scanner);

bool parse_tokens(struct preproc *p, struct str name, struct sb *out)
{
	struct parser *ps = arena_new_of(p->arena, struct parser);
	union kiln_parse_value v;
	struct loc l;
	int token;

	if (!ps || !open_main(p, name) || !start(ps, p))
		return false;
	while (!ps->fatal && (token = kiln_lex_lex(&v, &l, ps->scanner)) != 0) {
		struct source_pos pos = source_pos(p->src, l);

		sb_printf(out, "%u:%u ", pos.line, pos.column);
		if (token < 256)
			sb_printf(out, "'%c'\n", token);
		else
			sb_printf(out, "%d " STR_FMT " %lld\n", token, STR_ARG(v.tok.text),
				  (long long)v.tok.num);
		ps->prev = token;
		ps->prev_loc = l;
	}
	scanner_close(ps);
	return true;
}
