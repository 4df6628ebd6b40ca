/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of rt.def's rt_see_*: one pointer load and a call when somebody observes. */
#include <stdatomic.h>
#include <sys/socket.h>

#include "abi/core_operand.h"
#include "abi/rt.h"
#include "base/addr.h"
#include "script/observe.h"

static _Atomic(const struct observer *) current;

void script_observe(const struct observer *o)
{
	atomic_store(&current, o);
}

const struct observer *script_observer(void)
{
	return atomic_load_explicit(&current, memory_order_acquire);
}

void rt_see_site(struct run *r)
{
	const struct observer *o = script_observer();

	if (o && o->site)
		o->site(o->arg, r);
}

void rt_see_value(struct run *r, const struct str *pv, const struct value *v)
{
	const struct observer *o = script_observer();

	if (o && o->value)
		o->value(o->arg, r, *pv, v);
}

void rt_see_core(struct run *r, const struct str *name, int32_t which)
{
	struct value v = {.tag = VAL_STR};

	if (!script_observer())
		return;
	switch ((enum ast_core)which) {
	case CORE_AF:
	case CORE_SND_AF:
		v.s = rt_core_int(r, which) == AF_INET6 ? S("INET6") : S("INET");
		break;
	case CORE_PROTO:
	case CORE_SND_PROTO:
		v.s = proto_name((enum proto)rt_core_int(r, which));
		break;
	case CORE_SRC_PORT:
	case CORE_DST_PORT:
	case CORE_SND_PORT:
	case CORE_TO_PORT:
	case CORE_MSG_LEN:
		v = (struct value){.tag = VAL_INT, .i = rt_core_int(r, which)};
		break;
	default:
		rt_core_str(r, which, &v.s);
	}
	rt_see_value(r, name, &v);
}

void rt_see_set(struct run *r, const struct str *pv, const struct value *v, int64_t rc)
{
	const struct observer *o = script_observer();

	if (o && o->set)
		o->set(o->arg, r, *pv, v, rc);
}

void rt_see_code(struct run *r, const struct str *fn, int64_t code)
{
	const struct observer *o = script_observer();

	if (o && o->code)
		o->code(o->arg, r, *fn, code);
}

void rt_see_cond(struct run *r, int64_t value)
{
	const struct observer *o = script_observer();

	if (o && o->cond)
		o->cond(o->arg, r, value != 0);
}

void rt_see_enter(struct run *r, int32_t route)
{
	const struct observer *o = script_observer();

	if (o && o->enter)
		o->enter(o->arg, r, route);
}

void rt_see_leave(struct run *r, int32_t route, int64_t value)
{
	const struct observer *o = script_observer();

	if (o && o->leave)
		o->leave(o->arg, r, route, value);
}
