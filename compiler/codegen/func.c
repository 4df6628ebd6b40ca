/* SPDX-License-Identifier: Apache-2.0 */
/* One RIR function as LLVM IR: every instruction is a few builder calls. */
#include "codegen/cg.h"

#include <string.h>

#include "abi/pv.h"
#include "abi/run.h"

struct fn_state {
	struct cg *g;
	const struct rir_fn *f;
	LLVMValueRef fn, run;
	LLVMValueRef *t;         /* temporaries */
	LLVMBasicBlockRef *label;
	LLVMBasicBlockRef entry; /* slots live there */
	LLVMValueRef route;      /* struct run_route of a route; NULL in thunks */
	bool ended;              /* the current block has its terminator */
};

static LLVMTypeRef type_of(struct cg *g, char c)
{
	return c == 'v' ? g->vd : c == 'i' ? g->i32 : c == 'l' ? g->i64 : g->ptr;
}

static LLVMTypeRef fn_type(struct cg *g, const char *sig)
{
	LLVMTypeRef args[16];
	unsigned n = 0;

	for (const char *p = sig + 1; *p; p++)
		args[n++] = type_of(g, *p);
	return LLVMFunctionType(type_of(g, sig[0]), args, n, false);
}

static const char *fn_sig(const struct rir_fn *f)
{
	return f->kind == RIR_ROUTE ? "ip" : "ipp";
}

void cg_declare(struct cg *g, const struct rir_fn *f)
{
	LLVMAddFunction(g->mod, f->symbol, fn_type(g, fn_sig(f)));
}

static LLVMValueRef function(struct cg *g, const char *name, const char *sig)
{
	LLVMValueRef fn = LLVMGetNamedFunction(g->mod, name);

	return fn ? fn : LLVMAddFunction(g->mod, name, fn_type(g, sig));
}

static LLVMValueRef at(struct fn_state *s, LLVMValueRef base, size_t off)
{
	LLVMValueRef i = LLVMConstInt(s->g->i64, off, false);

	return LLVMBuildInBoundsGEP2(s->g->b, s->g->i8, base, &i, 1, "");
}

static LLVMValueRef load(struct fn_state *s, LLVMTypeRef type, LLVMValueRef base, size_t off)
{
	return LLVMBuildLoad2(s->g->b, type, at(s, base, off), "");
}

/* A pointer of the run that is the same from its beginning to its end. */
static LLVMValueRef fixed(struct fn_state *s, size_t off)
{
	LLVMValueRef v = load(s, s->g->ptr, s->run, off);
	unsigned kind = LLVMGetMDKindIDInContext(s->g->ctx, "invariant.load", strlen("invariant.load"));

	LLVMSetMetadata(v, kind, LLVMMetadataAsValue(s->g->ctx, LLVMMDNodeInContext2(s->g->ctx, NULL, 0)));
	return v;
}

static void store(struct fn_state *s, LLVMValueRef v, LLVMValueRef base, size_t off)
{
	LLVMBuildStore(s->g->b, v, at(s, base, off));
}

static LLVMValueRef i64(struct fn_state *s, int64_t v)
{
	return LLVMConstInt(s->g->i64, (unsigned long long)v, true);
}

static LLVMValueRef i32(struct fn_state *s, int64_t v)
{
	return LLVMConstInt(s->g->i32, (unsigned long long)v, true);
}

static size_t slot_size(int64_t kind)
{
	static const size_t sizes[] = {sizeof(int64_t), sizeof(struct str), sizeof(struct value),
				       sizeof(struct pv_name)};

	return sizes[kind];
}

static LLVMValueRef slot(struct fn_state *s, const struct rir_inst *i)
{
	LLVMBasicBlockRef here = LLVMGetInsertBlock(s->g->b);
	LLVMMetadataRef line = LLVMGetCurrentDebugLocation2(s->g->b); /* moving takes another's */
	LLVMValueRef first = LLVMGetFirstInstruction(s->entry), v;
	LLVMTypeRef type = LLVMArrayType2(s->g->i8, slot_size(i->imm) * (size_t)(i->a > 0 ? i->a : 1));

	if (i->imm == RIR_SLOT_INT)
		type = s->g->i64;
	if (first)
		LLVMPositionBuilderBefore(s->g->b, first);
	else
		LLVMPositionBuilderAtEnd(s->g->b, s->entry);
	v = LLVMBuildAlloca(s->g->b, type, "");
	LLVMSetAlignment(v, 8);
	LLVMPositionBuilderAtEnd(s->g->b, here);
	LLVMSetCurrentDebugLocation2(s->g->b, line);
	return v;
}

