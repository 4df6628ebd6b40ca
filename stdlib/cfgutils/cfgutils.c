/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME cfgutils
#define STD_DEF "cfgutils/cfgutils.def"
#include "rpc/rpc.h"
#include "abi/std.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/digest.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/mem.h"
#include "cfgutils/cfgutils_priv.h"
#include "core/fiber.h"
#include "core/worker.h"
#include "script/env.h"
#include "script/run.h"

enum { HASH_MAX = 65, FILE_MAX = 4 << 20 };

static atomic_int probability;
static _Atomic uint32_t gflags;
static char start_hash[HASH_MAX]; /* of hash_file; empty: none */

/* ---- chance ---- */

int32_t std_cfgutils_rand_event(struct run *r)
{
	return (int)(world_random_u64(worker_world(r->worker)) % 100) < atomic_load(&probability) ? 1 : -1;
}

int32_t std_cfgutils_rand_set_prob(struct run *r, int64_t p)
{
	if (p < 0 || p > 100) {
		script_err(r, "%lld is no probability in percent", (long long)p);
		return -1;
	}
	atomic_store(&probability, (int)p);
	return 1;
}

int32_t std_cfgutils_rand_reset_prob(struct run *r)
{
	(void)r;
	atomic_store(&probability, (int)param.initial_probability);
	return 1;
}

int32_t std_cfgutils_rand_get_prob(struct run *r)
{
	(void)r;
	return atomic_load(&probability);
}

int32_t std_cfgutils_pv_random_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	*ret = value_int((int64_t)(world_random_u64(worker_world(r->worker)) & 0x7fffffff));
	return 0;
}

/* ---- pauses, memory, the end ---- */

static int32_t pause_await(int64_t ms)
{
	if (ms > 0)
		fiber_sleep_await(ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms);
	return 1;
}

int32_t std_cfgutils_sleep(struct run *r, int64_t seconds)
{
	(void)r;
	return pause_await(seconds > 1000000 ? 1000000000 : seconds * 1000);
}

int32_t std_cfgutils_usleep(struct run *r, int64_t us)
{
	(void)r;
	return pause_await(us > 0 ? us / 1000 + (us % 1000 != 0) : 0);
}

int32_t std_cfgutils_abort(struct run *r)
{
	script_log(r, L_CRIT, "the script asks for the end of the server");
	abort();
}

int32_t std_cfgutils_pkg_status(struct run *r)
{
	script_log(r, L_NOTICE, "memory: %zu bytes in %zu blocks", mem_bytes(), mem_blocks());
	return 1;
}

/* ---- global flags ---- */

int32_t std_cfgutils_set_gflag(struct run *r, int32_t flag)
{
	(void)r;
	if (flag < 0)
		return -1;
	atomic_fetch_or(&gflags, 1u << flag);
	return 1;
}

int32_t std_cfgutils_reset_gflag(struct run *r, int32_t flag)
{
	(void)r;
	if (flag < 0)
		return -1;
	atomic_fetch_and(&gflags, ~(1u << flag));
	return 1;
}

int32_t std_cfgutils_is_gflag(struct run *r, int32_t flag)
{
	(void)r;
	return flag >= 0 && (atomic_load(&gflags) >> flag & 1) ? 1 : -1;
}

/* ---- routes, hashes ---- */

int32_t std_cfgutils_check_route_exists(struct run *r, const struct str *route)
{
	return program_route_find(r->prog, ROUTE_SUB, *route) >= 0 ? 1 : -1;
}

int32_t std_cfgutils_route_if_exists(struct run *r, const struct str *route)
{
	int32_t i = program_route_find(r->prog, ROUTE_SUB, *route);

	return i < 0 ? -1 : r->prog->routes[i].fn(r);
}

/* From 1 on: 0 would end the script. */
int32_t std_cfgutils_core_hash(struct run *r, const struct str *a, const struct str *b, int64_t size)
{
	uint32_t mask = size > 0 ? (1u << (size & 31)) - 1 : 1;

	(void)r;
	return (int32_t)((hash_core2(*a, *b) & mask & 0x3fffffff) + 1);
}

