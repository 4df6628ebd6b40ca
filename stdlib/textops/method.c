/* SPDX-License-Identifier: Apache-2.0 */
/* The method of a message: inlined into scripts (Makefile.inline). */
#include "textops/textops_priv.h"

int32_t std_textops_is_method(struct run *r, int64_t methods)
{
	struct sip_msg *m = to_msg(r);
	struct sip_cseq c;
	int have;

	if (!m)
		return -1;
	have = m->method;
	if (!m->is_request)
		have = sip_cseq(m, &c) ? 0 : (int)c.method;
	return to_answer(have & methods);
}
