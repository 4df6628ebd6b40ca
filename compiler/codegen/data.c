/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constants in the layout of C structs: fields are placed by offsetof and the gaps filled, so that no
 * struct is described a second time.
 */
#include "codegen/cg.h"

#include "abi/pv.h"
#include "base/hash.h"

struct cg_blob cg_blob(struct cg *g, size_t size)
{
	return (struct cg_blob){.g = g, .size = size};
}

void cg_put(struct cg_blob *b, size_t off, size_t size, LLVMValueRef v)
{
	int i = b->n++;

	BUG_ON(b->n > (int)(sizeof(b->f) / sizeof(b->f[0])));
	for (; i > 0 && b->f[i - 1].off > off; i--)
		b->f[i] = b->f[i - 1];
	b->f[i] = (struct cg_field){off, size, v};
}

void cg_put_i32(struct cg_blob *b, size_t off, int64_t v)
{
	cg_put(b, off, 4, LLVMConstInt(b->g->i32, (unsigned long long)v, true));
}

void cg_put_i64(struct cg_blob *b, size_t off, int64_t v)
{
	cg_put(b, off, 8, LLVMConstInt(b->g->i64, (unsigned long long)v, true));
}

void cg_put_ptr(struct cg_blob *b, size_t off, LLVMValueRef v)
{
	cg_put(b, off, 8, v ? v : LLVMConstNull(b->g->ptr));
}

void cg_put_str(struct cg_blob *b, size_t off, struct str s)
{
	cg_put_ptr(b, off + offsetof(struct str, p), s.p ? cg_bytes(b->g, s) : NULL);
	cg_put_i64(b, off + offsetof(struct str, n), (int64_t)s.n);
}

LLVMValueRef cg_blob_value(struct cg_blob *b)
{
	LLVMValueRef parts[130];
	unsigned n = 0;
	size_t at = 0;

	for (int i = 0; i <= b->n; i++) {
		size_t off = i < b->n ? b->f[i].off : b->size;

		BUG_ON(off < at);
		if (off > at)
			parts[n++] = LLVMConstNull(LLVMArrayType2(b->g->i8, off - at));
		if (i == b->n)
			break;
		parts[n++] = b->f[i].v;
		at = off + b->f[i].size;
	}
	return LLVMConstStructInContext(b->g->ctx, parts, n, true);
}

LLVMValueRef cg_constant(struct cg *g, LLVMValueRef v, const char *name)
{
	LLVMValueRef global = LLVMAddGlobal(g->mod, LLVMTypeOf(v), name);

	LLVMSetInitializer(global, v);
	LLVMSetLinkage(global, LLVMPrivateLinkage);
	LLVMSetGlobalConstant(global, true);
	LLVMSetAlignment(global, 16);
	return global;
}

LLVMValueRef cg_array(struct cg *g, LLVMValueRef *v, size_t n, const char *name)
{
	if (n == 0)
		return LLVMConstNull(g->ptr);
	return cg_constant(g, LLVMConstStructInContext(g->ctx, v, (unsigned)n, true), name);
}

LLVMValueRef cg_bytes(struct cg *g, struct str s)
{
	LLVMValueRef v = LLVMConstStringInContext2(g->ctx, s.p ? s.p : "", s.n, false);
	LLVMValueRef global = cg_constant(g, v, "text");

	LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr);
	LLVMSetAlignment(global, 1);
	return global;
}

LLVMValueRef cg_extern(struct cg *g, const char *name)
{
	LLVMValueRef v = LLVMGetNamedGlobal(g->mod, name);

	return v ? v : LLVMAddGlobal(g->mod, g->i8, name);
}

LLVMValueRef cg_text(struct cg *g, struct str s)
{
	struct cg_blob b = cg_blob(g, sizeof(struct str));

	cg_put_str(&b, 0, s);
	return cg_constant(g, cg_blob_value(&b), "str");
}

/* ---- names of variables ---- */

