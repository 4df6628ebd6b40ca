/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME xlog
#define STD_DEF "xlog/xlog.def"
#include "abi/std.h"

#include "base/sb.h"
#include "core/log.h"
#include "script/env.h"
#include "sip/draft.h"

static int32_t put(int level, struct str text)
{
	if (log_on(level))
		log_script_as(level, param.prefix, text);
	return 1;
}

/* "12: text", or "file:12: text" when the long form is asked for. */
static int32_t put_line(struct run *r, int level, struct str text)
{
	const struct program_site *s = &r->prog->sites[r->site];

	if (!log_on(level))
		return 1;
	if (param.long_format)
		text = str_printf(r->arena, "%s:%u:" STR_FMT, s->file, s->line, STR_ARG(text));
	else
		text = str_printf(r->arena, "%u:" STR_FMT, s->line, STR_ARG(text));
	return put(level, text);
}

int32_t std_xlog_xlog(struct run *r, int32_t level, const struct str *text)
{
	(void)r;
	return put(level, *text);
}

int32_t std_xlog_xlog3(struct run *r, const struct str *facility, int32_t level, const struct str *text)
{
	(void)r;
	(void)facility;
	return put(level, *text);
}

int32_t std_xlog_xlogl(struct run *r, int32_t level, const struct str *text)
{
	return put_line(r, level, *text);
}

int32_t std_xlog_xlogl3(struct run *r, const struct str *facility, int32_t level, const struct str *text)
{
	(void)facility;
	return put_line(r, level, *text);
}

#define AT_LEVEL(name, level)                                                                      \
	int32_t std_xlog_##name(struct run *r, const struct str *text)                             \
	{                                                                                          \
		(void)r;                                                                           \
		return put(level, *text);                                                          \
	}
AT_LEVEL(xlog1, L_ERR)
AT_LEVEL(xdbg, L_DBG)
AT_LEVEL(xinfo, L_INFO)
AT_LEVEL(xnotice, L_NOTICE)
AT_LEVEL(xwarn, L_WARN)
AT_LEVEL(xerr, L_ERR)
AT_LEVEL(xbug, L_BUG)
AT_LEVEL(xcrit, L_CRIT)
AT_LEVEL(xalert, L_ALERT)

int32_t std_xlog_xlogl1(struct run *r, const struct str *text)
{
	return put_line(r, L_ERR, *text);
}

int32_t std_xlog_xdbgl(struct run *r, const struct str *text)
{
	return put_line(r, L_DBG, *text);
}

int32_t std_xlog_xlogm(struct run *r, int32_t level, const struct str *text)
{
	const struct sip_msg *m = r->draft ? r->draft->msg : NULL;

	if (m && (m->method & param.methods_filter)) /* -1, the default: all of them */
		return 1;
	return put(level, *text);
}

/* ---- $C(xy): ANSI colours ---- */

/* s black r red g green y yellow b blue p purple c cyan w white, x the default; capital letters are bold. */
static int colour(char c)
{
	static const char letters[] = "srgybpcw";
	const char *at = c ? strchr(letters, ascii_lower(c)) : NULL;

	return at ? (int)(at - letters) : -1;
}

int32_t std_xlog_pv_C_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	char fore = n->text.n > 0 ? n->text.p[0] : 'x', back = n->text.n > 1 ? n->text.p[1] : 'x';
	int f = colour(fore), b = colour(back);
	struct sb s;

	*ret = value_null();
	if (n->text.n != 2)
		return RT_E_INVAL;
	sb_init(&s, r->arena, 32);
	sb_addz(&s, "\033[");
	sb_addz(&s, fore >= 'A' && fore <= 'Z' ? "1;" : "0;");
	if (f >= 0)
		sb_printf(&s, "3%d", f);
	else
		sb_addz(&s, "39");
	sb_addc(&s, ';');
	if (b >= 0)
		sb_printf(&s, "4%d", b);
	else
		sb_addz(&s, "49");
	sb_addc(&s, 'm');
	if (!sb_ok(&s))
		return RT_E_NOMEM;
	*ret = value_str(sb_str(&s));
	return 0;
}

/* A prefix with variables would have to be evaluated at run time: known, not built. */
static int xlog_init(const struct program *p)
{
	(void)p;
	if (!param.prefix_mode || str_chr(param.prefix, '$') == STR_NONE)
		return 0;
	log_err("xlog: prefix_mode 1 with variables in the prefix is known, not supported yet");
	return RT_E_UNSUPP;
}

STD_MODULE(xlog, .init = xlog_init)
