// SPDX-License-Identifier: Apache-2.0
#include "doctor/observe.h"

#include "wire/name.h"

const char *observe_kind_text(enum observed_kind k)
{
	static const char *const text[] = {"resolver", "service", "pod", "upstream", "server"};

	return text[k];
}

const char *observe_software_text(enum observed_software s)
{
	static const char *const text[] = {"unknown", "coredns", "kube-dns", "binnacle",
					   "unbound", "bind",    "dnsmasq",  "other"};

	return text[s];
}

const char *observe_state_text(enum observed_state s)
{
	static const char *const text[] = {"asked", "no-route", "unknown"};

	return text[s];
}

const char *observe_role_text(enum name_role r)
{
	static const char *const text[] = {"asked", "candidate", "control", "version", "extra"};

	return text[r];
}

const char *observe_way_text(enum ask_way w)
{
	static const char *const text[] = {"udp", "udp-512", "udp-1232", "udp-4096", "tcp", "cookie"};

	return text[w];
}

const char *observe_outcome_text(enum ask_outcome o)
{
	static const char *const text[] = {"answered", "timeout",  "unreachable", "refused",
					   "closed",   "no-route", "wrong",       "not-sent"};

	return text[o];
}

const char *observe_wrong_text(enum wrong_reply w)
{
	static const char *const text[] = {"none", "id", "question", "source", "garbled"};

	return text[w];
}

const char *observe_walk_end_text(enum walk_end e)
{
	static const char *const text[] = {"unknown", "found", "stopped", "absent"};

	return text[e];
}

/* ---------------------------------------------------------------- looking things up */

int observe_block_of(const struct observed_world *w, const uint8_t *name)
{
	const struct observed_corefile *c = &w->corefile;
	int best = -1, best_labels = -1;

	for (unsigned i = 0; i < c->n_blocks; i++) {
		for (unsigned z = 0; z < c->blocks[i].n_zones; z++) {
			const uint8_t *zone = c->blocks[i].zones[z];
			int labels = (int)wire_name_labels(zone);

			if (labels <= best_labels || !wire_name_in_zone(name, zone))
				continue;
			best = (int)i;
			best_labels = labels;
		}
	}
	return best;
}

const struct observed_forward *observe_forward_of(const struct observed_world *w, const uint8_t *name)
{
	int block = observe_block_of(w, name);

	for (unsigned i = 0; block >= 0 && i < w->corefile.blocks[block].n_forwards; i++) {
		const struct observed_forward *f = &w->corefile.blocks[block].forwards[i];

		if (wire_name_in_zone(name, f->from))
			return f;
	}
	return NULL;
}

int observe_find(const struct observed_world *w, int at, int server, int role, int type, int way)
{
	for (unsigned i = at < 0 ? 0 : (unsigned)at; i < w->n_seen; i++) {
		const struct observation *o = &w->seen[i];

		if ((server < 0 || o->server == server) && (role < 0 || (int)o->role == role) &&
		    (type < 0 || o->type == type) && (way < 0 || (int)o->way == way))
			return (int)i;
	}
	return -1;
}

int observe_asked_server(const struct observed_world *w, int server)
{
	return w->servers[server].same_as < 0 ? server : w->servers[server].same_as;
}

uint64_t observe_took_ns(const struct observation *o)
{
	return o->sent_ns && o->done_ns > o->sent_ns ? o->done_ns - o->sent_ns : 0;
}

bool observe_positive(const struct observation *o)
{
	return o->outcome == OUTCOME_ANSWERED && o->reply.rcode == 0 && o->reply.n_wanted;
}
