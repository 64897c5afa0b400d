// SPDX-License-Identifier: Apache-2.0
/* What the plugin's files share. */
#pragma once

#include "server/plugin.h"

struct http_claim;
struct http_web;

struct prometheus {
	const char *address; /* frozen */
	const char *web_file; /* frozen; NULL: none */
	struct http_web *web; /* frozen; NULL with web_file: it is missing, and nothing is served */
	bool runtime; /* frozen */
	unsigned top; /* so many of the most frequent clients, names and zones are shown by name; frozen */
	const struct block *block;
	struct http_claim *claim; /* control */
};

int prometheus_setup(struct setup *s, struct prometheus *p);
