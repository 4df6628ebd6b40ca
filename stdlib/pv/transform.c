/* SPDX-License-Identifier: Apache-2.0 */
/* {s.*} that cut, pick and replace (language.md 7). A null input fails all of them; ints are printed first. */
#include <time.h>

#include "pv/pv_priv.h"

int32_t tr_give_sb(struct value *ret, struct sb *b)
{
	return sb_ok(b) ? tr_give(ret, sb_str(b)) : TR_FAILED;
}

/* ---- numbers ---- */

TR_FN(s_len)
{
	struct str s;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	*ret = value_int((int64_t)s.n);
	return 0;
}

static bool number(struct run *r, struct str s, int64_t *i)
{
	if (s.n && s.p[0] == '+')
		s = str_skip(s, 1);
	return str_to_i64(s, i) && (r->prog->compat == 6 || (*i <= INT32_MAX && *i >= INT32_MIN));
}

TR_FN(s_int)
{
	struct str s;
	int64_t i = in->i;

	if (!value_is_int(in) && (!tr_text(r, in, &s) || !number(r, s, &i)))
		return TR_FAILED;
	*ret = value_int(i);
	return 0;
}

TR_FN(s_intv)
{
	return std_pv_tr_s_int(r, in, ret);
}

/* ---- byte by byte ---- */

/* A copy with every byte mapped; bytes mapped to 0 go. */
static int32_t mapped(struct run *r, const struct value *in, char (*map)(char), struct value *ret)
{
	struct str s;
	char *p;
	size_t n = 0;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	p = arena_alloc(r->arena, s.n + 1);
	if (!p)
		return TR_FAILED;
	for (size_t i = 0; i < s.n; i++) {
		p[n] = map(s.p[i]);
		n += p[n] != 0;
	}
	return tr_give(ret, str_make(p, n));
}

static char no_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' ? 0 : c;
}

static char digit_only(char c)
{
	return ascii_digit(c) ? c : 0;
}

typedef signed char bytes __attribute__((vector_size(16)));

/* The case of the 26 letters from `first` on turned over in 16 bytes. */
static void turn(const char *from, char *to, char first)
{
	bytes v, letters;

	memcpy(&v, from, sizeof(v));
	letters = (v >= (signed char)first) & (v < (signed char)(first + 26));
	v ^= letters & (signed char)('a' - 'A');
	memcpy(to, &v, sizeof(v));
}

static inline int32_t in_case(struct run *r, const struct value *in, char first, struct value *ret)
{
	struct str s;
	size_t i = 0;
	char *p;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	p = arena_raw(r->arena, s.n + 1);
	if (!p)
		return TR_FAILED;
	for (; s.n - i >= sizeof(bytes); i += sizeof(bytes))
		turn(s.p + i, p + i, first);
	if (i && i < s.n) {
		i = s.n;
		turn(s.p + i - sizeof(bytes), p + i - sizeof(bytes), first); /* some of them once more */
	}
	for (; i < s.n; i++)
		p[i] = (char)((unsigned)(s.p[i] - first) < 26 ? s.p[i] ^ ('a' - 'A') : s.p[i]);
	return tr_give(ret, str_make(p, s.n));
}

TR_FN(s_tolower)
{
	return in_case(r, in, 'A', ret);
}

TR_FN(s_toupper)
{
	return in_case(r, in, 'a', ret);
}

TR_FN(s_rmws)
{
	return mapped(r, in, no_space, ret);
}

TR_FN(s_numeric)
{
	return mapped(r, in, digit_only, ret);
}

