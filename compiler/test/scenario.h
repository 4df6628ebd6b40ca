/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scenario.h - a scenario file as data: peers, what they send and expect, what must hold.
 *
 *   config FILE | config { script }      define NAME[=VALUE]     listen udp:127.0.0.1:5060      seed N
 *   link loss=5% dup=1% reorder=2% latency=10ms
 *   dns a NAME ADDRESS | dns srv NAME PRIO WEIGHT PORT TARGET | dns naptr NAME ORDER PREF FLAGS SERVICE TARGET
 *   database URL { SQL }                           what the script finds there: a database in memory
 *   http METHOD URL answers CODE [after 20ms] [{ headers, empty line, body }]      http METHOD URL fails
 *   ua NAME ADDRESS:PORT [tcp]
 *   NAME sends METHOD [URI] [{ headers, empty line, body }]       NAME sends { a whole message with [keywords] }
 *   NAME replies CODE [REASON] [{ headers, empty line, body }]
 *   NAME expects METHOD | CODE | 4xx | any | nothing [within 500ms] [{ matches }]
 *        header X = "text" | header X ~ "regex" | header X | no header X | body ~ "..." | no body | line ~ "..."
 *   advance 32s
 *   expect [not] visited route[X] | expect [not] log ~ "..." | expect counter GROUP.NAME == N | expect transactions == N
 *   database URL down | database URL up            from here on
 *   expect rows URL "SELECT ..." == "a|b;c|d"      expect [not] asked METHOD URL [body ~ "..."]
 *   expect EXPR at [FILE:]LINE           unit route[X] { given $x = ..; run; expect EXPR }
 *
 * A file is one scenario; its first comment is its title. Steps run in order in the simulated world; time passes only
 * in expects and advance.
 */
#ifndef TEST_SCENARIO_H
#define TEST_SCENARIO_H

#include "base/addr.h"
#include "base/arena.h"
#include "world/sim.h"

enum { SCENARIO_UAS_MAX = 16, SCENARIO_LIST_MAX = 64, SCENARIO_WITHIN_DEFAULT = 1000 };

enum step_kind { STEP_SEND, STEP_REPLY, STEP_EXPECT, STEP_ADVANCE, STEP_VISITED, STEP_LOG, STEP_COUNTER, STEP_TXNS, STEP_AT, STEP_UNIT, STEP_DATABASE,
		 STEP_ROWS, STEP_ASKED };

enum match_what { MATCH_HEADER, MATCH_BODY, MATCH_LINE };
enum match_how { MATCH_THERE, MATCH_ABSENT, MATCH_EQUAL, MATCH_REGEX };

struct match {
	struct match *next;
	enum match_what what;
	enum match_how how;
	struct str name, text;
	unsigned line; /* of the file, from 1 */
};

struct step {
	struct step *next;
	enum step_kind kind;
	unsigned line;
	int ua;           /* SEND, REPLY, EXPECT */
	bool negated;     /* expect not ...; EXPECT: nothing */
	struct str what;  /* SEND: method, empty for a raw message; EXPECT: "200", "4xx", "INVITE", "any"; REPLY: code; VISITED, UNIT: route */
	struct str text;  /* SEND: URI; REPLY: reason; LOG: regex; COUNTER: name; AT: expression */
	struct str block; /* between the braces */
	struct str file;  /* AT: its file; DATABASE, ROWS, ASKED: URL */
	struct match *matches;
	int64_t n;        /* COUNTER, TXNS: value; AT: line */
	uint64_t ms;      /* EXPECT: limit; ADVANCE */
};

struct scenario_ua {
	struct str name;
	struct addr addr;
	enum proto proto;
};

struct scenario_dns {
	struct str name;
	struct world_rr rr;
};

struct scenario_database {
	struct str url, sql;
	unsigned line;
};

struct scenario_http {
	struct str method, url, block;
	int status; /* 0: it fails */
	uint64_t after_ms;
};

struct scenario {
	const char *path;
	struct str title;
	const char *config; /* a path, beside the scenario when relative */
	struct str inline_config;
	unsigned config_line; /* after it the inline script begins: its lines are the file's */
	const char *defines[SCENARIO_LIST_MAX];
	size_t n_defines;
	const char *listens[SCENARIO_LIST_MAX];
	size_t n_listens;
	uint64_t seed;
	struct sim_link link;
	struct scenario_dns dns[SCENARIO_LIST_MAX];
	size_t n_dns;
	struct scenario_database databases[SCENARIO_LIST_MAX];
	size_t n_databases;
	struct scenario_http https[SCENARIO_LIST_MAX];
	size_t n_https;
	struct scenario_ua uas[SCENARIO_UAS_MAX];
	size_t n_uas;
	struct step *steps;
	/* when reading failed */
	unsigned bad_line;
	const char *why;
};

/* Everything in the arena. NULL when memory is out or it cannot be read; a fault in the text stands in ->why. */
struct scenario *scenario_read(struct arena *a, const char *path);
/* Header lines of a block, and its body behind the empty line; views. */
void scenario_split(struct str block, struct str *head, struct str *body);

#endif
