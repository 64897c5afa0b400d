// SPDX-License-Identifier: Apache-2.0
/* Libraries that are loaded when something needs them, not with the program: most Corefiles use few of the plugins,
 * and each library that is mapped and relocated takes memory for nothing.  A library's functions are listed once and
 * become a struct of pointers; the compiler checks calls against the library's own header:
 *
 *	#define LIBMAXMINDDB_FUNCTIONS(X) X(MMDB_, open) X(MMDB_, close)
 *	LIBRARY_DECLARE(libmaxminddb, LIBMAXMINDDB_FUNCTIONS);		in a header
 *	LIBRARY_DEFINE(libmaxminddb, LIBMAXMINDDB_FUNCTIONS, SONAME, "geoip", "reads MaxMind databases");
 *
 *	err = library_load(&libmaxminddb_library, &why);		once before, in setup
 *	libmaxminddb.open(...);
 *
 * What is loaded stays loaded, until the process ends. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct library {
	const char *soname; /* as the dynamic linker looks for it */
	const char *const *names; /* of the functions, NULL at the end */
	void *functions; /* a struct of as many pointers, in that order; NULL until loaded */
	_Atomic bool loaded;
	char error[256]; /* of the last attempt */
};

/* 0, also when it is loaded already; or -ENOENT, and *ret_error says which library or symbol is missing and why (valid
 * until the next attempt).  Opens and maps files: in setup and other slow places, also under the system-call filter.
 * Any thread; what it filled may be used by threads that learn of it from the caller. */
int library_load(struct library *l, const char **ret_error);
/* Up to a NULL.  An empty list may be NULL itself. */
int library_load_all(struct library *const *libraries, const char **ret_error);
bool library_loaded(const struct library *l);

/* Prefix and rest of each name apart, so that a call reads libcurl.easy_init(). */
#define LIBRARY_MEMBER(prefix, name) __typeof__(&prefix##name) name;
#define LIBRARY_NAME(prefix, name) #prefix #name,

#define LIBRARY_DECLARE(lib, FUNCTIONS)                                                                      \
	extern struct lib##_functions {                                                                      \
		FUNCTIONS(LIBRARY_MEMBER)                                                                    \
	} lib;                                                                                               \
	extern struct library lib##_library

/* `feature`: what of the server needs it; `description`: what for.  Both for who packages the program, see
 * LIBRARY_NOTE. */
#define LIBRARY_DEFINE(lib, FUNCTIONS, soname_, feature, description)                                        \
	struct lib##_functions lib;                                                                          \
	static const char *const lib##_names[] = {FUNCTIONS(LIBRARY_NAME) NULL};                             \
	struct library lib##_library = {.soname = (soname_), .names = lib##_names, .functions = &lib};       \
	_Static_assert(sizeof(lib##_names) == sizeof(lib) + sizeof(char *), "a pointer for each name");      \
	LIBRARY_NOTE(lib, "[{\"soname\":[\"" soname_ "\"],\"feature\":\"" feature                            \
			  "\",\"description\":\"" description "\",\"priority\":\"recommended\"}]")

/* An ELF note as the UAPI group's "ELF dlopen metadata" has it: what packages and images must bring beside the libraries that
 * the dynamic section names (`readelf -n`; systemd writes the same). */
#define LIBRARY_NOTE(lib, json)                                                                              \
	__attribute__((used, aligned(4), section(".note.dlopen"))) static const struct {                     \
		uint32_t owner_size, size, type;                                                             \
		char owner[4];                                                                               \
		char text[(sizeof(json) + 3) / 4 * 4];                                                       \
	} lib##_note = {4, sizeof(json), 0x407c0c0a, "FDO", json}
