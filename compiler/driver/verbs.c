/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that only show something, and the language server. */
#include <string.h>

#include "driver/show.h"
#include "graph/graph.h"
#include "lsp/lsp.h"

int verb_lsp(int argc, char **argv)
{
	struct driver_opts o;
	int rest;

	if (!driver_parse(argc, argv, &o, &rest) || o.files.n)
		return driver_usage(stderr);
	return lsp_serve(stdin, stdout, &o.front);
}

int verb_graph(int argc, char **argv)
{
	static const char *const formats[] = {"--format=text", "--format=dot", "--format=svg"};
	enum graph_format how = GRAPH_TEXT;
	struct driver_opts o;
	struct compilation *c;
	int code, rest, n = 0;
	FILE *out;

	/* its own formats: take them out before the common options are read */
	for (int i = 0; i < argc; i++) {
		bool own = false;

		for (int k = 0; k < 3; k++)
			if (strcmp(argv[i], formats[k]) == 0) {
				how = (enum graph_format)k;
				own = true;
			}
		if (!own)
			argv[n++] = argv[i];
	}
	if (!driver_parse(n, argv, &o, &rest) || o.files.n != 1)
		return driver_usage(stderr);
	o.front.no_lint = true;
	c = compile_front(&o.front, o.files.v[0]);
	if (!c)
		return EXIT_INTERNAL;
	print_diags(stderr, &o, c);
	code = compile_exit_code(&o, c);
	out = o.output ? fopen(o.output, "w") : stdout;
	if (!out) {
		fprintf(stderr, "kiln: cannot write %s\n", o.output);
		code = EXIT_NO_INPUT;
	} else if (code != EXIT_NO_INPUT && !graph_print(c, how, out)) {
		code = EXIT_INTERNAL;
	}
	if (out && out != stdout)
		fclose(out);
	compile_free(&c);
	return code;
}

int verb_coverage(int argc, char **argv)
{
	struct show s = {0};

	(void)argv;
	if (argc)
		return driver_usage(stderr);
	if (!show_begin(&s))
		return show_end(&s, EXIT_INTERNAL);
	cat_coverage(s.cat, &s.out, true);
	return show_end(&s, EXIT_OK);
}

int verb_doc(int argc, char **argv)
{
	struct show s = {0};
	bool found;

	if (argc != 1)
		return driver_usage(stderr);
	if (!show_begin(&s))
		return show_end(&s, EXIT_INTERNAL);
	found = cat_explain(s.cat, str_of(argv[0]), &s.out);
	if (!found)
		fprintf(stderr, "kiln: nothing is called %s\n", argv[0]);
	return show_end(&s, found ? EXIT_OK : EXIT_FINDINGS);
}
