/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfg.h - variables that can be changed while the server runs: the script's own (group.var = value), the
 * core's and the modules' (language.md 3.4).
 *
 * A group has variables and may have instances: instance n holds its own values of some variables and
 * shares the others with the group. A run selects an instance for itself (cfg_select). Variables are
 * declared before workers run; values may be read and changed from any worker. Texts are copied out.
 */
#ifndef SCRIPT_CFG_H
#define SCRIPT_CFG_H

#include "abi/program.h"
#include "base/arena.h"

enum { CFG_NO_INSTANCE = -1, CFG_PENDING_MAX = 1024, CFG_INSTANCES_MAX = 65536 };

enum cfg_kind { CFG_INT, CFG_STR };
enum cfg_flag {
	CFG_HIDDEN = 1, /* not shown by cfg.get */
	CFG_FIXED = 2,  /* taken at start: cannot be changed while the server runs */
};

/* A variable of the core or a module. */
struct cfg_row {
	const char *group, *name; /* group NULL ends a table */
	enum cfg_kind kind;
	unsigned flags;
	int64_t min, max; /* both 0: any */
	int64_t *value;   /* INT: where it lives (read without lock by its owner); NULL: kept here from `def` */
	const char *def;  /* default as text when value is NULL */
	void (*changed)(int64_t v); /* INT: after a change, or NULL */
	const char *doc;
};

/* Declare; rows must stay. At start only. RT_E_NOMEM, RT_E_EXIST. */
int cfg_declare(const struct cfg_row *rows);
/* Those of the core. */
int cfg_core_declare(const struct program *p);
/* The script's variables. RT_E_*. */
int cfg_load(const struct program *p);
void cfg_unload(void);

struct cfg_group;
struct cfg_var;
struct cfg_value {
	bool is_str;
	int64_t i;
	struct str s; /* p NULL: no text was ever given */
};

/* Another value for the start, also of a fixed one. At start only. RT_E_INVAL, RT_E_NOMEM. */
int cfg_preset(struct cfg_var *v, const struct cfg_value *to);

struct cfg_group *cfg_group_find(struct str name);
struct cfg_var *cfg_var_find(struct cfg_group *g, struct str name);
/* All, in order of declaration; NULL at the end. */
struct cfg_group *cfg_group_at(unsigned i);
struct cfg_var *cfg_var_at(struct cfg_group *g, unsigned i);
const char *cfg_group_name(const struct cfg_group *g);
const char *cfg_var_name(const struct cfg_var *v);
const char *cfg_var_doc(const struct cfg_var *v);
enum cfg_kind cfg_var_kind(const struct cfg_var *v);
bool cfg_var_hidden(const struct cfg_var *v);

/* Value of instance `inst` (CFG_NO_INSTANCE: the group's own). RT_E_NOENT: no such instance. */
int cfg_read(struct arena *a, struct cfg_group *g, int64_t inst, struct cfg_var *v, struct cfg_value *ret);
/* Change at once. Text is converted for an INT, a number for a STR. RT_E_NOENT, RT_E_INVAL, RT_E_STATE (fixed). */
int cfg_set(struct cfg_group *g, int64_t inst, struct cfg_var *v, const struct cfg_value *to);
/* Forget the instance's own value. */
int cfg_del(struct cfg_group *g, int64_t inst, struct cfg_var *v);
int cfg_instance_add(struct cfg_group *g, int64_t inst);
int cfg_instance_del(struct cfg_group *g, int64_t inst);
bool cfg_instance_exists(struct cfg_group *g, int64_t inst);
/* Values as at start. RT_E_STATE when one of them cannot be changed. */
int cfg_reset_group(struct cfg_group *g);

/* Changes prepared now and applied together; to NULL deletes. RT_E_LIMIT and as cfg_set. */
int cfg_delay(struct cfg_group *g, int64_t inst, struct cfg_var *v, const struct cfg_value *to);
int cfg_commit(void);
void cfg_rollback(void);
struct cfg_change {
	struct cfg_group *g;
	struct cfg_var *v;
	int64_t inst;
	struct cfg_value old, now;
};
/* i-th prepared change; false past the end. */
bool cfg_pending(struct arena *a, unsigned i, struct cfg_change *ret);

/* ---- for a run ---- */

/* Select an instance of the group until the run ends. RT_E_NOENT, RT_E_NOMEM. */
int cfg_select(struct run *r, struct str group, int64_t inst);
int cfg_unselect(struct run *r, struct str group);
/* The selected instance or CFG_NO_INSTANCE. */
int64_t cfg_selected(const struct run *r, const struct cfg_group *g);
/* As a select gives it: text. false: undefined. */
bool cfg_text(struct run *r, struct cfg_group *g, struct cfg_var *v, struct str *ret);

#endif
