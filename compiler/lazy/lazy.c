/* SPDX-License-Identifier: Apache-2.0 */
#include "lazy/lazy.h"

#include <dlfcn.h>
#include <stdio.h>

bool lazy_open(const char *soname, const char *const *names, size_t n, void **slots)
{
	void *lib;

	if (n && slots[0])
		return true;
	/* for good: graphviz' own plugins look their functions up in it */
	lib = dlopen(soname, RTLD_NOW | RTLD_GLOBAL);
	if (!lib) {
		fprintf(stderr, "kiln: cannot load %s: %s\n", soname, dlerror());
		return false;
	}
	for (size_t i = n; i-- > 0;) { /* the first one last */
		slots[i] = dlsym(lib, names[i]);
		if (!slots[i]) {
			fprintf(stderr, "kiln: %s has no %s\n", soname, names[i]);
			return false;
		}
	}
	return true;
}
