/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of accelerators, best first, and creation by "NAME,options". */
#include "accel/accel.h"

#include "util/error.h"

#include <string.h>

const AccelClass *const accel_classes[] = {
    &accel_kvm,
    &accel_tcg,
    NULL,
};

const AccelClass *accel_class_find(const char *name, GError **errp)
{
    const char *names[G_N_ELEMENTS(accel_classes)];
    unsigned n = 0;

    for (; accel_classes[n]; n++) {
        if (strcmp(accel_classes[n]->name, name) == 0) {
            return accel_classes[n];
        }
        names[n] = accel_classes[n]->name;
    }
    const char *near = emu_nearest(name, names, n);
    emu_fail(errp, EMU_ERROR_NOT_FOUND, "no accelerator '%s'%s%s%s", name,
             near ? "; did you mean '" : "", near ? near : "",
             near ? "'?" : "");
    return NULL;
}

/* The class that "NAME,options" names. */
static const AccelClass *accel_class_of(const char *spec, GError **errp)
{
    g_autofree char *name = g_strndup(spec, strcspn(spec, ","));

    return accel_class_find(name, errp);
}

Accel *accel_create(const char *spec, AddressSpace *memory, AddressSpace *io,
                    GError **errp)
{
    const char *comma = strchr(spec, ',');
    const AccelClass *class = accel_class_of(spec, errp);

    return class ? class->create(comma ? comma + 1 : NULL, memory, io, errp)
                 : NULL;
}

/* ---- choice -------------------------------------------------------------- */

static Accel *accel_try(const char *spec, bool asked, AddressSpace *memory,
                        AddressSpace *io, GError **errp)
{
    const AccelClass *class = accel_class_of(spec, errp);

    if (!class || (!asked && class->worthwhile && !class->worthwhile(errp))) {
        return NULL;
    }
    return accel_create(spec, memory, io, errp);
}

Accel *accel_choose(const char *const *specs, bool asked, AddressSpace *memory,
                    AddressSpace *io, AccelWorks *works, void *opaque,
                    char **notes, GError **errp)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; specs[i]; i++) {
        g_autoptr(GError) err = NULL;
        Accel *accel = accel_try(specs[i], asked, memory, io, &err);

        if (accel && works(opaque, accel, &err)) {
            *notes = text->len ? g_strdup(text->str) : NULL;
            return accel;
        }
        if (accel) {
            accel->class->destroy(accel);
        }
        g_string_append_printf(text, "%s%.*s: %s", text->len ? "; " : "",
                               (int)strcspn(specs[i], ","), specs[i],
                               err->message);
    }
    emu_fail(errp, EMU_ERROR_UNSUPPORTED, "%s", text->str);
    return NULL;
}

/* ---- hand-over ----------------------------------------------------------- */

/* What a CPU is in the middle of may be the old accelerator's own. */
static bool accel_cpu_moves(Accel *from, Accel *to, X86Cpu *cpu, GError **errp)
{
    if (cpu->smm && !to->class->has_smm) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "accelerator %s: CPU %u is in system management mode "
                        "just now",
                        to->class->name, cpu->index);
    }
    if (cpu->svm.guest || !cpu->svm.gif) {
        return emu_fail(errp, EMU_ERROR_BUSY,
                        "CPU %u runs a guest of its own just now", cpu->index);
    }
    return !from->class->may_leave || from->class->may_leave(from, cpu, errp);
}

static bool accel_accepts(Accel *from, Accel *to, GPtrArray *vcpus,
                          GError **errp)
{
    for (unsigned i = 0; i < vcpus->len; i++) {
        X86Cpu *cpu = vcpu_cpu(vcpus->pdata[i]);

        if (!to->class->accepts_model(to, cpu->model, errp) ||
            !accel_cpu_moves(from, to, cpu, errp)) {
            return false;
        }
    }
    return true;
}

static bool accel_move(Accel *from, Accel *to, GPtrArray *vcpus, GError **errp)
{
    for (unsigned i = 0; i < vcpus->len; i++) {
        if (!vcpu_set_accel(vcpus->pdata[i], to, errp)) {
            while (i-- > 0) {
                vcpu_set_accel(vcpus->pdata[i], from, NULL);
            }
            return false;
        }
    }
    return true;
}

bool accel_switch(Accel **accel, GPtrArray *vcpus, const char *spec,
                  AccelWorks *accepts, void *opaque, GError **errp)
{
    Accel *from = *accel;
    Accel *to = accel_create(spec, from->memory, from->io, errp);

    if (!to) {
        return false;
    }
    if (to->class == from->class) {
        to->class->destroy(to);
        return emu_fail(errp, EMU_ERROR_INVALID, "%s runs the machine already",
                        from->class->name);
    }
    if (!accepts(opaque, to, errp) || !accel_accepts(from, to, vcpus, errp) ||
        !accel_move(from, to, vcpus, errp)) {
        to->class->destroy(to);
        return false;
    }
    *accel = to;
    from->class->destroy(from);
    return true;
}
