/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One multi handle a worker: libcurl tells which descriptors and which time it waits for, the world's loop calls it. An
 * easy handle belongs to its request, which stands on the stack of the fiber that waits for it.
 */
#include "http/client.h"

#include <curl/curl.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/sb.h"
#include "core/fiber.h"
#include "core/timer.h"
#include "core/worker.h"

enum { TIMEOUT_DEFAULT = 4000, REDIRECTIONS_MAX = 10, HEADERS_MAX = 64 * 1024, HEADER_LINES_MAX = 64 };

struct client {
	struct worker *worker;
	CURLM *multi;
	struct timer timer;
	unsigned n;
};

struct exchange {
	struct client *client;
	struct fiber *fiber;
	struct arena *arena;
	struct http_response *ret;
	struct sb body, headers;
	size_t max;
	CURLcode code;
	bool done, cut;
};

static _Thread_local struct client *mine;
static http_fixture_fn *fixture;
static void *fixture_arg;

void http_fixture(http_fixture_fn *fn, void *arg)
{
	fixture = fn;
	fixture_arg = arg;
}

/* ---- libcurl and the loop ---- */

static void take_finished(struct client *c)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
		struct exchange *x = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&x);
		x->code = m->data.result;
		x->done = true;
		fiber_wake(x->fiber);
	}
}

static void act(struct client *c, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(c->multi, fd, what, &running);
	take_finished(c);
}

static void on_timer(void *arg)
{
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct client *c = arg;

	(void)multi;
	if (ms < 0)
		timer_stop(&c->timer);
	else
		timer_start(c->worker, &c->timer, ms > TIMER_MAX_MS ? TIMER_MAX_MS : (uint32_t)ms, on_timer, c);
	return 0;
}

static void on_fd(void *arg, int fd, int events)
{
	act(arg, fd, (events & WATCH_READ ? CURL_CSELECT_IN : 0) | (events & WATCH_WRITE ? CURL_CSELECT_OUT : 0));
}

static int watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *per_socket)
{
	struct client *c = arg;
	struct world_watch *w = per_socket;
	int events = (what & CURL_POLL_IN ? WATCH_READ : 0) | (what & CURL_POLL_OUT ? WATCH_WRITE : 0);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		world_watch_close(&w);
		curl_multi_assign(c->multi, fd, NULL);
	} else if (w) {
		world_watch_change(w, events);
	} else {
		if (world_watch_fd(worker_world(c->worker), fd, events, on_fd, c, &w))
			return -1;
		curl_multi_assign(c->multi, fd, w);
	}
	return 0;
}

static struct client *client_here(struct worker *w)
{
	if (mine)
		return mine;
	mine = mem_calloc(1, sizeof(*mine));
	if (!mine)
		return NULL;
	mine->worker = w;
	mine->multi = curl_multi_init();
	curl_multi_setopt(mine->multi, CURLMOPT_SOCKETFUNCTION, watch);
	curl_multi_setopt(mine->multi, CURLMOPT_SOCKETDATA, mine);
	curl_multi_setopt(mine->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(mine->multi, CURLMOPT_TIMERDATA, mine);
	return mine;
}

void http_client_fini(void)
{
	if (!mine)
		return;
	timer_stop(&mine->timer);
	curl_multi_cleanup(mine->multi);
	mem_free(&mine);
}

const char *http_error_text(int error)
{
	return curl_easy_strerror((CURLcode)error);
}

/* ---- one exchange ---- */

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;

	n *= size;
	if (x->body.n + n > x->max) { /* the rest is not wanted */
		sb_add(&x->body, str_make(p, x->max - x->body.n));
		x->cut = true;
		return 0;
	}
	sb_add(&x->body, str_make(p, n));
	return sb_ok(&x->body) ? n : 0;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;

	n *= size;
	if (n >= 5 && memcmp(p, "HTTP/", 5) == 0) /* of another answer */
		x->headers.n = 0;
	sb_add(&x->headers, str_make(p, n));
	return sb_ok(&x->headers) ? n : 0;
}

static struct curl_slist *header_list(struct arena *a, struct str text)
{
	struct curl_slist *list = NULL, *more;

	for (int n = 0; text.n && n < HEADER_LINES_MAX; n++) {
		struct str line = str_trim(str_cut(&text, '\n'));

		if (!line.n)
			continue;
		more = curl_slist_append(list, str_z(a, line));
		if (!more)
			break;
		list = more;
	}
	return list;
}

static void set_security(CURL *e, const struct http_request *q)
{
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, q->no_verify_peer ? 0L : 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, q->no_verify_host ? 0L : 2L);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, q->tls_version);
	if (q->ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, q->ca_file);
	if (q->cert_file)
		curl_easy_setopt(e, CURLOPT_SSLCERT, q->cert_file);
	if (q->key_file)
		curl_easy_setopt(e, CURLOPT_SSLKEY, q->key_file);
	if (q->ciphers)
		curl_easy_setopt(e, CURLOPT_SSL_CIPHER_LIST, q->ciphers);
	if (q->user) {
		curl_easy_setopt(e, CURLOPT_HTTPAUTH, q->auth ? (unsigned long)q->auth : CURLAUTH_BASIC | CURLAUTH_DIGEST);
		curl_easy_setopt(e, CURLOPT_USERNAME, q->user);
		curl_easy_setopt(e, CURLOPT_PASSWORD, q->password ? q->password : "");
	}
}

