/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - the files of a compilation and places in them.
 *
 * Files are read through a provider, so that an editor or a test can give texts that are on no disk
 * (and a check never opens what the script names, beyond its includes). A place (struct loc) is 16
 * bytes of plain data; line and column are computed when somebody wants to print them. Everything
 * lives in the compilation's arena.
 */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include "base/arena.h"
#include "base/bug.h"
#include "base/str.h"

/* file 0: no place. `exp` is an expansion (source_expansion), 0: written here. */
struct loc {
	uint32_t file;
	uint32_t off; /* of the first byte; in an expansion: of the name that was replaced */
	uint32_t len;
	uint32_t exp;
};

/* Why a token stands where it was not written. */
struct source_expansion {
	struct str name;
	struct loc def;    /* where the name was defined; file 0: command line or built in */
	uint32_t parent;   /* the expansion in which the name stood, 0: in the file itself */
};

struct source_file {
	struct str name; /* as shown */
	struct str text;
	struct loc included_from; /* file 0: the main file */
	uint32_t *lines;          /* offsets of line starts */
	uint32_t n_lines;
};

/* Returns false when there is no such file; *text lives in `a`. */
typedef bool source_read_fn(void *arg, struct arena *a, struct str name, struct str *text);

struct source {
	struct arena *arena;
	struct source_file *files; /* 1 .. n_files */
	uint32_t n_files, cap_files;
	struct source_expansion *exps; /* 1 .. n_exps */
	uint32_t n_exps, cap_exps;
	source_read_fn *read;
	void *read_arg;
};

enum { SOURCE_FILE_MAX = 16 << 20, SOURCE_FILES_MAX = 4096 };

/* read NULL: the file system. */
void source_init(struct source *s, struct arena *a, source_read_fn *read, void *arg);
/* RT_E_NOENT: cannot be read; RT_E_LIMIT: too large or too many. *file is its number. */
int source_add_file(struct source *s, struct str name, struct loc from, uint32_t *file);
int source_add_text(struct source *s, struct str name, struct str text, uint32_t *file);
/* Number of a new expansion; 0 when memory is out. */
uint32_t source_add_expansion(struct source *s, struct str name, struct loc def, uint32_t parent);

struct source_pos {
	struct str file;
	uint32_t line, column; /* from 1; columns count bytes */
};
struct source_pos source_pos(const struct source *s, struct loc l);
/* The whole line in which it stands, without its end. */
struct str source_line(const struct source *s, struct loc l);
/* A place that covers both; places in different files: the first. */
struct loc loc_join(struct loc a, struct loc b);
/* Directory part of a file's name with the slash, or empty. */
struct str source_dir(const struct source *s, uint32_t file);

#endif
