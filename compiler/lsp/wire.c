/* SPDX-License-Identifier: Apache-2.0 */
#include "lsp/wire.h"

#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"

/* One header line without its end; false at the end of input or when it is too long. */
static bool header_line(FILE *in, char *buf, size_t size)
{
	size_t n = 0;
	int c;

	while ((c = getc(in)) != EOF && c != '\n') {
		if (n + 1 >= size)
			return false;
		buf[n++] = (char)c;
	}
	if (n && buf[n - 1] == '\r')
		n--;
	buf[n] = 0;
	return c != EOF;
}

enum wire_result wire_read(FILE *in, json_t **ret)
{
	char line[WIRE_HEADER_MAX];
	long length = -1;
	char *body;

	for (;;) {
		if (!header_line(in, line, sizeof(line)))
			return feof(in) ? WIRE_END : WIRE_BAD_FRAME;
		if (!line[0])
			break;
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			length = strtol(line + 15, NULL, 10);
	}
	if (length < 0 || length > WIRE_MESSAGE_MAX)
		return WIRE_BAD_FRAME;
	body = mem_alloc((size_t)length + 1);
	if (!body)
		return WIRE_BAD_FRAME;
	if (fread(body, 1, (size_t)length, in) != (size_t)length) {
		mem_free(&body);
		return WIRE_END;
	}
	*ret = json_loadb(body, (size_t)length, JSON_ALLOW_NUL, NULL);
	mem_free(&body);
	return *ret ? WIRE_OK : WIRE_BAD_JSON;
}

bool wire_write(FILE *out, json_t *message)
{
	size_t n = json_dumpb(message, NULL, 0, JSON_COMPACT);
	char *text = n ? mem_alloc(n) : NULL;
	bool ok = text && json_dumpb(message, text, n, JSON_COMPACT) == n;

	json_decref(message);
	if (ok)
		ok = fprintf(out, "Content-Length: %zu\r\n\r\n", n) > 0 && fwrite(text, 1, n, out) == n && fflush(out) == 0;
	mem_free(&text);
	return ok;
}
