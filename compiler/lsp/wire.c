/* SPDX-License-Identifier: Apache-2.0 */
#include "lsp/wire.h"

#include <stdlib.h>
#include <string.h>
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
	char *text = json_dumps(message, JSON_COMPACT);
	bool ok = text != NULL;

	json_decref(message);
	if (text) {
		ok = fprintf(out, "Content-Length: %zu\r\n\r\n%s", strlen(text), text) > 0 && fflush(out) == 0;
		free(text); /* jansson's own allocation */
	}
	return ok;
}
