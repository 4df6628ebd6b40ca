/* SPDX-License-Identifier: Apache-2.0 */
#include "script/log_prefix.h"

#include "core/fiber.h"
#include "core/log.h"
#include "script/load.h"

static const struct fmt_ref *format;
static bool each_line;

static struct str evaluate(struct run *r)
{
	static _Thread_local bool busy; /* what evaluating logs has no prefix */
	struct str s = STR_NULL;

	if (busy)
		return s;
	busy = true;
	if (format->eval(r, &s) < 0)
		s = STR_NULL;
	busy = false;
	return s;
}

static struct str prefix(void)
{
	struct fiber *f = fiber_self();
	struct run *r = f ? fiber_user(f) : NULL;

	if (!r || !r->draft)
		return STR_NULL;
	if (each_line)
		return evaluate(r);
	while (r->outer)
		r = r->outer;
	if (!r->log_prefix.p && r->draft && format->arrived)
		r->log_prefix = evaluate(r);
	return r->log_prefix;
}

void script_log_prefix(const struct program *p)
{
	const struct program_value *v = program_core_find(p, "log_prefix");

	format = v && v->kind == PROGRAM_FMT ? v->fmt : NULL;
	each_line = program_core_int(p, "log_prefix_mode", 0) != 0;
	log_set_prefix(format ? prefix : NULL);
}

void script_log_prefix_begin(struct run *r)
{
	if (format && !each_line && !format->arrived && !r->outer && r->draft)
		r->log_prefix = evaluate(r);
}

void script_log_prefix_settle(void)
{
	if (format && !each_line)
		(void)prefix();
}
