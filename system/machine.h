/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One machine: a board with its back ends, clocks and run state. No global
 * refers to it; everything here is called on the main thread unless it says
 * otherwise.
 */
#ifndef SYSTEM_MACHINE_H
#define SYSTEM_MACHINE_H

#include "hw/core/balloon.h"
#include "hw/core/board.h"
#include "system/config.h"
#include "system/runstate.h"
#include "system/sendkey.h"

typedef struct Machine Machine;

/* Opens the back ends, builds the board, plugs devices; nothing runs yet.
 * Takes config, also on failure. The calling thread is the main thread: it
 * runs the default main context and is registered with RCU. */
Machine *machine_new(MachineConfig *config, GError **errp);
void machine_free(Machine *m); /* stops, flushes and closes all */

/* Start the guest (unless -S), serve until something ends the machine; the
 * process's exit status. */
int machine_run(Machine *m);

RunState machine_state(const Machine *m);
bool machine_is_running(const Machine *m);
/* Stop vCPUs and virtual time; requests in flight are waited for. */
void machine_stop(Machine *m, RunState why);
/* A stop that was asked for and not done yet is done first. */
bool machine_cont(Machine *m, GError **errp);

/* Go on under another accelerator ("tcg", "kvm,step=off"); the guest does not
 * notice. Fails with the reason, and the machine as it was. */
bool machine_switch_accel(Machine *m, const char *spec, GError **errp);

/* Sample what the guest does from now on; what was found before is forgotten.
 */
bool machine_profile_start(Machine *m, unsigned hz, GError **errp);
typedef struct Profile Profile;
/* NULL with the error: there is none. */
Profile *machine_profile(Machine *m, GError **errp);

/* Ask for something that is done from the main loop soon. Any thread. */
void machine_request(Machine *m, int request, int detail);
/* Further requests beside DeviceEnv's. */
enum {
    MACHINE_REQUEST_POWER_BUTTON = 100,
    MACHINE_REQUEST_WAKEUP,
    MACHINE_REQUEST_HOST_RESET, /* system_reset: resets even with -no-reboot */
    MACHINE_REQUEST_INTERNAL_ERROR,
    MACHINE_REQUEST_TRIPLE_FAULT,
};
/* reason: what listeners hear of it, a constant; NULL: nothing. */
void machine_quit(Machine *m, int status, const char *reason);
bool machine_is_quitting(Machine *m);

/* Plug a device while the machine stands or runs. */
bool machine_add_device(Machine *m, const KeyVal *opts, GError **errp);

Board *machine_board(Machine *m);
const MachineConfig *machine_config(const Machine *m);
InputHub *machine_input(Machine *m);
KeySender *machine_keys(Machine *m);
Clock *machine_clock(Machine *m);        /* virtual time */
GPtrArray *machine_chardevs(Machine *m); /* of Chardev * */
GPtrArray *machine_blocks(Machine *m);   /* of BlockBackend * */
GPtrArray *machine_consoles(Machine *m); /* of Console * */
/* NULL if there is no balloon; *dev is what its functions take. */
const BalloonOps *machine_balloon(Machine *m, Device **dev);
Chardev *machine_find_chardev(Machine *m, const char *id);
/* An -object's own; kind NULL: any. */
void *machine_find_object(Machine *m, const char *kind, const char *id);
BlockBackend *machine_find_block(Machine *m, const char *id);
/* What -monitor, -qmp and -mon asked for. */
typedef struct MachineMonitor {
    Chardev *chr;
    MonitorMode mode;
    bool pretty; /* of MONITOR_CONTROL */
} MachineMonitor;
GPtrArray *machine_monitors(Machine *m); /* of MachineMonitor * */

/* Who wants to know. Callbacks run on the main thread; json may be NULL. */
typedef struct MachineListener {
    void (*state)(void *opaque, RunState state);
    void (*event)(void *opaque, const char *name, const char *json);
    void *opaque;
} MachineListener;
void machine_add_listener(Machine *m, const MachineListener *listener);
void machine_remove_listener(Machine *m, void *opaque);

#endif
