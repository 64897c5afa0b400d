// SPDX-License-Identifier: Apache-2.0
#include "doctor/observe.h"

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
