// SPDX-License-Identifier: Apache-2.0
/* Which server software answers, from version.bind (CH TXT) or a container image's name.  Thread: one. */
#pragma once

#include "base/compiler.h"
#include "doctor/observe.h"

/* From a text such as "CoreDNS-1.11.1", "unbound 1.17.1", "9.18.33-1~deb12u2-Debian", "dnsmasq-2.89".  *ret_version: within
 * `text`, or NULL. */
enum observed_software software_of_text(const char *text, const char **ret_version);
/* From "registry.example/coredns/coredns:v1.11.1@sha256:...".  *ret_version: the tag, in the world's memory; NULL. */
enum observed_software software_of_image(struct observed_world *w, const char *image, const char **ret_version);
/* Look at the answers to version.bind; images go first. */
void software_read(struct observed_world *w);
