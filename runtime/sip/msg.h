/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg.h - a SIP message: immutable bytes and views over them.
 *
 * For: whoever reads a message. The received bytes are copied once into the message's own arena (a
 * kilobyte costs less than one allocation), so that a message outlives its datagram by a plain
 * reference. One pass finds the first line, the headers and the body; what stands in a header is
 * parsed when first asked for and cached in the arena.
 *
 * A message belongs to one worker: the caches are filled without locks. All views live as long as
 * the message. Malformed input never fails the parse as long as there is a first line: `fault` and
 * the accessors tell, and sip/check.h judges.
 */
#ifndef SIP_MSG_H
#define SIP_MSG_H

#include "base/addr.h"
#include "base/arena.h"
#include "base/bug.h"
#include "base/str.h"
#include "sip/uri.h"

enum sip_method {
	SIP_METHOD_UNDEF = 0,
#define METHOD(id, text, bit) SIP_##id = (bit),
#include "sip/method.def"
#undef METHOD
	SIP_METHOD_OTHER = 524288,
};

enum sip_hdr_kind {
	SIP_KIND_TEXT,      /* nothing more to parse */
	SIP_KIND_NUMBER,    /* a number, then perhaps parameters */
	SIP_KIND_VIA,       /* sip_via */
	SIP_KIND_NAMEADDR,  /* one sip_nameaddr */
	SIP_KIND_NAMEADDRS, /* comma list of them */
	SIP_KIND_CONTACT,   /* comma list, or "*" */
	SIP_KIND_LIST,      /* comma list of sip_item */
	SIP_KIND_CSEQ,
	SIP_KIND_RACK,
	SIP_KIND_CREDS, /* sip_creds */
	SIP_KIND_DATE,
};

enum sip_hdr_id {
	SIP_HDR_OTHER = 0,
#define HDR(id, name, compact, kind) SIP_HDR_##id,
#include "sip/hdr.def"
#undef HDR
	SIP_HDR_COUNT
};

/* Bounds of a message; what goes beyond is RT_E_LIMIT (message, headers) or malformed (the rest). */
struct sip_limits {
	uint32_t msg_size; /* bytes */
	uint32_t headers;
	uint32_t values; /* list members of one header name over the message */
	uint32_t params; /* parameters of one value */
	uint32_t arena;  /* bytes that parsing one message may take, its copy included */
};
extern const struct sip_limits sip_limits_default; /* 65535, 512, 256, 128, 1 MiB */

/* What the structural pass met; SIP_FAULT_NONE: the message is well formed as far as lines go. */
enum sip_fault {
	SIP_FAULT_NONE,
	SIP_FAULT_FIRST_LINE, /* neither request nor status line; method/ruri set as far as read */
	SIP_FAULT_VERSION,    /* a request or status line of another SIP version */
	SIP_FAULT_HEADER,     /* a line that is no header */
	SIP_FAULT_TRUNCATED,  /* no empty line at the end of the headers */
};

struct sip_hdr_cache;

struct sip_hdr {
	struct sip_hdr *next; /* in message order */
	struct sip_hdr *same; /* the next of the same id */
	struct sip_hdr *last; /* on the first of an id: the last of them */
	struct sip_hdr_cache *cache; /* of the accessors; on the first header of an id */
	enum sip_hdr_id id;
	uint32_t off; /* of the name, from the first byte of the message */
	uint32_t len; /* name to CRLF, folds included */
	struct str name; /* as written, without trailing white space */
	struct str body; /* trimmed; folds kept */
};

/* All of it, from its name to its line end. */
static inline struct str sip_hdr_raw(const struct sip_hdr *h)
{
	return str_make(h->name.p, h->len);
}

struct sip_param {
	struct sip_param *next;
	struct str name;
	struct str value; /* p NULL: no '='; a quoted string keeps its quotes */
	struct str both;  /* name=value as written */
};

struct sip_via {
	struct sip_via *next; /* over all Via headers */
	struct sip_hdr *hdr;
	unsigned index; /* 0 is the topmost */
	struct str text; /* this value alone, trimmed */
	struct str name, version, transport; /* SIP 2.0 UDP */
	enum proto proto; /* PROTO_OTHER for one that we do not know */
	struct str host;  /* brackets kept */
	struct str port_text;
	uint16_t port; /* 0 when not written */
	struct str comment;
	struct str params; /* text behind the first ';': sip_pairs_find() */
	/* values; p NULL when absent, an empty view when there without a value */
	struct str branch, received, rport, i, alias, maddr, ttl;
	struct str received_both, rport_both; /* name=value as written */
};

struct sip_nameaddr {
	struct sip_nameaddr *next; /* over all headers of the id */
	struct sip_hdr *hdr;
	unsigned index;
	struct str text;    /* this value alone: name-addr and parameters */
	struct str display; /* as written, quotes included */
	struct str uri;     /* without < > */
	bool brackets;
	bool star; /* Contact: * */
	struct str params; /* text behind the first ';' after the address: sip_pairs_find() */
	struct str tag; /* From, To */
	/* Contact; views of the values, quotes removed from received and instance */
	struct str q, expires, instance, reg_id, methods, received;
	struct sip_uri *parsed; /* cache of sip_nameaddr_uri */
};