static void set_value(struct fn_state *s, LLVMValueRef v, int tag)
{
	store(s, i64(s, tag), v, offsetof(struct value, tag)); /* and the unused half */
}

/* Word by word, as it was written: reading back larger pieces than were stored stalls. */
static void copy(struct fn_state *s, LLVMValueRef from, LLVMValueRef to, size_t n)
{
	for (size_t at = 0; at < n; at += sizeof(int64_t))
		store(s, load(s, s->g->i64, from, at), to, at);
}

static const size_t field_off[] = {offsetof(struct run, rc), offsetof(struct run, ctl),
				   offsetof(struct run, failed), offsetof(struct run, depth)};

static LLVMValueRef from_i32(struct fn_state *s, LLVMValueRef v)
{
	return LLVMBuildSExt(s->g->b, v, s->g->i64, "");
}

static LLVMValueRef to_i32(struct fn_state *s, LLVMValueRef v)
{
	return LLVMBuildTrunc(s->g->b, v, s->g->i32, "");
}

static LLVMValueRef compare(struct fn_state *s, LLVMIntPredicate p, LLVMValueRef a, LLVMValueRef b)
{
	return LLVMBuildZExt(s->g->b, LLVMBuildICmp(s->g->b, p, a, b, ""), s->g->i64, "");
}

/* 5.6 has 32-bit ints that wrap. */
static LLVMValueRef wrap(struct fn_state *s, LLVMValueRef v)
{
	return s->g->sema->compat == 6 ? v : from_i32(s, to_i32(s, v));
}

static LLVMValueRef shift(struct fn_state *s, bool left, LLVMValueRef a, LLVMValueRef b)
{
	int mask = s->g->sema->compat == 6 ? 63 : 31;

	b = LLVMBuildAnd(s->g->b, b, i64(s, mask), "");
	return wrap(s, left ? LLVMBuildShl(s->g->b, a, b, "") : LLVMBuildAShr(s->g->b, a, b, ""));
}

static LLVMValueRef binary(struct fn_state *s, int64_t op, LLVMValueRef a, LLVMValueRef b)
{
	LLVMBuilderRef bd = s->g->b;

	switch ((enum ast_op)op) {
	case OP_ADD:
		return wrap(s, LLVMBuildAdd(bd, a, b, ""));
	case OP_SUB:
		return wrap(s, LLVMBuildSub(bd, a, b, ""));
	case OP_MUL:
		return wrap(s, LLVMBuildMul(bd, a, b, ""));
	case OP_BAND:
		return LLVMBuildAnd(bd, a, b, "");
	case OP_BOR:
		return LLVMBuildOr(bd, a, b, "");
	case OP_BXOR:
		return LLVMBuildXor(bd, a, b, "");
	case OP_SHL:
		return shift(s, true, a, b);
	case OP_SHR:
		return shift(s, false, a, b);
	case OP_EQ:
		return compare(s, LLVMIntEQ, a, b);
	case OP_NE:
		return compare(s, LLVMIntNE, a, b);
	case OP_LT:
		return compare(s, LLVMIntSLT, a, b);
	case OP_GT:
		return compare(s, LLVMIntSGT, a, b);
	case OP_LE:
		return compare(s, LLVMIntSLE, a, b);
	case OP_GE:
		return compare(s, LLVMIntSGE, a, b);
	default:
		BUG_ON(true);
		return a;
	}
}

static LLVMValueRef runtime(struct fn_state *s, const char *name, const char *sig)
{
	LLVMValueRef fn = cg_inline_of(s->g, name);

	return fn ? fn : function(s->g, name, sig);
}

static LLVMValueRef call(struct fn_state *s, const struct rir_inst *i)
{
	LLVMValueRef fn = runtime(s, i->name, i->sig), args[RIR_ARGS_MAX + 1], v;

	args[0] = s->run;
	for (int k = 0; k < i->n_args; k++) {
		args[k + 1] = s->t[i->args[k]];
		if (i->sig[k + 2] == 'i')
			args[k + 1] = to_i32(s, args[k + 1]);
	}
	v = LLVMBuildCall2(s->g->b, LLVMGlobalGetValueType(fn), fn, args, (unsigned)i->n_args + 1, "");
	return i->sig[0] == 'i' ? from_i32(s, v) : v;
}

static void set_var(struct fn_state *s, const struct rir_inst *i)
{
	LLVMValueRef fn = runtime(s, "rt_var_set", "vpip"), args[] = {s->run, i32(s, i->imm), s->t[i->a]};

	LLVMBuildCall2(s->g->b, LLVMGlobalGetValueType(fn), fn, args, 3, "");
}

