// SPDX-License-Identifier: Apache-2.0
/* Commands that the Corefile ties to events of the process (`on`).  A generation lists them; control runs them
 * (control/commands.c): after a configuration has come to serve, when the end begins, and when a plugin says that a certificate
 * was renewed. */
#pragma once

#include <stdbool.h>

enum event { EVENT_STARTUP, EVENT_SHUTDOWN, EVENT_CERTRENEW };
enum { EVENTS = 3 };

/* Frozen; in the generation's arena. */
struct event_command {
	struct event_command *next;
	enum event event;
	const char *const *argv; /* NULL at its end; the first is found by PATH */
	const char *text;        /* for messages */
	bool wait;               /* the next one, or the end, comes after it */
};

/* Something has happened that commands may wait for.  Those of what serves are run soon, on control.  Thread: any. */
void event_fire(enum event e);
/* Who runs them; NULL: nobody.  `fn` is called in the firing thread.  Thread: control. */
void event_on_fire(void (*fn)(void *arg, enum event e), void *arg);
