/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME xlog
#define STD_DEF "xlog/xlog.def"
#include "abi/std.h"

#include "core/log.h"

static int32_t put(struct run *r, int level, const struct str *text)
{
	(void)r;
	if (log_on(level))
		log_script(level, *text); /* which cuts line ends only */
	return 1;
}

int32_t std_xlog_xlog(struct run *r, int32_t level, const struct str *text)
{
	return put(r, level, text);
}

int32_t std_xlog_xlog1(struct run *r, const struct str *text)
{
	return put(r, L_ERR, text);
}

int32_t std_xlog_xdbg(struct run *r, const struct str *text)
{
	return put(r, L_DBG, text);
}

int32_t std_xlog_xinfo(struct run *r, const struct str *text)
{
	return put(r, L_INFO, text);
}

int32_t std_xlog_xnotice(struct run *r, const struct str *text)
{
	return put(r, L_NOTICE, text);
}

int32_t std_xlog_xwarn(struct run *r, const struct str *text)
{
	return put(r, L_WARN, text);
}

int32_t std_xlog_xerr(struct run *r, const struct str *text)
{
	return put(r, L_ERR, text);
}

int32_t std_xlog_xcrit(struct run *r, const struct str *text)
{
	return put(r, L_CRIT, text);
}

int32_t std_xlog_xalert(struct run *r, const struct str *text)
{
	return put(r, L_ALERT, text);
}

STD_MODULE(xlog)
