/* SPDX-License-Identifier: Apache-2.0 */
/* cover.h - what scenarios ran, summed over all of them: lines, branches, routes. */
#ifndef TEST_COVER_H
#define TEST_COVER_H

#include <jansson.h>
#include <stdio.h>

#include "test/test.h"

/* A JSON object: file -> {"lines": {line -> count}, "branches": {line -> [true, false]}, "routes": {name -> [line, count]}}. */
json_t *cover_new(void);
void cover_add(json_t *cover, json_t *result);
void cover_print(json_t *cover, enum test_coverage how, FILE *out);

#endif
