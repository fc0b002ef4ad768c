/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of keys and pointer events from users to devices. Main loop only. */
#include "ui/console.h"

typedef struct InputSinkEntry {
    const InputSink *sink;
    void *opaque;
    bool touched; /* got events since the last sync */
} InputSinkEntry;

struct InputHub {
    GArray *sinks; /* of InputSinkEntry, oldest first */
};

InputHub *input_hub_new(void)
{
    InputHub *hub = g_new0(InputHub, 1);

    hub->sinks = g_array_new(FALSE, FALSE, sizeof(InputSinkEntry));
    return hub;
}

void input_hub_free(InputHub *hub)
{
    if (hub) {
        g_array_unref(hub->sinks);
        g_free(hub);
    }
}

void input_hub_add(InputHub *hub, const InputSink *sink, void *opaque)
{
    InputSinkEntry entry = { sink, opaque, false };

    if (hub) {
        g_array_append_val(hub->sinks, entry);
    }
}

void input_hub_remove(InputHub *hub, void *opaque)
{
    for (unsigned i = hub ? hub->sinks->len : 0; i-- > 0;) {
        if (g_array_index(hub->sinks, InputSinkEntry, i).opaque == opaque) {
            g_array_remove_index(hub->sinks, i);
        }
    }
}

void input_send(InputHub *hub, const InputEvent *ev)
{
    for (unsigned i = hub ? hub->sinks->len : 0; i-- > 0;) {
        InputSinkEntry *e = &g_array_index(hub->sinks, InputSinkEntry, i);

        if (e->sink->kinds & (1u << ev->kind)) {
            e->touched = true;
            e->sink->event(e->opaque, ev);
            return;
        }
    }
}

void input_sync(InputHub *hub)
{
    for (unsigned i = 0; hub && i < hub->sinks->len; i++) {
        InputSinkEntry *e = &g_array_index(hub->sinks, InputSinkEntry, i);

        if (e->touched && e->sink->sync) {
            e->sink->sync(e->opaque);
        }
        e->touched = false;
    }
}
