/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine asks of a balloon device without knowing its kind. The
 * device announces itself by DeviceEnv.set_balloon() when it is realized, and
 * takes that back (ops NULL) when it is unrealized.
 */
#ifndef HW_CORE_BALLOON_H
#define HW_CORE_BALLOON_H

#include <glib.h>
#include <stdint.h>

typedef struct Device Device;

typedef struct BalloonOps {
    /* Main thread, without the device's lock. */
    uint64_t (*actual)(Device *dev); /* bytes of memory the guest has now */
    void (*set_target)(Device *dev, uint64_t bytes); /* may exceed the RAM */
    /* What the guest told of its memory, as " key=value" words; may be NULL.
     */
    void (*print_stats)(Device *dev, GString *out);
} BalloonOps;

#endif
