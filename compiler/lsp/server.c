/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: one message at a time, methods by name. */
#include "base/mem.h"
#include "base/version.h"
#include "lsp/lsp_priv.h"

enum { E_PARSE = -32700, E_METHOD = -32601, E_PARAMS = -32602, E_REQUEST_FAILED = -32803 };

/* ---- answers ---- */

static void answer(struct lsp *l, json_t *id, json_t *result)
{
	wire_write(l->out, json_pack("{s:s,s:O,s:o}", "jsonrpc", "2.0", "id", id, "result", result));
}

static void refuse(struct lsp *l, json_t *id, int code, const char *why)
{
	json_t *none = id ? json_incref(id) : json_null();

	wire_write(l->out, json_pack("{s:s,s:o,s:{s:i,s:s}}", "jsonrpc", "2.0", "id", none, "error", "code", code, "message", why));
}

/* ---- life cycle ---- */

static bool has_string(json_t *list, const char *want)
{
	json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (json_string_value(v) && strcmp(json_string_value(v), want) == 0)
			return true;
	return false;
}

static json_t *initialize(struct lsp *l, json_t *params)
{
	json_t *client = json_object_get(params, "capabilities");
	json_t *general = json_object_get(client, "general");
	json_t *item = json_object_get(json_object_get(json_object_get(client, "textDocument"), "completion"), "completionItem");
	const char *root = json_string_value(json_object_get(params, "rootUri"));
	const char *path = root ? lsp_uri_path(l, root) : NULL;

	l->utf8 = has_string(json_object_get(general, "positionEncodings"), "utf-8");
	l->snippets = json_is_true(json_object_get(item, "snippetSupport"));
	if (path && !l->folder && (l->folder = mem_alloc(strlen(path) + 1)) != NULL)
		memcpy(l->folder, path, strlen(path));
	return json_pack("{s:{s:s,s:{s:b,s:i,s:{s:b}},s:{s:[ssssss]},s:b,s:b,s:b,s:b,s:b,s:{s:[s]},s:{s:b}},s:{s:s,s:s}}",
			 "capabilities",
			 "positionEncoding", l->utf8 ? "utf-8" : "utf-16",
			 "textDocumentSync", "openClose", 1, "change", 2, "save", "includeText", 0,
			 "completionProvider", "triggerCharacters", "$", "{", "\"", "!", "(", "[",
			 "hoverProvider", 1, "definitionProvider", 1, "referencesProvider", 1, "documentSymbolProvider", 1,
			 "foldingRangeProvider", 1, "codeActionProvider", "codeActionKinds", "quickfix",
			 "renameProvider", "prepareProvider", 1,
			 "serverInfo", "name", "kiln", "version", KILN_VERSION);
}

/* ---- documents ---- */

static void did_open(struct lsp *l, json_t *params)
{
	json_t *doc = json_object_get(params, "textDocument");
	const char *uri = json_string_value(json_object_get(doc, "uri"));
	const char *text = json_string_value(json_object_get(doc, "text"));

	if (uri && text && lsp_doc_open(l, uri, text))
		lsp_publish(l, lsp_doc_find(l, uri));
}

static void did_change(struct lsp *l, struct lsp_doc *d, json_t *params)
{
	json_t *change;
	size_t i;

	json_array_foreach(json_object_get(params, "contentChanges"), i, change)
		lsp_doc_change(l, d, change);
	lsp_publish(l, d);
}

static void did_close(struct lsp *l, struct lsp_doc *d)
{
	const char *root = d->root ? str_dup(l->arena, str_of(d->root)).p : NULL;
	const char *uri = str_dup(l->arena, str_of(d->uri)).p;
	bool shared = false;

	lsp_doc_close(l, uri);
	for (size_t i = 0; root && i < l->n_docs; i++)
		shared |= l->docs[i].root && strcmp(l->docs[i].root, root) == 0;
	if (root && !shared)
		lsp_unpublish(l, root);
}

