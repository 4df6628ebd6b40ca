/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in the real world. c-ares asks and retries; the C library's ns_* functions take the answer
 * apart, because c-ares 1.18 does not tell the TTLs of SRV and NAPTR records. The hosts file is looked
 * at first for A and AAAA.
 */
#include "world/real_priv.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <sys/time.h>

#include "base/list.h"
#include "base/mem.h"

enum { CHAIN_MAX = 16 };

struct sock {
	struct list node;
	struct real_dns *d;
	int fd;
	struct world_watch *watch;
};

struct real_dns {
	struct world *w;
	ares_channel channel;
	struct list socks;
	unsigned open;
	bool search, closing;
	struct real_answer buf;
};

struct world_query {
	struct world_head head;
	struct world_note note; /* for what is known at once */
	struct real_dns *d;
	world_dns_fn *fn; /* NULL: cancelled */
	void *arg;
	enum world_dns_type type;
	bool asking; /* inside the call that asks */
	int status;  /* of an answer kept for later */
	unsigned char *msg; /* its bytes, or NULL: the hosts file's */
	size_t msg_n;
	struct addr host;
	char name[WORLD_DNS_NAME_MAX];
};

/* ---- taking an answer apart ---- */

static bool same_name(const char *a, const char *b)
{
	struct str x = str_of(a), y = str_of(b);

	if (x.n && x.p[x.n - 1] == '.')
		x.n--;
	if (y.n && y.p[y.n - 1] == '.')
		y.n--;
	return str_ieq(x, y);
}

static bool keep(struct real_answer *b, struct str s, struct str *ret)
{
	if (s.n > sizeof(b->text) - b->text_n)
		return false;
	memcpy(b->text + b->text_n, s.p, s.n);
	*ret = str_make(b->text + b->text_n, s.n);
	b->text_n += s.n;
	return true;
}

static bool take_name(ns_msg *h, const unsigned char *at, struct real_answer *b, struct str *ret)
{
	char name[NS_MAXDNAME];

	return ns_name_uncompress(ns_msg_base(*h), ns_msg_end(*h), at, name, sizeof(name)) >= 0 &&
	       keep(b, str_of(name), ret);
}

/* One <character-string> at *p, before end. */
static bool take_string(const unsigned char **p, const unsigned char *end, struct real_answer *b, struct str *ret)
{
	size_t n;

	if (*p >= end)
		return false;
	n = **p;
	if ((size_t)(end - *p) < n + 1)
		return false;
	if (!keep(b, str_make((const char *)*p + 1, n), ret))
		return false;
	*p += n + 1;
	return true;
}

static bool take_naptr(ns_msg *h, const unsigned char *p, const unsigned char *end, struct real_answer *b,
		       struct world_rr *r)
{
	if (end - p < 7)
		return false;
	r->prio = (uint16_t)ns_get16(p);
	r->weight = (uint16_t)ns_get16(p + 2);
	p += 4;
	return take_string(&p, end, b, &r->flags) && take_string(&p, end, b, &r->service) &&
	       take_string(&p, end, b, &r->regexp) && p < end && take_name(h, p, b, &r->name);
}

static bool take_record(ns_msg *h, const ns_rr *rr, struct real_answer *b, struct world_rr *r)
{
	const unsigned char *p = ns_rr_rdata(*rr), *end = p + ns_rr_rdlen(*rr);
	size_t n = ns_rr_rdlen(*rr);

	switch (r->type) {
	case DNS_A:
	case DNS_AAAA:
		if (n != (r->type == DNS_A ? 4 : 16))
			return false;
		r->addr.family = r->type == DNS_A ? AF_INET : AF_INET6;
		memcpy(r->addr.ip, p, n);
		return true;
	case DNS_SRV:
		if (n < 7)
			return false;
		r->prio = (uint16_t)ns_get16(p);
		r->weight = (uint16_t)ns_get16(p + 2);
		r->port = (uint16_t)ns_get16(p + 4);
		return take_name(h, p + 6, b, &r->name);
	case DNS_PTR:
		return take_name(h, p, b, &r->name);
	case DNS_TXT:
		return take_string(&p, end, b, &r->name);
	case DNS_NAPTR:
		return take_naptr(h, p, end, b, r);
	}
	return false;
}

