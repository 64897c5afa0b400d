// SPDX-License-Identifier: Apache-2.0
#include "control/sandbox.h"

#include "base/commands.h"
#include "base/err.h"
#include "base/log.h"
#include "control/caps.h"
#include "control/sandbox_filter.h"
#include "server/generation.h"
#include "server/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct {
	enum sandbox_mode mode;
	bool begun; /* the first generation has been here; what follows is frozen since */
	bool on; /* the filter ends the process */
	bool commands; /* and lets them run */
	char error[256];
} sandbox;

bool sandbox_mode_read(const char *text, enum sandbox_mode *ret)
{
	static const struct {
		const char *text;
		enum sandbox_mode mode;
	} modes[] = {{"on", SANDBOX_ON}, {"log", SANDBOX_LOG}, {"off", SANDBOX_OFF}};

	*ret = SANDBOX_DEFAULT;
	for (size_t i = 0; text && i < ARRAY_LEN(modes); i++) {
		if (strcmp(text, modes[i].text) != 0)
			continue;
		*ret = modes[i].mode;
		return true;
	}
	return text == NULL;
}

/* On all threads at once. */
static int load(uint32_t otherwise, bool commands)
{
	scmp_filter_ctx f = sandbox_filter(otherwise, 0, commands);
	int err = f ? seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1) : -ENOMEM;

	if (!err)
		err = seccomp_load(f);
	if (f)
		seccomp_release(f);
	return err;
}

static int refuse(int err, const char *what, const char **ret_error)
{
	(void)snprintf(sandbox.error, sizeof(sandbox.error), "%s: %s", what, err_text(err));
	*ret_error = sandbox.error;
	return err;
}

static int install(const struct generation *g, const char **ret_error)
{
	bool log = sandbox.mode == SANDBOX_LOG;
	int err;

	if (sandbox.mode == SANDBOX_OFF)
		return 0;
	err = log ? 0 : sandbox_report_start();
	if (!err)
		err = load(log ? SCMP_ACT_LOG : SCMP_ACT_TRAP, g->commands_by != NULL);
	if (err && sandbox.mode != SANDBOX_DEFAULT)
		return refuse(err, "the system-call filter cannot be put on", ret_error);
	if (err)
		log_line(LOG_WARNING, "no system-call filter here: %s", err_text(err));
	sandbox.on = !err && !log;
	sandbox.commands = g->commands_by != NULL;
	if (sandbox.on && !sandbox.commands)
		commands_forbid();
	return 0;
}

static int drop_in_worker(struct worker *w, void *arg)
{
	return caps_drop();
}

static int first(const struct generation *g, const char **ret_error)
{
	int err = caps_drop();

	if (!err)
		err = server_on_all(drop_in_worker, NULL);
	if (err)
		return refuse(err, "capabilities cannot be given up", ret_error);
	return install(g, ret_error);
}

static int admit(const struct generation *g, const char **ret_error)
{
	if (!sandbox.on || sandbox.commands || !g->commands_by)
		return 0;
	(void)snprintf(sandbox.error, sizeof(sandbox.error),
		       "`%s` runs commands, which the system-call filter of this process does not allow: it "
		       "was made at the start, from "
		       "a Corefile without.  This change needs a restart",
		       g->commands_by);
	*ret_error = sandbox.error;
	return ERR_LIMIT;
}

void sandbox_prepare(enum sandbox_mode mode)
{
	sandbox.mode = mode;
}

int sandbox_starting(struct generation *g, const char **ret_error)
{
	if (sandbox.begun)
		return admit(g, ret_error);
	sandbox.begun = true;
	return first(g, ret_error);
}
