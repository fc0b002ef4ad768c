/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host whose processor is no x86, or whose kernel is not Linux: no KVM. */
#include "accel/accel.h"

#include "util/error.h"

static Accel *none_create(const char *options, AddressSpace *memory,
                          AddressSpace *io, GError **errp)
{
    emu_fail(errp, EMU_ERROR_UNSUPPORTED,
             "KVM needs Linux on an x86-64 processor");
    return NULL;
}

static void none_help(GString *out)
{
    g_string_append(out, "KVM needs Linux on an x86-64 processor\n");
}

const AccelClass accel_kvm = {
    .name = "kvm",
    .summary = "the host's processor (not on this host)",
    .create = none_create,
    .help = none_help,
};
