/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test.h - kiln test: run scenario files (scenario.h), report, count what was covered.
 *
 * Each scenario runs in a process of its own, in the simulated world: a crash or an endless loop of one
 * is its failure and nobody else's. Nothing real is opened but the files.
 */
#ifndef TEST_TEST_H
#define TEST_TEST_H

#include <jansson.h>

#include "front/front.h"

enum test_coverage { COVERAGE_NONE, COVERAGE_TEXT, COVERAGE_LCOV, COVERAGE_HTML };

struct test_opts {
	const struct front_opts *front; /* language, defines for every scenario */
	const char *const *paths;       /* scenario files, or folders to be searched; none: the working directory */
	size_t n_paths;
	bool tap;
	const char *junit;              /* file to write */
	enum test_coverage coverage;
	const char *coverage_out;       /* file; NULL: standard output */
	uint64_t seed;                  /* 0: the scenario's */
	unsigned runs;                  /* 0: 1; seeds follow each other */
	bool watch;                     /* run again when a file changes */
};

/* An exit code: 0 all passed, 1 some failed, 3 nothing found. */
int test_run(const struct test_opts *o);

/*
 * Run one scenario in this process (run.c): {"passed":bool, "title", "line", "message", "seed", "sim_us",
 * "sites":[[file,line,column,count,true,false]...], "routes":[[file,line,name,count]...], "files":[paths read]}.
 */
json_t *test_scenario(const struct test_opts *o, const char *path, uint64_t seed);

#endif
