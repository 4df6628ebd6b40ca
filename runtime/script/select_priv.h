/* SPDX-License-Identifier: Apache-2.0 */
/* select_priv.h - rows and steps of selects; see select.h. */
#ifndef SCRIPT_SELECT_PRIV_H
#define SCRIPT_SELECT_PRIV_H

#include "script/script_priv.h"
#include "script/select.h"
#include "sip/draft.h"

/* What a step starts from. SEL_END: nothing follows. */
enum sel_kind {
	SEL_END,
	SEL_ROOT,
	SEL_URI,       /* s->text is a URI */
	SEL_NEXT_HOP,  /* the same, with src_ip */
	SEL_ADDR,      /* s->addr */
	SEL_ADDR_TEXT, /* s->text is a name-addr */
	SEL_CONTACT,   /* s->addr, a Contact */
	SEL_VIA,
	SEL_CREDS,
	SEL_USERNAME,
	SEL_CSEQ,
	SEL_MSG,
	SEL_HEADERS,
	SEL_HEADER,
	SEL_REQUEST,
	SEL_RESPONSE,
	SEL_ID,
	SEL_BODY,
	SEL_SDP,
	SEL_ENDPOINT, /* s->ip */
	SEL_RECEIVED,
	SEL_SYS,
	SEL_NOW,
	SEL_BRANCH,
	SEL_CFG_GROUP,
	SEL_CFG_VAR,
	SEL_CFG_SELECTED,
	SEL_TM,
	SEL_TM_UAS,
	SEL_TM_UAC,
};

struct sel_part {
	struct str name;
	bool has_num, has_key; /* [3], ["x"] */
	int64_t num;
	struct str key;
};

/* The walk: what was reached so far. text.p NULL: undefined. */
struct sel {
	struct run *r;
	struct sip_msg *msg;
	struct str text;
	struct sip_nameaddr *addr;
	struct sip_via *via;
	struct sip_creds *creds;
	struct sip_hdr *hdr;
	const struct addr *ip;
	struct str group; /* cfg_get */
	int64_t index;    /* tm.uac[n] */
	bool many;        /* text holds several, joined: it has no parts */
};

/* Take one step; sets s->text to the value if the path ends here. False: undefined, the walk ends. */
typedef bool sel_step_fn(struct sel *s, const struct sel_part *p, int what);

enum sel_index { SEL_NO_INDEX = 0, SEL_MAY_NUM = 1, SEL_NEEDS_KEY = 2, SEL_MAY_KEY = 4 };

struct sel_row {
	enum sel_kind from;
	const char *name; /* NULL: any */
	int index;        /* enum sel_index */
	enum sel_kind to;
	sel_step_fn *fn;
	int what;
};

/* Tables end with from SEL_END. */
extern const struct sel_row sel_rows_message[], sel_rows_address[], sel_rows_server[];

static inline bool sel_give(struct sel *s, struct str text)
{
	s->text = text.p ? text : S("");
	return true;
}

/* Undefined when the text is not there. */
static inline bool sel_give_some(struct sel *s, struct str text)
{
	s->text = text;
	return text.p != NULL;
}

#endif
