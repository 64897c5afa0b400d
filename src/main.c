// SPDX-License-Identifier: Apache-2.0
/* binnacle: the command line.  Options, and which part does the work. */

#include "cli/check.h"
#include "cli/convert.h"
#include "cli/doctor.h"
#include "cli/flush.h"
#include "cli/kube.h"
#include "cli/top.h"
#include "cli/trace.h"
#include "control/options.h"
#include "control/serve.h"
#include "control/startup.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(const struct options *o);
	bool takes_words;
} commands[] = {
	{"check", check, false},
	{"flush", flush, true},
	{"top", top, true},
	{"trace", trace, true},
};

static int run(const struct options *o, int (*command)(const struct options *o), bool takes_words)
{
	if (o->help) {
		options_usage(stderr);
		return 0;
	}
	if (o->version) {
		startup_version();
		return 0;
	}
	if (o->plugins) {
		startup_plugins();
		return 0;
	}
	if (o->n_rest && !takes_words) {
		fprintf(stderr, "extra command line arguments: [%s%s]\n", o->rest[0], o->n_rest > 1 ? " ..." : "");
		return 1;
	}
	return command(o);
}

int main(int argc, char **argv)
{
	int (*command)(const struct options *o) = serve;
	bool takes_words = false;
	struct options o;

	if (argc > 1 && strcmp(argv[1], "kube") == 0)
		return kube_command(argc - 1, argv + 1); /* has flags of its own */
	if (argc > 1 && strcmp(argv[1], "convert") == 0)
		return convert_command(argc - 1, argv + 1); /* so has this */
	if (argc > 1 && strcmp(argv[1], "doctor") == 0)
		return doctor_command(argc - 1, argv + 1); /* and this */
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) == 0) {
			command = commands[i].run;
			takes_words = commands[i].takes_words;
			argc--;
			argv++;
			break;
		}
	}
	if (options_parse(argc, argv, &o) != OPTIONS_OK) {
		options_usage(stderr);
		return 2;
	}
	return run(&o, command, takes_words);
}
