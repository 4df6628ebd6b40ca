/* SPDX-License-Identifier: Apache-2.0 */
/* Open buffers, and the two ways to name a place: URIs with UTF-16 positions, paths with bytes. */
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sb.h"
#include "lsp/lsp_priv.h"

static char *own(const char *p, size_t n)
{
	char *z = mem_alloc(n + 1);

	if (z && n)
		memcpy(z, p, n);
	return z;
}

static void doc_fini(struct lsp_doc *d)
{
	mem_free(&d->uri);
	mem_free(&d->path);
	mem_free(&d->text);
	mem_free(&d->root);
}

struct lsp_doc *lsp_doc_find(struct lsp *l, const char *uri)
{
	for (size_t i = 0; uri && i < l->n_docs; i++)
		if (strcmp(l->docs[i].uri, uri) == 0)
			return &l->docs[i];
	return NULL;
}

bool lsp_doc_open(struct lsp *l, const char *uri, const char *text)
{
	const char *path = lsp_uri_path(l, uri);
	struct lsp_doc *d = lsp_doc_find(l, uri);

	if (!path || (!d && l->n_docs == LSP_DOCS_MAX))
		return false;
	if (!d)
		d = &l->docs[l->n_docs++];
	else
		doc_fini(d);
	*d = (struct lsp_doc){.uri = own(uri, strlen(uri)), .path = own(path, strlen(path)),
			      .text = own(text, strlen(text)), .n = strlen(text)};
	if (d->uri && d->path && d->text)
		return true;
	doc_fini(d);
	*d = l->docs[--l->n_docs];
	return false;
}

void lsp_doc_close(struct lsp *l, const char *uri)
{
	struct lsp_doc *d = lsp_doc_find(l, uri);

	if (!d)
		return;
	doc_fini(d);
	*d = l->docs[--l->n_docs];
}

void lsp_docs_free(struct lsp *l)
{
	while (l->n_docs)
		doc_fini(&l->docs[--l->n_docs]);
}

void lsp_doc_change(struct lsp *l, struct lsp_doc *d, json_t *change)
{
	const char *text = json_string_value(json_object_get(change, "text"));
	json_t *range = json_object_get(change, "range");
	struct str old = str_make(d->text, d->n);
	size_t from = 0, to = d->n, n;
	char *p;

	if (!text)
		return;
	if (range) {
		from = lsp_offset(l, old, json_object_get(range, "start"));
		to = lsp_offset(l, old, json_object_get(range, "end"));
		if (to < from)
			to = from;
	}
	n = strlen(text);
	if (n > SOURCE_FILE_MAX || d->n - (to - from) + n > SOURCE_FILE_MAX)
		return;
	p = mem_alloc(d->n - (to - from) + n + 1);
	if (!p)
		return;
	memcpy(p, d->text, from);
	memcpy(p + from, text, n);
	memcpy(p + from + n, d->text + to, d->n - to);
	d->n = d->n - (to - from) + n;
	mem_free(&d->text);
	d->text = p;
}

/* ---- paths and URIs ---- */

const char *lsp_path(struct lsp *l, struct str name)
{
	char real[PATH_MAX], *z = str_z(l->arena, name);

	if (!z)
		return "";
	if (realpath(z, real))
		return str_dup(l->arena, str_of(real)).p;
	return z;
}

const char *lsp_uri_path(struct lsp *l, const char *uri)
{
	struct str s = str_of(uri);
	struct sb b;

	if (!str_starts(s, S("file://")))
		return NULL;
	s = str_skip(s, 7);
	if (s.n && s.p[0] != '/') /* file://host/path */
		s = str_skip(s, str_chr(s, '/') == STR_NONE ? s.n : str_chr(s, '/'));
	sb_init(&b, l->arena, PATH_MAX);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%' && i + 2 < s.n && hex_value(s.p[i + 1]) >= 0 && hex_value(s.p[i + 2]) >= 0) {
			sb_addc(&b, (char)(hex_value(s.p[i + 1]) * 16 + hex_value(s.p[i + 2])));
			i += 2;
		} else {
			sb_addc(&b, s.p[i]);
		}
	}
	return sb_ok(&b) ? lsp_path(l, sb_str(&b)) : NULL;
}

json_t *lsp_uri(struct lsp *l, const char *path)
{
	struct sb b;

	for (size_t i = 0; i < l->n_docs; i++) /* the client's own spelling */
		if (strcmp(l->docs[i].path, path) == 0)
			return json_string(l->docs[i].uri);
	sb_init(&b, l->arena, 3 * PATH_MAX);
	sb_addz(&b, "file://");
	for (const char *p = path; *p; p++) {
		if (ascii_alpha(*p) || ascii_digit(*p) || strchr("/-_.~", *p))
			sb_addc(&b, *p);
		else
			sb_printf(&b, "%%%02X", (unsigned char)*p);
	}
	return json_stringn(b.p, b.n);
}

bool lsp_text_of(struct lsp *l, struct arena *a, struct str path, struct str *ret)
{
	const char *real = lsp_path(l, path);
	FILE *f;
	long n;
	char *p;

	for (size_t i = 0; i < l->n_docs; i++)
		if (strcmp(l->docs[i].path, real) == 0) {
			*ret = str_dup(a, str_make(l->docs[i].text, l->docs[i].n));
			return ret->p != NULL;
		}
	f = fopen(real, "rb");
	if (!f)
		return false;
	n = fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
	p = n >= 0 && n <= SOURCE_FILE_MAX ? arena_alloc(a, (size_t)n + 1) : NULL;
	rewind(f);
	*ret = str_make(p, p ? fread(p, 1, (size_t)n, f) : 0);
	fclose(f);
	return p != NULL;
}

/* ---- positions ---- */

/* Length in bytes of the UTF-8 sequence at p, and how many UTF-16 units it is; a stray byte counts as one. */
static unsigned sequence(struct str s, uint32_t i, unsigned *units)
{
	unsigned char c = (unsigned char)s.p[i];
	unsigned n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	for (unsigned k = 1; k < n; k++)
		if (i + k >= s.n || ((unsigned char)s.p[i + k] & 0xc0) != 0x80)
			n = 1;
	*units = n == 4 ? 2 : 1;
	return n;
}

uint32_t lsp_offset(const struct lsp *l, struct str text, json_t *position)
{
	json_int_t line = json_integer_value(json_object_get(position, "line"));
	json_int_t want = json_integer_value(json_object_get(position, "character"));
	uint32_t i = 0;
	unsigned n, units;

	for (; line > 0 && i < text.n; i++)
		line -= text.p[i] == '\n';
	for (json_int_t at = 0; at < want && i < text.n && text.p[i] != '\n'; at += units) {
		n = sequence(text, i, &units);
		if (l->utf8)
			units = n;
		i += n;
	}
	return i;
}

json_t *lsp_position(const struct lsp *l, struct str text, uint32_t off)
{
	json_int_t line = 0, at = 0;
	unsigned n, units;

	for (uint32_t i = 0; i < off && i < text.n; i += n) {
		n = sequence(text, i, &units);
		at += l->utf8 ? n : units;
		if (text.p[i] == '\n') {
			line++;
			at = 0;
		}
	}
	return json_pack("{s:I,s:I}", "line", line, "character", at);
}

json_t *lsp_range(const struct lsp *l, struct str text, uint32_t off, uint32_t len)
{
	return json_pack("{s:o,s:o}", "start", lsp_position(l, text, off), "end",
			 lsp_position(l, text, off + len));
}
