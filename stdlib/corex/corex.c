/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME corex
#define STD_DEF "corex/corex.def"
#include "rpc/rpc.h"
#include "abi/std.h"

#include <stdio.h>

#include "base/mem.h"
#include "core/log.h"
#include "core/worker.h"
#include "corex/corex_priv.h"
#include "net/net.h"
#include "script/env.h"
#include "sip/draft.h"

/* "0.7", "1" as thousandths; what is no q value is none, as in the reference. */
static int parse_q(struct str s)
{
	int q = 0, unit = 1000;

	for (size_t i = 0; i < s.n && unit; i++) {
		if (s.p[i] == '.' && i == 1)
			continue;
		if (s.p[i] < '0' || s.p[i] > '9')
			return SIP_Q_NONE;
		q += (s.p[i] - '0') * unit;
		unit /= 10;
	}
	return s.n == 0 || q > 1000 ? SIP_Q_NONE : q;
}

/*
 * A branch has the next hop, path, flags and socket that the request's target has; with a URI that alone is its
 * own. Without one the target itself becomes the branch and leaves these behind, as in the reference.
 */
static int32_t append(struct run *r, struct str uri, struct str q)
{
	struct sip_branch *main = r->draft ? &r->draft->main : NULL;
	struct sip_branch b;
	struct sip_uri u;

	if (!main || (uri.n && sip_uri_parse(uri, &u) != 0))
		return -1;
	b = *main;
	if (uri.n)
		b.ruid = b.instance = b.location_ua = STR_NULL;
	b.uri = uri.n ? uri : sip_draft_uri(r->draft);
	b.q = q.n ? parse_q(q) : uri.n ? SIP_Q_NONE : main->q;
	if (sip_branch_append(r->draft, &b, NULL))
		return -1;
	if (!uri.n) {
		main->dst_uri = main->path = STR_NULL;
		main->flags = 0;
		main->force_sock = NULL;
	}
	return 1;
}

int32_t std_corex_append_branch(struct run *r)
{
	return append(r, STR_NULL, STR_NULL);
}

int32_t std_corex_append_branch_uri(struct run *r, const struct str *uri)
{
	return append(r, *uri, STR_NULL);
}

int32_t std_corex_append_branch_uri_q(struct run *r, const struct str *uri, const struct str *q)
{
	return append(r, *uri, *q);
}

/* ---- extended flags ---- */

static uint32_t *xflag_word(struct run *r, int64_t flag)
{
	return r->draft && flag >= 0 && flag < 64 ? &r->draft->xflags[flag / 32] : NULL;
}

int32_t std_corex_setxflag(struct run *r, int64_t flag)
{
	uint32_t *w = xflag_word(r, flag);

	if (w)
		*w |= 1u << flag % 32;
	return w ? 1 : -1;
}

int32_t std_corex_resetxflag(struct run *r, int64_t flag)
{
	uint32_t *w = xflag_word(r, flag);

	if (w)
		*w &= ~(1u << flag % 32);
	return w ? 1 : -1;
}

int32_t std_corex_isxflagset(struct run *r, int64_t flag)
{
	const uint32_t *w = xflag_word(r, flag);

	return w && (*w >> flag % 32 & 1) ? 1 : -1;
}

/* ---- sockets ---- */

static int32_t force(struct run *r, const struct net_socket *s)
{
	if (!r->draft || !s)
		return -1;
	r->draft->main.force_sock = s;
	return 1;
}

int32_t std_corex_set_send_socket(struct run *r, const struct str *socket)
{
	return force(r, net_socket_by_text(net_of(r->worker), *socket));
}

int32_t std_corex_set_send_socket_name(struct run *r, const struct str *name)
{
	const struct net_socket *s = net_socket_by_name(net_of(r->worker), *name);

	if (s)
		return force(r, s);
	script_err(r, "set_send_socket_name: there is no socket \"" STR_FMT "\"", STR_ARG(*name));
	return 1; /* as the reference: it goes on with the socket it has */
}

int32_t std_corex_is_socket_name(struct run *r, const struct str *name)
{
	return net_socket_by_name(net_of(r->worker), *name) ? 1 : -1;
}

int32_t std_corex_is_faked_msg(struct run *r)
{
	return r->draft && r->draft->msg->origin.src.family ? -1 : 1;
}

/* ---- files ---- */

