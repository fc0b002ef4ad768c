/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks as a flame graph. */
#ifndef SYSTEM_PROFILE_FLAME_H
#define SYSTEM_PROFILE_FLAME_H

#include <glib.h>

/* stacks: "outer;inner" to a count (GUINT_TO_POINTER). Appends SVG. */
void flame_svg(GHashTable *stacks, const char *title, GString *out);

#endif
