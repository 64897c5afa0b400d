// SPDX-License-Identifier: Apache-2.0
/* From RRsets as an upstream sent them to an answer in the order that answer.h promises. */
#pragma once

#include "wire/builder.h"
#include "wire/ingest_table.h"

/* What the message answers and how. */
struct ingest_context {
	struct wire_builder *b;
	struct ingest_table *t;
	const uint8_t *qname; /* uncompressed */
	uint16_t qtype, qclass;
	bool aa;
	unsigned rcode;
};

/* Decide which RRsets are required and write all of them with wire_build_rr. */
void ingest_write(const struct ingest_context *c) NONNULL;
