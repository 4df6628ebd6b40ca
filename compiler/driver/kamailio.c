/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Called as `kamailio`: the reference's command line. -c checks; else the script is compiled in memory
 * and served by this process, so that what starts, probes and kills the reference works as it is.
 */
#include "driver/driver.h"

#include "codegen/codegen.h"
#include "host/host.h"
#include "host/options.h"
#include "lower/lower.h"

static void copy_list(struct front_list *to, const struct host_list *from)
{
	for (size_t i = 0; i < from->n; i++)
		to->v[to->n++] = from->v[i];
}

int driver_serve(const struct driver_opts *o, const char *file, int argc, char **argv)
{
	struct compilation *c = compile_front(&o->front, file);
	struct driver_opts shown = *o;
	struct codegen_input in;
	const struct program *p;
	int code;

	if (!c)
		return EXIT_INTERNAL;
	code = compile_exit_code(o, c);
	shown.brief = code == EXIT_OK; /* a server's log is no place for excerpts */
	print_diags(stderr, &shown, c);
	if (code != EXIT_OK)
		return code;
	in = (struct codegen_input){.arena = c->arena, .source = &c->source, .pp = &c->pp, .file = c->file};
	in.rir = lower_run(c->arena, c->program, &c->source, o->observe);
	p = in.rir ? codegen_jit(&in) : NULL;
	return p ? host_serve(p, argc, argv) : EXIT_INTERNAL;
}

int driver_kamailio(int argc, char **argv)
{
	static struct host_options h;
	struct driver_opts o = {.front = {.stop = STAGE_ALL, .compat = 5}};
	struct compilation *c;
	const char *file;
	int code;

	if (!host_options_parse(argv[0], argc, argv, &h))
		return 255;
	if (h.help || h.version) {
		if (h.help)
			host_options_help(stdout, argv[0]);
		else
			host_version_print(stdout, argv[0]);
		return 0;
	}
	file = h.config ? h.config : "/etc/kamailio/kamailio.cfg";
	o.front.compat = h.compat ? h.compat : 5;
	copy_list(&o.front.defines, &h.define);
	copy_list(&o.front.substs, &h.subst);
	copy_list(&o.front.substdefs, &h.substdef);
	copy_list(&o.front.substdefss, &h.substdefs);
	copy_list(&o.front.loadmodules, &h.loadmodule);
	copy_list(&o.front.modparams, &h.modparam);
	o.observe = h.debug_socket != NULL; /* attached clients want to see statements */
	if (!h.check) {
		o.front.no_lint = true; /* warnings are for check; a start must stay quiet */
		code = driver_serve(&o, file, argc, argv);
		return code == EXIT_OK ? 0 : 255;
	}
	c = compile_front(&o.front, file);
	if (!c)
		return 255;
	print_diags(stderr, &o, c);
	code = compile_exit_code(&o, c);
	compile_free(&c);
	fprintf(stderr, code == EXIT_OK ? "config file ok, exiting...\n" : "ERROR: bad config file\n");
	return code == EXIT_OK ? 0 : 255;
}
