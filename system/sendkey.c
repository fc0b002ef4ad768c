/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A queue of key presses with pauses between them, see sendkey.h. */
#include "system/sendkey.h"

enum {
    KEY_SENDER_MAX = 1024,  /* steps that may wait */
    KEY_SENDER_GAP_MS = 20, /* between two chords */
};

typedef struct KeyStep {
    uint16_t code; /* 0: wait */
    bool down;
    unsigned delay_ms;
} KeyStep;

struct KeySender {
    InputHub *hub;
    GQueue steps; /* of KeyStep * */
    guint timer;  /* GSource id; 0: not waiting */
};

KeySender *key_sender_new(InputHub *hub)
{
    KeySender *sender = g_new0(KeySender, 1);

    sender->hub = hub;
    g_queue_init(&sender->steps);
    return sender;
}

void key_sender_free(KeySender *sender)
{
    if (!sender) {
        return;
    }
    if (sender->timer) {
        g_source_remove(sender->timer);
    }
    g_queue_clear_full(&sender->steps, g_free);
    g_free(sender);
}

static void key_sender_run(KeySender *sender);

static gboolean key_sender_continue(gpointer opaque)
{
    KeySender *sender = opaque;

    sender->timer = 0;
    key_sender_run(sender);
    return G_SOURCE_REMOVE;
}

/* Do steps up to the next pause. */
static void key_sender_run(KeySender *sender)
{
    while (!sender->timer && !g_queue_is_empty(&sender->steps)) {
        g_autofree KeyStep *step = g_queue_pop_head(&sender->steps);

        if (step->code) {
            InputEvent ev = { INPUT_KEY, step->code, step->down };

            input_send(sender->hub, &ev);
            input_sync(sender->hub);
        } else {
            sender->timer =
                g_timeout_add(step->delay_ms, key_sender_continue, sender);
        }
    }
}

static void key_sender_queue(KeySender *sender, uint16_t code, bool down,
                             unsigned delay_ms)
{
    KeyStep *step = g_new(KeyStep, 1);

    *step = (KeyStep){ code, down, delay_ms };
    g_queue_push_tail(&sender->steps, step);
}

void key_sender_chord(KeySender *sender, const uint16_t *codes, unsigned n,
                      unsigned hold_ms)
{
    if (sender->steps.length + 2 * n + 2 > KEY_SENDER_MAX) {
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        key_sender_queue(sender, codes[i], true, 0);
    }
    key_sender_queue(sender, 0, false, hold_ms);
    for (unsigned i = n; i-- > 0;) {
        key_sender_queue(sender, codes[i], false, 0);
    }
    key_sender_queue(sender, 0, false, KEY_SENDER_GAP_MS);
    key_sender_run(sender);
}
