/* SPDX-License-Identifier: Apache-2.0 */
/* fixture.h - databases and HTTP servers of a scenario: what the script finds behind its URLs. */
#ifndef TEST_FIXTURE_H
#define TEST_FIXTURE_H

#include "test/scenario.h"

/* Before the server starts. False with *why and *line filled. */
bool fixture_open(const struct scenario *s, struct arena *a, struct str *why, unsigned *line);
/* Steps STEP_DATABASE, STEP_ROWS, STEP_ASKED; false with *why filled. */
bool fixture_step(const struct step *s, struct arena *a, struct str *why);

#endif
