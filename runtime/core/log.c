/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line is put together in a buffer of the thread and handed to the world's sink in one piece, so
 * that lines of several workers never mix.
 */
#include "core/log.h"

#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/fmt.h"
#include "core/worker.h"
#include "world/world_real.h"

static _Atomic int level_now = L_WARN;
static _Atomic bool head_on = true;
static log_prefix_fn *_Atomic prefix;
static _Atomic uint64_t era; /* added to the seconds of the limits, so that each server has its own */
static _Thread_local char line_buf[LOG_LINE_MAX];

void log_set_level(int level)
{
	atomic_store_explicit(&level_now, level, memory_order_relaxed);
}

int log_get_level(void)
{
	return atomic_load_explicit(&level_now, memory_order_relaxed);
}

bool log_on(int level)
{
	return level <= log_get_level();
}

const char *log_level_name(int level)
{
	static const char *const names[] = {"ALERT", "BUG",    "CRITICAL", "CRITICAL", "ERROR",
					    "WARNING", "NOTICE", "INFO",    "DEBUG"};

	if (level < L_ALERT)
		level = L_ALERT;
	return names[level > L_DBG ? L_DBG - L_ALERT : level - L_ALERT];
}

void log_set_prefix(log_prefix_fn *fn)
{
	atomic_store(&prefix, fn);
}

void log_set_head(bool on)
{
	atomic_store(&head_on, on);
}

static void emit(int level, struct str s)
{
	struct worker *w = worker_self();

	if (w)
		world_log(worker_world(w), level, s);
	else
		world_real_log(level, s);
}

/* Behind the first n bytes of the line, as much as there is room for; how many there are then. */
static size_t put(size_t n, struct str s)
{
	size_t room = LOG_LINE_MAX - 1 - n, more = s.n < room ? s.n : room;

	if (more)
		memcpy(line_buf + n, s.p, more);
	return n + more;
}

static size_t put_number(size_t n, int64_t v)
{
	char t[FMT_INT_MAX];

	return put(n, str_make(t, fmt_i64(v, t)));
}

/* "runtime/net/tcp.c" belongs to module "net". */
static struct str module_of(const char *file)
{
	struct str s = str_of(file);
	size_t cut = str_rchr(s, '/'), slash;

	if (cut == STR_NONE)
		return S("core");
	s = str_head(s, cut);
	slash = str_rchr(s, '/');
	return slash == STR_NONE ? s : str_skip(s, slash + 1);
}

static size_t put_head(int level)
{
	struct worker *w = worker_self();
	log_prefix_fn *pre = atomic_load(&prefix);
	struct str p = pre ? pre() : STR_NULL;
	unsigned me = w ? worker_index(w) : 0;
	size_t n = 0;

	if (atomic_load(&head_on)) {
		n = put(n, me < 10 ? S(" ") : S(""));
		n = put_number(n, me);
		n = put(n, S("("));
		n = put_number(n, getpid());
		n = put(n, S(") "));
	}
	n = put(n, str_of(log_level_name(level)));
	return put(put(n, S(": ")), p);
}

void log_vat(int level, const char *module, const char *file, int line, const char *fmt, va_list ap)
{
	size_t n = put_head(level);
	struct str m = module ? str_of(module) : file ? module_of(file) : S("core");

	int made;

	n = put(put(n, m), S(" "));
	if (file) {
		const char *base = strrchr(file, '/');

		n = put(put(n, S("[")), str_of(base ? base + 1 : file));
		n = put(put_number(put(n, S(":")), line), S("]: "));
	}
	made = fmt_print(line_buf + n, LOG_LINE_MAX - n, fmt, ap);
	if (made > 0)
		n += (size_t)made < LOG_LINE_MAX - n ? (size_t)made : LOG_LINE_MAX - 1 - n;
	while (n && line_buf[n - 1] == '\n')
		n--;
	emit(level, str_make(line_buf, n));
}

void log_at(int level, const char *module, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vat(level, module, file, line, fmt, ap);
	va_end(ap);
}

void log_script(int level, struct str text)
{
	log_script_as(level, S("<script>: "), text);
}

void log_script_as(int level, struct str mark, struct str text)
{
	size_t n = put_head(level);

	while (text.n && text.p[text.n - 1] == '\n')
		text.n--;
	n = put(put(n, mark), text);
	emit(level, str_make(line_buf, n));
}

void log_raw(int level, struct str text)
{
	emit(level, text);
}

void log_reset(void)
{
	log_set_level(L_WARN);
	log_set_prefix(NULL);
	atomic_fetch_add(&era, 1ull << 40);
}

bool log_allow(struct log_limit *l, uint32_t per_sec)
{
	struct worker *w = worker_self();
	uint64_t second = (w ? worker_now(w) / 1000000 : 0) + atomic_load(&era);

	/* two workers may both begin a second: a line more than allowed, no harm */
	if (atomic_exchange_explicit(&l->second, second, memory_order_relaxed) != second)
		atomic_store_explicit(&l->n, 0, memory_order_relaxed);
	return atomic_fetch_add_explicit(&l->n, 1, memory_order_relaxed) < per_sec;
}