enum { FILE_MAX = 65535 };

int32_t std_corex_file_write(struct run *r, const struct str *path, const struct str *content)
{
	char *z = content->n ? str_z(r->arena, *path) : NULL; /* nothing is no content: the file stays, as in the reference */
	FILE *f = z ? fopen(z, "w") : NULL;
	bool ok = f && fwrite(content->p, 1, content->n, f) == content->n;

	if (f && fclose(f) != 0)
		ok = false;
	if (!ok)
		script_err(r, "file_write: cannot write " STR_FMT, STR_ARG(*path));
	return ok ? 1 : -1;
}

int32_t std_corex_file_read(struct run *r, const struct str *path, const struct pv_ref *to)
{
	char *z = str_z(r->arena, *path), *buf = arena_alloc(r->arena, FILE_MAX);
	FILE *f = z && buf ? fopen(z, "r") : NULL;
	struct value v;
	size_t n;
	bool ok;

	if (!f) {
		script_err(r, "file_read: cannot read " STR_FMT, STR_ARG(*path));
		return -1;
	}
	n = fread(buf, 1, FILE_MAX, f);
	ok = !ferror(f);
	fclose(f);
	v = value_str(str_make(buf, n));
	return ok && to->set(r, &v) >= 0 ? 1 : -1;
}

/* ---- $cfg ---- */

int32_t std_corex_pv_cfg_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	const struct program_site *s = &r->prog->sites[r->site];

	*ret = value_null();
	switch (n->num) {
	case 0:
		*ret = value_int(s->line);
		return 0;
	case 1:
	case 2:
		*ret = value_str(str_of(s->file ? s->file : ""));
		return 0;
	case 3:
		if (s->route >= 0)
			*ret = value_str(r->prog->routes[s->route].name.n ? r->prog->routes[s->route].name
									   : S("DEFAULT_ROUTE"));
		return 0;
	default:
		return 0;
	}
}

/* ---- {sock.*} ---- */

static bool sock_parts(struct run *r, const struct value *in, struct str *proto, struct str *host, struct str *port)
{
	struct str rest = script_text(r, in);
	size_t end = STR_NONE;

	if (in->tag == VAL_NULL)
		return false;
	*proto = str_cut(&rest, ':');
	if (proto_parse(*proto) == PROTO_NONE)
		return false;
	if (rest.n && rest.p[0] == '[')
		end = str_chr(rest, ']');
	*host = end == STR_NONE ? str_head(rest, str_chr(rest, ':')) : str_head(rest, end + 1);
	rest = str_skip(rest, host->n);
	*port = rest.n ? str_skip(rest, 1) : S("");
	return host->n != 0;
}

#define SOCK_PART(name)                                                                            \
	int32_t std_corex_tr_sock_##name(struct run *r, const struct value *in, struct value *ret) \
	{                                                                                          \
		struct str proto, host, port;                                                      \
                                                                                                   \
		if (!sock_parts(r, in, &proto, &host, &port))                                      \
			return -1;                                                                 \
		*ret = value_str(name);                                                            \
		return 0;                                                                          \
	}
SOCK_PART(proto)
SOCK_PART(host)
SOCK_PART(port)

int32_t std_corex_tr_sock_touri(struct run *r, const struct value *in, struct value *ret)
{
	struct str proto, host, port;

	if (!sock_parts(r, in, &proto, &host, &port))
		return -1;
	*ret = value_str(str_printf(r->arena, "sip:" STR_FMT "%s" STR_FMT ";transport=" STR_FMT, STR_ARG(host),
				    port.n ? ":" : "", STR_ARG(port), STR_ARG(proto)));
	return 0;
}

/* The first worker starts before messages flow; the tables are read-only from then on. */
static int corex_worker_init(struct worker *w)
{
	return worker_index(w) == 0 ? corex_names_start(w) : 0;
}

/* ---- RPC ---- */

static struct str or_dash(struct str s)
{
	return s.n ? s : S("-");
}

