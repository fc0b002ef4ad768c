/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building a machine from its config, and taking it down. */
#include "system/machine.h"

#include <string.h>

#include "accel/accel.h"
#include "block/block.h"
#include "system/devices.h"
#include "system/machine-internal.h"
#include "system/profile/profile.h"
#include "ui/console.h"
#include "util/error.h"

/* ---- What the board lends to its devices ------------------------------- */

static void machine_env_request(void *machine, int request, int detail)
{
    machine_request(machine, request, detail);
}

static void machine_env_defer(void *machine, void (*cb)(void *opaque),
                              void *opaque)
{
    defer_queue_add(((Machine *)machine)->deferred, cb, opaque);
}

static void machine_env_add_console(void *machine, Console *console)
{
    g_ptr_array_add(((Machine *)machine)->consoles, console);
}

static BlockBackend *machine_env_find_block(void *machine, const char *id)
{
    return machine_find_block(machine, id);
}

static Chardev *machine_env_find_chardev(void *machine, const char *id)
{
    return machine_find_chardev(machine, id);
}

static void *machine_env_find_object(void *machine, const char *kind,
                                     const char *id)
{
    return machine_find_object(machine, kind, id);
}

static void machine_env_set_balloon(void *machine, const BalloonOps *ops,
                                    Device *dev)
{
    Machine *m = machine;

    m->balloon_ops = ops;
    m->balloon = ops ? dev : NULL;
}

typedef struct MachineEvent {
    Machine *m;
    char *name, *json;
} MachineEvent;

static void machine_deliver_event(void *opaque)
{
    MachineEvent *ev = opaque;

    machine_emit(ev->m, ev->name, ev->json);
    g_free(ev->name);
    g_free(ev->json);
    g_free(ev);
}

/* Devices call from any thread and under their lock; listeners hear of it on
 * the main thread. */
static void machine_env_event(void *machine, const char *name, const char *json)
{
    Machine *m = machine;
    MachineEvent *ev = g_new(MachineEvent, 1);

    *ev = (MachineEvent){ m, g_strdup(name), g_strdup(json) };
    defer_queue_add(m->deferred, machine_deliver_event, ev);
}

static void machine_init_env(Machine *m)
{
    m->env = (DeviceEnv){
        .clock = m->clock,
        .clock_host = m->clock_host,
        .clock_rtc = m->clock_rtc,
        .request = machine_env_request,
        .machine = m,
        .defer = machine_env_defer,
        .input = m->input,
        .add_console = machine_env_add_console,
        .find_block = machine_env_find_block,
        .find_chardev = machine_env_find_chardev,
        .find_object = machine_env_find_object,
        .set_balloon = machine_env_set_balloon,
        .event = machine_env_event,
    };
}

/* ---- Building ---------------------------------------------------------- */

static bool machine_build_board(Machine *m, GError **errp)
{
    const MachineConfig *c = m->config;

    m->board = board_new(c->board_class, &m->env, &c->board);
    m->board->vcpu_stopped = machine_vcpu_stopped;
    if (!c->board_class->init(m->board, &c->board, errp)) {
        return false;
    }
    if (m->board->accel_notes) {
        g_printerr("emu: accelerator %s, as %s\n", m->board->accel->class->name,
                   m->board->accel_notes);
    }
    return true;
}

static bool machine_plug_devices(Machine *m, GError **errp)
{
    for (unsigned i = 0; i < m->config->devices->len; i++) {
        const DeviceConfig *dev = m->config->devices->pdata[i];

        if (!devices_plug(m->board, dev->opts, NULL, errp)) {
            g_prefix_error(errp, "-device %s: ", dev->text);
            return false;
        }
    }
    return true;
}

static bool machine_build(Machine *m, GError **errp)
{
    const BoardClass *class = m->config->board_class;

    if (!machine_create_clocks(m, errp)) {
        return false;
    }
    machine_init_env(m);
    if (!machine_create_objects(m, errp) || !machine_open_chardevs(m, errp) ||
        !machine_open_drives(m, errp) || !machine_build_board(m, errp) ||
        !machine_plug_drives(m, errp) || !machine_plug_debugcons(m, errp) ||
        !machine_plug_devices(m, errp) ||
        (class->ready && !class->ready(m->board, errp))) {
        return false;
    }
    class->reset(m->board);
    return true;
}

