/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME core
#define STD_DEF "core/core.def"
#include "abi/std.h"

#include <stdlib.h>

#include "core/send_priv.h"
#include "core/log.h"
#include "script/cfg.h"
#include "core/fiber.h"
#include "core/worker.h"
#include "script/event.h"
#include "script/run.h"
#include "script/env.h"
#include "script/exec.h"
#include "script/vars.h"
#include "sip/draft.h"

enum { LOG_DEFAULT = L_DBG + 1 };

/* ---- variables ---- */

int32_t std_core_pv_null_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)r;
	(void)n;
	*ret = value_null();
	return 0;
}

int32_t std_core_pv_rc_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	*ret = value_int(r->rc);
	return 0;
}

int32_t std_core_pv_env_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	const char *z = str_z(r->arena, n->text);
	const char *v = z ? getenv(z) : NULL;

	*ret = v ? value_str(str_of(v)) : value_null();
	return 0;
}

static int64_t number(struct str s)
{
	int64_t i;

	return str_to_i64(s, &i) ? i : 0;
}

int32_t std_core_pv_envn_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	int32_t err = std_core_pv_env_get(r, n, ret);

	if (ret->tag == VAL_STR)
		*ret = value_int(number(ret->s));
	return err;
}

int32_t std_core_pv_def_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	*ret = value_null();
	for (uint64_t i = 0; i < r->prog->n_defines; i++)
		if (str_eq(r->prog->defines[i].name, n->text))
			*ret = value_str(r->prog->defines[i].value);
	return 0;
}

int32_t std_core_pv_defn_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	std_core_pv_def_get(r, n, ret);
	*ret = value_int(ret->tag == VAL_STR ? number(ret->s) : 0);
	return 0;
}

/* ---- custom variables ---- */

int32_t std_core_cfg_select(struct run *r, const struct str *group, int64_t instance)
{
	if (cfg_select(r, *group, instance) == 0)
		return 1;
	script_err(r, "there is no instance " STR_FMT "[%lld]", STR_ARG(*group), (long long)instance);
	return -1;
}

int32_t std_core_cfg_reset(struct run *r, const struct str *group)
{
	return cfg_unselect(r, *group) ? -1 : 1;
}

/* ---- flags ---- */

static int32_t bad_flag(struct run *r)
{
	script_err(r, "flag is not 0 to 31");
	return -1;
}

int32_t std_core_setflag(struct run *r, int32_t flag)
{
	if (flag < 0 || !r->draft)
		return bad_flag(r);
	r->draft->flags |= 1u << flag;
	return 1;
}

int32_t std_core_resetflag(struct run *r, int32_t flag)
{
	if (flag < 0 || !r->draft)
		return bad_flag(r);
	r->draft->flags &= ~(1u << flag);
	return 1;
}

int32_t std_core_isflagset(struct run *r, int32_t flag)
{
	if (flag < 0 || !r->draft)
		return bad_flag(r);
	return r->draft->flags >> flag & 1 ? 1 : -1;
}

/* ---- the request URI ---- */

static int32_t done(struct run *r, int err, const char *what)
{
	if (!err)
		return 1;
	script_err(r, "%s: %s", what, rt_strerror(err));
	return -1;
}

static int32_t rewrite(struct run *r, enum sip_uri_part part, struct str text, size_t n, const char *what)
{
	if (!r->draft || !r->draft->msg->is_request)
		return done(r, RT_E_STATE, what);
	return done(r, sip_draft_rewrite(r->draft, part, text, n), what);
}

int32_t std_core_seturi(struct run *r, const struct str *uri)
{
	return done(r, r->draft ? sip_draft_set_uri(r->draft, *uri) : RT_E_STATE, "seturi");
}

int32_t std_core_revert_uri(struct run *r)
{
	return done(r, r->draft ? sip_draft_set_uri(r->draft, STR_NULL) : RT_E_STATE, "revert_uri");
}

int32_t std_core_sethost(struct run *r, const struct str *host)
{
	return rewrite(r, SIP_URI_SET_HOST, *host, 0, "sethost");
}

int32_t std_core_sethostport(struct run *r, const struct str *hostport)
{
	return rewrite(r, SIP_URI_SET_HOSTPORT, *hostport, 0, "sethostport");
}

int32_t std_core_sethostporttrans(struct run *r, const struct str *text)
{
	return rewrite(r, SIP_URI_SET_HOSTPORTTRANS, *text, 0, "sethostporttrans");
}

int32_t std_core_setuser(struct run *r, const struct str *user)
{
	return rewrite(r, SIP_URI_SET_USER, *user, 0, "setuser");
}

int32_t std_core_setuserpass(struct run *r, const struct str *userpass)
{
	return rewrite(r, SIP_URI_SET_USERPASS, *userpass, 0, "setuserpass");
}

int32_t std_core_setport(struct run *r, const struct str *port)
{
	return rewrite(r, SIP_URI_SET_PORT, *port, 0, "setport");
}

int32_t std_core_prefix(struct run *r, const struct str *text)
{
	return rewrite(r, SIP_URI_SET_PREFIX, *text, 0, "prefix");
}

int32_t std_core_strip(struct run *r, int64_t n)
{
	return rewrite(r, SIP_URI_STRIP, STR_NULL, n > 0 ? (size_t)n : 0, "strip");
}

