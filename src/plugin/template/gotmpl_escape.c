// SPDX-License-Identifier: Apache-2.0
/* html, js and urlquery: of little use in records, but part of the language. */
#include "plugin/template/gotmpl.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The arguments printed, then each byte by `put`. */
static int escaped(struct gt_run *run, const struct gt_value *args, unsigned n,
		   void (*put)(struct gt_text *t, uint8_t c), struct gt_value *ret)
{
	struct gt_text t = {.run = run};
	struct gt_value plain;

	if (gt_print(run, args, n, false, &plain))
		return -1;
	for (uint32_t i = 0; i < plain.len; i++)
		put(&t, (uint8_t)plain.s[i]);
	return gt_text_end(&t, ret);
}

static void put_html(struct gt_text *t, uint8_t c)
{
	const char *s = c == '"' ? "&#34;" : c == '\'' ? "&#39;" : c == '&' ? "&amp;" : c == '<' ? "&lt;"
		      : c == '>' ? "&gt;" : c == 0 ? "\357\277\275" : NULL;
	char one = (char)c;

	gt_text_add(t, s ? s : &one, s ? strlen(s) : 1);
}

static void put_js(struct gt_text *t, uint8_t c)
{
	char buf[8] = {(char)c};

	if (strchr("\\'\"", c) && c)
		snprintf(buf, sizeof(buf), "\\%c", c);
	else if (c < 32 || strchr("<>&=", c))
		snprintf(buf, sizeof(buf), "\\u%04X", c);
	gt_text_add(t, buf, strlen(buf));
}

static void put_url(struct gt_text *t, uint8_t c)
{
	char buf[4] = {(char)c};

	if (c == ' ')
		buf[0] = '+';
	else if (!isalnum(c) && (!strchr("-_.~", c) || !c))
		snprintf(buf, sizeof(buf), "%%%02X", c);
	gt_text_add(t, buf, strlen(buf));
}

int gt_html(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	return escaped(run, args, n, put_html, ret);
}

int gt_js(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	return escaped(run, args, n, put_js, ret);
}

int gt_urlquery(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	return escaped(run, args, n, put_url, ret);
}
