/* SPDX-License-Identifier: Apache-2.0 */
/* Transformations (language.md 7). A null input fails all of them; ints are printed first. */
#define STD_PROTOTYPES_ONLY
#define STD_NAME pv
#define STD_DEF "pv/pv.def"
#include "abi/std.h"

#include "script/env.h"
#include "sip/msg.h"

enum { FAILED = -1, TEXT_MAX = 65535 };

/* The input as text; false when it is null. */
static bool text(struct run *r, const struct value *in, struct str *s)
{
	if (in->tag == VAL_NULL)
		return false;
	*s = script_text(r, in);
	return true;
}

static int32_t give(struct value *ret, struct str s)
{
	*ret = value_str(s.p ? s : S(""));
	return 0;
}

int32_t std_pv_tr_s_len(struct run *r, const struct value *in, struct value *ret)
{
	struct str s;

	if (!text(r, in, &s))
		return FAILED;
	*ret = value_int((int64_t)s.n);
	return 0;
}

int32_t std_pv_tr_s_int(struct run *r, const struct value *in, struct value *ret)
{
	struct str s;
	int64_t i;

	if (value_is_int(in)) {
		*ret = value_int(in->i);
		return 0;
	}
	if (!text(r, in, &s))
		return FAILED;
	if (s.n && s.p[0] == '+')
		s = str_skip(s, 1);
	if (!str_to_i64(s, &i) || (r->prog->compat != 6 && (i > INT32_MAX || i < INT32_MIN)))
		return FAILED;
	*ret = value_int(i);
	return 0;
}

/* A copy with every byte mapped; bytes mapped to 0 go. */
static int32_t mapped(struct run *r, const struct value *in, char (*map)(char), struct value *ret)
{
	struct str s, out;
	char *p;
	size_t n = 0;

	if (!text(r, in, &s))
		return FAILED;
	out = str_dup(r->arena, s);
	p = out.p ? arena_alloc(r->arena, s.n + 1) : NULL;
	if (!p)
		return FAILED;
	for (size_t i = 0; i < s.n; i++) {
		p[n] = map(s.p[i]);
		n += p[n] != 0;
	}
	return give(ret, str_make(p, n));
}

static char no_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' ? 0 : c;
}

static char digit_only(char c)
{
	return ascii_digit(c) ? c : 0;
}

int32_t std_pv_tr_s_tolower(struct run *r, const struct value *in, struct value *ret)
{
	return mapped(r, in, ascii_lower, ret);
}

int32_t std_pv_tr_s_toupper(struct run *r, const struct value *in, struct value *ret)
{
	return mapped(r, in, ascii_upper, ret);
}

int32_t std_pv_tr_s_rmws(struct run *r, const struct value *in, struct value *ret)
{
	return mapped(r, in, no_space, ret);
}

int32_t std_pv_tr_s_numeric(struct run *r, const struct value *in, struct value *ret)
{
	return mapped(r, in, digit_only, ret);
}

static int32_t viewed(struct run *r, const struct value *in, struct str (*fn)(struct str), struct value *ret)
{
	struct str s;

	return text(r, in, &s) ? give(ret, fn(s)) : FAILED;
}

int32_t std_pv_tr_s_trim(struct run *r, const struct value *in, struct value *ret)
{
	return viewed(r, in, str_trim, ret);
}

int32_t std_pv_tr_s_ltrim(struct run *r, const struct value *in, struct value *ret)
{
	return viewed(r, in, str_ltrim, ret);
}

int32_t std_pv_tr_s_rtrim(struct run *r, const struct value *in, struct value *ret)
{
	return viewed(r, in, str_rtrim, ret);
}

int32_t std_pv_tr_s_substr(struct run *r, const struct value *in, int64_t pos, int64_t len, struct value *ret)
{
	struct str s;

	if (!text(r, in, &s) || len < 0)
		return FAILED;
	if (pos < 0)
		pos += (int64_t)s.n;
	if (pos < 0 || pos >= (int64_t)s.n)
		return FAILED;
	s = str_skip(s, (size_t)pos);
	return give(ret, len ? str_head(s, (size_t)len) : s);
}

