// SPDX-License-Identifier: Apache-2.0
/* A zone in memory: records in, answers out.
 *
 *   reader.c     zone file -> records             build.c   records -> nodes with RRsets
 *   generate.c   $GENERATE                        find.c    nodes by name, neighbours for NSEC
 *   lookup.c     question -> parts of an answer   name.c    names as they sort
 *
 *   zone_builder_new .. zone_builder_add .. zone_build   one thread
 *   zone_lookup, zone_find, zone_nodes                   frozen: any thread
 *
 * Every name between a record's owner and the apex is a node, so that an empty non-terminal is one without
 * RRsets.  Nodes are found by a keyed hash and stand in canonical order (RFC 4034 6.1) beside it.
 * Names are lower case.  A record that stands twice is kept once (RFC 2181 5); records out of the zone are not kept. */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone_rr;

struct zone_rd {
	const uint8_t *data;
	uint32_t ttl_s;
	uint16_t len;
};

/* Records of one owner and type, in the order in which they came. */
struct zone_rrset {
	const struct zone_rrset *next; /* of the owner */
	const struct zone_rrset *sigs; /* RRSIGs that cover it, or NULL; they are in no other list */
	uint16_t type;
	uint32_t n;
	struct zone_rd rd[];
};

struct zone_node {
	const uint8_t *name, *key; /* key: zone_sort_key */
	uint16_t key_len;
	uint8_t name_len;
	const struct zone_rrset *sets; /* NULL: an empty non-terminal */
	bool cut; /* NS below the apex */
};

struct zone; /* frozen */

struct zone_builder;

/* NULL: no memory.  `origin`: wire form. */
struct zone_builder *zone_builder_new(const uint8_t *origin);
void zone_builder_free(struct zone_builder *b);
/* 0; -ENOMEM; ERR_SYNTAX: *ret_why (static).  Copies. */
int zone_builder_add(struct zone_builder *b, const struct zone_rr *rr, const char **ret_why) MUST_USE;
/* The zone of what was added; the builder is spent (free it).  0; -ENOMEM; -ENOENT: there is no SOA. */
int zone_build(struct zone_builder *b, struct zone **ret) MUST_USE;
/* Another owner, who gives it up with zone_free as the first one does.  Thread: any that may read it now. */
struct zone *zone_hold(struct zone *z);
/* Gone with its last owner. */
void zone_free(struct zone *z);

const uint8_t *zone_origin(const struct zone *z);
uint32_t zone_serial(const struct zone *z);
size_t zone_records(const struct zone *z);

/* The RRset of a type; NULL: none. */
const struct zone_rrset *zone_set(const struct zone_node *n, uint16_t type);
/* NULL: no such name.  `name` is lower case. */
const struct zone_node *zone_find(const struct zone *z, const uint8_t *name, size_t len);
const struct zone_node *zone_apex(const struct zone *z);
/* All nodes in canonical order; the apex is the first. */
size_t zone_nodes(const struct zone *z, const struct zone_node *const **ret);
/* The last node with an NSEC record before `name`, or at it; the zone's last where none is before it.  NULL: the zone
 * has no NSEC. */
const struct zone_node *zone_nsec_of(const struct zone *z, const uint8_t *name);

/* ---------------------------------------------------------------- answers */

/* A set that goes into an answer. */
struct zone_part {
	struct zone_part *next;
	enum wire_section section;
	bool required;           /* wire/answer.h */
	const uint8_t *owner;    /* NULL: the question's name */
	const struct zone_rrset *set;
	uint32_t ttl_max_s;
};

/* What a zone says.  Parts are in the order in which they belong into the answer, section by section. */
struct zone_answer {
	unsigned rcode;
	bool aa;
	bool name_missing;       /* NXDOMAIN, or a name that only has names below it, and no CNAME led there */
	bool loop;               /* a DNAME that leads to itself, or CNAMEs without end */
	const struct zone_part *parts;
	const uint8_t *target;   /* a CNAME leads out of the zone to here: to be looked up elsewhere */
	const uint8_t *wildcard; /* the wildcard's owner, if one answered */
};

enum { ZONE_CHAIN_MAX = 16 /* CNAMEs followed within the zone */ };

/* `name`: lower case.  Everything made on the way is in `a`; the rest points into the zone.  0 or -ENOMEM. */
int zone_lookup(const struct zone *z, const uint8_t *name, size_t len, uint16_t type, bool dnssec, struct arena *a,
		struct zone_answer *ret) MUST_USE;

/* ---------------------------------------------------------------- zone files */

/* Where a file's text comes from, and who is told of the files that were read (for looking for changes). */
struct zone_reader {
	const uint8_t *origin;
	struct zone_builder *to;
	/* 0 or -errno; the text is malloc'ed.  NULL: the file system. */
	int (*read)(void *arg, const char *path, char **ret_text, size_t *ret_len);
	void *arg;
	char error[512];         /* "FILE:LINE: what" */
};

/* Read a zone file with what it includes.  0; -errno: the first file could not be opened; ERR_SYNTAX: r->error says where. */
int zone_read_file(struct zone_reader *r, const char *path) MUST_USE;

/* A whole file; the text is malloc'ed.  0 or -errno. */
int zone_read_text(const char *path, char **ret_text, size_t *ret_len) MUST_USE;

/* ---------------------------------------------------------------- for this folder */

/* A name's labels from the root down, so that memcmp gives the canonical order: each byte, 0 as 1 1 and 1 as 1 2, then 0.
 * out: ZONE_KEY_MAX bytes.  Returns the length. */
enum { ZONE_KEY_MAX = 2 * WIRE_NAME_MAX };
size_t zone_sort_key(const uint8_t *name, size_t len, uint8_t *out);
int zone_compare_keys(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
