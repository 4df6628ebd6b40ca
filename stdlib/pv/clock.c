/* SPDX-License-Identifier: Apache-2.0 */
/* Time of receipt and now, by the world's clock. */
#include <time.h>

#include "pv/pv_priv.h"

enum { US = 1000000, TIME_TEXT_MAX = 256 };

static int64_t receipt_us(struct run *r)
{
	int64_t us = r->draft ? r->draft->msg->origin.wall_us : 0;

	return us ? us : worker_wall(r->worker);
}

static int64_t now_us(struct run *r)
{
	return world_wall(worker_world(r->worker));
}

static void broken_down(int64_t seconds, bool utc, struct tm *tm)
{
	time_t t = (time_t)seconds;

	if (utc)
		gmtime_r(&t, tm);
	else
		localtime_r(&t, tm);
}

/* "Tue Nov 24 13:29:37 2026" */
static int32_t give_text(struct run *r, int64_t s, struct value *ret)
{
	struct tm tm;
	char buf[64];

	broken_down(s, false, &tm);
	strftime(buf, sizeof(buf), "%a %b %e %H:%M:%S %Y", &tm);
	*ret = value_strint(str_dup(r->arena, str_of(buf)), s);
	return 0;
}

PV_GET(Ts)
{
	return pv_give_int(ret, receipt_us(r) / US);
}

PV_GET(TS)
{
	return pv_give_int(ret, now_us(r) / US);
}

PV_GET(Tf)
{
	return give_text(r, receipt_us(r) / US, ret);
}

PV_GET(TF)
{
	return give_text(r, now_us(r) / US, ret);
}

/* ---- $time(k), $utime(k) ---- */

static int32_t give_field(struct run *r, int64_t key, bool utc, struct value *ret)
{
	struct tm tm;

	broken_down(receipt_us(r) / US, utc, &tm);
	const int fields[] = {tm.tm_sec,	 tm.tm_min,  tm.tm_hour,     tm.tm_mday, tm.tm_mon + 1,
			      tm.tm_year + 1900, tm.tm_wday + 1, tm.tm_yday + 1, tm.tm_isdst};

	if (key < 0 || (size_t)key >= sizeof(fields) / sizeof(fields[0]))
		return RT_E_INVAL;
	return pv_give_int(ret, fields[key]);
}

PV_GET(time)
{
	return give_field(r, n->num, false, ret);
}

PV_GET(utime)
{
	return give_field(r, n->num, true, ret);
}

static int32_t give_formatted(struct run *r, struct str fmt, bool utc, struct value *ret)
{
	char buf[TIME_TEXT_MAX], *z = str_z(r->arena, fmt);
	struct tm tm;
	size_t len;

	*ret = value_null();
	if (!z)
		return RT_E_NOMEM;
	broken_down(receipt_us(r) / US, utc, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the format is the script's */
	len = strftime(buf, sizeof(buf), z, &tm);
#pragma GCC diagnostic pop
	return len ? pv_give(ret, str_dup(r->arena, str_make(buf, len))) : RT_E_LIMIT;
}

PV_GET(timef)
{
	return give_formatted(r, n->text, false, ret);
}

PV_GET(utimef)
{
	return give_formatted(r, n->text, true, ret);
}

/* ---- $TV(k): "un" belongs to the "sn" read last ---- */

static _Thread_local int64_t last_read;

static int32_t give_split(struct run *r, int64_t us, struct value *ret)
{
	return pv_give(ret, str_printf(r->arena, "%lld.%06lld", (long long)(us / US), (long long)(us % US)));
}

static int32_t give_date(struct run *r, int64_t us, struct value *ret)
{
	struct tm tm;
	char buf[32];

	broken_down(us / US, false, &tm);
	strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S", &tm);
	return pv_give(ret, str_printf(r->arena, "%s.%06lld", buf, (long long)(us % US)));
}

PV_GET(TV)
{
	switch (n->num) {
	case 0:
		return pv_give_int(ret, receipt_us(r) / US);
	case 1:
		return pv_give_int(ret, receipt_us(r) % US);
	case 2:
		last_read = now_us(r);
		return pv_give_int(ret, last_read / US);
	case 3:
		return pv_give_int(ret, last_read % US);
	case 4:
		return give_split(r, now_us(r), ret);
	case 5:
		return give_split(r, receipt_us(r), ret);
	case 6:
		return give_date(r, now_us(r), ret);
	default:
		*ret = value_null();
		return 0;
	}
}
