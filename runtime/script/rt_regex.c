/* SPDX-License-Identifier: Apache-2.0 */
#include "script/regex.h"

#include <regex.h>

#include "base/bug.h"
#include "base/mem.h"
#include "base/sb.h"
#include "script/regex_dfa.h"
#include "script/regex_fast.h"
#include "script/script_priv.h"

enum { CACHE = 64 };

struct rt_regex {
	struct rt_regex_head head;
	regex_t re;
	struct regex_fast *fast; /* NULL: the pattern has no such form */
};

struct rt_subst {
	struct rt_regex *re;
	char *repl;
	size_t n;
	bool all;
};

static char *z_of(struct str s)
{
	char *z = mem_alloc(s.n + 1);

	if (z && s.n)
		memcpy(z, s.p, s.n);
	return z;
}

struct rt_regex *rt_regex_new(struct str text, int flags)
{
	struct rt_regex *re = mem_alloc(sizeof(*re));
	char *z = z_of(text);
	int cflags = REG_EXTENDED | (flags & RT_REGEX_ICASE ? REG_ICASE : 0) |
		     (flags & RT_REGEX_NEWLINE ? REG_NEWLINE : 0);

	if (re && z && regcomp(&re->re, z, cflags) == 0) {
		if (!(flags & RT_REGEX_NEWLINE))
			re->fast = regex_fast_new(str_of(z), flags & RT_REGEX_ICASE);
		mem_free(&z);
		return re;
	}
	mem_free(&z);
	mem_free(&re);
	return NULL;
}

struct rt_regex *rt_regex_new_constant(struct str text, int flags)
{
	struct rt_regex *re = rt_regex_new(text, flags);

	if (re && re->fast)
		re->head.dfa = regex_dfa_new(text, flags & RT_REGEX_ICASE);
	return re;
}

void rt_regex_free(struct rt_regex **re)
{
	if (!*re)
		return;
	mem_free(&(*re)->head.dfa);
	regfree(&(*re)->re);
	regex_fast_free(&(*re)->fast);
	mem_free(re);
}

bool rt_regex_exec(const struct rt_regex *re, struct str s, size_t from, struct rt_span groups[RT_REGEX_GROUPS])
{
	regmatch_t m[RT_REGEX_GROUPS];
	int fast;
	bool ok;

	if (s.n > RT_REGEX_SUBJECT_MAX || from > s.n)
		return false;
	if (re->head.dfa && !groups && !from)
		return regex_dfa_match(re->head.dfa, s);
	s = str_head(s, str_chr(s, '\0'));
	if (re->fast && !groups && !from) {
		fast = regex_fast_match(re->fast, s);
		if (fast >= 0)
			return fast;
	}
	if (from > s.n)
		return false;
	m[0].rm_so = 0;
	m[0].rm_eo = (regoff_t)(s.n - from);
	ok = regexec(&re->re, s.p ? s.p + from : "", groups ? RT_REGEX_GROUPS : 0, m,
		     REG_STARTEND | (from ? REG_NOTBOL : 0)) == 0;
	for (int i = 0; ok && groups && i < RT_REGEX_GROUPS; i++) {
		bool in = m[i].rm_so >= 0;

		groups[i].off = in ? from + (size_t)m[i].rm_so : STR_NONE;
		groups[i].len = in ? (size_t)(m[i].rm_eo - m[i].rm_so) : 0;
	}
	return ok;
}

/* ---- substitutions ---- */

/* Up to the next separator that no backslash hides; false: none. */
static bool part(struct str *rest, char sep, struct str *ret)
{
	size_t i = 0;

	while (i < rest->n && rest->p[i] != sep)
		i += rest->p[i] == '\\' && i + 1 < rest->n ? 2 : 1;
	if (i >= rest->n)
		return false;
	*ret = str_head(*rest, i);
	*rest = str_skip(*rest, i + 1);
	return true;
}

struct rt_subst *rt_subst_new(struct str text)
{
	struct str rest = str_skip(text, 1), re, repl;
	struct rt_subst *s;
	int flags = RT_REGEX_NEWLINE; /* without s a dot stops at the end of a line */

	if (text.n < 3 || !part(&rest, text.p[0], &re) || !part(&rest, text.p[0], &repl))
		return NULL;
	s = mem_alloc(sizeof(*s));
	if (!s)
		return NULL;
	for (size_t i = 0; i < rest.n; i++) {
		if (rest.p[i] == 'g')
			s->all = true;
		else if (rest.p[i] == 'i')
			flags |= RT_REGEX_ICASE;
		else if (rest.p[i] == 's')
			flags &= ~RT_REGEX_NEWLINE;
		else
			re.n = 0;
	}
	s->re = re.n ? rt_regex_new(re, flags) : NULL;
	s->repl = z_of(repl);
	s->n = repl.n;
	if (!s->re || !s->repl)
		rt_subst_free(&s);
	return s;
}

void rt_subst_free(struct rt_subst **s)
{
	if (!*s)
		return;
	rt_regex_free(&(*s)->re);
	mem_free(&(*s)->repl);
	mem_free(s);
}

