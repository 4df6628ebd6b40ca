/* SPDX-License-Identifier: Apache-2.0 */
/* Ways out: an executable through the system's cc, code in memory through ORC, IR as text. */
#include "codegen/cg.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef KILN_LIBDIR
#define KILN_LIBDIR "/usr/local/lib/kiln"
#endif

bool codegen_dump_ir(const struct codegen_input *in, FILE *out)
{
	struct cg g;
	bool ok = cg_init(&g, in) && cg_module(&g, "default<O1>");
	char *text;

	if (ok) {
		text = LLVMPrintModuleToString(g.mod);
		fputs(text, out);
		LLVMDisposeMessage(text);
	}
	cg_fini(&g);
	return ok;
}

bool codegen_check(const struct codegen_input *in)
{
	struct cg g;
	bool ok = cg_init(&g, in) && cg_module(&g, "default<O2>");

	cg_fini(&g);
	return ok;
}

/* ---- link ---- */

/* Beside the tool (build/lib), else where it was installed. */
/* Beside the tool in a build tree, else where it was installed to, whatever the prefix. */
static const char *lib_dir(struct arena *a)
{
	static const char *const below[] = {"lib", "../lib/kiln"};
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	struct stat st;
	const char *dir;
	char *slash;

	if (n > 0) {
		exe[n] = 0;
		slash = strrchr(exe, '/');
		*slash = 0;
		for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
			dir = str_printf(a, "%s/%s", exe, below[i]).p;
			if (dir && stat(str_printf(a, "%s/libkiln.a", dir).p, &st) == 0)
				return dir;
		}
	}
	return KILN_LIBDIR;
}

static bool run_cc(struct arena *a, const char *object, const char *out)
{
	const char *dir = lib_dir(a), *lib = str_printf(a, "%s/libkiln.a", dir).p;
	const char *argv[] = {"cc", "-o", out, object, lib, "-Wl,--gc-sections", "-Wl,--as-needed", "-Wl,--compress-debug-sections=zlib", "-lboost_context", "-lsqlite3", "-lpq", "-lcurl", "-lcares", "-lresolv",
			      "-lpcre2-8", "-lssl", "-lcrypto", "-lxml2", "-ljansson", "-lm", "-lpthread",
			      NULL};
	int status;
	pid_t pid;

	if (access(lib, R_OK) == -1) {
		fprintf(stderr, "kiln: cannot find the runtime library %s\n", lib);
		return false;
	}
	pid = fork();
	if (pid == 0) {
		execvp("cc", (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		return false;
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "kiln: linking with cc failed\n");
		return false;
	}
	return true;
}

bool codegen_build(const struct codegen_input *in, const char *out)
{
	char *object = str_z(in->arena, str_printf(in->arena, "%s.o.tmp", out)), *why = NULL;
	struct cg g;
	bool ok = cg_init(&g, in) && cg_module(&g, "default<O2>");

	if (ok && LLVMTargetMachineEmitToFile(g.tm, g.mod, object, LLVMObjectFile, &why)) {
		fprintf(stderr, "kiln: cannot write %s: %s\n", object, why);
		LLVMDisposeMessage(why);
		ok = false;
	}
	cg_fini(&g);
	ok = ok && run_cc(in->arena, object, out);
	unlink(object);
	return ok;
}

/* ---- in memory ---- */

static bool jit_failed(LLVMErrorRef err)
{
	char *why;

	if (!err)
		return false;
	why = LLVMGetErrorMessage(err);
	fprintf(stderr, "kiln: cannot compile in memory: %s\n", why);
	LLVMDisposeErrorMessage(why);
	return true;
}

static int host_serve_unused(void)
{
	return 70;
}

static bool define_symbols(struct arena *a, LLVMOrcLLJITRef jit)
{
	const struct codegen_symbol *s;
	LLVMOrcCSymbolMapPair *map;
	size_t n;

	s = codegen_symbols(&n);
	map = arena_calloc(a, n + 1, sizeof(*map));
	if (!map)
		return false;
	for (size_t i = 0; i <= n; i++) {
		uintptr_t at = i == n ? (uintptr_t)host_serve_unused
				      : s[i].fn ? (uintptr_t)s[i].fn : (uintptr_t)s[i].data;

		map[i].Name = LLVMOrcLLJITMangleAndIntern(jit, i == n ? "host_serve" : s[i].name);
		map[i].Sym.Address = at;
		map[i].Sym.Flags.GenericFlags = LLVMJITSymbolGenericFlagsExported;
	}
	return !jit_failed(LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(jit),
						 LLVMOrcAbsoluteSymbols(map, n + 1)));
}

/* The older linker, because it can tell gdb (and it needs no section of its own for that). */
static LLVMOrcObjectLayerRef linking_layer(void *ctx, LLVMOrcExecutionSessionRef session, const char *triple)
{
	LLVMOrcObjectLayerRef layer = LLVMOrcCreateRTDyldObjectLinkingLayerWithSectionMemoryManager(session);

	(void)ctx;
	(void)triple;
	LLVMOrcRTDyldObjectLinkingLayerRegisterJITEventListener(layer, LLVMCreateGDBRegistrationListener());
	if (getenv("JITDUMPDIR")) /* asked for: perf's jitdump is written there */
		LLVMOrcRTDyldObjectLinkingLayerRegisterJITEventListener(layer, LLVMCreatePerfJITEventListener());
	return layer;
}

static bool new_jit(LLVMOrcLLJITRef *ret)
{
	LLVMOrcLLJITBuilderRef b = LLVMOrcCreateLLJITBuilder();

	LLVMOrcLLJITBuilderSetObjectLinkingLayerCreator(b, linking_layer, NULL);
	return !jit_failed(LLVMOrcCreateLLJIT(ret, b));
}

const struct program *codegen_jit(const struct codegen_input *in)
{
	LLVMOrcDefinitionGeneratorRef libc;
	LLVMMemoryBufferRef buf;
	LLVMOrcExecutorAddress at;
	LLVMOrcLLJITRef jit;
	char *why = NULL;
	struct cg g;
	bool ok = cg_init(&g, in) && cg_module(&g, "default<O1>");

	if (ok && LLVMTargetMachineEmitToMemoryBuffer(g.tm, g.mod, LLVMObjectFile, &why, &buf)) {
		fprintf(stderr, "kiln: cannot generate code: %s\n", why);
		LLVMDisposeMessage(why);
		ok = false;
	}
	cg_fini(&g);
	if (!ok || !new_jit(&jit))
		return NULL;
	if (jit_failed(LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(
		    &libc, LLVMOrcLLJITGetGlobalPrefix(jit), NULL, NULL)))
		return NULL;
	LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(jit), libc); /* memcpy and the like */
	if (!define_symbols(in->arena, jit) ||
	    jit_failed(LLVMOrcLLJITAddObjectFile(jit, LLVMOrcLLJITGetMainJITDylib(jit), buf)) ||
	    jit_failed(LLVMOrcLLJITLookup(jit, &at, "kiln_program")))
		return NULL;
	return (const struct program *)(uintptr_t)at;
}