static void set_request(CURL *e, const struct http_request *q, struct curl_slist *headers, struct exchange *x)
{
	curl_easy_setopt(e, CURLOPT_PRIVATE, x);
	curl_easy_setopt(e, CURLOPT_URL, q->url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(q->timeout_ms ? q->timeout_ms : TIMEOUT_DEFAULT));
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, q->follow ? 1L : 0L);
	curl_easy_setopt(e, CURLOPT_MAXREDIRS, (long)REDIRECTIONS_MAX);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
	if (q->user_agent)
		curl_easy_setopt(e, CURLOPT_USERAGENT, q->user_agent);
	if (q->proxy)
		curl_easy_setopt(e, CURLOPT_PROXY, q->proxy);
	if (q->proxy_port)
		curl_easy_setopt(e, CURLOPT_PROXYPORT, q->proxy_port);
	if (q->interface)
		curl_easy_setopt(e, CURLOPT_INTERFACE, q->interface);
	if (q->body.p) {
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.n);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, q->body.p);
	}
	if (q->method)
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, q->method);
	set_security(e, q);
}

static void fill(struct exchange *x, CURL *e)
{
	const char *type = NULL, *url = NULL;
	long status = 0;

	curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(e, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(e, CURLINFO_EFFECTIVE_URL, &url);
	x->ret->status = (int)status;
	x->ret->body = x->body.n ? sb_str(&x->body) : S("");
	x->ret->headers = x->headers.n ? sb_str(&x->headers) : S("");
	x->ret->content_type = type ? str_dup(x->arena, str_of(type)) : S("");
	x->ret->url = url ? str_dup(x->arena, str_of(url)) : S("");
}

static int exchange(struct client *c, CURL *e, struct exchange *x)
{
	if (curl_multi_add_handle(c->multi, e) != CURLM_OK)
		return RT_E_NOMEM;
	c->n++;
	while (!x->done)
		fiber_park();
	c->n--;
	curl_multi_remove_handle(c->multi, e);
	fill(x, e);
	x->ret->error = (int)x->code;
	if (x->cut)
		x->ret->error = CURLE_OK;
	if (!x->ret->error)
		return 0;
	snprintf(x->ret->why, sizeof(x->ret->why), "%s", curl_easy_strerror(x->code));
	return x->code == CURLE_OPERATION_TIMEDOUT ? RT_E_TIMEOUT : RT_E_IO;
}

static int simulated(const struct http_request *q, struct arena *a, struct http_response *ret)
{
	uint32_t after = 0;
	int err;

	snprintf(ret->why, sizeof(ret->why), "nobody answers for this URL in the simulation");
	err = fixture ? fixture(fixture_arg, q, a, ret, &after) : RT_E_IO;
	if (after && q->timeout_ms && after > q->timeout_ms) {
		snprintf(ret->why, sizeof(ret->why), "%s", curl_easy_strerror(CURLE_OPERATION_TIMEDOUT));
		after = q->timeout_ms;
		err = RT_E_TIMEOUT;
		ret->error = CURLE_OPERATION_TIMEDOUT;
	}
	if (after)
		fiber_sleep_await(after);
	if (err == RT_E_IO && !ret->error)
		ret->error = CURLE_COULDNT_CONNECT;
	return err;
}

int http_request_await(const struct http_request *q, struct arena *a, struct http_response *ret)
{
	struct exchange x = {.arena = a, .ret = ret, .fiber = fiber_self(), .max = q->max_bytes ? q->max_bytes : HTTP_ANSWER_MAX};
	struct worker *w = fiber_worker(x.fiber);
	struct curl_slist *headers;
	CURL *e;
	int err = RT_E_NOMEM;

	*ret = (struct http_response){.body = S(""), .content_type = S(""), .headers = S(""), .url = S("")};
	if (world_is_sim(worker_world(w)))
		return simulated(q, a, ret);
	x.client = client_here(w);
	if (!x.client || x.client->n >= HTTP_CLIENT_MAX) {
		snprintf(ret->why, sizeof(ret->why), "too many requests are under way");
		return RT_E_LIMIT;
	}
	sb_init(&x.body, a, x.max + 1);
	sb_init(&x.headers, a, HEADERS_MAX);
	e = curl_easy_init();
	headers = header_list(a, q->headers);
	if (e) {
		set_request(e, q, headers, &x);
		err = exchange(x.client, e, &x);
		curl_easy_cleanup(e);
	}
	curl_slist_free_all(headers);
	return err;
}