static void put_index(struct cg_blob *b, const struct sema_index *i)
{
	cg_put_i64(b, offsetof(struct pv_name, index), i->num);
	cg_put_i32(b, offsetof(struct pv_name, index_kind), i->pv ? PV_INDEX_NUM : i->kind);
}

static LLVMValueRef part_value(struct cg *g, const struct sema_path_part *part)
{
	struct cg_blob b = cg_blob(g, sizeof(struct pv_name));

	cg_put_str(&b, offsetof(struct pv_name, text), part->text);
	put_index(&b, &part->index);
	return cg_blob_value(&b);
}

static LLVMValueRef parts_array(struct cg *g, const struct sema_pv *pv)
{
	LLVMValueRef v[SEMA_PATH_MAX];

	for (int i = 0; i < pv->name.n_parts && i < SEMA_PATH_MAX; i++)
		v[i] = part_value(g, &pv->name.parts[i]);
	return cg_array(g, v, (size_t)pv->name.n_parts, "parts");
}

static LLVMValueRef memo(struct cg *g)
{
	LLVMValueRef v = LLVMAddGlobal(g->mod, g->ptr, "memo");

	LLVMSetInitializer(v, LLVMConstNull(g->ptr));
	LLVMSetLinkage(v, LLVMPrivateLinkage);
	LLVMSetExternallyInitialized(v, true);
	return v;
}

LLVMValueRef cg_name(struct cg *g, const struct sema_pv *pv, int64_t part)
{
	struct cg_blob b = cg_blob(g, sizeof(struct pv_name));
	bool constant = !pv->name.dyn && (!pv->name.fmt || pv->name.fmt->constant);
	struct str text = pv->name.fmt && constant ? pv->name.fmt->plain : pv->name.text;
	LLVMValueRef v;

	if (part >= 0)
		return cg_constant(g, part_value(g, &pv->name.parts[part]), "part");
	if (g->names[pv->id])
		return g->names[pv->id];
	cg_put_str(&b, offsetof(struct pv_name, text), text);
	cg_put_i64(&b, offsetof(struct pv_name, num), pv->name.num);
	if (constant)
		cg_put_i64(&b, offsetof(struct pv_name, hash), (int64_t)hash_fnv(text));
	if (constant && pv->row->inner == CAT_INNER_SHTKEY)
		cg_put_ptr(&b, offsetof(struct pv_name, memo), memo(g));
	put_index(&b, &pv->index);
	cg_put_i32(&b, offsetof(struct pv_name, n_parts), pv->name.n_parts);
	cg_put_ptr(&b, offsetof(struct pv_name, parts), pv->name.n_parts ? parts_array(g, pv) : NULL);
	cg_put_ptr(&b, offsetof(struct pv_name, inner), pv->name.inner ? cg_pvref(g, pv->name.inner) : NULL);
	v = cg_constant(g, cg_blob_value(&b), "name");
	g->names[pv->id] = v;
	return v;
}

LLVMValueRef cg_pvref(struct cg *g, const struct sema_pv *pv)
{
	char symbol[32];
	size_t i = 0;

	while (i < g->rir->n_refs && g->rir->refs[i].pv != pv)
		i++;
	snprintf(symbol, sizeof(symbol), "pv_ref_%zu", i);
	return cg_extern(g, symbol);
}

static LLVMValueRef slot(struct cg *g, const char *kind, int64_t i)
{
	char symbol[40];
	LLVMValueRef v;

	snprintf(symbol, sizeof(symbol), "%s_%lld", kind, (long long)i);
	v = LLVMGetNamedGlobal(g->mod, symbol);
	if (v)
		return v;
	v = LLVMAddGlobal(g->mod, g->ptr, symbol);
	LLVMSetInitializer(v, LLVMConstNull(g->ptr));
	LLVMSetLinkage(v, LLVMInternalLinkage);
	LLVMSetExternallyInitialized(v, true); /* program_load fills it */
	return v;
}

LLVMValueRef cg_regex_slot(struct cg *g, size_t i)
{
	return slot(g, "regex_slot", (int64_t)i);
}