/* Folds of headers: CRLF and the blanks behind it become `with`. */
static int32_t unfolded(struct run *r, const struct value *in, struct str with, struct value *ret)
{
	struct str s;
	struct sb b;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i < s.n;) {
		size_t k = i + (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n');

		if (s.p[k] != '\n') {
			sb_addc(&b, s.p[i++]);
			continue;
		}
		for (i = k + 1; i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'); i++)
			;
		if (i > k + 1) /* a fold, not an end */
			sb_add(&b, with);
	}
	return tr_give_sb(ret, &b);
}

TR_FN(s_rmhdws)
{
	return unfolded(r, in, S(" "), ret);
}

TR_FN(s_rmhlws)
{
	return unfolded(r, in, S(""), ret);
}

/* ---- ends ---- */

static int32_t viewed(struct run *r, const struct value *in, struct str (*fn)(struct str), struct value *ret)
{
	struct str s;

	return tr_text(r, in, &s) ? tr_give(ret, fn(s)) : TR_FAILED;
}

static struct str without(struct str s, char open, char close)
{
	return s.n >= 2 && s.p[0] == open && s.p[s.n - 1] == close ? str_make(s.p + 1, s.n - 2) : s;
}

static struct str unquoted(struct str s)
{
	return s.n && s.p[0] == '\'' ? without(s, '\'', '\'') : without(s, '"', '"');
}

static struct str unbracketed(struct str s)
{
	return without(s, '<', '>');
}

TR_FN(s_trim)
{
	return viewed(r, in, str_trim, ret);
}

TR_FN(s_ltrim)
{
	return viewed(r, in, str_ltrim, ret);
}

TR_FN(s_rtrim)
{
	return viewed(r, in, str_rtrim, ret);
}

TR_FN(s_unquote)
{
	return viewed(r, in, unquoted, ret);
}

TR_FN(s_unbracket)
{
	return viewed(r, in, unbracketed, ret);
}

/* ---- parts ---- */

TR_FN(s_substr, int64_t pos, int64_t len)
{
	struct str s;

	if (!tr_text(r, in, &s) || len < 0)
		return TR_FAILED;
	if (pos < 0)
		pos += (int64_t)s.n;
	if (pos < 0 || pos >= (int64_t)s.n)
		return TR_FAILED;
	s = str_skip(s, (size_t)pos);
	return tr_give(ret, len ? str_head(s, (size_t)len) : s);
}

static int32_t field_at(struct str s, int64_t index, char sep, struct value *ret)
{
	size_t end;

	if (index < 0) { /* from the end */
		index++;
		for (size_t i = 0; i < s.n; i++)
			index += s.p[i] == sep;
	}
	if (index < 0)
		return tr_give(ret, S(""));
	for (; index > 0; index--) {
		end = str_chr(s, sep);
		if (end == STR_NONE)
			return tr_give(ret, S(""));
		s = str_skip(s, end + 1);
	}
	return tr_give(ret, str_head(s, str_chr(s, sep)));
}

TR_FN(s_select, int64_t index, const struct str *sep)
{
	struct str s;

	return tr_text(r, in, &s) && sep->n == 1 ? field_at(s, index, sep->p[0], ret) : TR_FAILED;
}

/* Every blank, tab and line end separates, so that two in a row have an empty field between them. */
TR_FN(s_selectsw, int64_t index)
{
	int64_t fields = 1, at = 0;
	size_t from = 0;
	struct str s;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	for (size_t i = 0; i < s.n; i++)
		fields += !no_space(s.p[i]);
	if (index < 0)
		index += fields;
	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && no_space(s.p[i]))
			continue;
		if (at++ == index)
			return tr_give(ret, str_make(s.p + from, i - from));
		from = i + 1;
	}
	return tr_give(ret, S(""));
}

TR_FN(s_count, const struct str *what)
{
	struct str s;
	int64_t count = 0;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	for (size_t i = 0; what->n && i < s.n; i++)
		count += s.p[i] == what->p[0];
	*ret = value_int(count);
	return 0;
}

TR_FN(s_strip, int64_t count)
{
	struct str s;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	return tr_give(ret, count <= 0 ? s : str_skip(s, (size_t)count));
}

TR_FN(s_striptail, int64_t count)
{
	struct str s;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	return tr_give(ret, count <= 0 ? s : (uint64_t)count >= s.n ? S("") : str_head(s, s.n - (size_t)count));
}

