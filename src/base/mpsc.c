// SPDX-License-Identifier: Apache-2.0
#include "base/mpsc.h"

#include "base/err.h"

void mpsc_init(struct mpsc *q, size_t limit)
{
	atomic_init(&q->head, NULL);
	atomic_init(&q->n, 0);
	q->limit = limit;
}

/* The count is taken before the message is linked, so the limit is never passed; near it, two senders may
 * both be refused where one would have fitted. */
int mpsc_push(struct mpsc *q, struct mpsc_msg *m, bool *ret_was_empty)
{
	struct mpsc_msg *old;

	if (atomic_fetch_add_explicit(&q->n, 1, memory_order_relaxed) >= q->limit) {
		atomic_fetch_sub_explicit(&q->n, 1, memory_order_relaxed);
		return ERR_LIMIT;
	}
	old = atomic_load_explicit(&q->head, memory_order_relaxed);
	do {
		m->next = old;
	} while (!atomic_compare_exchange_weak_explicit(&q->head, &old, m, memory_order_release,
							memory_order_relaxed));
	*ret_was_empty = old == NULL;
	return 0;
}

static struct mpsc_msg *reversed(struct mpsc_msg *m)
{
	struct mpsc_msg *out = NULL;

	while (m) {
		struct mpsc_msg *next = m->next;

		m->next = out;
		out = m;
		m = next;
	}
	return out;
}

/* The whole list is taken at once, so there is no pop that could meet the ABA problem. */
void mpsc_run(struct mpsc *q, void *receiver)
{
	struct mpsc_msg *m = reversed(atomic_exchange_explicit(&q->head, NULL, memory_order_acquire));

	while (m) {
		struct mpsc_msg *next = m->next;

		atomic_fetch_sub_explicit(&q->n, 1, memory_order_relaxed);
		m->run(m, receiver);
		m = next;
	}
}