/* RFC 2308 5: the smaller of the SOA's TTL and its minimum. */
static uint32_t negative_ttl(ns_msg *h)
{
	for (int i = 0; i < ns_msg_count(*h, ns_s_ns); i++) {
		ns_rr rr;
		uint32_t min;

		if (ns_parserr(h, ns_s_ns, i, &rr) < 0)
			return 0;
		if (ns_rr_type(rr) != ns_t_soa || ns_rr_rdlen(rr) < 22)
			continue;
		min = (uint32_t)ns_get32(ns_rr_rdata(rr) + ns_rr_rdlen(rr) - 4);
		return min < ns_rr_ttl(rr) ? min : ns_rr_ttl(rr);
	}
	return 0;
}

static bool follow(ns_msg *h, char name[NS_MAXDNAME])
{
	for (int i = 0; i < ns_msg_count(*h, ns_s_an); i++) {
		ns_rr rr;
		char to[NS_MAXDNAME];

		if (ns_parserr(h, ns_s_an, i, &rr) < 0)
			return false;
		if (ns_rr_type(rr) != ns_t_cname || !same_name(ns_rr_name(rr), name))
			continue;
		if (ns_name_uncompress(ns_msg_base(*h), ns_msg_end(*h), ns_rr_rdata(rr), to, sizeof(to)) < 0)
			return false;
		memcpy(name, to, sizeof(to));
		return true;
	}
	return false;
}

static size_t collect(ns_msg *h, const char *name, enum world_dns_type type, struct real_answer *b)
{
	size_t n = 0;

	for (int i = 0; i < ns_msg_count(*h, ns_s_an) && n < WORLD_DNS_RR_MAX; i++) {
		struct world_rr r = {.type = type};
		ns_rr rr;

		if (ns_parserr(h, ns_s_an, i, &rr) < 0)
			break;
		if (ns_rr_type(rr) != (ns_type)type || !same_name(ns_rr_name(rr), name))
			continue;
		r.ttl = ns_rr_ttl(rr) > INT32_MAX ? 0 : ns_rr_ttl(rr); /* RFC 2181 8 */
		if (take_record(h, &rr, b, &r))
			b->rr[n++] = r;
	}
	return n;
}

int real_dns_parse(const unsigned char *msg, size_t n, struct str name, enum world_dns_type type,
		   struct real_answer *buf, struct world_answer *ret)
{
	char at[NS_MAXDNAME] = "";
	ns_msg h;

	*ret = (struct world_answer){.status = RT_E_PARSE, .rr = buf->rr};
	buf->text_n = 0;
	if (n > 65535 || ns_initparse(msg, (int)n, &h) < 0 || name.n >= sizeof(at))
		return RT_E_PARSE;
	memcpy(at, name.p, name.n);
	for (int i = 0; i < CHAIN_MAX; i++) {
		ret->n = collect(&h, at, type, buf);
		if (ret->n || !follow(&h, at))
			break;
	}
	ret->status = ret->n ? 0 : RT_E_NOENT;
	if (!ret->n)
		ret->neg_ttl = negative_ttl(&h);
	return ret->status;
}

/* ---- answering ---- */

static int status_of(int ares)
{
	switch (ares) {
	case ARES_SUCCESS:
		return 0;
	case ARES_ENODATA:
	case ARES_ENOTFOUND:
	case ARES_EBADNAME:
		return RT_E_NOENT;
	case ARES_ETIMEOUT:
		return RT_E_TIMEOUT;
	case ARES_EBADRESP:
	case ARES_EFORMERR:
	case ARES_EBADSTR:
		return RT_E_PARSE;
	case ARES_ENOMEM:
		return RT_E_NOMEM;
	default:
		return RT_E_IO;
	}
}

static void query_free(struct world_query *q)
{
	q->d->open--;
	mem_free(&q->msg);
	mem_free(&q);
}

/* The name that was found is the question's: a search list may have completed ours. */
static struct str question(const unsigned char *msg, size_t n, char buf[NS_MAXDNAME], struct str asked)
{
	ns_msg h;
	ns_rr rr;

