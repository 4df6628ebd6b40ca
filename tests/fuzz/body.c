/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: bodies as textops reads them: parts of a multipart body, SDP on hold. The first byte chooses the type. */
#define TEXTOPS_MAIN
#include "../../stdlib/textops/body.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What body.c asks of its surroundings. */
int32_t to_edited(struct run *r, int err, const char *what)
{
	(void)r;
	(void)what;
	return err >= 0 ? 1 : -1;
}

static int32_t take(struct run *r, const struct value *v)
{
	volatile unsigned sum = 0;

	(void)r;
	for (size_t i = 0; i < v->s.n; i++)
		sum += (unsigned char)v->s.p[i];
	return 0;
}

static void ask(struct run *r)
{
	static const struct pv_ref to = {.set = take};
	const struct str types[] = {S("application/sdp"), S("text/plain"), S("application/xml")};

	(void)std_textops_is_audio_on_hold(r);
	for (size_t i = 0; i < 3; i++) {
		(void)std_textops_has_body_of(r, &types[i]);
		(void)std_textops_get_body_part(r, &types[i], &to);
		(void)std_textops_get_body_part_raw(r, &types[i], &to);
	}
	(void)std_textops_filter_body(r, &types[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(4 << 20);
	struct str text, body = str_make((const char *)data + (size > 0), size - (size > 0));
	struct run r = {.arena = a};
	struct sip_draft d;
	struct sip_msg *m;

	text = str_printf(a, "MESSAGE sip:h SIP/2.0\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
			  size && data[0] & 1 ? "multipart/mixed;boundary=\"b1\"" : "application/sdp", body.n);
	text = str_join(a, text, body);
	if (text.p && sip_msg_parse(NULL, text, &m) == 0) {
		sip_draft_init(&d, m, a);
		r.draft = &d;
		ask(&r);
		sip_msg_unref(&m);
	}
	arena_free(&a);
	return 0;
}
