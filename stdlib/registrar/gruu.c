/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GRUUs (RFC 5627). The public one is the AoR with gr=<instance URN>; the temporary one is the
 * binding's unique id as user with a bare gr, and the AoR's hash behind it (hex) so that a look-up finds
 * the record.
 */
#include "registrar/registrar_priv.h"

static struct str bare_instance(struct str instance)
{
	if (instance.n >= 2 && instance.p[0] == '<' && instance.p[instance.n - 1] == '>')
		return str_make(instance.p + 1, instance.n - 2);
	return instance;
}

void reg_gruus(struct sb *b, const struct reg_save *s, const struct ul_contact *c)
{
	struct str user = s->aor, domain;

	domain = user;
	user = str_cut(&domain, '@');
	sb_printf(b, ";pub-gruu=\"sip:" STR_FMT "@" STR_FMT ";gr=" STR_FMT "\"", STR_ARG(user),
		  STR_ARG(s->domain), STR_ARG(bare_instance(c->instance)));
	sb_printf(b, ";temp-gruu=\"sip:" STR_FMT "-%llx@" STR_FMT ";gr\"", STR_ARG(c->ruid),
		  (unsigned long long)ul_aor_hash(s->aor), STR_ARG(s->domain));
}

bool reg_gruu_match(const struct sip_uri *uri, const struct ul_contact *c)
{
	if (uri->gr.n)
		return str_eq(bare_instance(c->instance), uri->gr);
	return str_starts(uri->user, c->ruid);
}

bool reg_gruu_hash(const struct sip_uri *uri, uint64_t *ret)
{
	uint64_t v = 0;
	size_t dash;

	if (uri->gr.p == NULL || uri->gr.n)
		return false;
	dash = str_rchr(uri->user, '-');
	if (dash == STR_NONE || uri->user.n - dash - 1 > 16)
		return false;
	for (size_t i = dash + 1; i < uri->user.n; i++) {
		int d = hex_value(uri->user.p[i]);

		if (d < 0)
			return false;
		v = v << 4 | (uint64_t)d;
	}
	*ret = v;
	return true;
}
