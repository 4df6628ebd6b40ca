/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hdr_ref.h - a value of a header, or a parameter of it, as a script names it: NAME[INDEX].PARAM
 *
 * For: the compiler, which refuses what cannot be one, and the functions of textopsx. Views into the text.
 */
#ifndef SIP_HDR_REF_H
#define SIP_HDR_REF_H

#include "base/str.h"

enum sip_hdr_which { SIP_HDR_NO_INDEX, SIP_HDR_AT, SIP_HDR_ALL }; /* NAME, NAME[2], NAME[*] */

struct sip_hdr_ref {
	struct str name;
	enum sip_hdr_which which;
	int64_t index;    /* from 1; negative: from the last; 0 is the nearest end. Of SIP_HDR_AT */
	struct str param; /* p NULL: none */
};

/* False: the text is none. */
bool sip_hdr_ref_parse(struct str text, struct sip_hdr_ref *ret);

#endif