int32_t std_pv_tr_s_select(struct run *r, const struct value *in, int64_t index, const struct str *sep,
			   struct value *ret)
{
	struct str s, field = S("");
	int64_t n = 1;

	if (!text(r, in, &s) || sep->n != 1)
		return FAILED;
	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == sep->p[0];
	if (index < 0)
		index += n;
	if (index < 0 || index >= n)
		return give(ret, S(""));
	for (int64_t i = 0; i <= index; i++)
		field = str_cut(&s, sep->p[0]);
	return give(ret, field);
}

int32_t std_pv_tr_s_count(struct run *r, const struct value *in, const struct str *what, struct value *ret)
{
	struct str s;
	int64_t n = 0;

	if (!text(r, in, &s) || what->n != 1)
		return FAILED;
	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == what->p[0];
	*ret = value_int(n);
	return 0;
}

int32_t std_pv_tr_s_strip(struct run *r, const struct value *in, int64_t n, struct value *ret)
{
	struct str s;

	if (!text(r, in, &s))
		return FAILED;
	return give(ret, n <= 0 ? s : str_skip(s, (size_t)n));
}

int32_t std_pv_tr_s_striptail(struct run *r, const struct value *in, int64_t n, struct value *ret)
{
	struct str s;

	if (!text(r, in, &s))
		return FAILED;
	return give(ret, n <= 0 ? s : (uint64_t)n >= s.n ? S("") : str_head(s, s.n - (size_t)n));
}

int32_t std_pv_tr_s_before(struct run *r, const struct value *in, const struct str *what, struct value *ret)
{
	struct str s;

	if (!text(r, in, &s) || what->n != 1)
		return FAILED;
	return give(ret, str_head(s, str_chr(s, what->p[0])));
}

int32_t std_pv_tr_s_after(struct run *r, const struct value *in, const struct str *what, struct value *ret)
{
	struct str s;
	size_t i;

	if (!text(r, in, &s) || what->n != 1)
		return FAILED;
	i = str_chr(s, what->p[0]);
	return give(ret, i == STR_NONE ? S("") : str_skip(s, i + 1));
}

static int32_t replaced(struct run *r, const struct value *in, struct str a, struct str b, struct value *ret)
{
	struct str s;
	struct sb out;
	size_t i;

	if (!text(r, in, &s) || !a.n)
		return FAILED;
	sb_init(&out, r->arena, TEXT_MAX);
	while ((i = str_find(s, a)) != STR_NONE) {
		sb_add(&out, str_head(s, i));
		sb_add(&out, b);
		s = str_skip(s, i + a.n);
	}
	sb_add(&out, s);
	return sb_ok(&out) ? give(ret, sb_str(&out)) : FAILED;
}

int32_t std_pv_tr_s_replace(struct run *r, const struct value *in, const struct str *a, const struct str *b,
			    struct value *ret)
{
	return replaced(r, in, *a, *b, ret);
}

int32_t std_pv_tr_s_rm(struct run *r, const struct value *in, const struct str *what, struct value *ret)
{
	return replaced(r, in, *what, S(""), ret);
}

/* One pair of the given ends, if both are there. */
static struct str without(struct str s, char open, char close)
{
	if (s.n >= 2 && s.p[0] == open && s.p[s.n - 1] == close)
		return str_make(s.p + 1, s.n - 2);
	return s;
}

static struct str unquote(struct str s)
{
	struct str t = without(s, '"', '"');

	return t.n == s.n ? without(s, '\'', '\'') : t;
}

static struct str unbracket(struct str s)
{
	return without(s, '<', '>');
}

int32_t std_pv_tr_s_unquote(struct run *r, const struct value *in, struct value *ret)
{
	return viewed(r, in, unquote, ret);
}

