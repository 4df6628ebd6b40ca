/* SPDX-License-Identifier: Apache-2.0 */
/* What the parameters say goes for every request; a connection may say otherwise for its own. */
#define STD_NAME http_client
#define STD_DEF "http_client/http_client.def"
#include "rpc/rpc.h"
#include "abi/std.h"

#include <stddef.h>

#include "base/sb.h"
#include "core/counter.h"
#include "core/log.h"
#include "http/client.h"
#include "script/env.h"
#include "script/run.h"

enum { CONNECTIONS_MAX = 64, URL_MAX = 8192 };

/* Settings that a connection may have of its own; texts are C strings, "" none. */
struct settings {
	const char *useragent, *cacert, *client_cert, *client_key, *cipher_suites, *httpproxy, *user, *password;
	int64_t timeout, tlsversion, verify_peer, verify_host, httpproxyport, httpredirect, maxdatasize, authmethod;
};

struct connection {
	struct str name, url;
	struct settings set;
};

static struct {
	struct arena *a; /* of texts */
	struct connection v[CONNECTIONS_MAX];
	struct str text[CONNECTIONS_MAX]; /* as declared: read when all parameters are known */
	int n;
	struct settings general;
	int connok, connfail;
} http = {.connok = -1, .connfail = -1};

int32_t std_http_client_param_httpcon(const struct program_value *v)
{
	if (http.n == CONNECTIONS_MAX)
		return RT_E_LIMIT;
	if (str_find(v->s, S("=>")) == STR_NONE)
		return RT_E_INVAL;
	http.text[http.n++] = v->s;
	return 0;
}

/* ---- start ---- */

static const char *z(struct str s)
{
	return s.n ? str_z(http.a, s) : "";
}

static struct settings general(void)
{
	return (struct settings){
		.useragent = z(param.useragent), .cacert = z(param.cacert), .client_cert = z(param.client_cert),
		.client_key = z(param.client_key), .cipher_suites = z(param.cipher_suites), .httpproxy = z(param.httpproxy),
		.timeout = param.connection_timeout, .tlsversion = param.tlsversion, .verify_peer = param.verify_peer,
		.verify_host = param.verify_host, .httpproxyport = param.httpproxyport, .httpredirect = param.httpredirect,
		.maxdatasize = param.maxdatasize, .authmethod = param.authmethod,
	};
}

static bool setting(struct settings *s, struct str name, struct str value)
{
	static const struct {
		const char *name;
		size_t at;
		bool text;
	} known[] = {
		{"useragent", offsetof(struct settings, useragent), true},
		{"cacert", offsetof(struct settings, cacert), true},
		{"client_cert", offsetof(struct settings, client_cert), true},
		{"client_key", offsetof(struct settings, client_key), true},
		{"cipher_suites", offsetof(struct settings, cipher_suites), true},
		{"httpproxy", offsetof(struct settings, httpproxy), true},
		{"timeout", offsetof(struct settings, timeout), false},
		{"tlsversion", offsetof(struct settings, tlsversion), false},
		{"verify_peer", offsetof(struct settings, verify_peer), false},
		{"verify_host", offsetof(struct settings, verify_host), false},
		{"httpproxyport", offsetof(struct settings, httpproxyport), false},
		{"httpredirect", offsetof(struct settings, httpredirect), false},
		{"maxdatasize", offsetof(struct settings, maxdatasize), false},
		{"authmethod", offsetof(struct settings, authmethod), false},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		void *at = (char *)s + known[i].at;

		if (!str_eq(str_of(known[i].name), name))
			continue;
		if (known[i].text)
			*(const char **)at = z(value);
		return known[i].text || str_to_i64(value, at);
	}
	return false;
}

