/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft.h - a message as the script is changing it.
 *
 * For: script bindings, transactions, the builder (sip/build.h). The message itself never changes;
 * a draft is plain data with a list of edits that is only ever added to at its head, so copying the
 * struct gives an independent draft (a branch, a snapshot for the debugger) at no cost: tails are
 * shared. All text is kept in `arena`, which must outlive every copy; texts given by the caller are
 * copied there unless the name ends in _ref.
 *
 * Order in the output: edits at one offset take effect in the order in which they were made, except
 * that SIP_PLACE_FIRST puts a text before the earlier ones.
 */
#ifndef SIP_DRAFT_H
#define SIP_DRAFT_H

#include "sip/msg.h"

struct sip_hop; /* build.h */

/*
 * Text known only when the outgoing hop is (Record-Route, Path): adds to `out` for this hop, or
 * nothing. `data` are the bytes that the edit was made with; they are moved when a draft rests, so no pointer into
 * the draft may be in them. Called once for each build of each branch; hop is NULL when the bytes are only looked at
 * (msg_apply_changes, $mbu).
 */
typedef void sip_late_fn(struct sb *out, const struct sip_hop *hop, struct str data);

enum sip_place {
	SIP_PLACE_LAST,  /* behind what was put there before */
	SIP_PLACE_FIRST, /* before it */
};

struct sip_edit {
	const struct sip_edit *next; /* the older ones */
	uint32_t off;
	uint32_t del;    /* bytes of the message that go */
	struct str text; /* stands where they stood; with `late` its data */
	sip_late_fn *late; /* writes what stands there, or NULL */
	uint16_t tag; /* the maker's mark, see sip_draft_has */
	bool first;   /* SIP_PLACE_FIRST */
};

enum { SIP_BRANCHES_MAX = 31, SIP_BRANCHES_DEFAULT = 12, SIP_Q_NONE = -1 };

/* Send flags. */
enum { SIP_SEND_NO_CONNECT = 1, SIP_SEND_CLOSE = 2 };

/* Where a branch goes and what is known of it; the main branch's lies in the draft itself. */
struct sip_branch {
	struct str uri; /* in the draft: the new R-URI, p NULL: unchanged */
	struct str dst_uri;
	struct str path; /* Route values to add, comma separated, as usrloc stores them */
	struct str ruid, location_ua, instance;
	const struct net_socket *force_sock;
	int q; /* thousandths, or SIP_Q_NONE */
	uint32_t flags;
	uint32_t reg_id;
	int otcpid;
};

struct sip_branches {
	unsigned n;
	struct sip_branch b[SIP_BRANCHES_MAX];
};

/* What our own Via is to tell besides or instead; texts in `a`. */
struct sip_via_more {
	struct str params; /* ";name=value...", or empty */
	struct str host;   /* empty: the socket's */
	uint16_t port;     /* 0: the socket's */
};
typedef void sip_via_fn(void *arg, struct arena *a, struct sip_via_more *ret);

struct sip_draft {
	struct sip_msg *msg; /* not referenced by the draft: the holder keeps it */
	struct arena *arena;
	const struct sip_edit *edits;
	const struct sip_edit *reply_edits; /* text for our own replies (append_to_reply); off unused */
	struct sip_branch main;
	const struct sip_uri *uri_parsed; /* of main.uri, or of an older one */
	struct sip_branches *branches; /* appended ones; NULL while there are none. Not shared */
	unsigned max_branches;
	uint32_t flags;  /* message flags */
	uint32_t sflags; /* script flags */
	uint32_t xflags[2];
	uint32_t iflags; /* internal flags of corex, by its names */
	struct str adv_host; /* set_advertised_address; p NULL: the socket's own */
	uint16_t adv_port;   /* 0: the socket's own */
	uint32_t fwd_send, rpl_send; /* send flags of request and replies */
	enum proto mtu_proto; /* instead of UDP when the request is too long for it; PROTO_NONE: as configured */
	bool force_rport;     /* treat the request as if its Via had ;rport */
	bool add_local_rport; /* ;rport in our own Via */
	bool via_alias;       /* ;alias in our own Via */
	sip_via_fn *via_more; /* asked when our own Via is made, or NULL */
	void *via_more_arg;
	bool use_otcpid;      /* main.otcpid names the connection to leave over, when it is there */
	bool no_via;          /* send without a Via of ours (the builder's apply mode) */
	struct str set_method; /* p NULL: the request's own */
	int set_status;        /* 0: the reply's own */
	struct str set_reason; /* p NULL: the reply's own */
	bool body_set;
	struct str body; /* when body_set */
	struct str reply_body; /* of our own replies, unless one brings its own; its type is one of the reply edits */
};

void sip_draft_init(struct sip_draft *d, struct sip_msg *m, struct arena *a);
/* An independent copy whose text still lives in d's arena; the branch set is copied too. */
int sip_draft_copy(const struct sip_draft *d, struct sip_draft *ret);

