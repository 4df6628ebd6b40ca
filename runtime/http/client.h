/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h - asking HTTP servers from a fiber (libcurl's multi interface on the worker's loop).
 *
 * A request parks its fiber, the worker goes on. Requests under way are bounded for each worker, answers in bytes and
 * time. In the simulated world nobody is asked: http_fixture() answers.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "base/arena.h"
#include "base/bug.h"

enum { HTTP_CLIENT_MAX = 1024, HTTP_ANSWER_MAX = 4 << 20, HTTP_WHY_MAX = 256 };

struct http_request {
	const char *method, *url;   /* method NULL: GET, or POST when there is a body */
	struct str body;            /* p NULL: none */
	struct str headers;         /* lines "Name: value", ended by CRLF or LF */
	const char *user_agent;     /* NULL: none is sent */
	const char *user, *password; /* NULL: without */
	long auth;                  /* CURLAUTH_* bits; 0: basic and digest */
	const char *ca_file, *cert_file, *key_file, *ciphers; /* NULL: the library's */
	const char *proxy;          /* NULL: none */
	const char *interface;      /* NULL: any */
	long proxy_port;
	long tls_version;           /* CURL_SSLVERSION_*; 0: the library's choice */
	bool no_verify_peer, no_verify_host;
	bool follow;                /* redirections, up to 10 */
	uint32_t timeout_ms;        /* 0: 4 s */
	size_t max_bytes;           /* of the body, the rest is cut off; 0: HTTP_ANSWER_MAX */
};

struct http_response {
	int status;                 /* of the last answer when redirections were followed */
	struct str body, content_type, headers;
	struct str url;             /* that answered: another one when redirections were followed */
	char why[HTTP_WHY_MAX];     /* when there was none */
	int error;                  /* CURLE_* */
};

/* In a fiber; the answer lives in `a`. 0 whatever its status; RT_E_LIMIT, RT_E_TIMEOUT, RT_E_IO with why filled. */
int http_request_await(const struct http_request *q, struct arena *a, struct http_response *ret);
/* What a CURLE_* means. */
const char *http_error_text(int error);
/* Ends what is under way on this thread. */
void http_client_fini(void);

/* Answers in the simulated world, after *after_ms. RT_E_IO: the server is not there. NULL fn: nobody is. */
typedef int http_fixture_fn(void *arg, const struct http_request *q, struct arena *a, struct http_response *ret, uint32_t *after_ms);
void http_fixture(http_fixture_fn *fn, void *arg);

#endif