int32_t std_pv_tr_s_unbracket(struct run *r, const struct value *in, struct value *ret)
{
	return viewed(r, in, unbracket, ret);
}

int32_t std_pv_tr_s_hexa(struct run *r, const struct value *in, struct value *ret)
{
	struct str s;
	struct sb out;

	if (!text(r, in, &s))
		return FAILED;
	sb_init(&out, r->arena, TEXT_MAX);
	for (size_t i = 0; i < s.n; i++)
		sb_printf(&out, "%02x", (unsigned char)s.p[i]);
	return sb_ok(&out) ? give(ret, sb_str(&out)) : FAILED;
}

int32_t std_pv_tr_s_unhexa(struct run *r, const struct value *in, struct value *ret)
{
	struct str s;
	struct sb out;

	if (!text(r, in, &s) || s.n % 2)
		return FAILED;
	sb_init(&out, r->arena, TEXT_MAX);
	for (size_t i = 0; i < s.n; i += 2) {
		int a = hex_value(s.p[i]), b = hex_value(s.p[i + 1]);

		if (a < 0 || b < 0)
			return FAILED;
		sb_addc(&out, (char)(a << 4 | b));
	}
	return sb_ok(&out) ? give(ret, sb_str(&out)) : FAILED;
}

/* ---- URIs ---- */

static bool uri_of(struct run *r, const struct value *in, struct sip_uri *u)
{
	struct str s;

	return text(r, in, &s) && sip_uri_parse(s, u) == 0;
}

#define URI_PART(name, expr)                                                                       \
	int32_t std_pv_tr_uri_##name(struct run *r, const struct value *in, struct value *ret)     \
	{                                                                                          \
		struct sip_uri u;                                                                  \
                                                                                                   \
		return uri_of(r, in, &u) ? give(ret, expr) : FAILED;                               \
	}
URI_PART(user, u.user)
URI_PART(host, u.host)
URI_PART(domain, u.host)
URI_PART(port, u.port_text)
URI_PART(passwd, u.passwd)
URI_PART(params, u.params)
URI_PART(headers, u.headers)
URI_PART(transport, u.transport)
URI_PART(scheme, u.scheme_text)

int32_t std_pv_tr_uri_param(struct run *r, const struct value *in, const struct str *name, struct value *ret)
{
	struct sip_uri u;
	struct str v = S("");

	if (!uri_of(r, in, &u))
		return FAILED;
	sip_uri_param(&u, *name, &v);
	return give(ret, v);
}

int32_t std_pv_tr_param_value(struct run *r, const struct value *in, const struct str *name, struct value *ret)
{
	struct str s, v = S("");

	if (!text(r, in, &s))
		return FAILED;
	if (!sip_pairs_find(s, ';', *name, &v))
		v = S("");
	return give(ret, unquote(v));
}

/* ---- name-addrs ---- */

static bool nameaddr(struct run *r, const struct value *in, struct sip_nameaddr *a)
{
	struct str s;

	return text(r, in, &s) && sip_nameaddr_parse(r->arena, s, a) == 0;
}

int32_t std_pv_tr_nameaddr_name(struct run *r, const struct value *in, struct value *ret)
{
	struct sip_nameaddr a;

	return nameaddr(r, in, &a) ? give(ret, a.display) : FAILED;
}

int32_t std_pv_tr_nameaddr_uri(struct run *r, const struct value *in, struct value *ret)
{
	struct sip_nameaddr a;

	return nameaddr(r, in, &a) ? give(ret, a.uri) : FAILED;
}

int32_t std_pv_tr_nameaddr_len(struct run *r, const struct value *in, struct value *ret)
{
	struct sip_nameaddr a;
	struct str s;

	if (!text(r, in, &s) || !nameaddr(r, in, &a))
		return FAILED;
	*ret = value_int((int64_t)(a.uri.p + a.uri.n + a.brackets - s.p));
	return 0;
}
