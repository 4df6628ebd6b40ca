/* SPDX-License-Identifier: Apache-2.0 */
#include "script/env.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bug.h"
#include "core/log.h"

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

static bool is_number(struct str s, uint32_t *ret)
{
	uint64_t n;

	if (!str_to_u64(s, UINT32_MAX, &n))
		return false;
	*ret = (uint32_t)n;
	return true;
}

int script_chown(const char *path, struct str user, struct str group)
{
	uint32_t uid = UINT32_MAX, gid = UINT32_MAX; /* chown: as they are */
	char name[128];

	if (user.n && !is_number(user, &uid)) {
		struct passwd *u;

		snprintf(name, sizeof(name), STR_FMT, STR_ARG(user));
		u = getpwnam(name);
		if (!u) {
			log_err("no such user: " STR_FMT, STR_ARG(user));
			return RT_E_NOENT;
		}
		uid = u->pw_uid;
	}
	if (group.n && !is_number(group, &gid)) {
		struct group *g;

		snprintf(name, sizeof(name), STR_FMT, STR_ARG(group));
		g = getgrnam(name);
		if (!g) {
			log_err("no such group: " STR_FMT, STR_ARG(group));
			return RT_E_NOENT;
		}
		gid = g->gr_gid;
	}
	if ((user.n || group.n) && chown(path, uid, gid) == -1) {
		log_err("cannot give %s away: %s", path, strerror(errno));
		return RT_E_IO;
	}
	return 0;
}

bool script_run_path(struct str name, char *buf, size_t size)
{
	bool absolute = name.n && name.p[0] == '/';
	int n = snprintf(buf, size, "%s%s" STR_FMT, absolute ? "" : run_dir, absolute ? "" : "/", STR_ARG(name));

	return n > 0 && (size_t)n < size;
}
