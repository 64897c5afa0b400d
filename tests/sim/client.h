// SPDX-License-Identifier: Apache-2.0
/* Clients of a world.  Between them and the server nothing is lost, so each question has one answer. */
#pragma once

#include "truth.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUESTIONS_MAX = 200, SENDS_MAX = 2, QUESTION_BYTES_MAX = 64 };

struct question {
	unsigned number;
	struct truth *truth;
	uint16_t qtype, id;
	bool tcp, edns, do_bit, rd, ad, cd;
	bool second_port;
	uint16_t size; /* EDNS */
	uint8_t bytes[QUESTION_BYTES_MAX]; /* as asked, in the client's case */
	uint16_t bytes_len;
	uint64_t sent_ns[SENDS_MAX];
	uint64_t connected_ns; /* TCP: when its connection began; UDP: sent_ns[0] */
	unsigned n_sent, n_answers;
	uint64_t answered_ns; /* the last */
	bool gone; /* the client has left */
	bool whole; /* answered with all there is, */
	uint32_t ttl_s; /* for so long */
	unsigned hosts_state; /* of the hosts file, by which it was answered, + 1; 0: not by it */
};

extern struct question questions[QUESTIONS_MAX];
extern unsigned n_questions;

void client_reset(void);
/* Some questions about one name within the next `span_ns`, by one client or many. */
void client_plan(uint64_t span_ns);
/* Questions that wait now or were answered in the last moment. */
unsigned client_open(void);
/* At the end: each has its answer. */
void client_look_back(void);

/* check.c: one answer. */
void check_answer(struct question *q, const uint8_t *msg, size_t len);
