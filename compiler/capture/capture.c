/* SPDX-License-Identifier: Apache-2.0 */
/* Files: pcap through libpcap, else text. */
#include "capture/capture.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include "base/sb.h"
#include "lazy/lazy.h"

static struct lazy_pcap {
#define LAZY(f) __typeof__(f) *f;
#include "lazy_pcap.def"
#undef LAZY
} lazy_pcap;

static const char *const names[] = {
#define LAZY(f) #f,
#include "lazy_pcap.def"
#undef LAZY
};
#include "lazy_pcap.h"

/* Order by time; stable, for captures are nearly sorted. */
static void sort(struct capture *c)
{
	struct capture_message *sorted = NULL, *tail = NULL, *m, *next;
	unsigned number = 0;

	for (m = c->first; m; m = next) {
		struct capture_message **p = &sorted;

		next = m->next;
		if (tail && tail->time_us <= m->time_us) {
			tail->next = m;
			m->next = NULL;
			tail = m;
			continue;
		}
		while (*p && (*p)->time_us <= m->time_us)
			p = &(*p)->next;
		m->next = *p;
		*p = m;
		if (!m->next)
			tail = m;
	}
	c->first = sorted;
	c->last = tail;
	for (m = sorted; m; m = m->next)
		m->number = ++number;
}

static int read_pcap(struct arena *a, pcap_t *p, struct capture *ret, const char **why)
{
	struct capture_reader *r = capture_reader_new(a, pcap_datalink(p), ret);
	struct pcap_pkthdr *h;
	const u_char *frame;
	int err = r ? 0 : RT_E_NOMEM, got;

	while (!err && (got = pcap_next_ex(p, &h, &frame)) == 1)
		err = capture_packet(r, (int64_t)h->ts.tv_sec * 1000000 + h->ts.tv_usec,
				     str_make((const char *)frame, h->caplen));
	if (!err && got == PCAP_ERROR) {
		*why = str_printf(a, "%s", pcap_geterr(p)).p;
		err = RT_E_PARSE;
	} else if (err == RT_E_UNSUPP) {
		*why = str_printf(a, "link type %s is not known here", pcap_datalink_val_to_name(pcap_datalink(p))).p;
	} else if (err) {
		*why = rt_strerror(err);
	}
	sort(ret);
	return err;
}

static struct str take_line(struct str *s, bool *bare)
{
	size_t eol = str_chr(*s, '\n');
	struct str line = eol == STR_NONE ? *s : str_head(*s, eol);

	*s = str_skip(*s, line.n + 1);
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	else if (eol != STR_NONE)
		*bare = true;
	return line;
}

static bool is_length(struct str line)
{
	struct str name = str_cut(&line, ':');

	name = str_rtrim(name);
	return str_ieq(name, S("Content-Length")) || str_ieq(name, S("l"));
}

/*
 * A message typed in an editor has bare line ends and nobody counted its body: then all ends become CRLF
 * and the length is set. One with CRLF stays as it is, whatever it says.
 */
static struct str normal(struct arena *a, struct str s)
{
	struct str whole = s, line;
	struct sb head, body;
	bool bare = false, length = false;

	sb_init(&head, a, 1 << 20);
	sb_init(&body, a, 1 << 20);
	while (s.n && (line = take_line(&s, &bare)).n) {
		if (is_length(line)) {
			length = true;
			continue;
		}
		sb_add(&head, line);
		sb_addz(&head, "\r\n");
	}
	if (!bare)
		return str_find(whole, S("\r\n\r\n")) == STR_NONE ? str_join(a, whole, S("\r\n")) : str_dup(a, whole);
	while (s.n) {
		sb_add(&body, take_line(&s, &bare));
		sb_addz(&body, "\r\n");
	}
	if (length || body.n)
		sb_printf(&head, "Content-Length: %zu\r\n", body.n);
	sb_addz(&head, "\r\n");
	sb_add(&head, sb_str(&body));
	return sb_ok(&head) && sb_ok(&body) ? sb_str(&head) : STR_NULL;
}

int capture_text(struct arena *a, struct str text, struct capture *ret)
{
	*ret = (struct capture){0};
	while (text.n) {
		struct capture_message *m;
		size_t end = str_find(text, S("\n----"));
		struct str one = end == STR_NONE ? text : str_head(text, end + 1);

		text = end == STR_NONE ? STR_NULL : str_skip(text, end + 1);
		str_cut(&text, '\n'); /* the rest of the parting line */
		while (one.n && (one.p[0] == '\n' || one.p[0] == '\r'))
			one = str_skip(one, 1);
		if (!str_trim(one).n)
			continue;
		if (ret->n >= CAPTURE_MESSAGES_MAX)
			return RT_E_LIMIT;
		m = arena_new_of(a, struct capture_message);
		if (!m)
			return RT_E_NOMEM;
		*m = (struct capture_message){.proto = PROTO_UDP, .bytes = normal(a, one), .number = ret->n + 1,
					      .time_us = (int64_t)ret->n * 1000000};
		if (!m->bytes.p)
			return RT_E_LIMIT;
		ret->n++;
		if (ret->last)
			ret->last->next = m;
		else
			ret->first = m;
		ret->last = m;
	}
	return 0;
}

static int read_text(struct arena *a, FILE *f, struct capture *ret, const char **why)
{
	struct sb b;
	char buf[4096];
	size_t n;
	int err;

	sb_init(&b, a, 64 << 20);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		sb_add(&b, str_make(buf, n));
	err = sb_ok(&b) ? capture_text(a, sb_str(&b), ret) : RT_E_LIMIT;
	if (!err && !ret->n) {
		*why = "there is no message in it";
		return RT_E_PARSE;
	}
	if (err)
		*why = rt_strerror(err);
	return err;
}

int capture_read(struct arena *a, const char *path, struct capture *ret, const char **why)
{
	static const unsigned char magics[][4] = {{0xd4, 0xc3, 0xb2, 0xa1}, {0xa1, 0xb2, 0xc3, 0xd4},
						  {0x4d, 0x3c, 0xb2, 0xa1}, {0xa1, 0xb2, 0x3c, 0x4d},
						  {0x0a, 0x0d, 0x0d, 0x0a}};
	char error[PCAP_ERRBUF_SIZE], first[4] = {0};
	bool packets = false;
	FILE *f = fopen(path, "rb");
	pcap_t *p;
	int err;

	*ret = (struct capture){0};
	if (!f) {
		*why = "it cannot be read";
		return RT_E_NOENT;
	}
	if (fread(first, 1, 4, f) == 4)
		for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
			packets |= memcmp(first, magics[i], 4) == 0;
	rewind(f);
	if (!packets) {
		err = read_text(a, f, ret, why);
		fclose(f);
		return err;
	}
	if (!lazy_open(PCAP_SONAME, names, sizeof(names) / sizeof(names[0]), (void **)&lazy_pcap)) {
		fclose(f);
		*why = "captures need libpcap";
		return RT_E_UNSUPP;
	}
	p = pcap_fopen_offline(f, error);
	if (!p) {
		fclose(f);
		*why = str_printf(a, "%s", error).p;
		return RT_E_PARSE;
	}
	err = read_pcap(a, p, ret, why);
	pcap_close(p); /* and the file */
	return err;
}
