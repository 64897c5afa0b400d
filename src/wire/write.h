// SPDX-License-Identifier: Apache-2.0
#pragma once

enum { WIRE_OPT_LEN = 11 }; /* root owner, type, size, extended rcode and flags, RDLENGTH.  RFC 6891 6.1.2 */