/* One member of a comma list, with its parameters: tokens, media ranges, Reason values ... */
struct sip_item {
	struct sip_item *next; /* over all headers of the id */
	struct sip_hdr *hdr;
	struct str text;
	struct str value; /* up to the first ';' */
	struct str params;
	struct sip_param *param_list;
};

struct sip_cseq {
	uint32_t num;
	struct str num_text, method_text;
	enum sip_method method;
};

struct sip_rack {
	uint32_t rseq, cseq;
	struct str method_text;
	enum sip_method method;
};

/* A number with parameters: Expires, Max-Forwards, Session-Expires, Retry-After ... */
struct sip_number {
	uint32_t value;
	struct str value_text;
	struct str params;
};

enum sip_qop { SIP_QOP_NONE, SIP_QOP_AUTH, SIP_QOP_AUTH_INT, SIP_QOP_OTHER };

/* Digest credentials or challenge; string values without their quotes, escapes kept. */
struct sip_creds {
	struct sip_hdr *hdr;
	struct str scheme;
	bool digest;
	struct str username, realm, nonce, uri, response, algorithm, cnonce, opaque, qop_text, nc;
	struct str stale, domain, auts;
	struct str user, user_domain; /* username cut at '@' */
	enum sip_qop qop;
	struct sip_param *param_list;
};

/* What makes a request one of its transaction (RFC 3261 17.2.3): made and compared by txn/key.c. */
struct sip_key {
	struct str text; /* p NULL: not made, or not to be had */
	uint64_t hash;
	enum sip_method method; /* that it stands for */
};

struct sip_msg {
	unsigned refs;
	uint32_t id; /* number given by the receiver; for logs ($mi) */
	struct arena *arena;
	struct str buf; /* all received bytes */
	struct msg_origin origin;
	enum sip_fault fault;
	uint32_t fault_off;

	bool is_request;
	struct str first_line; /* without CRLF */
	struct str version;    /* "SIP/2.0" as written */
	enum sip_method method; /* of a request; of a reply SIP_METHOD_UNDEF */
	struct str method_text;
	struct str ruri; /* as received */
	int status;
	struct str status_text;
	struct str reason;

	struct sip_hdr *headers;
	struct sip_hdr *first[SIP_HDR_COUNT]; /* chains through ->same */
	uint64_t repeated; /* a bit by its id for each of the first 64 that is there again */
	uint32_t n_headers;
	uint32_t hdr_off;  /* of the first header */
	uint32_t eoh_off;  /* of the empty line that ends the headers (end of buf when truncated) */
	uint32_t body_off; /* behind the empty line */
	struct str body;   /* all bytes behind the empty line; see sip_body */

	/* caches; use the accessors */
	const struct sip_limits *limits;
	struct sip_uri *ruri_parsed;
	int ruri_err;
	struct sip_nameaddr *from, *to;
	struct sip_via *vias;
	int vias_err;
	struct sip_key key;
	struct sip_cseq cseq; /* once cseq_done */
	int cseq_err;
	bool cseq_done;
	struct sip_msg *before; /* what this one was made of by applying changes: a reference, or NULL */
};

/*
 * Parse a copy of `bytes`; `lim` NULL means the defaults and must outlive the message. Leading CRLF
 * are skipped. RT_E_NOMEM, RT_E_LIMIT (too big, too many headers), or RT_E_PARSE when there is no
 * first line at all; every other flaw is in ret->fault. The caller owns one reference.
 */
int sip_msg_parse(const struct sip_limits *lim, struct str bytes, struct sip_msg **ret);
struct sip_msg *sip_msg_ref(struct sip_msg *m);
/* Give up a reference and null the pointer. */
void sip_msg_unref(struct sip_msg **m);

enum { SIP_KNOWN_MAX = 31 }; /* no name that has an id is longer */
/* Ids of names; SIP_HDR_OTHER for an unknown one. Compact forms are known. */
enum sip_hdr_id sip_hdr_id(struct str name);
struct str sip_hdr_name(enum sip_hdr_id id); /* "Via"; empty for OTHER */
enum sip_hdr_kind sip_hdr_kind(enum sip_hdr_id id);
char sip_hdr_compact(enum sip_hdr_id id); /* 0 when there is none */
enum sip_method sip_method_id(struct str text); /* exact case; SIP_METHOD_OTHER */
struct str sip_method_name(enum sip_method m);  /* empty for OTHER and UNDEF */

/* First header of the name (id or text compare, compact forms match long ones), or NULL. */
struct sip_hdr *sip_hdr_find(struct sip_msg *m, struct str name);
/* The next one of the same name. */
struct sip_hdr *sip_hdr_next(struct sip_hdr *h);
/* Header names equal, compact forms included. */
bool sip_hdr_name_is(const struct sip_hdr *h, struct str name);

