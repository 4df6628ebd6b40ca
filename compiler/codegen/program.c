/* SPDX-License-Identifier: Apache-2.0 */
/* The program's tables as constants: struct program of abi/program.h, symbol kiln_program. */
#include "codegen/cg.h"

#include "abi/pv.h"
#include "lower/lower.h"
#include "preproc/preproc.h"

/* Elements made one by one into an array constant. */
typedef LLVMValueRef element_fn(struct cg *g, size_t i);

static LLVMValueRef elements(struct cg *g, size_t n, element_fn *fn, const char *name)
{
	LLVMValueRef *v = arena_calloc(g->arena, n + 1, sizeof(*v));

	BUG_ON(!v);
	if (n == 0)
		return LLVMConstNull(g->ptr);
	for (size_t i = 0; i < n; i++)
		v[i] = fn(g, i);
	return cg_array(g, v, n, name);
}

static size_t fmt_index(struct cg *g, const struct sema_fmt *fmt)
{
	size_t i = 0;

	while (i < g->rir->n_fmts && g->rir->fmts[i].fmt != fmt)
		i++;
	return i;
}

static LLVMValueRef fmtref(struct cg *g, const struct sema_fmt *fmt)
{
	char symbol[32];

	snprintf(symbol, sizeof(symbol), "fmt_ref_%zu", fmt_index(g, fmt));
	return cg_extern(g, symbol);
}

static LLVMValueRef pairs(struct cg *g, const struct sema_value *v)
{
	LLVMValueRef all[64];
	int n = v->n_pairs < 64 ? v->n_pairs : 64;

	for (int i = 0; i < n; i++) {
		struct cg_blob b = cg_blob(g, sizeof(struct fmt_pair));
		const struct rir_fmtref *r = &g->rir->fmts[fmt_index(g, v->pairs[i].fmt)];

		cg_put_str(&b, offsetof(struct fmt_pair, name), v->pairs[i].name);
		cg_put_ptr(&b, offsetof(struct fmt_pair, fmt.eval), LLVMGetNamedFunction(g->mod, r->eval));
		cg_put_str(&b, offsetof(struct fmt_pair, fmt.text), v->pairs[i].fmt->text);
		all[i] = cg_blob_value(&b);
	}
	return cg_array(g, all, (size_t)n, "pairs");
}

static void put_value(struct cg *g, struct cg_blob *b, size_t off, const struct sema_value *v)
{
	cg_put_i32(b, off + offsetof(struct program_value, kind), v->kind);
	cg_put_i32(b, off + offsetof(struct program_value, n), v->n_pairs);
	cg_put_i64(b, off + offsetof(struct program_value, i), v->i);
	cg_put_str(b, off + offsetof(struct program_value, s), v->s);
	cg_put_ptr(b, off + offsetof(struct program_value, pv), v->pv ? cg_pvref(g, v->pv) : NULL);
	cg_put_ptr(b, off + offsetof(struct program_value, fmt), v->fmt ? fmtref(g, v->fmt) : NULL);
	cg_put_ptr(b, off + offsetof(struct program_value, pairs), v->n_pairs ? pairs(g, v) : NULL);
}

static LLVMValueRef site(struct cg *g, size_t i)
{
	const struct rir_site *s = &g->rir->sites[i];
	struct cg_blob b = cg_blob(g, sizeof(struct program_site));
	static struct str last;
	static LLVMValueRef last_v;
	static LLVMModuleRef last_mod;

	if (last_mod != g->mod || last.p != s->file.p) {
		last = s->file;
		last_mod = g->mod;
		last_v = cg_bytes(g, str_printf(g->arena, STR_FMT "%c", STR_ARG(s->file), 0));
	}
	cg_put_ptr(&b, offsetof(struct program_site, file), last_v);
	cg_put_i32(&b, offsetof(struct program_site, line), s->line);
	cg_put_i32(&b, offsetof(struct program_site, column), s->column);
	cg_put_i32(&b, offsetof(struct program_site, route), s->route);
	return cg_blob_value(&b);
}

static LLVMValueRef c_text(struct cg *g, const char *z)
{
	return cg_bytes(g, str_make(z, strlen(z) + 1));
}

static LLVMValueRef route(struct cg *g, size_t i)
{
	const struct sema_route *r = g->sema->routes.v[i];
	struct cg_blob b = cg_blob(g, sizeof(struct program_route));

	cg_put_str(&b, offsetof(struct program_route, name), r->name);
	cg_put_ptr(&b, offsetof(struct program_route, fn), LLVMGetNamedFunction(g->mod, r->symbol));
	cg_put_i32(&b, offsetof(struct program_route, kind), r->kind);
	cg_put_ptr(&b, offsetof(struct program_route, symbol), c_text(g, r->symbol));
	return cg_blob_value(&b);
}

static LLVMValueRef module_ptr(struct cg *g, const char *name)
{
	return cg_extern(g, str_printf(g->arena, "std_module_%s", name).p);
}