/* name=>scheme://[user[:password]@]rest[;setting=value ...] */
static int declare(struct connection *c, struct str text)
{
	size_t arrow = str_find(text, S("=>"));
	struct str rest = str_skip(text, arrow + 2), url = str_trim(str_cut(&rest, ';')), user, after;
	size_t scheme = str_find(url, S("://")), at;

	c->name = str_trim(str_head(text, arrow));
	c->set = http.general;
	c->url = url;
	if (scheme == STR_NONE || !c->name.n) {
		log_err("http_client: \"" STR_FMT "\" is not name=>url", STR_ARG(text));
		return RT_E_INVAL;
	}
	after = str_skip(url, scheme + 3);
	at = str_chr(str_head(after, str_chr(after, '/') == STR_NONE ? after.n : str_chr(after, '/')), '@');
	if (at != STR_NONE) {
		struct str password = str_head(after, at);

		user = str_cut(&password, ':');
		c->set.user = z(user);
		c->set.password = z(password);
		c->url = str_join(http.a, str_head(url, scheme + 3), str_skip(after, at + 1));
	}
	while (rest.n) {
		struct str value = str_trim(str_cut(&rest, ';')), name = str_trim(str_cut(&value, '='));

		if (name.n && !setting(&c->set, name, str_trim(value))) {
			log_err("http_client: connection " STR_FMT ": \"" STR_FMT "\" is no setting, or has a bad value", STR_ARG(c->name),
				STR_ARG(name));
			return RT_E_INVAL;
		}
	}
	return 0;
}

/* Passwords stay here, unlike in the reference. */
void std_http_client_rpc_listcon(struct rpc *c)
{
	if (!http.n) {
		rpc_fail(c, 500, "No Connection Definitions");
		return;
	}
	rpc_list(c);
	for (int i = 0; i < http.n; i++) {
		const struct connection *k = &http.v[i];
		struct rpc_node *n = rpc_add_struct(c, rpc_add_struct(c, NULL, NULL), "CONNECTION");
		size_t scheme = str_find(k->url, S("://"));

		rpc_add_str(c, n, "NAME", k->name);
		rpc_add_str(c, n, "SCHEMA", str_head(k->url, scheme));
		rpc_add_str(c, n, "URI", str_skip(k->url, scheme + 3));
		rpc_add_str(c, n, "USERNAME", str_of(k->set.user ? k->set.user : ""));
		rpc_add_str(c, n, "PASSWORD", S(""));
		rpc_add_str(c, n, "FAILOVER", S(""));
		rpc_add_int(c, n, "TIMEOUT", k->set.timeout);
	}
}

static int64_t shown_connections(void *arg)
{
	(void)arg;
	return http.n;
}

static int init(const struct program *p)
{
	int err = 0;

	(void)p;
	http.a = arena_new(1 << 20);
	if (!http.a)
		return RT_E_NOMEM;
	http.general = general();
	for (int i = 0; i < http.n && !err; i++)
		err = declare(&http.v[i], http.text[i]);
	http.connok = counter_get(S("httpclient"), S("connok"));
	http.connfail = counter_get(S("httpclient"), S("connfail"));
	counter_set_fn(counter_get(S("httpclient"), S("connections")), shown_connections, NULL);
	return err;
}

static void worker_fini(struct worker *w)
{
	(void)w;
	http_client_fini();
}

static void fini(void)
{
	arena_free(&http.a);
	http.n = 0;
}

/* ---- asking ---- */

static const char *or_none(const char *s)
{
	return s && *s ? s : NULL;
}

static int32_t ask(struct run *r, const struct settings *s, struct http_request *q, int64_t max, bool first_line,
		   const struct pv_ref *result, struct http_response *a)
{
	struct str body = S("");
	struct value v;
	int err;

	q->user_agent = or_none(s->useragent);
	q->ca_file = or_none(s->cacert);
	q->cert_file = or_none(s->client_cert);
	q->key_file = or_none(s->client_key);
	q->ciphers = or_none(s->cipher_suites);
	q->proxy = or_none(s->httpproxy);
	q->user = or_none(s->user);
	q->password = s->password;
	q->interface = param.netinterface.n ? str_z(r->arena, param.netinterface) : NULL;
	q->auth = s->authmethod;
	q->proxy_port = s->httpproxyport;
	q->tls_version = s->tlsversion;
	q->no_verify_peer = !s->verify_peer;
	q->no_verify_host = !s->verify_host;
	q->follow = s->httpredirect != 0;
	q->timeout_ms = s->timeout > 0 && s->timeout < 3600 ? (uint32_t)s->timeout * 1000 : 0;
	q->max_bytes = max > 0 && max < HTTP_ANSWER_MAX ? (size_t)max : 0;
	err = http_request_await(q, r->arena, a);
	counter_inc(err ? http.connfail : http.connok);
	if (err)
		script_err(r, "request to %s failed: %s", q->url, a->why);
	else if (a->status < 500)
		body = a->body;
	if (first_line && str_chr(body, '\n') != STR_NONE)
		body = str_head(body, str_chr(body, '\n'));
	v = value_str(body);
	if (result->set(r, &v) < 0)
		return -1;
	return !err ? a->status : a->error ? a->error : -1;
}

