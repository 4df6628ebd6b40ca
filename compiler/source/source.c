/* SPDX-License-Identifier: Apache-2.0 */
#include "source/source.h"

#include <stdio.h>
#include <sys/stat.h>

static bool read_disk(void *arg, struct arena *a, struct str name, struct str *text)
{
	char *path = str_z(a, name), *p;
	size_t n = 0, cap = 65536;
	struct stat st;
	FILE *f;

	(void)arg;
	if (!path || str_chr(name, '\0') != STR_NONE)
		return false;
	f = fopen(path, "rb");
	if (!f)
		return false;
	if (!fstat(fileno(f), &st) && S_ISREG(st.st_mode) && st.st_size < SOURCE_FILE_MAX)
		cap = (size_t)st.st_size + 1; /* a byte more: its end is seen in one go */
	p = arena_raw(a, cap + 1);
	while (p) {
		size_t got = fread(p + n, 1, cap - n, f);
		char *more;

		n += got;
		if (n < cap || n > SOURCE_FILE_MAX)
			break;
		more = arena_raw(a, cap * 2 + 1);
		if (more)
			memcpy(more, p, n);
		p = more;
		cap *= 2;
	}
	if (ferror(f))
		p = NULL; /* a directory, for one */
	fclose(f);
	if (!p)
		return false;
	*text = str_make(p, n);
	return true;
}

void source_init(struct source *s, struct arena *a, source_read_fn *read, void *arg)
{
	*s = (struct source){.arena = a, .read = read ? read : read_disk, .read_arg = arg};
}

static void *grown(struct arena *a, const void *old, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t more = *cap ? *cap * 2 : 16;
	void *p;

	if (n < *cap)
		return NULL;
	p = arena_calloc(a, more, size);
	if (p && old)
		memcpy(p, old, n * size);
	if (p)
		*cap = more;
	return p;
}

static bool index_lines(struct arena *a, struct source_file *f)
{
	uint32_t n = 1;

	for (size_t i = 0; i < f->text.n; i++)
		n += f->text.p[i] == '\n';
	f->lines = arena_calloc(a, n, sizeof(*f->lines));
	if (!f->lines)
		return false;
	for (size_t i = 0; i < f->text.n; i++)
		if (f->text.p[i] == '\n')
			f->lines[++f->n_lines] = (uint32_t)i + 1;
	f->n_lines++;
	return true;
}

int source_add_text(struct source *s, struct str name, struct str text, uint32_t *file)
{
	void *p = grown(s->arena, s->files, s->n_files + 1, &s->cap_files, sizeof(*s->files));
	struct source_file *f;

	if (p)
		s->files = p;
	if (s->n_files + 1 >= s->cap_files)
		return RT_E_NOMEM;
	if (text.n > SOURCE_FILE_MAX || s->n_files >= SOURCE_FILES_MAX)
		return RT_E_LIMIT;
	f = &s->files[s->n_files + 1];
	*f = (struct source_file){.name = str_dup(s->arena, name), .text = text};
	if (!index_lines(s->arena, f))
		return RT_E_NOMEM;
	*file = ++s->n_files;
	return 0;
}

int source_add_file(struct source *s, struct str name, struct loc from, uint32_t *file)
{
	struct str text;
	int err;

	if (!s->read(s->read_arg, s->arena, name, &text))
		return RT_E_NOENT;
	err = source_add_text(s, name, text, file);
	if (!err)
		s->files[*file].included_from = from;
	return err;
}

uint32_t source_add_expansion(struct source *s, struct str name, struct loc def, uint32_t parent)
{
	void *p = grown(s->arena, s->exps, s->n_exps + 1, &s->cap_exps, sizeof(*s->exps));

	if (p)
		s->exps = p;
	if (s->n_exps + 1 >= s->cap_exps)
		return 0;
	s->exps[++s->n_exps] = (struct source_expansion){name, def, parent};
	return s->n_exps;
}

/* Line number from 0. */
static uint32_t line_of(const struct source_file *f, uint32_t off)
{
	uint32_t lo = 0, hi = f->n_lines;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (f->lines[mid] <= off)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

struct source_pos source_pos(const struct source *s, struct loc l)
{
	const struct source_file *f;
	uint32_t line;

	if (l.file == 0 || l.file > s->n_files)
		return (struct source_pos){S("<command line>"), 0, 0};
	f = &s->files[l.file];
	line = line_of(f, l.off);
	return (struct source_pos){f->name, line + 1, l.off - f->lines[line] + 1};
}

struct str source_line(const struct source *s, struct loc l)
{
	const struct source_file *f;
	struct str rest;

	if (l.file == 0 || l.file > s->n_files)
		return STR_NULL;
	f = &s->files[l.file];
	rest = str_skip(f->text, f->lines[line_of(f, l.off)]);
	return str_rtrim(str_head(rest, str_chr(rest, '\n')));
}

struct loc loc_join(struct loc a, struct loc b)
{
	if (a.file == 0)
		return b;
	if (a.file != b.file || b.off + b.len < a.off + a.len)
		return a;
	a.len = b.off + b.len - a.off;
	return a;
}

struct str source_dir(const struct source *s, uint32_t file)
{
	struct str name = file && file <= s->n_files ? s->files[file].name : STR_NULL;
	size_t slash = str_rchr(name, '/');

	return slash == STR_NONE ? STR_NULL : str_head(name, slash + 1);
}