static LLVMValueRef module(struct cg *g, size_t i)
{
	return module_ptr(g, g->sema->modules.v[i].name);
}

static LLVMValueRef param(struct cg *g, size_t i)
{
	const struct sema_param *p = &g->sema->params.v[i];
	struct cg_blob b = cg_blob(g, sizeof(struct program_param));

	cg_put_ptr(&b, offsetof(struct program_param, module), module_ptr(g, p->module));
	cg_put_str(&b, offsetof(struct program_param, name), str_of(p->row->name));
	put_value(g, &b, offsetof(struct program_param, value), &p->value);
	return cg_blob_value(&b);
}

static LLVMValueRef core_param(struct cg *g, size_t i)
{
	const struct sema_core_param *p = &g->sema->core.v[i];
	struct cg_blob b = cg_blob(g, sizeof(struct program_core_param));

	cg_put_str(&b, offsetof(struct program_core_param, name), str_of(p->row->name));
	put_value(g, &b, offsetof(struct program_core_param, value), &p->value);
	return cg_blob_value(&b);
}

static LLVMValueRef cfg_var(struct cg *g, size_t i)
{
	const struct sema_cfg_var *v = &g->sema->cfg_vars.v[i];
	struct cg_blob b = cg_blob(g, sizeof(struct program_cfg_var));

	cg_put_str(&b, offsetof(struct program_cfg_var, group), v->group);
	cg_put_str(&b, offsetof(struct program_cfg_var, name), v->name);
	cg_put_i64(&b, offsetof(struct program_cfg_var, instance), v->instance);
	put_value(g, &b, offsetof(struct program_cfg_var, value), &v->value);
	cg_put_str(&b, offsetof(struct program_cfg_var, doc), v->doc);
	return cg_blob_value(&b);
}

static LLVMValueRef listen(struct cg *g, size_t i)
{
	const struct sema_listen *l = &g->sema->listens.v[i];
	struct cg_blob b = cg_blob(g, sizeof(struct program_listen));

	cg_put_i32(&b, offsetof(struct program_listen, proto), l->proto);
	cg_put_i32(&b, offsetof(struct program_listen, port), l->port);
	cg_put_str(&b, offsetof(struct program_listen, host), l->host);
	cg_put_str(&b, offsetof(struct program_listen, name), l->name);
	cg_put_str(&b, offsetof(struct program_listen, adv_host), l->adv_host);
	cg_put_i32(&b, offsetof(struct program_listen, adv_port), l->adv_port);
	cg_put_i32(&b, offsetof(struct program_listen, adv_proto), l->adv_proto);
	cg_put_i32(&b, offsetof(struct program_listen, virtual_), l->is_virtual);
	cg_put_i32(&b, offsetof(struct program_listen, workers), l->workers);
	return cg_blob_value(&b);
}

static LLVMValueRef alias(struct cg *g, size_t i)
{
	const struct sema_alias *a = &g->sema->aliases.v[i];
	struct cg_blob b = cg_blob(g, sizeof(struct program_alias));

	cg_put_i32(&b, offsetof(struct program_alias, proto), a->proto);
	cg_put_i32(&b, offsetof(struct program_alias, port), a->port);
	cg_put_str(&b, offsetof(struct program_alias, host), a->host);
	return cg_blob_value(&b);
}

static LLVMValueRef flag(struct cg *g, size_t i)
{
	const struct sema_flag *f = &g->sema->flags.v[i];
	struct cg_blob b = cg_blob(g, sizeof(struct program_flag));

	cg_put_str(&b, offsetof(struct program_flag, name), f->name);
	cg_put_i32(&b, offsetof(struct program_flag, number), f->number);
	cg_put_i32(&b, offsetof(struct program_flag, is_avp), f->is_avp);
	return cg_blob_value(&b);
}

static LLVMValueRef define(struct cg *g, size_t i)
{
	const struct pp_define *d = g->in->pp->first;
	struct cg_blob b = cg_blob(g, sizeof(struct program_define));

	while (i--)
		d = d->order;
	cg_put_str(&b, offsetof(struct program_define, name), d->name);
	cg_put_str(&b, offsetof(struct program_define, value), d->has_value ? d->value : S(""));
	return cg_blob_value(&b);
}

static LLVMValueRef var_name(struct cg *g, size_t i)
{
	struct cg_blob b = cg_blob(g, sizeof(struct str));

	cg_put_str(&b, 0, g->sema->var_names.v[i]);
	return cg_blob_value(&b);
}

static LLVMValueRef kept_var(struct cg *g, size_t i)
{
	return LLVMConstInt(g->i32, g->rir->kept[i], false);
}