static int32_t query(struct run *r, const char *method, const struct str *url, struct str body, struct str headers,
		     const struct pv_ref *result)
{
	struct http_request q = {.method = method, .url = url->n < URL_MAX ? str_z(r->arena, *url) : NULL, .headers = headers};
	const struct settings *s = &http.general;
	struct http_response a;

	if (!q.url)
		return -1;
	if (body.n)
		q.body = body;
	return ask(r, s, &q, param.query_maxdatasize, param.query_result != 0, result, &a);
}

int32_t std_http_client_http_client_query(struct run *r, const struct str *url, const struct pv_ref *result)
{
	return query(r, NULL, url, STR_NULL, STR_NULL, result);
}

int32_t std_http_client_http_client_query_post(struct run *r, const struct str *url, const struct str *post, const struct pv_ref *result)
{
	return query(r, NULL, url, *post, STR_NULL, result);
}

int32_t std_http_client_http_client_query_headers(struct run *r, const struct str *url, const struct str *post,
						  const struct str *headers, const struct pv_ref *result)
{
	return query(r, NULL, url, *post, *headers, result);
}

int32_t std_http_client_http_client_get(struct run *r, const struct str *url, const struct str *body, const struct str *headers,
					const struct pv_ref *result)
{
	return query(r, "GET", url, *body, *headers, result);
}

/* ---- connections ---- */

/* Where the last request of this run on each connection ended. */
struct answered {
	struct str url[CONNECTIONS_MAX];
};

static const char answered_key;

static int32_t connect_to(struct run *r, const struct str *name, const struct str *path, struct str type, struct str data,
			  const struct pv_ref *result)
{
	struct answered *last = run_local(r, &answered_key, sizeof(*last), NULL);
	struct value none = value_str(S(""));
	struct http_request q = {.body = data};
	struct http_response a;
	struct connection *c = NULL;
	int32_t code;
	int i;

	for (i = 0; i < http.n && !str_eq(http.v[i].name, *name); i++)
		;
	c = i < http.n ? &http.v[i] : NULL;
	if (!c || !last) {
		if (!c)
			script_err(r, "there is no connection \"" STR_FMT "\"", STR_ARG(*name));
		(void)result->set(r, &none);
		return -1;
	}
	q.url = str_z(r->arena, str_printf(r->arena, STR_FMT "%s" STR_FMT, STR_ARG(c->url), !path->n || path->p[0] == '/' ? "" : "/",
					   STR_ARG(*path)));
	if (type.n)
		q.headers = str_printf(r->arena, "Content-Type: " STR_FMT, STR_ARG(type));
	if (!q.url || (type.n && !q.headers.p))
		return -1;
	code = ask(r, &c->set, &q, c->set.maxdatasize, false, result, &a);
	last->url[i] = a.url.n ? a.url : str_of(q.url);
	return code;
}

int32_t std_http_client_http_connect(struct run *r, const struct str *connection, const struct str *path, const struct pv_ref *result)
{
	return connect_to(r, connection, path, STR_NULL, STR_NULL, result);
}

int32_t std_http_client_http_connect_post(struct run *r, const struct str *connection, const struct str *path, const struct str *type,
					  const struct str *data, const struct pv_ref *result)
{
	return connect_to(r, connection, path, *type, data->p ? *data : S(""), result);
}

int32_t std_http_client_http_connect_raw(struct run *r, const struct str *connection, const struct str *path, const struct str *type,
					 const struct str *data, const struct pv_ref *result)
{
	return std_http_client_http_connect_post(r, connection, path, type, data, result);
}

int32_t std_http_client_http_get_redirect(struct run *r, const struct str *connection, const struct pv_ref *result)
{
	struct answered *last = run_local_find(r, &answered_key);
	struct value v = value_str(S(""));

	for (int i = 0; i < http.n && last; i++)
		if (str_eq(http.v[i].name, *connection) && last->url[i].p)
			v = value_str(last->url[i]);
	return result->set(r, &v) < 0 ? -1 : 1;
}

int32_t std_http_client_pv_curlerror_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)r;
	*ret = value_str(str_of(http_error_text(n->num > 99 || n->num < 0 ? 22 : (int)n->num)));
	if (n->num > 99)
		*ret = value_str(S("HTTP result code"));
	return 0;
}

STD_MODULE(http_client, .init = init, .worker_fini = worker_fini, .fini = fini)