void std_corex_rpc_list_sockets(struct rpc *c)
{
	const struct net *n = net_of(c->worker);

	rpc_list(c);
	for (unsigned i = 0; i < net_socket_count(n); i++) {
		const struct net_socket *s = net_socket_at(n, i);
		struct rpc_node *x = rpc_add_struct(c, NULL, NULL), *addrs;

		rpc_add_str(c, x, "PROTO", proto_name(s->proto));
		rpc_add_str(c, x, "NAME", s->host);
		addrs = rpc_add_struct(c, x, "ADDRLIST");
		rpc_add_str(c, addrs, "ADDR", s->host);
		rpc_add_fmt(c, x, "PORT", "%u", s->addr.port);
		rpc_add_str(c, x, "MCAST", addr_is_multicast(&s->addr) ? S("yes") : S("no"));
		rpc_add_str(c, x, "MHOMED", S("no"));
		rpc_add_str(c, x, "VIRTUAL", s->virtual_ ? S("yes") : S("no"));
		rpc_add_str(c, x, "SOCKNAME", or_dash(s->name));
		rpc_add_str(c, x, "ADVERTISE", or_dash(s->adv_host));
	}
}

static void list_alias(void *arg, struct str host, uint16_t port, enum proto p)
{
	struct rpc *c = arg;
	struct rpc_node *x = rpc_add_struct(c, NULL, NULL);

	rpc_add_str(c, x, "PROTO", p ? proto_name(p) : S("*"));
	rpc_add_str(c, x, "ADDR", host);
	rpc_add_int(c, x, "PORT", port);
}

void std_corex_rpc_list_aliases(struct rpc *c)
{
	rpc_list(c);
	net_alias_each(net_of(c->worker), list_alias, c);
}

/* ---- memory ---- */

static void tell_memory(void)
{
	log_notice("memory: %zu bytes held in %zu blocks", mem_bytes(), mem_blocks());
}

void std_corex_rpc_shm_status(struct rpc *c)
{
	(void)c;
	tell_memory();
}

void std_corex_rpc_pkg_summary(struct rpc *c)
{
	struct str which;
	int64_t n;

	if (!rpc_peek_str(c, 0, &which) || !rpc_peek_int(c, 1, &n))
		rpc_fail(c, 400, "Selector and value not provided");
	else if (!str_eq(which, S("pid")) && !str_eq(which, S("idx")))
		rpc_fail(c, 500, "Unsupported selector type");
	else
		tell_memory();
}

/* The reference's allocator tells its longest and shortest fragments and where they were asked for; malloc does not. */
void std_corex_rpc_shm_report(struct rpc *c)
{
	static const char *const fragments[] = {"max_free_frag", "max_used_frag", "min_free_frag", "min_used_frag"};
	struct rpc_node *n = rpc_add_struct(c, NULL, "");
	int64_t held = (int64_t)mem_bytes(), blocks = (int64_t)mem_blocks();

	rpc_add_int(c, n, "total_size", held);
	rpc_add_int(c, n, "free_size_s", 0);
	rpc_add_int(c, n, "used_size_s", held);
	rpc_add_int(c, n, "real_used_s", held);
	rpc_add_int(c, n, "max_used_s", held);
	rpc_add_int(c, n, "free_frags", 0);
	rpc_add_int(c, n, "used_frags", blocks);
	rpc_add_int(c, n, "total_frags", blocks);
	for (size_t i = 0; i < sizeof(fragments) / sizeof(fragments[0]); i++) {
		rpc_add_int(c, n, str_printf(c->arena, "%s_size", fragments[i]).p, 0);
		rpc_add_str(c, n, str_printf(c->arena, "%s_file", fragments[i]).p, S("-"));
		rpc_add_str(c, n, str_printf(c->arena, "%s_func", fragments[i]).p, S("-"));
		rpc_add_str(c, n, str_printf(c->arena, "%s_mname", fragments[i]).p, S("-"));
		rpc_add_int(c, n, str_printf(c->arena, "%s_line", fragments[i]).p, 0);
	}
}

void std_corex_rpc_debug(struct rpc *c)
{
	struct rpc_node *n = rpc_add_struct(c, NULL, "");
	int64_t level;

	if (!rpc_arg_int(c, 0, true, &level)) {
		rpc_add_int(c, n, "debug", log_get_level());
		return;
	}
	rpc_add_int(c, n, "old", log_get_level());
	rpc_add_int(c, n, "new", level);
	log_set_level((int)level);
}

static int corex_init(const struct program *p)
{
	corex_via_load(p);
	return 0;
}

STD_MODULE(corex, .init = corex_init, .worker_init = corex_worker_init, .fini = corex_names_fini)