/* These use the first byte of their argument only, as in the reference. */
static bool byte_arg(struct run *r, const struct value *in, const struct str *what, struct str *s, char *c)
{
	if (!tr_text(r, in, s) || !what->n)
		return false;
	*c = what->p[0];
	return true;
}

TR_FN(s_stripto, const struct str *what)
{
	struct str s;
	char c;

	return byte_arg(r, in, what, &s, &c) ? tr_give(ret, str_skip(s, str_chr(s, c))) : TR_FAILED;
}

TR_FN(s_before, const struct str *what)
{
	struct str s;
	char c;

	if (!what->n && tr_text(r, in, &s))
		return tr_give(ret, s);
	return byte_arg(r, in, what, &s, &c) ? tr_give(ret, str_head(s, str_chr(s, c))) : TR_FAILED;
}

TR_FN(s_after, const struct str *what)
{
	struct str s;
	size_t i;
	char c;

	if (!byte_arg(r, in, what, &s, &c))
		return TR_FAILED;
	i = str_chr(s, c);
	return tr_give(ret, i == STR_NONE ? S("") : str_skip(s, i + 1));
}

TR_FN(s_rbefore, const struct str *what)
{
	struct str s;
	char c;

	return byte_arg(r, in, what, &s, &c) ? tr_give(ret, str_head(s, str_rchr(s, c))) : TR_FAILED;
}

TR_FN(s_rafter, const struct str *what)
{
	struct str s;
	size_t i;
	char c;

	if (!byte_arg(r, in, what, &s, &c))
		return TR_FAILED;
	i = str_rchr(s, c);
	return tr_give(ret, i == STR_NONE ? S("") : str_skip(s, i + 1));
}

static bool byte_at(struct run *r, const struct value *in, int64_t pos, struct str *ret)
{
	struct str s;

	if (!tr_text(r, in, &s))
		return false;
	if (pos < 0)
		pos += (int64_t)s.n;
	*ret = pos < 0 || pos >= (int64_t)s.n ? S("") : str_make(s.p + pos, 1);
	return true;
}

/* Counted from 1, byteat from 0: so the reference has it. */
TR_FN(s_charat, int64_t pos)
{
	struct str c;

	return byte_at(r, in, pos > 0 ? pos - 1 : pos, &c) ? tr_give(ret, c) : TR_FAILED;
}

TR_FN(s_byteat, int64_t pos)
{
	struct str c;

	if (!byte_at(r, in, pos, &c))
		return TR_FAILED;
	*ret = c.n ? value_int((unsigned char)c.p[0]) : value_str(S(""));
	return 0;
}

/* ---- replacing ---- */

static int32_t replaced(struct run *r, const struct value *in, struct str a, struct str b, struct value *ret)
{
	struct str s;
	struct sb out;
	size_t i;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	if (!a.n)
		return tr_give(ret, s);
	sb_init(&out, r->arena, PV_TEXT_MAX);
	while ((i = str_find(s, a)) != STR_NONE) {
		sb_add(&out, str_head(s, i));
		sb_add(&out, b);
		s = str_skip(s, i + a.n);
	}
	sb_add(&out, s);
	return tr_give_sb(ret, &out);
}

TR_FN(s_replace, const struct str *a, const struct str *b)
{
	return replaced(r, in, *a, *b, ret);
}

TR_FN(s_rm, const struct str *what)
{
	return replaced(r, in, *what, S(""), ret);
}

/* ---- lists and lines ---- */

static int32_t prefixes(struct run *r, const struct value *in, int64_t max, const char *quote, struct value *ret)
{
	struct str s;
	struct sb b;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	if (max <= 0 || max > (int64_t)s.n)
		max = (int64_t)s.n;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (int64_t i = 1; i <= max && sb_ok(&b); i++) {
		sb_addz(&b, i > 1 ? "," : "");
		sb_addz(&b, quote);
		sb_add(&b, str_head(s, (size_t)i));
		sb_addz(&b, quote);
	}
	return tr_give_sb(ret, &b);
}