static LLVMValueRef global(struct fn_state *s, const char *name)
{
	LLVMValueRef fn;

	if (!name)
		return LLVMConstNull(s->g->ptr);
	fn = LLVMGetNamedFunction(s->g->mod, name);
	return fn ? fn : function(s->g, name, "ippp");
}

static LLVMValueRef const_value(struct fn_state *s, const struct rir_inst *i)
{
	struct cg_blob b = cg_blob(s->g, sizeof(struct value));

	cg_put_i32(&b, offsetof(struct value, tag), i->text.p ? VAL_STR : VAL_INT);
	cg_put_i64(&b, offsetof(struct value, i), i->imm);
	cg_put_str(&b, offsetof(struct value, s), i->text);
	return cg_constant(s->g, cg_blob_value(&b), "value");
}

/* Instructions that make a temporary. */
static LLVMValueRef result(struct fn_state *s, const struct rir_inst *i)
{
	struct cg *g = s->g;

	switch (i->op) {
	case RIR_INT:
		return i64(s, i->imm);
	case RIR_TEXT:
		return cg_text(g, i->text);
	case RIR_VALUE:
		return const_value(s, i);
	case RIR_SLOT:
		return slot(s, i);
	case RIR_ELEM:
		return at(s, s->t[i->a], slot_size(i->b) * (size_t)i->imm);
	case RIR_LOAD:
		return LLVMBuildLoad2(g->b, g->i64, s->t[i->a], "");
	case RIR_VAR:
		return at(s, fixed(s, offsetof(struct run, vars)), sizeof(struct value) * (size_t)i->imm);
	case RIR_TAG:
		return from_i32(s, load(s, g->i32, s->t[i->a], offsetof(struct value, tag)));
	case RIR_LEN:
		return load(s, g->i64, s->t[i->a], offsetof(struct str, n));
	case RIR_FIELD:
		return from_i32(s, load(s, g->i32, s->run, field_off[i->imm]));
	case RIR_BIN:
		return binary(s, i->imm, s->t[i->a], s->t[i->b]);
	case RIR_GLOBAL:
		return global(s, i->name);
	case RIR_NAME:
		return cg_name(g, i->obj, i->imm);
	case RIR_PVREF:
		return cg_pvref(g, i->obj);
	case RIR_REGEX:
		return LLVMBuildLoad2(g->b, g->ptr, cg_regex_slot(g, (size_t)i->imm), "");
	case RIR_CALL:
		return call(s, i);
	default:
		BUG_ON(true);
		return NULL;
	}
}

/* run.site, and the worker's trail. */
static void set_site(struct fn_state *s, uint32_t site)
{
	LLVMBuilderRef b = s->g->b;
	LLVMValueRef trail, next, i;

	store(s, i32(s, site), s->run, offsetof(struct run, site));
	trail = fixed(s, offsetof(struct run, trail));
	next = load(s, s->g->i8, trail, offsetof(struct run_trail, next));
	i = LLVMBuildZExt(b, next, s->g->i64, "");
	LLVMBuildStore(b, i32(s, site), LLVMBuildInBoundsGEP2(b, s->g->i32, at(s, trail, offsetof(struct run_trail, site)), &i, 1, ""));
	store(s, LLVMBuildAdd(b, next, LLVMConstInt(s->g->i8, 1, false), ""), trail, offsetof(struct run_trail, next));
}

/* A route links itself below its caller ... */
static void enter_route(struct fn_state *s)
{
	LLVMValueRef up = load(s, s->g->ptr, s->run, offsetof(struct run, routes));

	store(s, up, s->route, offsetof(struct run_route, up));
	store(s, load(s, s->g->i32, s->run, offsetof(struct run, site)), s->route,
	      offsetof(struct run_route, site));
	store(s, i32(s, s->f->route), s->route, offsetof(struct run_route, route));
	store(s, s->route, s->run, offsetof(struct run, routes));
}

/* ... and leaves. */
static void leave(struct fn_state *s, LLVMValueRef value)
{
	if (s->route)
		store(s, load(s, s->g->ptr, s->route, offsetof(struct run_route, up)), s->run,
		      offsetof(struct run, routes));
	LLVMBuildRet(s->g->b, value);
	s->ended = true;
}