static void notification(struct lsp *l, const char *method, json_t *params, struct lsp_doc *d)
{
	if (strcmp(method, "exit") == 0)
		l->end = true;
	else if (strcmp(method, "textDocument/didOpen") == 0)
		did_open(l, params);
	else if (d && strcmp(method, "textDocument/didChange") == 0)
		did_change(l, d, params);
	else if (d && strcmp(method, "textDocument/didSave") == 0)
		lsp_publish(l, d);
	else if (d && strcmp(method, "textDocument/didClose") == 0)
		did_close(l, d);
}

/* ---- requests about a document ---- */

static json_t *about_document(struct lsp *l, const char *m, struct lsp_doc *d, json_t *params, const char **why)
{
	uint32_t off = lsp_offset(l, str_make(d->text, d->n), json_object_get(params, "position"));
	const char *name = json_string_value(json_object_get(params, "newName"));

	if (strcmp(m, "completion") == 0)
		return lsp_completion(l, d, off);
	if (strcmp(m, "hover") == 0)
		return lsp_hover(l, d, off);
	if (strcmp(m, "definition") == 0)
		return lsp_definition(l, d, off);
	if (strcmp(m, "references") == 0)
		return lsp_references(l, d, off, json_is_true(json_object_get(json_object_get(params, "context"), "includeDeclaration")));
	if (strcmp(m, "prepareRename") == 0)
		return lsp_prepare_rename(l, d, off);
	if (strcmp(m, "rename") == 0)
		return lsp_rename(l, d, off, name ? name : "", why);
	if (strcmp(m, "documentSymbol") == 0)
		return lsp_symbols(l, d);
	if (strcmp(m, "foldingRange") == 0)
		return lsp_folding(l, d);
	if (strcmp(m, "codeAction") == 0)
		return lsp_code_actions(l, d, params);
	return NULL;
}

static void request(struct lsp *l, const char *method, json_t *id, json_t *params, struct lsp_doc *d)
{
	const char *why = NULL;
	json_t *result;

	if (strcmp(method, "initialize") == 0) {
		answer(l, id, initialize(l, params));
	} else if (strcmp(method, "shutdown") == 0) {
		l->shut_down = true;
		answer(l, id, json_null());
	} else if (strncmp(method, "textDocument/", 13) != 0) {
		refuse(l, id, E_METHOD, "no such method");
	} else if (!d) {
		refuse(l, id, E_PARAMS, "the document is not open");
	} else {
		result = about_document(l, method + 13, d, params, &why);
		if (result)
			answer(l, id, result);
		else
			refuse(l, id, why ? E_REQUEST_FAILED : E_METHOD, why ? why : "no such method");
	}
}

static void message(struct lsp *l, json_t *m)
{
	const char *method = json_string_value(json_object_get(m, "method"));
	json_t *id = json_object_get(m, "id"), *params = json_object_get(m, "params");
	json_t *uri = json_object_get(json_object_get(params, "textDocument"), "uri");
	struct lsp_doc *d = lsp_doc_find(l, json_string_value(uri));

	if (!method)
		return; /* an answer; we ask nothing */
	if (id)
		request(l, method, id, params, d);
	else
		notification(l, method, params, d);
}

int lsp_serve(FILE *in, FILE *out, const struct front_opts *o)
{
	struct lsp *l = mem_alloc(sizeof(*l));
	enum wire_result r;
	json_t *m;
	int code;

	if (!l)
		return 1;
	*l = (struct lsp){.in = in, .out = out, .front = *o, .published = json_object()};
	while (!l->end && (r = wire_read(in, &m)) != WIRE_END && r != WIRE_BAD_FRAME) {
		l->arena = arena_new(0);
		if (!l->arena)
			break;
		if (r == WIRE_BAD_JSON) {
			refuse(l, NULL, E_PARSE, "not JSON");
		} else {
			message(l, m);
			json_decref(m);
		}
		arena_free(&l->arena);
	}
	code = l->shut_down ? 0 : 1;
	lsp_docs_free(l);
	mem_free(&l->folder);
	json_decref(l->published);
	mem_free(&l);
	return code;
}