static LLVMValueRef regex(struct cg *g, size_t i)
{
	const struct rir_regex *r = &g->rir->regexes[i];
	struct cg_blob b = cg_blob(g, sizeof(struct program_regex));

	cg_put_str(&b, offsetof(struct program_regex, text), r->text);
	cg_put_i32(&b, offsetof(struct program_regex, flags), r->flags);
	cg_put_i32(&b, offsetof(struct program_regex, kind), r->kind);
	cg_put_ptr(&b, offsetof(struct program_regex, slot), cg_regex_slot(g, i));
	return cg_blob_value(&b);
}

/* The symbol was used before its content was known: give it one. */
static void fill(struct cg *g, const char *symbol, LLVMValueRef v)
{
	LLVMValueRef used = LLVMGetNamedGlobal(g->mod, symbol), real;

	if (!used)
		return;
	LLVMSetValueName2(used, "", 0);
	real = cg_constant(g, v, symbol);
	LLVMReplaceAllUsesWith(used, real);
	LLVMDeleteGlobal(used);
}

static void emit_ref(struct cg *g, size_t i)
{
	const struct rir_ref *r = &g->rir->refs[i];
	struct cg_blob b = cg_blob(g, sizeof(struct pv_ref));
	bool dyn = r->pv->name.dyn || r->pv->index.pv;
	char symbol[32];

	snprintf(symbol, sizeof(symbol), "pv_ref_%zu", i);
	cg_put_ptr(&b, offsetof(struct pv_ref, get), LLVMGetNamedFunction(g->mod, r->get));
	cg_put_ptr(&b, offsetof(struct pv_ref, set), r->set ? LLVMGetNamedFunction(g->mod, r->set) : NULL);
	cg_put_str(&b, offsetof(struct pv_ref, text), r->pv->text);
	cg_put_ptr(&b, offsetof(struct pv_ref, pv_class), c_text(g, r->pv->row->name));
	cg_put_ptr(&b, offsetof(struct pv_ref, name), dyn ? NULL : cg_name(g, r->pv, -1));
	fill(g, symbol, cg_blob_value(&b));
}

static void emit_fmt(struct cg *g, size_t i)
{
	const struct rir_fmtref *r = &g->rir->fmts[i];
	struct cg_blob b = cg_blob(g, sizeof(struct fmt_ref));
	char symbol[32];

	snprintf(symbol, sizeof(symbol), "fmt_ref_%zu", i);
	cg_put_ptr(&b, offsetof(struct fmt_ref, eval), LLVMGetNamedFunction(g->mod, r->eval));
	cg_put_str(&b, offsetof(struct fmt_ref, text), r->fmt->text);
	cg_put_i32(&b, offsetof(struct fmt_ref, arrived), lower_is_arrived(r->fmt));
	fill(g, symbol, cg_blob_value(&b));
}

#define TABLE(field, count, n, fn)                                                                 \
	do {                                                                                       \
		cg_put_ptr(&b, offsetof(struct program, field), elements(g, (n), fn, #field));      \
		cg_put_i64(&b, offsetof(struct program, count), (int64_t)(n));                      \
	} while (0)

void cg_program(struct cg *g)
{
	struct cg_blob b = cg_blob(g, sizeof(struct program));
	LLVMValueRef p;

	cg_put_i32(&b, offsetof(struct program, abi), PROGRAM_ABI);
	cg_put_i32(&b, offsetof(struct program, compat), g->sema->compat);
	cg_put_i64(&b, offsetof(struct program, observed), g->rir->observe);
	cg_put_str(&b, offsetof(struct program, name), str_of(g->in->file));
	TABLE(sites, n_sites, g->rir->n_sites, site);
	TABLE(routes, n_routes, g->sema->routes.n, route);
	TABLE(modules, n_modules, g->sema->modules.n, module);
	TABLE(params, n_params, g->sema->params.n, param);
	TABLE(core, n_core, g->sema->core.n, core_param);
	TABLE(cfg_vars, n_cfg_vars, g->sema->cfg_vars.n, cfg_var);
	TABLE(listens, n_listens, g->sema->listens.n, listen);
	TABLE(aliases, n_aliases, g->sema->aliases.n, alias);
	TABLE(flags, n_flags, g->sema->flags.n, flag);
	TABLE(defines, n_defines, (size_t)g->in->pp->n_defines, define);
	cg_put_i64(&b, offsetof(struct program, n_vars), (int64_t)g->sema->var_names.n);
	cg_put_ptr(&b, offsetof(struct program, var_names),
		   elements(g, g->sema->var_names.n, var_name, "var_names"));
	TABLE(kept_vars, n_kept_vars, g->rir->n_kept, kept_var);
	TABLE(regexes, n_regexes, g->rir->n_regexes, regex);
	for (size_t i = 0; i < g->rir->n_fmts; i++)
		emit_fmt(g, i);
	for (size_t i = 0; i < g->rir->n_refs; i++) /* naming one may use another: those stand later */
		emit_ref(g, i);
	p = cg_constant(g, cg_blob_value(&b), "kiln_program");
	LLVMSetLinkage(p, LLVMExternalLinkage);
}
