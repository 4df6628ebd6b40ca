/* SPDX-License-Identifier: Apache-2.0 */
/* show.h - a verb that prints from the catalog: an arena, the catalog and the text to come. */
#ifndef DRIVER_SHOW_H
#define DRIVER_SHOW_H

#include "driver/driver.h"
#include "base/sb.h"

struct show {
	struct arena *a;
	const struct catalog *cat;
	struct sb out;
};

/* False when memory is out; end it all the same. */
bool show_begin(struct show *s);
/* Print what was collected, free everything; returns `code`. */
int show_end(struct show *s, int code);

#endif
