/* SPDX-License-Identifier: Apache-2.0 */
/* lsp_priv.h - what the server's files share. One request at a time; a request has an arena of its own. */
#ifndef LSP_LSP_PRIV_H
#define LSP_LSP_PRIV_H

#include <jansson.h>
#include <stdio.h>

#include "lsp/lsp.h"
#include "lsp/wire.h"
#include "source/written.h"

enum { LSP_DOCS_MAX = 256, LSP_ROOTS_MAX = 64 };

/* An open buffer. Text, uri and path are owned (base/mem.h). */
struct lsp_doc {
	char *uri, *path;
	char *text;
	size_t n;
	char *root; /* the script it belongs to: itself, or one that includes it */
};

struct lsp {
	FILE *in, *out;
	struct front_opts front;
	struct lsp_doc docs[LSP_DOCS_MAX];
	size_t n_docs;
	char *folder;          /* workspace, or NULL */
	bool utf8, snippets;   /* what the client can do */
	bool shut_down, end;
	struct arena *arena;   /* of the request under way */
	json_t *published;     /* root path -> array of uris that have diagnostics from it */
};

/* ---- documents (docs.c) ---- */

struct lsp_doc *lsp_doc_find(struct lsp *l, const char *uri);
bool lsp_doc_open(struct lsp *l, const char *uri, const char *text);
void lsp_doc_close(struct lsp *l, const char *uri);
/* Apply one contentChange. */
void lsp_doc_change(struct lsp *l, struct lsp_doc *d, json_t *change);
void lsp_docs_free(struct lsp *l);
/* Text of a path: the open buffer, else the file. */
bool lsp_text_of(struct lsp *l, struct arena *a, struct str path, struct str *ret);
/* Absolute path of a file as the compiler names it; in the request's arena. */
const char *lsp_path(struct lsp *l, struct str name);
json_t *lsp_uri(struct lsp *l, const char *path);
/* Path of a file: uri in the request's arena, or NULL. */
const char *lsp_uri_path(struct lsp *l, const char *uri);

/* Position <-> offset: line from 0, character in UTF-16 units (or bytes when the client agreed). */
uint32_t lsp_offset(const struct lsp *l, struct str text, json_t *position);
json_t *lsp_position(const struct lsp *l, struct str text, uint32_t off);
json_t *lsp_range(const struct lsp *l, struct str text, uint32_t off, uint32_t len);

/* ---- checking (check.c) ---- */

/* The script of a document, compiled with the buffers as they are; free with compile_free. */
struct compilation *lsp_compile(struct lsp *l, const struct lsp_doc *d);
/* Check the document's script and publish what it found, per file. */
void lsp_publish(struct lsp *l, struct lsp_doc *d);
/* Take back what was published for a script that is no longer open. */
void lsp_unpublish(struct lsp *l, const char *root);
json_t *lsp_code_actions(struct lsp *l, struct lsp_doc *d, json_t *params);

/* ---- names (names.c) ---- */

enum lsp_name_kind { NAME_ROUTE, NAME_DEFINE, NAME_INCLUDE, NAME_VAR };

/* One place where something that has a definition is named. */
struct lsp_name {
	enum lsp_name_kind kind;
	int route_kind; /* NAME_ROUTE: enum route_kind */
	bool defines;   /* this is (one of) the definition(s) */
	struct str text;
	uint32_t off, len;
	uint32_t item_off, item_len; /* definitions: the whole, `route[X] { ... }` */
	uint32_t file;               /* index into lsp_files */
};

struct lsp_file {
	const char *path;
	struct str text;
	struct written_list tokens;
};

/* All files of a script with all their names. */
struct lsp_index {
	struct lsp_file *files;
	size_t n_files;
	struct lsp_name *names;
	size_t n_names, cap_names;
};

bool lsp_index_build(struct lsp *l, const struct compilation *c, struct lsp_index *ret);
/* The name at that place of a file, or NULL. */
const struct lsp_name *lsp_name_at(const struct lsp_index *x, const char *path, uint32_t off);
bool lsp_same_name(const struct lsp_name *a, const struct lsp_name *b);
/* The $variable that covers `off`, also inside of a string: "$var(x)"; empty when there is none. */
struct str lsp_pv_at(struct str text, uint32_t off, uint32_t *start);

/* ---- answers ---- */

json_t *lsp_completion(struct lsp *l, struct lsp_doc *d, uint32_t off);  /* complete.c */
json_t *lsp_hover(struct lsp *l, struct lsp_doc *d, uint32_t off);       /* hover.c */
json_t *lsp_definition(struct lsp *l, struct lsp_doc *d, uint32_t off);  /* navigate.c, and below */
json_t *lsp_references(struct lsp *l, struct lsp_doc *d, uint32_t off, bool declaration);
json_t *lsp_prepare_rename(struct lsp *l, struct lsp_doc *d, uint32_t off);
/* NULL: refused, *why tells. */
json_t *lsp_rename(struct lsp *l, struct lsp_doc *d, uint32_t off, const char *name, const char **why);
json_t *lsp_symbols(struct lsp *l, struct lsp_doc *d);
json_t *lsp_folding(struct lsp *l, struct lsp_doc *d);

#endif
