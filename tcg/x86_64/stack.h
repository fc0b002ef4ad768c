/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells AddressSanitizer that C called from translated code runs on env's
 * stack: it must know the bounds when a helper unwinds. Nothing otherwise.
 */
#ifndef TCG_X86_64_STACK_H
#define TCG_X86_64_STACK_H

#include "tcg/env.h"

typedef struct StackSwitch {
    void *fake;
    const void *bottom;
    size_t size;
} StackSwitch;

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>

static inline void stack_enter(StackSwitch *s, void *env)
{
    __sanitizer_start_switch_fiber(&s->fake, (char *)env - TCG_STACK_SIZE,
                                   TCG_STACK_SIZE);
    __sanitizer_finish_switch_fiber(NULL, &s->bottom, &s->size);
}

static inline void stack_leave(StackSwitch *s)
{
    __sanitizer_start_switch_fiber(NULL, s->bottom, s->size);
    __sanitizer_finish_switch_fiber(s->fake, NULL, NULL);
}
#else
static inline void stack_enter(StackSwitch *s, void *env)
{
}

static inline void stack_leave(StackSwitch *s)
{
}
#endif

#endif
