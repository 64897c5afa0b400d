// SPDX-License-Identifier: Apache-2.0
#include "cli/convert_tree.h"

#include <string.h>

static void indent(FILE *to, size_t depth)
{
	fprintf(to, "%*s", (int)(4 * depth), "");
}

static void print_comments(const char *lines, size_t depth, FILE *to)
{
	while (lines && *lines) {
		size_t n = strcspn(lines, "\n") + 1;

		indent(to, depth);
		fwrite(lines, 1, n, to);
		lines += n;
	}
}

static void print_lines(const struct conv_node *in, size_t depth, FILE *to);

static void print_node(const struct conv_node *n, size_t depth, FILE *to)
{
	/* A server block keeps its braces when all in it was removed: without, what follows would be its own. */
	bool block = n->has_block || (depth == 0 && !conv_is(n, "import"));

	print_comments(n->above, depth, to);
	indent(to, depth);
	for (const struct conv_word *w = n->words; w; w = w->next)
		fprintf(to, "%s%s", w->text, w->next ? " " : "");
	fprintf(to, "%s%s%s\n", block ? " {" : "", n->comment ? " " : "", n->comment ? n->comment : "");
	if (!block)
		return;
	print_lines(n, depth + 1, to);
	indent(to, depth);
	fputs("}\n", to);
}

static void print_lines(const struct conv_node *in, size_t depth, FILE *to)
{
	for (const struct conv_node *n = in->first; n; n = n->next) {
		print_node(n, depth, to);
		if (depth == 0 && n->next)
			fputc('\n', to);
	}
	print_comments(in->below, depth, to);
}

void conv_print(const struct conv_node *root, FILE *to)
{
	print_lines(root, 0, to);
}