Machine *machine_new(MachineConfig *config, GError **errp)
{
    Machine *m = g_new0(Machine, 1);

    m->config = config;
    m->input = input_hub_new();
    m->keys = key_sender_new(m->input);
    m->deferred = defer_queue_new();
    m->chardevs = g_ptr_array_new();
    m->blocks = g_ptr_array_new();
    m->objects = g_ptr_array_new();
    m->consoles = g_ptr_array_new();
    m->monitors = g_ptr_array_new_with_free_func(g_free);
    m->listeners = g_array_new(FALSE, FALSE, sizeof(MachineListener));
    m->loop = g_main_loop_new(NULL, FALSE);
    g_mutex_init(&m->request_lock);
    if (!machine_build(m, errp)) {
        machine_free(m);
        return NULL;
    }
    return m;
}

void machine_free(Machine *m)
{
    if (!m) {
        return;
    }
    if (machine_is_running(m)) {
        machine_stop(m, RUN_STATE_SHUTDOWN);
    }
    profile_free(m->profile);
    key_sender_free(m->keys);
    defer_queue_run(m->deferred); /* they may call devices: those first */
    board_free(m->board);
    defer_queue_free(m->deferred);
    machine_close_backends(m);
    machine_remove_signals(m);
    machine_free_clocks(m);
    input_hub_free(m->input);
    g_ptr_array_unref(m->consoles);
    g_array_unref(m->listeners);
    g_main_loop_unref(m->loop);
    g_mutex_clear(&m->request_lock);
    config_free(m->config);
    g_free(m->drive_failure);
    g_free(m);
}

bool machine_add_device(Machine *m, const KeyVal *opts, GError **errp)
{
    return devices_check(opts, errp) &&
           devices_plug(m->board, opts, NULL, errp);
}

/* ---- Profiling ---------------------------------------------------------- */

bool machine_profile_start(Machine *m, unsigned hz, GError **errp)
{
    if (!m->board->accel) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "this machine has no processor");
    }
    profile_free(m->profile);
    m->profile = profile_start(m->board->vcpus, &m->board->accel, hz, errp);
    return m->profile != NULL;
}

Profile *machine_profile(Machine *m, GError **errp)
{
    if (!m->profile) {
        emu_fail(errp, EMU_ERROR_NOT_FOUND,
                 "nothing was sampled (profile start)");
    }
    return m->profile;
}

/* ---- Parts ------------------------------------------------------------- */

Board *machine_board(Machine *m)
{
    return m->board;
}

const MachineConfig *machine_config(const Machine *m)
{
    return m->config;
}

InputHub *machine_input(Machine *m)
{
    return m->input;
}

KeySender *machine_keys(Machine *m)
{
    return m->keys;
}

Clock *machine_clock(Machine *m)
{
    return m->clock;
}

GPtrArray *machine_chardevs(Machine *m)
{
    return m->chardevs;
}

GPtrArray *machine_blocks(Machine *m)
{
    return m->blocks;
}

GPtrArray *machine_consoles(Machine *m)
{
    return m->consoles;
}

GPtrArray *machine_monitors(Machine *m)
{
    return m->monitors;
}

const BalloonOps *machine_balloon(Machine *m, Device **dev)
{
    *dev = m->balloon;
    return m->balloon_ops;
}

Chardev *machine_find_chardev(Machine *m, const char *id)
{
    for (unsigned i = 0; i < m->chardevs->len; i++) {
        if (!strcmp(chardev_id(m->chardevs->pdata[i]), id)) {
            return m->chardevs->pdata[i];
        }
    }
    return NULL;
}

BlockBackend *machine_find_block(Machine *m, const char *id)
{
    for (unsigned i = 0; i < m->blocks->len; i++) {
        if (!strcmp(blk_id(m->blocks->pdata[i]), id)) {
            return m->blocks->pdata[i];
        }
    }
    return NULL;
}

void *machine_find_object(Machine *m, const char *kind, const char *id)
{
    for (unsigned i = 0; i < m->objects->len; i++) {
        const Object *o = m->objects->pdata[i];

        if (!strcmp(o->id, id) && (!kind || !strcmp(o->type->kind, kind))) {
            return o->self;
        }
    }
    return NULL;
}
