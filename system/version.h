/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this build is: version, libraries, where its data is. */
#ifndef SYSTEM_VERSION_H
#define SYSTEM_VERSION_H

#include <glib.h>

extern const char version_text[];             /* "0.1.0" */
extern const char *const version_data_dirs[]; /* NULL-terminated */
/* A line for each library, with its version, or "no". */
void version_print_libraries(GString *out);

#endif
