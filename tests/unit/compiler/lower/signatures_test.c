/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What generated code passes is what C expects: the signature letters of rt.def against its own
 * prototypes, and each call that lowering emits, over all language cases, against the prototypes of
 * rt.def and of the rows of stdlib.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "front/front.h"
#include "lower/lower.h"

struct proto {
	const char *name, *sig; /* sig NULL: from the C types alone */
	const char *ret, *params; /* as C text */
};

#define TEXT_(...) #__VA_ARGS__
#define TEXT(...) TEXT_(__VA_ARGS__)

static const struct proto rts[] = {
#define RT(r, n, s, p) {#n, s, #r, #p},
#include "abi/rt.def"
#undef RT
	{NULL, NULL, NULL, NULL},
};

#include "abi/def.h"
#define A0 ""
#define A1(k1, n1) "," TEXT(ARG_##k1)
#define A2(k1, n1, k2, n2) A1(k1, n1) A1(k2, n2)
#define A3(k1, n1, k2, n2, k3, n3) A2(k1, n1, k2, n2) A1(k3, n3)
#define A4(k1, n1, k2, n2, k3, n3, k4, n4) A3(k1, n1, k2, n2, k3, n3) A1(k4, n4)
#define A5(k1, n1, k2, n2, k3, n3, k4, n4, k5, n5) A4(k1, n1, k2, n2, k3, n3, k4, n4) A1(k5, n5)
#define A6(k1, n1, k2, n2, k3, n3, k4, n4, k5, n5, k6, n6)                                         \
	A5(k1, n1, k2, n2, k3, n3, k4, n4, k5, n5) A1(k6, n6)
#include "abi/def_empty.h"
#undef FN
#undef OVERLOAD
#undef TR
#define FN(m, f, res, ctx, fx, args, doc) {"std_" #m "_" #f, NULL, "int32_t", "struct run *r" args},
#define OVERLOAD(m, f, c, res, ctx, fx, args, doc) {"std_" #m "_" #c, NULL, "int32_t", "struct run *r" args},
#define TR(m, k, n, c, args, ty, doc)                                                              \
	{"std_" #m "_tr_" #c, NULL, "int32_t", "struct run *r, const struct value *in" args ", struct value *ret"},
static const struct proto stds[] = {
#include "stdlib_defs.inc"
	{NULL, NULL, NULL, NULL},
};
#include "abi/def_undef.h"

static char letter(const char *type, size_t n)
{
	if (memchr(type, '*', n))
		return 'p';
	while (n && *type == ' ')
		type++, n--;
	if (n >= 7 && memcmp(type, "int64_t", 7) == 0)
		return 'l';
	if (n >= 7 && memcmp(type, "int32_t", 7) == 0)
		return 'i';
	return n >= 4 && memcmp(type, "void", 4) == 0 ? 'v' : '?';
}

/* "lpp" of int64_t (struct run *r, const struct value *v). */
static void c_signature(const struct proto *p, char sig[32])
{
	const char *q = p->params + (*p->params == '(');
	size_t n = 0;

	sig[n++] = letter(p->ret, strlen(p->ret));
	while (*q && *q != ')' && n < 30) {
		size_t len = strcspn(q, ",)");

		sig[n++] = letter(q, len);
		q += len + (q[len] == ',');
	}
	sig[n] = 0;
}

static void rt_rows(void **state)
{
	(void)state;
	for (const struct proto *p = rts; p->name; p++) {
		char sig[32];

		c_signature(p, sig);
		if (strcmp(sig, p->sig) != 0)
			fail_msg("rt.def: %s is \"%s\", its C types are \"%s\"", p->name, p->sig, sig);
	}
}

static const struct proto *find(const struct proto *all, const char *name)
{
	while (all->name && strcmp(all->name, name) != 0)
		all++;
	return all->name ? all : NULL;
}

static void check_call(const struct rir_inst *in, const char *file)
{
	const struct proto *p = find(strncmp(in->name, "rt_", 3) == 0 ? rts : stds, in->name);
	char sig[32];

	if (strncmp(in->name, "rt_", 3) != 0 && strncmp(in->name, "std_", 4) != 0)
		return; /* another function of the script */
	if (!p)
		fail_msg("%s: call of %s, which no row has", file, in->name);
	c_signature(p, sig);
	if (strcmp(sig, in->sig) != 0)
		fail_msg("%s: %s is called as \"%s\", its C types are \"%s\"", file, in->name, in->sig, sig);
}

/* The number of calls checked. */
static size_t check_script(const char *file, bool observe)
{
	struct front_opts o = {.stop = STAGE_ALL, .compat = 5, .no_lint = true};
	struct compilation *c = compile_front(&o, file);
	size_t n = 0;

	assert_non_null(c);
	if (c->program && !c->diag.n_errors) {
		struct rir_program *p = lower_run(c->arena, c->program, &c->source, observe);

		assert_non_null(p);
		for (size_t f = 0; f < p->n_fns; f++)
			for (size_t i = 0; i < p->fns[f]->n; i++)
				if (p->fns[f]->v[i].op == RIR_CALL) {
					check_call(&p->fns[f]->v[i], file);
					n++;
				}
	}
	compile_free(&c);
	return n;
}

static void calls(void **state)
{
	size_t n = 0;
	glob_t g;

	(void)state;
	assert_int_equal(glob("tests/lang/*.cfg", 0, NULL, &g), 0);
	glob("tests/compat/cfg/*.cfg", GLOB_APPEND, NULL, &g);
	for (size_t i = 0; i < g.gl_pathc; i++)
		n += check_script(g.gl_pathv[i], i & 1);
	globfree(&g);
	assert_in_range(n, 1000, 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rt_rows), cmocka_unit_test(calls)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