/*
 * Accessors. NULL when the header is missing or malformed; where the difference matters, the int
 * forms give 0, RT_E_NOENT (missing), RT_E_PARSE, RT_E_LIMIT or RT_E_NOMEM. Those in the header itself look into
 * the cache; x_parse fills it.
 */
const struct sip_uri *sip_ruri_parse(struct sip_msg *m);
static inline const struct sip_uri *sip_ruri(struct sip_msg *m)
{
	return m->ruri_parsed ? m->ruri_parsed : sip_ruri_parse(m);
}
int sip_vias(struct sip_msg *m, struct sip_via **ret); /* whole chain */
/* The topmost; there also when its parameters or a lower Via are malformed (sip_vias tells). */
struct sip_via *sip_via_top_parse(struct sip_msg *m);
static inline struct sip_via *sip_via_top(struct sip_msg *m)
{
	return m->vias ? m->vias : sip_via_top_parse(m);
}
struct sip_via *sip_via_at(struct sip_msg *m, unsigned i);
struct sip_nameaddr *sip_from_parse(struct sip_msg *m);
struct sip_nameaddr *sip_to_parse(struct sip_msg *m);
static inline struct sip_nameaddr *sip_from(struct sip_msg *m)
{
	return m->from ? m->from : sip_from_parse(m);
}
static inline struct sip_nameaddr *sip_to(struct sip_msg *m)
{
	return m->to ? m->to : sip_to_parse(m);
}
struct str sip_call_id(struct sip_msg *m); /* p NULL when missing */
int sip_cseq_parse(struct sip_msg *m);
static inline int sip_cseq(struct sip_msg *m, struct sip_cseq *ret)
{
	int err = m->cseq_done ? m->cseq_err : sip_cseq_parse(m);

	if (!err)
		*ret = m->cseq;
	return err;
}
/* Chain of all values of a NAMEADDR, NAMEADDRS or CONTACT header. */
int sip_addrs(struct sip_msg *m, enum sip_hdr_id id, struct sip_nameaddr **ret);
struct sip_nameaddr *sip_contacts(struct sip_msg *m); /* NULL: none or malformed */
/* Chain of all members of any header as a comma list. */
int sip_items(struct sip_msg *m, enum sip_hdr_id id, struct sip_item **ret);
/* Is `value` (case ignored) a member of the list header? */
bool sip_has_item(struct sip_msg *m, enum sip_hdr_id id, struct str value);
/* First header of a NUMBER kind. RT_E_LIMIT: a number over 2^32-1. */
int sip_number(struct sip_msg *m, enum sip_hdr_id id, struct sip_number *ret);
int sip_rack(struct sip_msg *m, struct sip_rack *ret);
/* Credentials of one Authorization-like header. */
int sip_creds(struct sip_msg *m, struct sip_hdr *h, struct sip_creds **ret);
/* Those for `realm` (case kept) in all headers of the id; empty realm: the first digest ones. */
int sip_creds_find(struct sip_msg *m, enum sip_hdr_id id, struct str realm, struct sip_creds **ret);
/* Seconds since the epoch of a Date header (RFC 3261 20.17). */
int sip_date(struct sip_msg *m, int64_t *ret);
/* Type of the body without parameters, "application/sdp"; p NULL when not told. */
struct str sip_content_type(struct sip_msg *m);
/* The body: Content-Length bytes of it when the header can be read and there are as many. */
struct str sip_body(struct sip_msg *m);

/* The URI inside; NULL when malformed. Cached. */
const struct sip_uri *sip_nameaddr_uri_parse(struct sip_msg *m, struct sip_nameaddr *a);
static inline const struct sip_uri *sip_nameaddr_uri(struct sip_msg *m, struct sip_nameaddr *a)
{
	return a->parsed ? a->parsed : sip_nameaddr_uri_parse(m, a);
}
/* Value of a parameter; false when absent, value.p NULL without '='. Quotes kept. */
bool sip_param_find(const struct sip_param *list, struct str name, struct str *value);
/* Without the quotes of a quoted string, escapes kept. */
static inline struct str sip_unquote(struct str s)
{
	return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? str_make(s.p + 1, s.n - 2) : s;
}

/* Parsers of single values, for texts that did not come in a message (scripts, database). */
int sip_nameaddr_parse(struct str text, struct sip_nameaddr *ret);
/* Comma list of name-addrs; chain in the arena. */
int sip_nameaddrs_parse(struct arena *a, struct str text, struct sip_nameaddr **ret);
int sip_via_parse(struct arena *a, struct str text, struct sip_via **ret); /* chain */
int sip_creds_parse(struct arena *a, struct str text, struct sip_creds *ret);
/* Any text as a comma list; chain in the arena, at most `max` members. */
int sip_items_parse(struct arena *a, struct str text, unsigned max, struct sip_item **ret);
int sip_params_parse(struct arena *a, struct str text, unsigned max, struct sip_param **ret);
/* "Sat, 13 Nov 2010 23:29:00 GMT". */
int sip_date_parse(struct str text, int64_t *ret);
/* q in thousandths (0..1000), or -1 when malformed. */
int sip_q_parse(struct str text);

#endif
