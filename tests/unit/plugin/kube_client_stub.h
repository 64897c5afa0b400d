// SPDX-License-Identifier: Apache-2.0
/* A cluster without an API server: kube/client.h over a store that the test fills. */
#pragma once

#include "kube/client.h"

#include <stdlib.h>

/* The store of the open client, and what it was opened (or checked) with. */
struct kube_store *kube_stub_store(void);
const struct kube_options *kube_stub_options(void);
/* What kube_options_check says; NULL: nothing. */
extern const char *kube_stub_refuses;

/* Apply one object given as text:
 *   ns NAME
 *   svc NS/NAME [headless] [ip=ADDR]... [ext=ADDR-OR-NAME]... [cname=NAME] [port=[NAME][/udp]:N]...
 *   slice NS/NAME SERVICE|- [port=..]... [ep=ADDR[,host=..][,pod=..][,zone=..][,down]]...
 *   pod NS/NAME ADDR [LABEL=VALUE]...
 *   import, import-slice [cluster=..]: as svc and slice, of a ServiceImport */
void kube_stub_put(const char *text);
/* All kinds have been listed. */
void kube_stub_sync(void);
