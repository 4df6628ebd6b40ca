/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: whole, their types, SDP on hold. */
#include "textops/textops_priv.h"

int32_t std_textops_has_body(struct run *r)
{
	return to_answer(to_body(r).n);
}

/* Parameters do not count. */
bool to_type_is(struct str have, struct str want)
{
	return str_ieq(str_trim(str_head(have, str_chr(have, ';'))), want);
}

int32_t std_textops_has_body_of(struct run *r, const struct str *type)
{
	return to_answer(to_body(r).n && to_type_is(sip_content_type(to_msg(r)), *type));
}

int32_t std_textops_set_body(struct run *r, const struct str *text, const struct str *type)
{
	if (!to_msg(r))
		return -1;
	return to_edited(r, sip_draft_set_body(r->draft, *text, *type), "set_body");
}

int32_t std_textops_set_reply_body(struct run *r, const struct str *text, const struct str *type)
{
	if (!to_msg(r) || !text->n)
		return -1;
	return to_edited(r, sip_reply_set_body(r->draft, *text, *type), "set_reply_body");
}

bool to_bytes(struct run *r, const struct str *hex, struct str *ret)
{
	struct sb b;
	size_t i = 0;

	sb_init(&b, r->arena, 65535);
	while (i < hex->n) {
		int hi, lo;

		if (strchr(" \t\r\n", hex->p[i])) { /* between pairs */
			i++;
			continue;
		}
		hi = hex_value(hex->p[i]);
		lo = i + 1 < hex->n ? hex_value(hex->p[i + 1]) : -1;
		if (hi < 0 || lo < 0)
			return false;
		sb_addc(&b, (char)(hi << 4 | lo));
		i += 2;
	}
	*ret = sb_str(&b);
	return sb_ok(&b);
}

int32_t std_textops_set_body_hex(struct run *r, const struct str *hex, const struct str *type)
{
	struct str text;

	return to_bytes(r, hex, &text) ? std_textops_set_body(r, &text, type) : -1;
}

int32_t std_textops_set_reply_body_hex(struct run *r, const struct str *hex, const struct str *type)
{
	struct str text;

	return to_bytes(r, hex, &text) ? std_textops_set_reply_body(r, &text, type) : -1;
}

/* ---- SDP ---- */

/* Audio is on hold: its connection address is 0.0.0.0, or it is sendonly or inactive (RFC 3264 8.4). */
int32_t std_textops_is_audio_on_hold(struct run *r)
{
	struct str type = S("application/sdp"), rest;
	bool session_hold = false, audio = false, hold = false;
	struct body_part p;

	if (!to_find_part(r, &type, &p))
		return -1;
	for (rest = p.content; rest.n;) {
		struct str line = str_rtrim(str_cut(&rest, '\n'));
		bool held = str_starts(line, S("c=IN IP4 0.0.0.0")) || str_eq(line, S("a=sendonly")) ||
			    str_eq(line, S("a=inactive"));

		if (str_starts(line, S("m="))) {
			if (audio && (hold || session_hold))
				return 1;
			audio = str_starts(line, S("m=audio"));
			hold = false;
		} else if (held && audio) {
			hold = true;
		} else if (held && !audio && str_find(p.content, S("\nm=")) > (size_t)(line.p - p.content.p)) {
			session_hold = true;
		}
	}
	return to_answer(audio && (hold || session_hold));
}
