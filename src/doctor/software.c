// SPDX-License-Identifier: Apache-2.0
#include "doctor/software.h"

#include "doctor/world.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *word; /* "coredns" also in "k8s-dns-coredns" */
	enum observed_software software;
} known[] = {
	{"k8s-dns-node-cache", SOFTWARE_COREDNS}, /* is built of it */
	{"k8s-dns-kube-dns", SOFTWARE_KUBE_DNS},
	{"k8s-dns-dnsmasq", SOFTWARE_KUBE_DNS},
	{"kube-dns", SOFTWARE_KUBE_DNS},
	{"kubedns", SOFTWARE_KUBE_DNS},
	{"coredns", SOFTWARE_COREDNS},
	{"binnacle", SOFTWARE_BINNACLE},
	{"unbound", SOFTWARE_UNBOUND},
	{"dnsmasq", SOFTWARE_DNSMASQ},
	{"bind9", SOFTWARE_BIND},
	{"named", SOFTWARE_BIND},
	{"bind", SOFTWARE_BIND},
};

static enum observed_software find(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcasestr(text, known[i].word))
			return known[i].software;
	}
	return SOFTWARE_UNKNOWN;
}

/* BIND says its version alone: "9.18.33-1~deb12u2-Debian". */
static bool is_bind_version(const char *text)
{
	return text[0] == '9' && text[1] == '.' && isdigit((unsigned char)text[2]);
}

static const char *first_digit(const char *text)
{
	while (*text && !isdigit((unsigned char)*text))
		text++;
	return *text ? text : NULL;
}

enum observed_software software_of_text(const char *text, const char **ret_version)
{
	enum observed_software s = find(text);

	*ret_version = first_digit(text);
	if (s != SOFTWARE_UNKNOWN)
		return s;
	*ret_version = text;
	if (is_bind_version(text))
		return SOFTWARE_BIND;
	return *text ? SOFTWARE_OTHER : SOFTWARE_UNKNOWN;
}

enum observed_software software_of_image(struct observed_world *w, const char *image,
					 const char **ret_version)
{
	const char *slash = strrchr(image, '/');
	const char *last = slash ? slash + 1 : image;
	size_t name_len = strcspn(last, ":@");
	const char *name = world_safe(w, last, name_len, 200), *tag = last + name_len;

	*ret_version = NULL;
	if (*tag == ':') {
		tag += 1 + (tag[1] == 'v' && isdigit((unsigned char)tag[2]));
		*ret_version = world_safe(w, tag, strcspn(tag, "@"), 100);
	}
	return find(name);
}

static void copy(struct observed_server *to, const struct observed_server *from)
{
	to->software = from->software;
	to->version = from->version;
	to->version_from_image = from->version_from_image;
}

/* One address in two places. */
static void same_software(struct observed_server *a, struct observed_server *b)
{
	if (a->software == SOFTWARE_UNKNOWN)
		copy(a, b);
	else if (b->software == SOFTWARE_UNKNOWN)
		copy(b, a);
}

/* Behind the service's address stand the pods, of one software as a rule. */
static void software_of_pods(const struct observed_world *w, struct observed_server *service)
{
	for (unsigned i = 0; i < w->n_servers && service->software == SOFTWARE_UNKNOWN; i++) {
		if (w->servers[i].kind == OBSERVED_POD)
			copy(service, &w->servers[i]);
	}
}

void software_read(struct observed_world *w)
{
	for (int i = -1; (i = observe_find(w, i + 1, -1, NAME_VERSION, -1, -1)) >= 0;) {
		const struct observation *o = &w->seen[i];
		struct observed_server *s = &w->servers[o->server];

		if (o->outcome == OUTCOME_ANSWERED && o->reply.text && s->software == SOFTWARE_UNKNOWN)
			s->software = software_of_text(o->reply.text, &s->version);
	}
	for (unsigned i = 0; i < w->n_servers; i++) {
		struct observed_server *s = &w->servers[i];

		if (s->same_as >= 0)
			same_software(s, &w->servers[s->same_as]);
		else if (s->kind == OBSERVED_SERVICE)
			software_of_pods(w, s);
	}
	for (unsigned i = 0; i < w->n_servers; i++) { /* what was learned at its other places */
		struct observed_server *s = &w->servers[i];

		if (s->same_as >= 0)
			same_software(s, &w->servers[s->same_as]);
	}
}
