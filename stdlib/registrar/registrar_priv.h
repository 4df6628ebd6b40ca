/* SPDX-License-Identifier: Apache-2.0 */
/* registrar_priv.h - what the files of this module share. */
#ifndef REGISTRAR_REGISTRAR_PRIV_H
#define REGISTRAR_REGISTRAR_PRIV_H

#include "abi/run.h"
#include "sip/draft.h"
#include "sip/msg.h"
#include "usrloc/tables.h"

/* The parameters, as save.c and lookup.c see them (registrar.c holds the storage). */
struct program;

struct reg_conf {
	int64_t default_expires, default_expires_range, expires_range;
	int64_t min_expires, min_expires_mode, max_expires, default_q;
	int64_t append_branches, case_sensitive, max_contacts, retry_after;
	int64_t sock_flag, method_filtering, use_path, path_mode, path_use_received;
	int64_t path_check_local, xavp_rcd_mask, gruu_enabled, outbound_mode, regid_mode;
	int64_t flow_timer, contact_max_size, lookup_filter_mode, use_expired_contacts;
	struct str realm_prefix, received_param, sock_hdr_name, xavp_cfg, xavp_rcd;
	const struct pv_ref *received_avp;
	int accepted, rejected; /* counters */
};
extern struct reg_conf reg_conf;

enum reg_save_flag {
	REG_SAVE_MEMORY = 1,
	REG_SAVE_NO_REPLY = 2,
	REG_SAVE_ONE = 4,
	REG_SAVE_NO_RANGE = 8,
	REG_SAVE_PREPARE = 16,
};

/* Why a REGISTER is refused; rows in reply.c. */
enum reg_error {
	REG_OK,
	REG_E_INTERNAL,
	REG_E_AOR,
	REG_E_PARSE,
	REG_E_STAR,
	REG_E_STAR_MORE,
	REG_E_TOO_LONG,
	REG_E_CALL_ID,
	REG_E_Q,
	REG_E_EXPIRES,
	REG_E_BRIEF,
	REG_E_CSEQ,
	REG_E_TOO_MANY,
	REG_E_PATH,
	REG_E_OUTBOUND,
};

/* One REGISTER on its way through save(). */
struct reg_save {
	struct run *r;
	struct sip_msg *msg;
	struct ul_table *table;
	struct str aor;
	struct str domain;   /* for GRUUs */
	uint32_t flags;
	int64_t now;         /* s since the epoch */
	enum reg_error error;
	bool gruu, outbound, path; /* asked for by Supported or Require */
	struct str path_text;
	struct ul_result res;
};

/* Parsed into the run's arena; NULL: no URI. */
const struct sip_uri *reg_uri(struct run *r, struct str text);
/* Address of record of a URI (NULL: RT_E_PARSE): user, or user@domain with use_domain; the URI's text or in the run's arena. */
int reg_aor(struct run *r, const struct sip_uri *uri, struct str *aor, struct str *domain);
int64_t reg_now(struct run *r);
/* A new unique id of a binding, in the arena. */
struct str reg_ruid(struct run *r);

/* Values of xavp_cfg for this message. False when not set. */
bool reg_cfg_int_of(struct run *r, const char *name, int64_t *ret);
bool reg_cfg_str_of(struct run *r, const char *name, struct str *ret);
static inline bool reg_cfg_int(struct run *r, const char *name, int64_t *ret)
{
	return reg_conf.xavp_cfg.n && reg_cfg_int_of(r, name, ret);
}
static inline bool reg_cfg_str(struct run *r, const char *name, struct str *ret)
{
	return reg_conf.xavp_cfg.n && reg_cfg_str_of(r, name, ret);
}
/* Fill xavp_rcd with a contact's details. */
void reg_rcd_append(struct run *r, const struct ul_contact *c);
static inline void reg_rcd_add(struct run *r, const struct ul_contact *c)
{
	if (reg_conf.xavp_rcd.n)
		reg_rcd_append(r, c);
}

/* The reply to a REGISTER: headers into the draft's reply edits, then (unless held back) sent. */
int reg_reply(struct reg_save *s, bool send);
/* The socket's text as $ulc shows it: "udp:127.0.0.1:5060". */
struct str reg_socket_text(const struct ul_contact *c);
/* Public and temporary GRUU of a binding (RFC 5627), into the builder. */
void reg_gruus(struct sb *b, const struct reg_save *s, const struct ul_contact *c);
/* Does the gr of a R-URI name this contact? */
bool reg_gruu_match(const struct sip_uri *uri, const struct ul_contact *c);
/* A temporary GRUU of ours: the hash of its AoR. */
bool reg_gruu_hash(const struct sip_uri *uri, uint64_t *ret);

/* The bodies behind the script functions' forms; uri empty: To, or the R-URI. */
int32_t reg_save(struct run *r, struct str table, uint32_t flags, struct str uri);
enum reg_lookup_mode { REG_LOOKUP_REPLACE, REG_LOOKUP_APPEND };
int32_t reg_lookup(struct run *r, struct str table, struct str uri, enum reg_lookup_mode mode);
/* Branch i becomes the best contact of its URI, others are appended. 0, RT_E_NOENT, RT_E_NOMEM. */
int reg_lookup_branch(struct run *r, struct str table, unsigned i);
int32_t reg_registered(struct run *r, struct str table, struct str uri, int64_t match, int64_t action);

/* $ulc profiles of this worker. */
int ulc_fill(struct run *r, struct str profile, struct str table, struct str aor,
	     const struct ul_contact *c, uint32_t n);
void ulc_forget(struct str profile);
void ulc_forget_all(void);
/* event.c: event_route[usrloc:contact-expired]. */
void reg_events_init(const struct program *p);

/* attrs.c: the record of the XAVP that is kept with a contact, packed; empty: none. */
struct str reg_attrs_take(struct run *r);
/* Records of these contacts on top of that XAVP, in their order. */
void reg_attrs_give(struct run *r, const struct ul_contact *const *c, size_t n);

#endif
