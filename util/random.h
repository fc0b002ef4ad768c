/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sources of random bytes for guests: the host kernel's generator, or a file
 * or device that may run dry for a while.
 */
#ifndef UTIL_RANDOM_H
#define UTIL_RANDOM_H

#include <glib.h>
#include <stddef.h>

typedef struct RandomSource RandomSource;

/* From a file; NULL: the kernel's generator. */
RandomSource *random_source_new(const char *path, GError **errp);
void random_source_free(RandomSource *s);
/* Up to len bytes that are there now; a NULL source is the kernel's. If there
 * are none, ready() is called once on the main loop when there may be some
 * (never, if the file has ended). Any thread. */
size_t random_source_read(RandomSource *s, void *buf, size_t len,
                          void (*ready)(void *opaque), void *opaque);
/* Forget a ready() of opaque. Main loop. */
void random_source_cancel(RandomSource *s, void *opaque);

#endif
