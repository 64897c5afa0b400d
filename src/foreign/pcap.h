// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/library.h"

#include <pcap/pcap.h>

// clang-format off
#define LIBPCAP_FUNCTIONS(X) \
	X(pcap_, close) X(pcap_, datalink) X(pcap_, datalink_val_to_name) X(pcap_, fopen_offline_with_tstamp_precision) \
	X(pcap_, geterr) X(pcap_, next_ex) X(pcap_, snapshot)
// clang-format on
LIBRARY_DECLARE(libpcap, LIBPCAP_FUNCTIONS);