TR_FN(s_prefixes)
{
	return prefixes(r, in, 0, "", ret);
}

TR_FN(s_prefixes_n, int64_t max)
{
	return prefixes(r, in, max, "", ret);
}

TR_FN(s_prefixes_quoted)
{
	return prefixes(r, in, 0, "'", ret);
}

TR_FN(s_prefixes_quoted_n, int64_t max)
{
	return prefixes(r, in, max, "'", ret);
}

/* As the reference ships it: a break before each of the bytes 1..n-1, and then none. */
static int32_t lines(struct run *r, const struct value *in, int64_t width, int64_t pad, char with, struct value *ret)
{
	struct str s;
	struct sb b;

	if (!tr_text(r, in, &s) || width <= 0 || pad < 0)
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i < s.n && sb_ok(&b); i++) {
		if (i > 0 && (int64_t)i < width) {
			sb_addz(&b, "\r\n");
			for (int64_t k = 0; k < pad && sb_ok(&b); k++)
				sb_addc(&b, with);
		}
		sb_addc(&b, s.p[i]);
	}
	return tr_give_sb(ret, &b);
}

TR_FN(s_fmtlines, int64_t width, int64_t pad)
{
	return lines(r, in, width, pad, ' ', ret);
}

TR_FN(s_fmtlinet, int64_t width, int64_t pad)
{
	return lines(r, in, width, pad, '\t', ret);
}

TR_FN(s_ftime, const struct str *format)
{
	char buf[256], *fmt = str_z(r->arena, *format);
	struct tm tm;
	struct str s;
	int64_t i = in->i;
	time_t t;
	size_t n;

	if (!fmt || (!value_is_int(in) && (!tr_text(r, in, &s) || !str_to_i64(s, &i))))
		return TR_FAILED;
	t = (time_t)i;
	localtime_r(&t, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the format is the script's */
	n = strftime(buf, sizeof(buf), fmt, &tm);
#pragma GCC diagnostic pop
	return n ? tr_give(ret, str_dup(r->arena, str_make(buf, n))) : TR_FAILED;
}

/* ---- {val.*}, {num.*} ---- */

TR_FN(val_n0)
{
	(void)r;
	*ret = in->tag == VAL_NULL ? value_int(0) : *in;
	return 0;
}

TR_FN(val_ne)
{
	(void)r;
	*ret = in->tag == VAL_NULL ? value_str(S("")) : *in;
	return 0;
}

static int32_t json(struct run *r, const struct value *in, const char *quote, struct value *ret)
{
	struct str s = in->tag == VAL_NULL ? S("") : script_text(r, in);
	struct sb b;

	if (in->tag == VAL_INT) {
		*ret = *in;
		return 0;
	}
	sb_init(&b, r->arena, PV_TEXT_MAX);
	sb_addz(&b, quote);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			sb_addc(&b, '\\');
		if (c >= ' ')
			sb_addc(&b, (char)c);
		else if (str_chr(S("\b\f\n\r\t"), (char)c) != STR_NONE && c)
			sb_printf(&b, "\\%c", "bfnrt"[str_chr(S("\b\f\n\r\t"), (char)c)]);
		else
			sb_printf(&b, "\\u%04x", c);
	}
	sb_addz(&b, quote);
	return tr_give_sb(ret, &b);
}

TR_FN(val_json)
{
	return json(r, in, "", ret);
}

TR_FN(val_jsonqe)
{
	return json(r, in, "\"", ret);
}

TR_FN(num_fdigit)
{
	int64_t i = in->tag == VAL_INT ? in->i : 0;

	(void)r;
	while (i > 9 || i < -9)
		i /= 10;
	*ret = value_int(i < 0 ? -i : i);
	return 0;
}

TR_FN(num_ldigit)
{
	int64_t i = in->tag == VAL_INT ? in->i % 10 : 0;

	(void)r;
	*ret = value_int(i < 0 ? -i : i);
	return 0;
}