/* MD5 of the file's bytes; a configuration of more than FILE_MAX is none. */
static bool hash_file(char ret[HASH_MAX])
{
	struct arena *a = arena_new(2 * FILE_MAX);
	const char *name = a ? str_z(a, param.hash_file) : NULL;
	char *bytes = name ? arena_alloc(a, FILE_MAX) : NULL;
	FILE *f = bytes ? fopen(name, "rb") : NULL;
	size_t n = f ? fread(bytes, 1, FILE_MAX, f) : 0;
	bool ok = f && !ferror(f) && n < FILE_MAX;
	struct str hex = ok ? digest_hex(a, DIGEST_MD5, str_make(bytes, n)) : STR_NULL;

	if (hex.p)
		snprintf(ret, HASH_MAX, STR_FMT, STR_ARG(hex));
	if (f)
		fclose(f);
	arena_free(&a);
	return hex.p != NULL;
}

/* ---- RPC ---- */

void std_cfgutils_rpc_rand_set_prob(struct rpc *c)
{
	int64_t p;

	if (!rpc_peek_int(c, 0, &p))
		rpc_fail(c, 500, "Invalid Parameters");
	else if (p < 0 || p > 100)
		rpc_fail(c, 500, "Invalid Percent");
	else
		atomic_store(&probability, (int)p);
}

void std_cfgutils_rpc_rand_reset_prob(struct rpc *c)
{
	(void)c;
	atomic_store(&probability, (int)param.initial_probability);
}

void std_cfgutils_rpc_rand_get_prob(struct rpc *c)
{
	rpc_add_fmt(c, NULL, NULL, "actual probability: %d percent", atomic_load(&probability));
}

static bool mask_arg(struct rpc *c, uint32_t *ret)
{
	int64_t v;

	if (!rpc_peek_int(c, 0, &v)) {
		rpc_fail(c, 500, "Invalid Parameters");
		return false;
	}
	*ret = (uint32_t)v;
	if (*ret == 0)
		rpc_fail(c, 500, "Invalid flag mask");
	return *ret != 0;
}

void std_cfgutils_rpc_set_gflag(struct rpc *c)
{
	uint32_t mask;

	if (mask_arg(c, &mask))
		atomic_fetch_or(&gflags, mask);
}

void std_cfgutils_rpc_reset_gflag(struct rpc *c)
{
	uint32_t mask;

	if (mask_arg(c, &mask))
		atomic_fetch_and(&gflags, ~mask);
}

void std_cfgutils_rpc_is_gflag(struct rpc *c)
{
	uint32_t mask;

	if (mask_arg(c, &mask))
		rpc_add_str(c, NULL, NULL, (atomic_load(&gflags) & mask) == mask ? S("TRUE") : S("FALSE"));
}

void std_cfgutils_rpc_get_gflags(struct rpc *c)
{
	uint32_t v = atomic_load(&gflags);

	rpc_add_fmt(c, NULL, NULL, "0x%X (%u)", v, v);
}

void std_cfgutils_rpc_get_config_hash(struct rpc *c)
{
	rpc_add_str(c, NULL, NULL, str_of(start_hash)); /* empty without hash_file */
}

void std_cfgutils_rpc_check_config_hash(struct rpc *c)
{
	char now[HASH_MAX] = "";

	if (!start_hash[0])
		rpc_fail(c, 500, "No hash file");
	else if (!hash_file(now))
		rpc_fail(c, 500, "Failed to hash the file");
	else
		rpc_add_str(c, NULL, NULL, strcmp(now, start_hash) == 0 ? S("Identical hash") : S("Different hash"));
}

/* ---- life ---- */

static int init(const struct program *p)
{
	int err = cfgutils_locks_init(param.lock_set_size);

	(void)p;
	if (param.initial_probability < 0 || param.initial_probability > 100)
		return RT_E_INVAL;
	atomic_store(&probability, (int)param.initial_probability);
	atomic_store(&gflags, (uint32_t)param.initial_gflags);
	start_hash[0] = '\0';
	if (param.hash_file.n && !hash_file(start_hash))
		return RT_E_IO;
	return err;
}

STD_MODULE(cfgutils, .init = init, .fini = cfgutils_locks_fini)
