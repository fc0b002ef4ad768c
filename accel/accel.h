/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An accelerator runs virtual CPUs whose architectural state (X86Cpu) it does
 * not own. One host thread per vCPU; the table below is all the rest of the
 * emulator knows of it.
 */
#ifndef ACCEL_ACCEL_H
#define ACCEL_ACCEL_H

#include "target/x86/cpu.h"
#include "util/chips.h"

typedef struct Accel Accel;
typedef struct AccelClass AccelClass;

typedef enum VcpuExit {
    VCPU_EXIT_HALT = 1, /* nothing to do until an interrupt */
    VCPU_EXIT_STOP,     /* asked to pause, or to end */
    VCPU_EXIT_SHUTDOWN, /* triple fault */
    VCPU_EXIT_DEBUG,
    VCPU_EXIT_FAILED, /* internal error: state is intact, text was logged */
} VcpuExit;

struct AccelClass {
    const char *name; /* "tcg" */
    const char *summary;
    bool has_smm; /* takes system management interrupts */
    /* options: "key=value,..." after the name; may be NULL. */
    Accel *(*create)(const char *options, AddressSpace *memory,
                     AddressSpace *io, GError **errp);
    void (*destroy)(Accel *accel);
    void (*help)(GString *out); /* -accel NAME,help */
    /* Would a user want it who did not ask? The error says why not. May be
     * NULL: yes. */
    bool (*worthwhile)(GError **errp);
    /* Before CPUs are made: leave out of a model what cannot be shown. */
    bool (*adapt_model)(Accel *accel, X86Model *model, GError **errp);
    /* Could CPUs of that model go on here? */
    bool (*accepts_model)(Accel *accel, const X86Model *model, GError **errp);
    bool (*vcpu_init)(Accel *accel, X86Cpu *cpu, GError **errp);
    void (*vcpu_clear)(Accel *accel, X86Cpu *cpu);
    VcpuExit (*run)(Accel *accel, X86Cpu *cpu); /* on the vCPU's thread */
    void (*kick)(X86Cpu *cpu); /* make run() look at pending; any thread */
    /* Bring X86Cpu up to date / take changes from it, CPU not running. */
    bool (*get_state)(Accel *accel, X86Cpu *cpu, GError **errp);
    void (*put_state)(Accel *accel, X86Cpu *cpu);
    /* Could another accelerator go on with the CPU, which stands? May be NULL:
     * yes. */
    bool (*may_leave)(Accel *accel, X86Cpu *cpu, GError **errp);
    /* After get_state(): another accelerator goes on. May be NULL. */
    void (*leave)(Accel *accel, X86Cpu *cpu);
    void (*info)(Accel *accel, GString *out); /* `info jit`, `info kvm` */
    /* The vCPUs, which all stand, are about to run; they all stand again: what
     * is under way outside them is finished, and what would go on by itself
     * waits. May be NULL. */
    void (*go)(Accel *accel);
    void (*stand)(Accel *accel);
    /* Where the accelerator may run the local APICs itself; else NULL. A
     * message for them, in an MSI's format; false: they are X86Cpu's, now or
     * always. at_once:
     * it is there when this returns, as a line's change is; else soon. Any
     * thread. */
    bool (*send_msi)(Accel *accel, uint64_t addr, uint32_t data, bool at_once);
    /* The I/O APIC's pin sends that message when its time comes: the APICs'
     * eoi hook is to be called when its interrupt ends, if it is a level. */
    void (*route_pin)(Accel *accel, unsigned pin, uint64_t addr, uint32_t data);
    /* Who runs the board's chip while vCPUs run; NULL, or not there: its model.
     * The same answer as long as the accelerator lives. */
    const ChipHost *(*chip)(Accel *accel, ChipKind kind);
    /* Global line 0..23, an input of its chips. Any thread. */
    void (*set_line)(Accel *accel, unsigned gsi, bool level);
};

struct Accel {
    const AccelClass *class;
    AddressSpace *memory, *io;
};

extern const AccelClass accel_tcg;
extern const AccelClass accel_kvm; /* on other hosts it cannot be created */
extern const AccelClass *const accel_classes[]; /* NULL-terminated */
const AccelClass *accel_class_find(const char *name, GError **errp);
/* The first of specs that works, for what works() makes of it as well, and, if
 * nobody asked for them, is worthwhile. *notes: why others before it were not
 * taken, to be freed; NULL: there were none. */
typedef bool AccelWorks(void *opaque, Accel *accel, GError **errp);
Accel *accel_choose(const char *const *specs, bool asked, AddressSpace *memory,
                    AddressSpace *io, AccelWorks *works, void *opaque,
                    char **notes, GError **errp);
/* "tcg,backend=interp": the class by name, created. */
Accel *accel_create(const char *spec, AddressSpace *memory, AddressSpace *io,
                    GError **errp);

/* Hand a machine, whose vCPUs (of Vcpu *) all stand, over to another
 * accelerator, which takes *accel's place. Fails with the reason where the
 * guest's processor has what the other one lacks, or accepts() is false. */
bool accel_switch(Accel **accel, GPtrArray *vcpus, const char *spec,
                  AccelWorks *accepts, void *opaque, GError **errp);

/* ---- The vCPU thread (accel/vcpu.c) ----------------------------------------
 */

/* Created paused. stopped(opaque, exit) is called on the vCPU's thread when it
 * pauses for another reason than vcpu_pause(): shutdown, failure, debug. */
Vcpu *vcpu_new(Accel *accel, X86Cpu *cpu,
               void (*stopped)(void *opaque, Vcpu *vcpu, VcpuExit why),
               void *opaque, GError **errp);
void vcpu_free(Vcpu *vcpu); /* ends and joins the thread */
void vcpu_resume(Vcpu *vcpu);
void vcpu_pause(Vcpu *vcpu); /* returns when it stands still */
bool vcpu_running(const Vcpu *vcpu);
X86Cpu *vcpu_cpu(Vcpu *vcpu);
/* The host's number of its thread. */
int vcpu_thread_id(Vcpu *vcpu);
/* While it stands: its state goes over to an accelerator of another class.
 * Fails with the old one in place. */
bool vcpu_set_accel(Vcpu *vcpu, Accel *to, GError **errp);
/* Run fn on the vCPU's thread between instructions and wait for it. */
void vcpu_call(Vcpu *vcpu, void (*fn)(X86Cpu *cpu, void *opaque), void *opaque);

#endif
