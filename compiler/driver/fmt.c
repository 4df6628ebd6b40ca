/* SPDX-License-Identifier: Apache-2.0 */
/* kiln fmt: formats files in place, or tells with --check and --diff what would change. */
#include <string.h>

#include "driver/driver.h"
#include "fmt/fmt.h"

enum fmt_how { FMT_WRITE, FMT_CHECK, FMT_DIFF };

static bool write_file(const char *file, struct str text)
{
	FILE *f = fopen(file, "wb");
	bool ok = f && fwrite(text.p, 1, text.n, f) == text.n;

	return f ? fclose(f) == 0 && ok : false;
}

static int finish(const char *file, enum fmt_how how, struct arena *a, struct str old, struct str new)
{
	struct sb diff;

	if (str_eq(old, new))
		return EXIT_OK;
	if (how == FMT_WRITE && !write_file(file, new)) {
		fprintf(stderr, "kiln: cannot write %s\n", file);
		return EXIT_NO_INPUT;
	}
	if (how == FMT_CHECK)
		printf("%s\n", file);
	if (how == FMT_DIFF) {
		sb_init(&diff, a, FMT_MAX);
		fmt_diff(str_of(file), old, new, &diff);
		fwrite(diff.p, 1, diff.n, stdout);
	}
	return how == FMT_WRITE ? EXIT_OK : EXIT_FINDINGS;
}

static int format(const char *file, enum fmt_how how)
{
	struct arena *a = arena_new(0);
	struct source src;
	struct loc none = {0};
	uint32_t id;
	struct sb out;
	int code = EXIT_OK, errors = 0;

	if (!a)
		return EXIT_INTERNAL;
	source_init(&src, a, NULL, NULL);
	sb_init(&out, a, FMT_MAX);
	if (source_add_file(&src, str_of(file), none, &id) != 0) {
		fprintf(stderr, "kiln: cannot read %s\n", file);
		code = EXIT_NO_INPUT;
	} else if (!fmt_text(a, src.files[id].text, &out)) {
		fprintf(stderr, "kiln: %s: left as it is: a string, comment, directive or name in parentheses never ends, a backslash stands alone, or a byte is 0\n", file);
		code = EXIT_FINDINGS;
	} else if (!fmt_keeps(a, NULL, NULL, str_of(file), src.files[id].text, sb_str(&out), &errors)) {
		fprintf(stderr, "kiln: %s: left as it is: formatting would change what it means\n", file);
		code = EXIT_FINDINGS;
	} else {
		code = finish(file, how, a, src.files[id].text, sb_str(&out));
	}
	arena_free(&a);
	return code;
}

int verb_fmt(int argc, char **argv)
{
	enum fmt_how how = FMT_WRITE;
	int code = EXIT_OK, files = 0;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--check") == 0)
			how = FMT_CHECK;
		else if (strcmp(argv[i], "--diff") == 0)
			how = FMT_DIFF;
		else if (argv[i][0] == '-')
			return driver_usage(stderr);
		else
			files++;
	}
	if (!files)
		return driver_usage(stderr);
	for (int i = 0; i < argc; i++) {
		int one = argv[i][0] == '-' ? EXIT_OK : format(argv[i], how);

		code = one > code ? one : code;
	}
	return code;
}