	if (n > 65535 || ns_initparse(msg, (int)n, &h) < 0 || ns_parserr(&h, ns_s_qd, 0, &rr) < 0)
		return asked;
	snprintf(buf, NS_MAXDNAME, "%s", ns_rr_name(rr));
	return str_of(buf);
}

static void answer(struct world_query *q, int status, const unsigned char *msg, size_t n)
{
	struct real_answer *b = &q->d->buf;
	struct world_answer a = {.status = status, .rr = b->rr};
	char name[NS_MAXDNAME];
	world_dns_fn *fn = q->fn;
	void *arg = q->arg;

	if (msg && (!status || status == RT_E_NOENT))
		real_dns_parse(msg, n, question(msg, n, name, str_of(q->name)), q->type, b, &a);
	if (status)
		a.status = status;
	if (a.status)
		a.n = 0;
	query_free(q);
	if (fn)
		fn(arg, &a);
}

static void later(struct world_note *note)
{
	struct world_query *q = container_of(note, struct world_query, note);
	struct real_answer *b = &q->d->buf;

	if (q->host.family) {
		struct world_answer a = {.rr = b->rr, .n = 1};
		world_dns_fn *fn = q->fn;
		void *arg = q->arg;

		b->rr[0] = (struct world_rr){.type = q->type, .ttl = 60, .addr = q->host};
		query_free(q);
		if (fn)
			fn(arg, &a);
		return;
	}
	answer(q, q->status, q->msg, q->msg_n);
}

static void drop(struct world_note *note)
{
	struct world_query *q = container_of(note, struct world_query, note);

	mem_free(&q->msg);
	mem_free(&q);
}

static void answer_later(struct world_query *q)
{
	q->note.fn = later;
	q->note.drop = drop;
	world_post(q->d->w, &q->note);
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *msg, int n)
{
	struct world_query *q = arg;

	(void)timeouts;
	if (q->d->closing) {
		query_free(q);
		return;
	}
	if (!q->asking) {
		answer(q, status_of(status), msg, n > 0 ? (size_t)n : 0);
		return;
	}
	/* never inside the call that asked */
	q->status = status_of(status);
	if (msg && n > 0)
		q->msg = mem_alloc((size_t)n);
	if (q->msg) {
		memcpy(q->msg, msg, (size_t)n);
		q->msg_n = (size_t)n;
	}
	answer_later(q);
}

static bool in_hosts(struct real_dns *d, struct world_query *q)
{
	int family = q->type == DNS_A ? AF_INET : AF_INET6;
	struct hostent *h = NULL;

	if (q->type != DNS_A && q->type != DNS_AAAA)
		return false;
	if (ares_gethostbyname_file(d->channel, q->name, family, &h) != ARES_SUCCESS || !h)
		return false;
	if (h->h_addr_list[0] && h->h_addrtype == family) {
		q->host.family = (uint16_t)family;
		memcpy(q->host.ip, h->h_addr_list[0], family == AF_INET ? 4 : 16);
	}
	ares_free_hostent(h);
	return q->host.family != 0;
}

int real_dns_resolve(struct real_dns *d, struct str name, enum world_dns_type type, world_dns_fn *fn, void *arg,
		     struct world_query **ret)
{
	struct world_query *q;

	if (!name.n || name.n >= WORLD_DNS_NAME_MAX || memchr(name.p, 0, name.n))
		return RT_E_INVAL;
	q = mem_alloc(sizeof(*q));
	if (!q)
		return RT_E_NOMEM;
	q->head = *(const struct world_head *)(const void *)d->w;
	q->d = d;
	q->fn = fn;
	q->arg = arg;
	q->type = type;
	memcpy(q->name, name.p, name.n);
	d->open++;
	*ret = q;
	if (in_hosts(d, q)) {
		answer_later(q);
		return 0;
	}
	q->asking = true;
	if (d->search)
		ares_search(d->channel, q->name, ns_c_in, (int)type, on_answer, q);
	else
		ares_query(d->channel, q->name, ns_c_in, (int)type, on_answer, q);
	q->asking = false; /* alive: an answer inside the call is posted */
	return 0;
}