int32_t std_core_strip_tail(struct run *r, int64_t n)
{
	return rewrite(r, SIP_URI_STRIP_TAIL, STR_NULL, n > 0 ? (size_t)n : 0, "strip_tail");
}

int32_t std_core_userphone(struct run *r)
{
	return rewrite(r, SIP_URI_SET_USERPHONE, STR_NULL, 0, "userphone");
}

int32_t std_core_remove_branch(struct run *r, int64_t index)
{
	if (!r->draft || index < 0)
		return -1;
	(void)sip_branch_remove(r->draft, (unsigned)index); /* one that is not there is no error */
	return 1;
}

int32_t std_core_remove_branch0(struct run *r)
{
	return std_core_remove_branch(r, 0);
}

int32_t std_core_clear_branches(struct run *r)
{
	if (!r->draft)
		return -1;
	sip_branches_clear(r->draft);
	return 1;
}

/* ---- how it is sent ---- */

int32_t std_core_force_rport(struct run *r)
{
	if (!r->draft)
		return -1;
	r->draft->force_rport = true;
	return 1;
}

int32_t std_core_add_local_rport(struct run *r)
{
	if (!r->draft)
		return -1;
	r->draft->add_local_rport = true;
	return 1;
}

static int32_t send_flag(struct run *r, bool reply, uint32_t flag)
{
	if (!r->draft)
		return -1;
	if (reply)
		r->draft->rpl_send |= flag;
	else
		r->draft->fwd_send |= flag;
	return 1;
}

int32_t std_core_set_forward_no_connect(struct run *r)
{
	return send_flag(r, false, SIP_SEND_NO_CONNECT);
}

int32_t std_core_set_reply_no_connect(struct run *r)
{
	return send_flag(r, true, SIP_SEND_NO_CONNECT);
}

int32_t std_core_set_forward_close(struct run *r)
{
	return send_flag(r, false, SIP_SEND_CLOSE);
}

int32_t std_core_set_reply_close(struct run *r)
{
	return send_flag(r, true, SIP_SEND_CLOSE);
}

/* ---- flags of AVPs ---- */

static uint32_t *avp_flags_of(struct run *r, const struct pv_ref *attribute)
{
	struct avp_key k;

	if (!attribute->name)
		return NULL;
	k = avp_key(attribute->name->num, attribute->name->text);
	return avp_flags(r->sv, &k);
}

int32_t std_core_setavpflag(struct run *r, const struct pv_ref *attribute, int32_t flag)
{
	uint32_t *flags = flag < 0 ? NULL : avp_flags_of(r, attribute);

	if (!flags)
		return -1;
	*flags |= 1u << flag;
	return 1;
}

int32_t std_core_resetavpflag(struct run *r, const struct pv_ref *attribute, int32_t flag)
{
	uint32_t *flags = flag < 0 ? NULL : avp_flags_of(r, attribute);

	if (!flags)
		return -1;
	*flags &= ~(1u << flag);
	return 1;
}

int32_t std_core_isavpflagset(struct run *r, const struct pv_ref *attribute, int32_t flag)
{
	uint32_t *flags = flag < 0 ? NULL : avp_flags_of(r, attribute);

	return flags && (*flags >> flag & 1) ? 1 : -1;
}

/* ---- commands ---- */

int32_t std_core_exec(struct run *r, const struct str *command)
{
	const char *z = str_z(r->arena, *command);
	int status = 0, err = z ? script_exec_await(r->worker, z, &status) : RT_E_NOMEM;

	if (err)
		script_err(r, "exec: %s", rt_strerror(err));
	else if (status)
		script_log(r, L_NOTICE, "exec: \"" STR_FMT "\" ended with status %d", STR_ARG(*command), status);
	return 1;
}

int32_t std_core_error(struct run *r, const struct str *what, const struct str *more)
{
	script_log(r, L_NOTICE, STR_FMT ": " STR_FMT, STR_ARG(*what), STR_ARG(*more));
	return 1;
}

/* ---- log ---- */

int32_t std_core_log(struct run *r, int64_t level, const struct str *text)
{
	(void)r;
	if (log_on((int)level))
		log_raw((int)level, *text);
	return 1;
}

int32_t std_core_log1(struct run *r, const struct str *text)
{
	return std_core_log(r, LOG_DEFAULT, text);
}

/* ---- events of the start ---- */

struct start_event {
	struct worker *w;
	int32_t route;
	bool keep;
};

static void run_start_event(void *arg)
{
	struct start_event *e = arg;

	e->keep = script_event_await(e->w, e->route, &(struct script_event_opts){.name = "core:worker-one-init"});
}

/* The first worker runs them before it takes messages; drop in worker-one-init stops the server. */
static int worker_init(struct worker *w)
{
	struct start_event e = {.w = w, .keep = true};

	if (worker_index(w) != 0)
		return 0;
	e.route = script_event(script_program(w), "core:modinit-before");
	if (e.route >= 0)
		script_event_start(w, e.route, &(struct script_event_opts){.name = "core:modinit-before"});
	e.route = script_event(script_program(w), "core:worker-one-init");
	if (e.route < 0)
		return 0;
	if (fiber_run_now(w, run_start_event, &e))
		return RT_E_LIMIT;
	return e.keep ? 0 : RT_E_STATE;
}

static int init(const struct program *p)
{
	(void)p;
	core_send_init();
	return 0;
}

STD_MODULE(core, .init = init, .worker_init = worker_init)
