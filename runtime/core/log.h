/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - log lines: level, module, place, text; to the world's sink.
 *
 * Levels are the language's. A line looks like " 0(4711) ERROR: net [tcp.c:88]: text", the number in
 * front being the worker; module is the folder of the source file. Any thread may log; before there is
 * a worker lines go to the process's sink.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdarg.h>

#include "base/str.h"

enum log_level {
	L_ALERT = -5,
	L_BUG = -4,
	L_CRIT2 = -3,
	L_CRIT = -2,
	L_ERR = -1,
	L_WARN = 0,
	L_NOTICE = 1,
	L_INFO = 2,
	L_DBG = 3,
};

enum { LOG_LINE_MAX = 16384 }; /* a longer line is cut */

void log_set_level(int level);
int log_get_level(void);
bool log_on(int level);
/* "ERROR", "WARNING" ... as in the line. */
const char *log_level_name(int level);

/* Text put between place and message: the script's log_prefix. Returns a view valid for the call. */
typedef struct str log_prefix_fn(void);
void log_set_prefix(log_prefix_fn *fn);
/* " 0(pid) " in front of lines (stderr); without it for syslog, which has its own. Default on. */
void log_set_head(bool on);

/* One line; `file` as __FILE__, NULL file: no place. The level is not checked again. */
void log_at(int level, const char *module, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void log_vat(int level, const char *module, const char *file, int line, const char *fmt, va_list ap)
	__attribute__((format(printf, 5, 0)));
/* A ready line of the script ("<script>: text"); the level is not checked again. */
void log_script(int level, struct str text);
/* The same with another text in the place of "<script>: ". */
void log_script_as(int level, struct str mark, struct str text);
/* Text as it is, without head, name or prefix. */
void log_raw(int level, struct str text);

#define log_msg(level, ...)                                                                        \
	do {                                                                                       \
		if (log_on(level))                                                                 \
			log_at((level), NULL, __FILE__, __LINE__, __VA_ARGS__);                    \
	} while (0)
#define log_alert(...) log_msg(L_ALERT, __VA_ARGS__)
#define log_crit(...) log_msg(L_CRIT, __VA_ARGS__)
#define log_err(...) log_msg(L_ERR, __VA_ARGS__)
#define log_warn(...) log_msg(L_WARN, __VA_ARGS__)
#define log_notice(...) log_msg(L_NOTICE, __VA_ARGS__)
#define log_info(...) log_msg(L_INFO, __VA_ARGS__)
#define log_dbg(...) log_msg(L_DBG, __VA_ARGS__)

/*
 * For lines that a peer can provoke: true at most `per_sec` times a second and place. Static storage:
 *   static struct log_limit ll; if (log_allow(&ll, 5)) log_warn(...);
 */
struct log_limit {
	_Atomic uint64_t second; /* several workers share the place */
	_Atomic uint32_t n;
};
bool log_allow(struct log_limit *l, uint32_t per_sec);

/* Level and prefix as at the start of the process; every limit counts anew. Between two servers. */
void log_reset(void);

#endif