void real_dns_cancel(struct world_query *q)
{
	q->fn = NULL;
}

/* ---- the channel ---- */

static void on_ready(void *arg, int fd, int events)
{
	struct sock *s = arg;

	ares_process_fd(s->d->channel, events & WATCH_READ ? fd : ARES_SOCKET_BAD,
			events & WATCH_WRITE ? fd : ARES_SOCKET_BAD);
}

static struct sock *sock_of(struct real_dns *d, int fd)
{
	struct list *it, *tmp;

	list_each(it, tmp, &d->socks)
		if (container_of(it, struct sock, node)->fd == fd)
			return container_of(it, struct sock, node);
	return NULL;
}

static void sock_free(struct sock *s)
{
	list_del(&s->node);
	if (s->watch)
		world_watch_close(&s->watch);
	mem_free(&s);
}

static void on_sock(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct real_dns *d = arg;
	struct sock *s = sock_of(d, fd);
	int events = (readable ? WATCH_READ : 0) | (writable ? WATCH_WRITE : 0);

	if (!events) {
		if (s)
			sock_free(s);
		return;
	}
	if (s) {
		world_watch_change(s->watch, events);
		return;
	}
	s = mem_alloc(sizeof(*s));
	if (!s)
		return; /* its query will time out */
	s->d = d;
	s->fd = fd;
	list_add_tail(&d->socks, &s->node);
	if (world_watch_fd(d->w, fd, events, on_ready, s, &s->watch))
		sock_free(s);
}

/* Use the first n of the system's servers. */
static void cut_servers(ares_channel channel, int n)
{
	struct ares_addr_port_node *list = NULL, *last;

	if (ares_get_servers_ports(channel, &list) != ARES_SUCCESS || !list)
		return;
	for (last = list; last->next && n > 1; n--)
		last = last->next;
	if (last->next) {
		struct ares_addr_port_node *rest = last->next;

		last->next = NULL;
		ares_set_servers_ports(channel, list);
		last->next = rest;
	}
	ares_free_data(list);
}

int real_dns_new(struct world *w, const struct world_dns_opts *o, struct real_dns **ret)
{
	struct real_dns *d = mem_alloc(sizeof(*d));
	struct ares_options opts = {.sock_state_cb = on_sock, .sock_state_cb_data = d};
	int mask = ARES_OPT_SOCK_STATE_CB, status;

	if (!d)
		return RT_E_NOMEM;
	d->w = w;
	d->search = !(o && o->no_search);
	list_init(&d->socks);
	if (o && o->timeout_ms > 0) {
		opts.timeout = o->timeout_ms;
		mask |= ARES_OPT_TIMEOUTMS;
	}
	if (o && o->tries > 0) {
		opts.tries = o->tries;
		mask |= ARES_OPT_TRIES;
	}
	status = ares_init_options(&d->channel, &opts, mask);
	if (status != ARES_SUCCESS) {
		mem_free(&d);
		return status == ARES_ENOMEM ? RT_E_NOMEM : RT_E_IO;
	}
	if (o && o->server && ares_set_servers_ports_csv(d->channel, o->server) != ARES_SUCCESS) {
		real_dns_free(&d);
		return RT_E_INVAL;
	}
	if (o && o->servers > 0 && !o->server)
		cut_servers(d->channel, o->servers);
	*ret = d;
	return 0;
}

void real_dns_free(struct real_dns **d)
{
	struct list *it, *tmp;

	if (!*d)
		return;
	(*d)->closing = true;
	ares_destroy((*d)->channel);
	list_each(it, tmp, &(*d)->socks)
		sock_free(container_of(it, struct sock, node));
	mem_free(d);
}

int real_dns_timeout_ms(struct real_dns *d)
{
	struct timeval tv, *t = ares_timeout(d->channel, NULL, &tv);

	return t ? (int)(t->tv_sec * 1000 + (t->tv_usec + 999) / 1000) : -1;
}

void real_dns_tick(struct real_dns *d)
{
	ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

unsigned real_dns_open(const struct real_dns *d)
{
	return d->open;
}
