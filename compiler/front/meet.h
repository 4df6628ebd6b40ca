/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meet.h - which names of #!ifdefs can decide a report together.
 *
 * A report depends on what is read at its place, on the rest of its route, on what is written elsewhere about
 * the things it names (a route, a module, a define, a table), and on the calls that lead there. Each of these texts has a
 * presence condition: the names of the conditions around it. The names of such texts together are a meeting; what no
 * meeting holds cannot matter together. So it is enough to try all combinations within each meeting.
 */
#ifndef FRONT_MEET_H
#define FRONT_MEET_H

#include "catalog/catalog.h"
#include "source/source.h"

enum { MEET_NAMES_MAX = 63, MEET_LARGEST = 10, MEET_SETS_MAX = 4096 };

struct meet;

/* NULL when memory is out. Lives in `a`. */
struct meet *meet_new(struct arena *a, const struct catalog *c);
/* Text of all files that were not read yet. */
void meet_read(struct meet *m, const struct source *s);
/*
 * The meetings as sets of `names` (bits), none within another. *complete: none had over MEET_LARGEST names and
 * nothing was left out for want of room.
 */
size_t meet_sets(struct meet *m, const struct str *names, int n, const uint64_t **ret, bool *complete);

#endif
