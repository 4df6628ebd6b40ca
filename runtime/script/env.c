/* SPDX-License-Identifier: Apache-2.0 */
#include "script/env.h"

#include <stdio.h>

#include "base/arena.h"

enum { RUN_DIR_MAX = 200 };

static char run_dir[RUN_DIR_MAX] = "/run/kamailio";

void script_log(const struct run *r, int level, const char *fmt, ...)
{
	const struct program_site *s = &r->prog->sites[r->site < r->prog->n_sites ? r->site : 0];
	struct str text;
	va_list ap;

	if (!log_on(level))
		return;
	va_start(ap, fmt);
	text = str_vprintf(r->arena, fmt, ap);
	va_end(ap);
	log_at(level, "script", NULL, 0, "cfg:%s:%u: " STR_FMT, s->file, s->line, STR_ARG(text));
}

struct str script_text_made(struct run *r, struct value v)
{
	return v.tag == VAL_INT ? str_printf(r->arena, "%lld", (long long)v.i) : S("");
}

void script_set_run_dir(const char *dir)
{
	snprintf(run_dir, sizeof(run_dir), "%s", dir);
}

bool script_run_path(struct str name, char *buf, size_t size)
{
	bool absolute = name.n && name.p[0] == '/';
	int n = snprintf(buf, size, "%s%s" STR_FMT, absolute ? "" : run_dir, absolute ? "" : "/", STR_ARG(name));

	return n > 0 && (size_t)n < size;
}