/* The R-URI as it stands now. */
static inline struct str sip_draft_uri(const struct sip_draft *d)
{
	return d->main.uri.p ? d->main.uri : d->msg->ruri;
}
/* Parse it; 0 or RT_E_PARSE. */
int sip_draft_uri_parse(const struct sip_draft *d, struct sip_uri *ret);
/* The same as a view, good as long as the draft's arena; NULL when it is no URI. Cached. */
const struct sip_uri *sip_draft_uri_view_parse(struct sip_draft *d);
static inline const struct sip_uri *sip_draft_uri_view(struct sip_draft *d)
{
	if (!d->main.uri.p)
		return sip_ruri(d->msg);
	if (d->uri_parsed && d->uri_parsed->text.p == d->main.uri.p && d->uri_parsed->text.n == d->main.uri.n)
		return d->uri_parsed;
	return sip_draft_uri_view_parse(d);
}
/* All setters: 0, RT_E_NOMEM, RT_E_PARSE, RT_E_LIMIT. */
/* Unchecked but for what would break the request line (blanks, line ends): a script may hold no URI for a while. p NULL:
   back to the received. */
int sip_draft_set_uri(struct sip_draft *d, struct str uri);
int sip_draft_rewrite(struct sip_draft *d, enum sip_uri_part part, struct str text, size_t n);
int sip_draft_set_dst(struct sip_draft *d, struct str uri); /* empty: none */
/* Any text without blanks and control bytes, as a script may write it; using it fails later when it is no URI. */
int sip_draft_set_uri_raw(struct sip_draft *d, struct str uri);
int sip_draft_set_dst_raw(struct sip_draft *d, struct str uri);
int sip_draft_set_path(struct sip_draft *d, struct str path);
int sip_draft_set_method(struct sip_draft *d, struct str method);
int sip_draft_set_reply(struct sip_draft *d, int status, struct str reason);

/* Plain edits. off + del must lie within the message, else RT_E_INVAL. */
int sip_edit_insert(struct sip_draft *d, uint32_t off, struct str text, enum sip_place place);
int sip_edit_delete(struct sip_draft *d, uint32_t off, uint32_t len);
int sip_edit_replace(struct sip_draft *d, uint32_t off, uint32_t len, struct str text);
/* `view` is a view into d->msg->buf. */
int sip_edit_view(struct sip_draft *d, struct str view, struct str text);
int sip_edit_late(struct sip_draft *d, uint32_t off, sip_late_fn *fn, struct str data,
		  enum sip_place place);
/* Mark the newest edit (0 or RT_E_NOMEM); has: is there one with this mark? drop: as if those were never made. */
int sip_edit_mark(struct sip_draft *d, uint16_t tag);
bool sip_draft_has(const struct sip_draft *d, uint16_t tag);
int sip_draft_drop(struct sip_draft *d, uint16_t tag);

/* Headers. `text` is one or more whole headers with CRLF. */
int sip_hdr_append(struct sip_draft *d, struct str text);  /* behind the last header */
int sip_hdr_prepend(struct sip_draft *d, struct str text); /* before the first header */
int sip_hdr_insert_before(struct sip_draft *d, const struct sip_hdr *h, struct str text);
int sip_hdr_insert_after(struct sip_draft *d, const struct sip_hdr *h, struct str text);
int sip_hdr_remove(struct sip_draft *d, const struct sip_hdr *h);
/* Body of a header replaced. */
int sip_hdr_set(struct sip_draft *d, const struct sip_hdr *h, struct str body);
/* All of a name; the count, or a negative RT_E_*. */
int sip_hdr_remove_named(struct sip_draft *d, struct str name);
/* All for which fn says yes. */
typedef bool sip_hdr_match_fn(const struct sip_hdr *h, void *arg);
int sip_hdr_remove_if(struct sip_draft *d, sip_hdr_match_fn *fn, void *arg);
/* Has this header been removed by an edit? */
bool sip_hdr_is_removed(const struct sip_draft *d, const struct sip_hdr *h);

/* Replace the body and Content-Type (type empty: kept). Content-Length follows by itself. */
int sip_draft_set_body(struct sip_draft *d, struct str body, struct str type);
/* Remove it; Content-Type stays, as the reference leaves it. */
int sip_draft_remove_body(struct sip_draft *d);

/* Body and type of the replies that we make to this request. */
int sip_reply_set_body(struct sip_draft *d, struct str body, struct str type);
/*
 * msg_apply_changes: what the edits make becomes the message. The draft goes on over the new one and owns a
 * reference of it, which the draft's holder gives up when msg is no more the one that it gave; the old message
 * lives as long as the new one. Destination, branches, flags and reply texts stay.
 */
int sip_draft_apply(struct sip_draft *d);
/* The same with the given bytes as the message. RT_E_PARSE: they are none of the same kind, request or reply. */
int sip_draft_set_message(struct sip_draft *d, struct str bytes);
/* Text (whole headers) for every reply that we make to this request. */
int sip_reply_append(struct sip_draft *d, struct str text);
/* A text that lives as long as the draft. */
int sip_reply_append_ref(struct sip_draft *d, struct str text);
/* What sip_reply_append() added, in order, as one text in `a`. */
struct str sip_reply_edits(const struct sip_draft *d, struct arena *a);

/* Appended branches. */
int sip_branch_append(struct sip_draft *d, const struct sip_branch *b, struct sip_branch **ret);
/* An appended branch becomes a copy of `b`. */
int sip_branch_set(struct sip_draft *d, struct sip_branch *at, const struct sip_branch *b);
unsigned sip_branch_count(const struct sip_draft *d);
struct sip_branch *sip_branch_at(struct sip_draft *d, unsigned i); /* NULL past the end */
int sip_branch_remove(struct sip_draft *d, unsigned i);
void sip_branches_clear(struct sip_draft *d);
/* Make `d` the draft of branch `b`: its URI, destination, path, flags; the edits stay shared. */
void sip_draft_take_branch(struct sip_draft *d, const struct sip_branch *b);

#endif
