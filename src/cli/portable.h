// SPDX-License-Identifier: Apache-2.0
/* `binnacle check --portable`: would CoreDNS 1.14.7 take this Corefile?
 *
 * A Corefile that passes can be served by either, so that going back is a change of the image.  Looked at:
 * names of directives and options, numbers of arguments, words and numbers where CoreDNS takes only certain
 * ones, what may stand only once, and text that the two read differently.  Not looked at: what depends on the
 * machine (files that must exist, addresses that must be there) and values of a right kind but out of range;
 * those our own check refuses too. */
#pragma once

struct corefile;
struct cf_errors;

/* Check the Corefile alone, without -extra; errors say where and what.  Memory comes from errs->arena.
 * Thread: builder. */
void portable_check(const struct corefile *cf, struct cf_errors *errs);
