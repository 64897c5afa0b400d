// SPDX-License-Identifier: Apache-2.0
#include "cluster.h"

#include "base/clock.h"
#include "server/runtime.h"
#include "message.h"
#include "wire/name.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct fake_server cluster;

const struct tcp_limits tcp_limits_default;

/* Nothing serves yet. */
struct generation *server_generation(void)
{
	return NULL;
}

static void each_instance(bool stop)
{
	for (size_t b = 0; b < cluster.gen->n_blocks; b++) {
		for (size_t i = 0; i < cluster.gen->blocks[b].n_all; i++) {
			const struct instance *in = &cluster.gen->blocks[b].all[i];

			if (stop && in->plugin->stop)
				in->plugin->stop(in->state);
			if (!stop && in->plugin->start)
				assert_int_equal(in->plugin->start(cluster.gen, in->state), 0);
		}
	}
}

void cluster_start(const char *corefile, const char *const *objects, bool unsynced)
{
	fake_server_start(&cluster, corefile, &query_limits_default);
	each_instance(false);
	while (objects && *objects)
		kube_stub_put(*objects++);
	if (!unsynced)
		kube_stub_sync();
	/* The plugins have looked at the real clock: virtual time goes on from there. */
	fake_pass_ms(&cluster, clock_mono_ns() / NS_PER_MS);
}

void cluster_stop(void)
{
	fake_pass_ms(&cluster, 10000); /* every query has its deadline */
	each_instance(true);
	fake_server_stop(&cluster);
}

/* ---------------------------------------------------------------- answers as text */

static char *name_to(char *p, const uint8_t *name)
{
	return p + wire_name_text(name, p);
}

static char *rdata_to(char *p, const struct message_rr *r)
{
	const uint8_t *d = r->rdata;

	switch (r->type) {
	case TYPE_A:
	case TYPE_AAAA:
		inet_ntop(r->type == TYPE_A ? AF_INET : AF_INET6, d, p, 64);
		return p + strlen(p);
	case TYPE_CNAME:
	case TYPE_NS:
	case TYPE_PTR:
		return name_to(p, d);
	case TYPE_SRV:
		return name_to(p + sprintf(p, "%u %u %u ", wire_u16(d), wire_u16(d + 2), wire_u16(d + 4)), d + 6);
	case TYPE_TXT:
		return p + sprintf(p, "\"%.*s\"", d[0], (const char *)d + 1);
	case TYPE_SOA:
		p = name_to(p, d);
		d += wire_name_len(d);
		*p++ = ' ';
		p = name_to(p, d);
		d += wire_name_len(d);
		return p + sprintf(p, " %u", wire_u32(d + 16)); /* the serial is time */
	default:
		return p + sprintf(p, "%u bytes", r->rdlen);
	}
}

static const char *text_of(const struct fake_answer *f)
{
	static const char *const sections[] = {"AN", "AU", "AD"};
	static char text[1 << 20];
	char buf[32], *p = text;
	struct message *m = f->none ? NULL : message_parse(f->msg, f->len);

	if (!m)
		return "(none)";
	p += sprintf(p, "%s%s%s", wire_rcode_text(m->flags & FLAG_RCODE, buf), m->flags & FLAG_AA ? " aa" : "",
		     m->flags & FLAG_TC ? " tc" : "");
	for (unsigned i = 0; i < m->n_rr && p < text + sizeof(text) - 4096; i++) {
		const struct message_rr *r = &m->rr[i];

		p += sprintf(p, "\n%s ", sections[r->section]);
		p = name_to(p, r->owner);
		p += sprintf(p, " %u %s ", r->ttl_s, wire_type_text(r->type, buf));
		p = rdata_to(p, r);
	}
	*p = '\0';
	message_free(m);
	return text;
}

const char *cluster_ask_as(unsigned client, const char *name, uint16_t type, unsigned ms)
{
	n_fake_answers = 0;
	fake_ask(&cluster, name, type, client, true, false);
	fake_pass_ms(&cluster, ms);
	return n_fake_answers ? text_of(&fake_answers[0]) : "(nothing yet)";
}

const char *cluster_ask(const char *name, uint16_t type)
{
	return cluster_ask_as(1, name, type, 0);
}

/* ---------------------------------------------------------------- comparing */

static unsigned lines_of(const char *text)
{
	unsigned n = 1;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static bool has_line(const char *text, const char *line, size_t len)
{
	for (const char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		if (!strncmp(p, line, len) && (p[len] == '\n' || p[len] == '\0'))
			return true;
	}
	return false;
}

void assert_answer_at(const char *name, uint16_t type, const char *want, const char *file, int line)
{
	const char *got = cluster_ask(name, type), *p = want;
	bool same = lines_of(got) == lines_of(want);

	while (same && p) {
		const char *end = strchrnul(p, '\n');

		same = has_line(got, p, (size_t)(end - p));
		p = *end ? end + 1 : NULL;
	}
	if (!same) {
		print_error("%s:%d: %s\nwanted\n%s\ngot\n%s\n", file, line, name, want, got);
		fail();
	}
}
