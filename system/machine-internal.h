/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside system/: the machine's fields, shared by building (machine.c),
 * back ends (backends.c) and running (run.c). */
#ifndef SYSTEM_MACHINE_INTERNAL_H
#define SYSTEM_MACHINE_INTERNAL_H

#include "chardev/chardev.h"
#include "system/machine.h"
#include "system/mainloop.h"
#include "system/sendkey.h"
#include "target/x86/cpu.h"

/* What was asked for and not done yet; zero: nothing. */
typedef struct MachineRequests {
    bool reset, host_reset, triple_fault, poweroff, suspend, wakeup;
    bool power_button, internal_error, exit, stop;
    int exit_status;
    const char *exit_reason; /* or NULL */
    int stop_reason;
    bool scheduled;
} MachineRequests;

/* Time of a machine that counts it in instructions (input.c). */
typedef struct InputClock {
    X86Cpu *cpu; /* NULL: does not run yet */
    unsigned shift;
    unsigned blocked; /* pieces since interrupts could be taken */
    int64_t skipped_ns;
} InputClock;

struct Machine {
    MachineConfig *config;
    Board *board;
    DeviceEnv env;
    Clock *clock, *clock_host, *clock_rtc;
    ClockLoop *clock_loop;
    InputClock input_clock;
    DeferQueue *deferred;
    InputHub *input;
    KeySender *keys;
    Profile *profile; /* NULL: never asked for */
    GPtrArray *chardevs, *blocks, *consoles, *monitors;
    GPtrArray *objects;            /* of Object */
    const BalloonOps *balloon_ops; /* NULL: there is no balloon */
    Device *balloon;
    GArray *listeners; /* of MachineListener */
    GMainLoop *loop;
    guint signals[3]; /* GSource ids; 0: not installed */
    bool quit;        /* asked before or while the loop runs */
    int exit_status;
    RunState state;
    bool drive_stopped;  /* a drive's error policy asked for it */
    char *drive_failure; /* why; NULL once the user knows */

    GMutex request_lock; /* guards requests */
    MachineRequests requests;
};

/* backends.c: chardevs, drives, their devices, objects. */
bool machine_create_objects(Machine *m, GError **errp);
bool machine_open_chardevs(Machine *m, GError **errp);
bool machine_open_drives(Machine *m, GError **errp);
bool machine_plug_drives(Machine *m, GError **errp);
bool machine_plug_debugcons(Machine *m, GError **errp);
void machine_close_backends(Machine *m);
void machine_drain_disks(Machine *m);
void machine_flush_disks(Machine *m);

/* input.c */
ClockSource *input_clock(Machine *m, void **opaque);

/* clocks.c */
bool machine_create_clocks(Machine *m, GError **errp);
void machine_free_clocks(Machine *m);

/* run.c */
void machine_emit(Machine *m, const char *name, const char *json);
void machine_vcpu_stopped(void *machine, int why);
void machine_remove_signals(Machine *m);

#endif