/* The same with each hole (byte 1) of the replacement filled by the next value; lives in the run's arena. */
void *rt_subst_values(struct run *r, const struct rt_subst *su, const struct value *v, int32_t n)
{
	struct rt_subst *filled = su ? arena_new_of(r->arena, struct rt_subst) : NULL;
	struct sb b;
	int32_t k = 0;

	if (!filled)
		return NULL;
	sb_init(&b, r->arena, RT_REGEX_SUBJECT_MAX);
	for (size_t i = 0; i < su->n; i++) {
		struct str s = su->repl[i] == 1 && k < n ? script_text(r, &v[k++]) : STR_NULL;

		if (su->repl[i] != 1)
			sb_addc(&b, su->repl[i]);
		for (size_t j = 0; j < s.n; j++) { /* what the value holds is no command */
			if (s.p[j] == '\\')
				sb_addc(&b, '\\');
			sb_addc(&b, s.p[j]);
		}
	}
	if (!sb_ok(&b))
		return NULL;
	*filled = *su;
	filled->repl = b.p;
	filled->n = b.n;
	return filled;
}

static void add_repl(const struct rt_subst *su, struct str s, const struct rt_span *g, struct sb *out)
{
	for (size_t i = 0; i < su->n; i++) {
		char c = su->repl[i];

		if (c != '\\' || i + 1 == su->n) {
			sb_addc(out, c);
			continue;
		}
		c = su->repl[++i];
		if (ascii_digit(c)) {
			const struct rt_span *k = &g[c - '0'];

			if (k->off != STR_NONE)
				sb_add(out, str_make(s.p + k->off, k->len));
		} else if (c == 'n' || c == 'r' || c == 't') {
			sb_addc(out, c == 'n' ? '\n' : c == 'r' ? '\r' : '\t');
		} else {
			sb_addc(out, c);
		}
	}
}

int rt_subst_each(const struct rt_subst *su, struct arena *a, struct str s, rt_subst_fn *fn, void *arg)
{
	struct rt_span g[RT_REGEX_GROUPS];
	size_t at = 0;
	int n = 0, err;

	while (at <= s.n && rt_regex_exec(su->re, s, at, g)) {
		struct sb b;

		sb_init(&b, a, RT_REGEX_SUBJECT_MAX);
		add_repl(su, s, g, &b);
		if (!sb_ok(&b))
			return RT_E_NOMEM;
		err = fn(arg, g[0].off, g[0].len, b.p ? sb_str(&b) : S(""));
		if (err < 0)
			return err;
		n++;
		at = g[0].off + g[0].len + (g[0].len == 0);
		if (!su->all)
			break;
	}
	return n;
}

int rt_subst_apply(const struct rt_subst *su, struct str s, struct sb *out)
{
	struct rt_span g[RT_REGEX_GROUPS];
	size_t at = 0;
	int n = 0;

	while (at <= s.n && rt_regex_exec(su->re, s, at, g)) {
		sb_add(out, str_make(s.p + at, g[0].off - at));
		add_repl(su, s, g, out);
		n++;
		at = g[0].off + g[0].len;
		if (g[0].len == 0) {
			if (at < s.n)
				sb_addc(out, s.p[at]);
			at++;
		}
		if (!su->all)
			break;
	}
	if (at <= s.n)
		sb_add(out, str_skip(s, at));
	return sb_ok(out) ? n : RT_E_NOMEM;
}

/* ---- called by generated code ---- */

int32_t rt_match(struct run *r, const struct str *s, const struct rt_regex *re)
{
	(void)r;
	return re && rt_regex_exec(re, *s, 0, NULL);
}

struct cached {
	char *text;
	size_t n;
	int flags; /* -1: a substitution */
	void *what;
};

static __thread struct cached cache[CACHE];

static void drop(struct cached *c)
{
	if (c->flags == -1) {
		struct rt_subst *s = c->what;

		rt_subst_free(&s);
	} else {
		struct rt_regex *re = c->what;

		rt_regex_free(&re);
	}
	mem_free(&c->text);
	*c = (struct cached){0};
}

void script_regex_cache_free(void)
{
	for (int i = 0; i < CACHE; i++)
		drop(&cache[i]);
	regex_fast_thread_fini();
}

static void *dynamic(struct run *r, struct str text, int flags)
{
	uint64_t h = 14695981039346656037u;
	struct cached *c;

	for (size_t i = 0; i < text.n; i++)
		h = (h ^ (unsigned char)text.p[i]) * 1099511628211u;
	c = &cache[(h ^ (uint64_t)(unsigned)flags) % CACHE];
	if (c->what && c->flags == flags && str_eq(str_make(c->text, c->n), text))
		return c->what;
	drop(c);
	c->what = flags == -1 ? (void *)rt_subst_new(text) : (void *)rt_regex_new(text, flags);
	c->text = z_of(text);
	if (!c->what || !c->text) {
		script_err(r, "bad %s \"" STR_FMT "\"", flags == -1 ? "substitution" : "regular expression",
			   STR_ARG(text));
		c->flags = flags;
		drop(c);
		r->failed = 1;
		return NULL;
	}
	c->n = text.n;
	c->flags = flags;
	return c->what;
}

void *rt_regex(struct run *r, const struct str *text, int32_t flags)
{
	return dynamic(r, *text, flags);
}

void *rt_subst(struct run *r, const struct str *text)
{
	return dynamic(r, *text, -1);
}
