// SPDX-License-Identifier: Apache-2.0
/* Names of code addresses: from the program's own symbol table, if it was not stripped, and from the
 * libraries' dynamic ones. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read the tables and the map of memory anew.  Under the sampler's or the profile's own exclusion. */
void symbols_load(void);
void symbols_unload(void);

/* The program has names at all. */
bool symbols_known(void);
/* The function at `pc`, or NULL.  Valid until symbols_unload. */
const char *symbols_name(uintptr_t pc);

/* Executable parts of the address space. */
struct symbols_mapping {
	uintptr_t start, end;
	uint64_t offset;
	char file[256];
};
bool symbols_mapping(size_t i, struct symbols_mapping *ret);
/* From 1; 0: none. */
uint64_t symbols_mapping_of(uintptr_t pc);
