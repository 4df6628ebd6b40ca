/* SPDX-License-Identifier: Apache-2.0 */
/* A database is SQLite in memory, whatever the URL says; an HTTP server is the list of the scenario, and a log of what was asked. */
#include "test/fixture.h"

#include <regex.h>

#include "base/sb.h"
#include "db/db.h"
#include "http/client.h"

enum { ASKED_MAX = 1024 };

struct asked {
	struct str method, url, body;
};

static struct {
	const struct scenario *s;
	struct arena *a;
	struct asked asked[ASKED_MAX];
	int n;
} web;

static struct str method_of(const struct http_request *q)
{
	return q->method ? str_of(q->method) : q->body.p ? S("POST") : S("GET");
}

/* Without the white space that all its lines share with the first, and without what follows the last. */
static struct str unindented(struct arena *a, struct str body)
{
	size_t n = 0;
	struct sb b;

	while (n < body.n && (body.p[n] == '\t' || body.p[n] == ' '))
		n++;
	sb_init(&b, a, body.n + 1);
	for (body = str_rtrim(body); body.n;) {
		struct str line = str_cut(&body, '\n');
		size_t i = 0;

		while (i < n && i < line.n && (line.p[i] == '\t' || line.p[i] == ' '))
			i++;
		sb_add(&b, str_skip(line, i));
		if (body.n)
			sb_addc(&b, '\n');
	}
	return b.n ? sb_str(&b) : S("");
}

static int answer(void *arg, const struct http_request *q, struct arena *a, struct http_response *ret, uint32_t *after_ms)
{
	struct str method = method_of(q), url = str_of(q->url), head, body;

	(void)arg;
	if (web.n < ASKED_MAX)
		web.asked[web.n++] = (struct asked){str_dup(web.a, method), str_dup(web.a, url), q->body.p ? str_dup(web.a, q->body) : S("")};
	for (size_t i = 0; i < web.s->n_https; i++) {
		const struct scenario_http *h = &web.s->https[i];

		if (!str_ieq(h->method, method) || !str_eq(h->url, url))
			continue;
		if (!h->status)
			return RT_E_IO;
		ret->status = h->status;
		*after_ms = (uint32_t)h->after_ms;
		scenario_split(h->block, &head, &body);
		ret->headers = head;
		ret->url = url;
		ret->body = unindented(a, body);
		while (head.n) {
			struct str value = str_trim(str_cut(&head, '\n')), name = str_trim(str_cut(&value, ':'));

			if (str_ieq(name, S("Content-Type")))
				ret->content_type = str_dup(a, str_trim(value));
		}
		return 0;
	}
	return RT_E_IO;
}

bool fixture_open(const struct scenario *s, struct arena *a, struct str *why, unsigned *line)
{
	struct db_result unused;
	char text[DB_WHY_MAX];

	web.s = s;
	web.a = a;
	web.n = 0;
	http_fixture(answer, NULL);
	for (size_t i = 0; i < s->n_databases; i++) {
		const struct scenario_database *d = &s->databases[i];
		void *conn = db_sqlite.open(":memory:", text, sizeof(text));

		*line = d->line;
		if (!conn || db_fixture(d->url, &db_sqlite, conn) || db_fixture_query(d->url, d->sql, a, &unused, text)) {
			*why = str_printf(a, "database " STR_FMT ": %s", STR_ARG(d->url), text);
			return false;
		}
	}
	return true;
}

static bool matches(struct arena *a, struct str re, struct str s)
{
	regex_t x;
	bool ok;

	if (regcomp(&x, str_z(a, re), REG_EXTENDED | REG_NOSUB))
		return false;
	ok = regexec(&x, str_z(a, s), 0, NULL, 0) == 0;
	regfree(&x);
	return ok;
}

static bool was_asked(const struct step *s, struct arena *a)
{
	for (int i = 0; i < web.n; i++)
		if (str_ieq(web.asked[i].method, s->what) && str_eq(web.asked[i].url, s->file) &&
		    (!s->text.p || matches(a, s->text, web.asked[i].body)))
			return true;
	return false;
}

/* "a|b;c|d": cells and rows; null is empty. */
static struct str shown(struct arena *a, const struct db_result *r)
{
	struct sb b;

	sb_init(&b, a, 1 << 20);
	for (size_t row = 0; row < r->n_rows; row++)
		for (size_t i = 0; i < r->n_cols; i++) {
			const struct db_cell *c = &r->cells[row * r->n_cols + i];

			if (i || row)
				sb_addc(&b, i ? '|' : ';');
			if (c->type == DB_INT)
				sb_printf(&b, "%lld", (long long)c->i);
			else if (c->type != DB_NULL)
				sb_add(&b, c->s);
		}
	return b.n ? sb_str(&b) : S("");
}

static bool rows(const struct step *s, struct arena *a, struct str *why)
{
	struct db_result r;
	char text[DB_WHY_MAX];
	struct str seen;

	if (db_fixture_query(s->file, s->what, a, &r, text)) {
		*why = str_printf(a, "database " STR_FMT ": %s", STR_ARG(s->file), text);
		return false;
	}
	seen = shown(a, &r);
	if (str_eq(seen, s->text) != s->negated)
		return true;
	*why = str_printf(a, "rows of " STR_FMT "\n    expected: %s" STR_FMT "\n    seen:     " STR_FMT, STR_ARG(s->what),
			  s->negated ? "not " : "", STR_ARG(s->text), STR_ARG(seen));
	return false;
}

bool fixture_step(const struct step *s, struct arena *a, struct str *why)
{
	struct sb b;

	if (s->kind == STEP_ROWS)
		return rows(s, a, why);
	if (s->kind == STEP_DATABASE) {
		if (!db_fixture_down(s->file, s->n != 0))
			return true;
		*why = str_printf(a, "there is no database " STR_FMT " in this scenario", STR_ARG(s->file));
		return false;
	}
	if (was_asked(s, a) != s->negated)
		return true;
	sb_init(&b, a, 1 << 20);
	sb_printf(&b, STR_FMT " " STR_FMT " was %sasked", STR_ARG(s->what), STR_ARG(s->file), s->negated ? "" : "not ");
	for (int i = 0; i < web.n; i++)
		sb_printf(&b, "\n    seen: " STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(web.asked[i].method), STR_ARG(web.asked[i].url),
			  STR_ARG(str_head(web.asked[i].body, 200)));
	*why = sb_str(&b);
	return false;
}
