// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/library.h"

#include <curl/curl.h>

// clang-format off
#define LIBCURL_FUNCTIONS(X) \
	X(curl_, easy_cleanup) X(curl_, easy_escape) X(curl_, easy_getinfo) X(curl_, easy_init) \
	X(curl_, easy_perform) X(curl_, easy_setopt) X(curl_, easy_strerror) X(curl_, free) \
	X(curl_, global_cleanup) X(curl_, global_init) X(curl_, multi_add_handle) X(curl_, multi_cleanup) \
	X(curl_, multi_info_read) X(curl_, multi_init) X(curl_, multi_perform) X(curl_, multi_poll) \
	X(curl_, multi_remove_handle) X(curl_, multi_setopt) X(curl_, multi_wakeup) \
	X(curl_, slist_append) X(curl_, slist_free_all)
// clang-format on
LIBRARY_DECLARE(libcurl, LIBCURL_FUNCTIONS);

/* curl_global_init, for whoever uses it after loading; libcurl.global_cleanup takes it back.  Any thread. */
void libcurl_start(void);

/* Sets an option, with the checks that matter of those that the header's own macro would make: its number says whether a long, a
 * pointer or a curl_off_t is read from where the value stands. */
#define libcurl_set(easy, option, value)                                                                     \
	({                                                                                                   \
		enum {                                                                                       \
			libcurl_kind = (option) / 10000,                                                     \
			libcurl_is_pointer = __builtin_classify_type(value) == 5                             \
		};                                                                                           \
		_Static_assert(libcurl_kind != CURLOPTTYPE_LONG / 10000 ||                                   \
				       __builtin_types_compatible_p(__typeof__(value), long),                \
			       "this option takes a long");                                                  \
		_Static_assert(libcurl_kind != CURLOPTTYPE_OFF_T / 10000 ||                                  \
				       __builtin_types_compatible_p(__typeof__(value), curl_off_t),          \
			       "this option takes a curl_off_t");                                            \
		_Static_assert(libcurl_kind == CURLOPTTYPE_LONG / 10000 ||                                   \
				       libcurl_kind == CURLOPTTYPE_OFF_T / 10000 || libcurl_is_pointer,      \
			       "this option takes a pointer");                                               \
		libcurl.easy_setopt(easy, option, value);                                                    \
	})
