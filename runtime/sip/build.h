/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.h - from drafts and descriptions to bytes.
 *
 * For: transactions, stateless forwarding and replies, local requests. The result is one run of bytes in the arena
 * given. Nothing is random here: branch, tag and Call-ID texts are arguments. The order of headers and the exact bytes
 * are the reference server's.
 */
#ifndef SIP_BUILD_H
#define SIP_BUILD_H

#include "sip/draft.h"

enum { SIP_WIRE_MAX = 65535 }; /* largest message built, RT_E_LIMIT beyond */

/* The way out: what a Via and late texts need to know. Filled by the layer that chose the socket. */
struct sip_hop {
	const struct net_socket *sock; /* sending */
	const struct net_socket *recv_sock; /* the request came in on it; NULL for our own */
	enum proto proto;
	enum proto recv_proto;
	struct str host; /* sent-by; IPv6 in brackets. Advertised address already considered */
	uint16_t port;   /* 0: not written; the default 5060 only when port_told */
	bool port_told;  /* the advertised port was given by hand */
	struct str recv_host; /* the same of the receiving socket (double Record-Route) */
	uint16_t recv_port;
	struct str branch; /* "z9hG4bK..." ; empty: no branch parameter */
	uint64_t conn_id;  /* written as ;i=hex into the Via of a request received over a stream */
	bool rport;        /* ;rport in our Via */
	bool alias;        /* ;alias in our Via */
	struct str params; /* more of them, each with its ';' */
};

/* Names of ourselves. */
struct sip_ident {
	struct str server;     /* value of Server in replies; empty: no header */
	struct str user_agent; /* value of User-Agent in local requests; empty: no header */
	int64_t warning_pid; /* not 0: own replies carry a Warning that tells of the request, as from this process (sip_warning) */
};
extern const struct sip_ident sip_ident_default; /* "kiln" for both */

/*
 * A request to forward: new request line, our Via on top, received/rport on the sender's Via
 * (RFC 3261 18.2.1, RFC 3581), Route headers of d->main.path, edits, Content-Length. hop NULL or
 * d->no_via: without a Via (msg_apply_changes, and what is looked at, not sent).
 */
int sip_build_request(struct arena *a, const struct sip_draft *d, const struct sip_hop *hop,
		      struct str *ret);

/* A reply to forward: topmost Via value off, edits applied. */
int sip_build_relayed_reply(struct arena *a, const struct sip_draft *d, struct str *ret);

struct sip_reply {
	int status;
	struct str reason;
	struct str to_tag; /* added to To unless it has one or status is 100 */
	struct str headers; /* whole headers with CRLF, besides the draft's reply edits */
	struct str body;
	struct str content_type; /* empty: no header (the caller gave it in headers) */
	const struct sip_ident *ident; /* NULL: default */
	bool rport; /* rport asked for or forced: write it into the Via */
};
/* A reply of our own to d->msg. RT_E_PARSE when Via, From, To, Call-ID or CSeq is missing. */
int sip_build_reply(struct arena *a, const struct sip_draft *d, const struct sip_reply *r,
		    struct str *ret);

/* The registered reason phrase, "Unknown" for a code that has none. */
struct str sip_status_text(int status);

/*
 * ACK for a final reply over 299 (RFC 3261 17.1.1.3): `sent` are the bytes of the INVITE as sent,
 * `to` is the whole To header of the reply (sip_hdr_raw()). `prefix`: headers that RFC 3261 does not know go over,
 * too, when their names begin with it; may be empty.
 */
int sip_build_ack(struct arena *a, struct str sent, struct str to, struct str prefix,
		  struct str *ret);
/*
 * CANCEL for an INVITE as sent (RFC 3261 9.1). `headers`: whole headers to add (Reason of RFC 3326
 * as sip_reason_header() writes it, or those of the received CANCEL), may be empty. `prefix` as above.
 */
int sip_build_cancel(struct arena *a, struct str sent, struct str headers,
		     struct str prefix, struct str *ret);
/* "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n" */
void sip_reason_header(struct sb *out, int cause, struct str text);

/* A request of our own. */
struct sip_uac {
	struct str method, ruri;
	struct str from, to; /* bodies, tags included */
	struct str call_id;
	uint32_t cseq;
	const struct str *routes; /* Route values, top first; each gets its own header */
	unsigned n_routes;
	int max_forwards; /* 0: 70; -1: none */
	struct str headers; /* whole headers with CRLF */
	struct str body;
	const struct sip_ident *ident;
	const struct sip_hop *hop; /* NULL: without a Via, which comes when it is forwarded */
};
int sip_build_uac(struct arena *a, const struct sip_uac *u, struct str *ret);

/*
 * msg_apply_changes: the draft's bytes parsed anew into *ret (origin and id copied). Without our Via
 * and without received/rport. The draft is not changed: the caller takes the message over and
 * starts a fresh draft.
 */
int sip_apply_changes(const struct sip_draft *d, struct sip_msg **ret);

/* Value of received= that Via needs for the source address, p NULL when sent-by says the same. */
struct str sip_via_received(const struct sip_via *v, const struct addr *src,
			    char buf[ADDR_TEXT_MAX]);

#endif
