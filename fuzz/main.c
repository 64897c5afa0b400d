// SPDX-License-Identifier: Apache-2.0
/* Run a fuzz target over its corpus without libFuzzer: every file of the directory as it is, cut at
 * each length, and with each byte changed in a few ways.  Deterministic, so it can be an ordinary test.
 * A second argument N takes only each N-th length and byte, for targets whose one run costs milliseconds. */
#include "fuzz.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum {
	FILE_MAX = 1 << 17,
	CHANGED_MAX = 1024, /* larger seeds run as they are only */
};

/* A copy of exact size, so that a sanitizer sees the first byte read past it. */
static void run(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	if (!exact)
		abort();
	memcpy(exact, data, size);
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static void run_changed(uint8_t *data, size_t size, size_t step)
{
	static const uint8_t flips[] = {0x01, 0x80, 0xc0, 0xff};

	for (size_t n = 0; n < size; n += step)
		run(data, n);
	for (size_t i = 0; i < size; i += step) {
		uint8_t was = data[i];
		for (size_t f = 0; f < sizeof flips; f++) {
			data[i] = was ^ flips[f];
			run(data, size);
		}
		data[i] = was;
	}
}

static size_t read_file(const char *dir, const char *name, uint8_t *data)
{
	char path[4096];
	size_t n;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		exit(1);
	}
	n = fread(data, 1, FILE_MAX, f);
	fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	static uint8_t data[FILE_MAX];
	DIR *d = argc >= 2 ? opendir(argv[1]) : NULL;
	unsigned long step = argc == 3 ? strtoul(argv[2], NULL, 10) : 1;
	unsigned files = 0;

	if (!d || !step) {
		fprintf(stderr, "usage: %s CORPUS-DIRECTORY [N]\n", argv[0]);
		return 1;
	}
	for (const struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		size_t n = read_file(argv[1], e->d_name, data);
		run(data, n);
		if (n <= CHANGED_MAX)
			run_changed(data, n, step);
		files++;
	}
	closedir(d);
	printf("%u seeds\n", files);
	return files ? 0 : 1; /* an empty corpus tests nothing */
}
