/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's processor offers, when it is an x86: native instructions
 * need the feature of their row there. */
#ifndef TARGET_X86_HOST_H
#define TARGET_X86_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* X86Feature; feature 0 is always there. False on other hosts. */
bool x86_host_has_feature(unsigned feature);
/* Where a state component is in XSAVE's standard form; 0: it has none. */
uint32_t x86_host_xstate_offset(unsigned component);

#endif