/* The others. */
static void effect(struct fn_state *s, const struct rir_inst *i)
{
	LLVMBuilderRef b = s->g->b;

	switch (i->op) {
	case RIR_STORE:
		LLVMBuildStore(b, s->t[i->a], s->t[i->b]);
		return;
	case RIR_SETINT:
		set_value(s, s->t[i->b], VAL_INT);
		store(s, s->t[i->a], s->t[i->b], offsetof(struct value, i));
		return;
	case RIR_SETSTR:
		set_value(s, s->t[i->b], VAL_STR);
		copy(s, s->t[i->a], at(s, s->t[i->b], offsetof(struct value, s)), sizeof(struct str));
		return;
	case RIR_SETNULL:
		set_value(s, s->t[i->b], VAL_NULL);
		return;
	case RIR_COPY:
		copy(s, s->t[i->a], s->t[i->b], sizeof(struct value));
		return;
	case RIR_COPYSTR:
		copy(s, s->t[i->a], s->t[i->b], sizeof(struct str));
		return;
	case RIR_SETVAR:
		set_var(s, i);
		return;
	case RIR_SETFIELD:
		store(s, to_i32(s, s->t[i->a]), s->run, field_off[i->imm]);
		return;
	case RIR_SITE:
		cg_debug_site(s->g, s->fn, (uint32_t)i->imm);
		set_site(s, (uint32_t)i->imm);
		return;
	case RIR_CALL:
		call(s, i);
		return;
	case RIR_JUMP:
		LLVMBuildBr(b, s->label[i->imm]);
		s->ended = true;
		return;
	case RIR_BRANCH:
		LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntNE, s->t[i->a], i64(s, 0), ""), s->label[i->imm],
				s->label[i->imm2]);
		s->ended = true;
		return;
	case RIR_RET:
		leave(s, to_i32(s, s->t[i->a]));
		return;
	default:
		BUG_ON(true);
	}
}

static void start_block(struct fn_state *s, LLVMBasicBlockRef block)
{
	if (!s->ended)
		LLVMBuildBr(s->g->b, block);
	LLVMPositionBuilderAtEnd(s->g->b, block);
	s->ended = false;
}

static void begin(struct fn_state *s, LLVMBasicBlockRef body)
{
	LLVMBuilderRef b = s->g->b;

	if (s->f->kind == RIR_ROUTE) {
		LLVMPositionBuilderAtEnd(b, s->entry);
		s->route = LLVMBuildAlloca(b, LLVMArrayType2(s->g->i8, sizeof(struct run_route)), "");
		LLVMSetAlignment(s->route, 8);
		cg_debug_vars(s->g, s->f, s->run, s->entry);
	}
	LLVMPositionBuilderAtEnd(b, body);
	if (s->route)
		enter_route(s);
}

void cg_function(struct cg *g, const struct rir_fn *f)
{
	struct fn_state s = {.g = g, .f = f, .fn = LLVMGetNamedFunction(g->mod, f->symbol)};
	LLVMBasicBlockRef body;

	s.run = LLVMGetParam(s.fn, 0);
	s.t = arena_calloc(g->arena, (size_t)f->n_temps + 1, sizeof(*s.t));
	s.label = arena_calloc(g->arena, (size_t)f->n_labels + 1, sizeof(*s.label));
	BUG_ON(!s.t || !s.label);
	if (f->kind != RIR_ROUTE) {
		s.t[0] = LLVMGetParam(s.fn, 1);
		LLVMSetLinkage(s.fn, LLVMInternalLinkage);
	}
	s.entry = LLVMAppendBasicBlockInContext(g->ctx, s.fn, "entry");
	body = LLVMAppendBasicBlockInContext(g->ctx, s.fn, "body");
	for (int i = 0; i < f->n_labels; i++)
		s.label[i] = LLVMAppendBasicBlockInContext(g->ctx, s.fn, "");
	cg_debug_function(g, f, s.fn);
	begin(&s, body);
	for (size_t i = 0; i < f->n; i++) {
		const struct rir_inst *in = &f->v[i];

		if (in->op == RIR_LABEL) {
			start_block(&s, s.label[in->imm]);
			continue;
		}
		if (s.ended) /* what follows a return: its own block, never reached */
			start_block(&s, LLVMAppendBasicBlockInContext(g->ctx, s.fn, ""));
		if (in->t >= 0)
			s.t[in->t] = result(&s, in);
		else
			effect(&s, in);
	}
	if (!s.ended)
		leave(&s, i32(&s, 1));
	LLVMPositionBuilderAtEnd(g->b, s.entry);
	LLVMBuildBr(g->b, body);
	for (int i = 0; i < f->n_labels; i++) {
		LLVMPositionBuilderAtEnd(g->b, s.label[i]);
		if (!LLVMGetBasicBlockTerminator(s.label[i]))
			LLVMBuildUnreachable(g->b);
	}
	LLVMSetCurrentDebugLocation2(g->b, NULL);
}
