/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Version, libraries and data folders; the values come from meson.build. */
#include "system/version.h"

const char version_text[] = EMU_VERSION;

/* Firmware is where Debian's packages put it. */
const char *const version_data_dirs[] = {
    EMU_DATADIR,          "/usr/share/seabios", "/usr/share/qemu",
    "/usr/share/vgabios", "/usr/lib/ipxe/qemu", NULL,
};

/* "name version" lines, "name no" for what was not found. */
static const char version_libraries[] = EMU_LIBRARIES;

void version_print_libraries(GString *out)
{
    g_auto(GStrv) lines = g_strsplit(version_libraries, ";", -1);

    g_string_append(out, "libraries:\n");
    for (unsigned i = 0; lines[i] && *lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], " ", 2);

        g_string_append_printf(out, "  %-14s %s\n", words[0], words[1]);
    }
}
