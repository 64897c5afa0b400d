// SPDX-License-Identifier: Apache-2.0
#include "plugin/pprof/symbols.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAPPINGS_MAX = 64 };

struct symbol {
	uintptr_t start, end;
	const char *name;
};

static struct {
	const uint8_t *file; /* the program, mapped; NULL: not read */
	size_t file_len;
	struct symbol *v;
	size_t n;
	struct symbols_mapping maps[MAPPINGS_MAX];
	size_t n_maps;
} t;

/* ---------------------------------------------------------------- the program's table */

static int by_start(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static int first_base(struct dl_phdr_info *i, size_t size, void *arg)
{
	*(uintptr_t *)arg = i->dlpi_addr;
	return 1; /* the program comes first */
}

static void map_program(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p = MAP_FAILED;

	if (fd != -1 && fstat(fd, &st) == 0 && st.st_size > (off_t)sizeof(ElfW(Ehdr)))
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd != -1)
		close(fd);
	t.file = p == MAP_FAILED ? NULL : p;
	t.file_len = t.file ? (size_t)st.st_size : 0;
}

/* Section headers within the file, or NULL. */
static const ElfW(Shdr) * sections(size_t *ret_n)
{
	const ElfW(Ehdr) *h = (const void *)t.file;

	*ret_n = 0;
	if (!t.file || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 || h->e_shentsize != sizeof(ElfW(Shdr)) ||
	    h->e_shoff > t.file_len || t.file_len - h->e_shoff < (size_t)h->e_shnum * sizeof(ElfW(Shdr)))
		return NULL;
	*ret_n = h->e_shnum;
	return (const void *)(t.file + h->e_shoff);
}

static bool within(const ElfW(Shdr) * s)
{
	return s->sh_offset <= t.file_len && s->sh_size <= t.file_len - s->sh_offset;
}

static void take_table(const ElfW(Shdr) * table, const ElfW(Shdr) * names, uintptr_t base)
{
	const ElfW(Sym) *sym = (const void *)(t.file + table->sh_offset);
	size_t n = table->sh_size / sizeof(*sym);

	if (!within(table) || !within(names) || !names->sh_size ||
	    t.file[names->sh_offset + names->sh_size - 1])
		return;
	t.v = calloc(n + 1, sizeof(*t.v));
	for (size_t i = 0; t.v && i < n; i++) {
		if (ELF64_ST_TYPE(sym[i].st_info) == STT_FUNC && sym[i].st_size &&
		    sym[i].st_name < names->sh_size)
			t.v[t.n++] = (struct symbol){
				base + sym[i].st_value, base + sym[i].st_value + sym[i].st_size,
				(const char *)t.file + names->sh_offset + sym[i].st_name};
	}
	if (t.n)
		qsort(t.v, t.n, sizeof(*t.v), by_start);
}

static void read_program(void)
{
	const ElfW(Shdr) * s;
	uintptr_t base = 0;
	size_t n;

	map_program();
	s = sections(&n);
	(void)dl_iterate_phdr(first_base, &base);
	for (size_t i = 0; i < n; i++) {
		if (s[i].sh_type == SHT_SYMTAB && s[i].sh_link < n)
			take_table(&s[i], &s[s[i].sh_link], base);
	}
}

/* ---------------------------------------------------------------- the map of memory */

static void read_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];

	while (f && t.n_maps < MAPPINGS_MAX && fgets(line, sizeof(line), f)) {
		struct symbols_mapping *m = &t.maps[t.n_maps];
		unsigned long start, end, offset;
		char rights[8];

		m->file[0] = '\0';
		if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %255s", &start, &end, rights, &offset, m->file) <
			    4 ||
		    rights[2] != 'x')
			continue;
		m->start = start;
		m->end = end;
		m->offset = offset;
		t.n_maps++;
	}
	if (f)
		(void)fclose(f); /* read only */
}

void symbols_load(void)
{
	read_program();
	read_maps();
}

void symbols_unload(void)
{
	if (t.file)
		munmap((void *)(uintptr_t)t.file, t.file_len);
	free(t.v);
	memset(&t, 0, sizeof(t));
}

bool symbols_known(void)
{
	return t.n > 0;
}

const char *symbols_name(uintptr_t pc)
{
	size_t lo = 0, hi = t.n;
	Dl_info info;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (pc < t.v[mid].start)
			hi = mid;
		else if (pc >= t.v[mid].end)
			lo = mid + 1;
		else
			return t.v[mid].name;
	}
	return dladdr((void *)pc, &info) ? info.dli_sname : NULL;
}

bool symbols_mapping(size_t i, struct symbols_mapping *ret)
{
	if (i >= t.n_maps)
		return false;
	*ret = t.maps[i];
	return true;
}

uint64_t symbols_mapping_of(uintptr_t pc)
{
	for (size_t i = 0; i < t.n_maps; i++) {
		if (pc >= t.maps[i].start && pc < t.maps[i].end)
			return i + 1;
	}
	return 0;
}
