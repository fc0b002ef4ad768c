/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several users on one back end: all may write, one has the focus and gets
 * the input. Ctrl-A and a letter (mux_commands) switch and do a few things
 * of the machine. The first user keeps the focus until the user switches.
 *
 * Input for the focus waits in a ring per user, so that an escape is seen
 * although the guest does not read; only a full ring holds the peer back.
 */
#include "chardev/chardev-internal.h"

#include <string.h>
#include <time.h>

#include "util/error.h"

enum {
    MUX_USERS = 8,
    MUX_RING = 4096,   /* a power of two */
    MUX_ESCAPE = 0x01, /* Ctrl-A */
};

typedef struct MuxUser {
    const ChardevUser *user;
    void *opaque;
    uint8_t ring[MUX_RING];
    unsigned produced, consumed; /* free-running */
} MuxUser;

typedef struct ChardevMux {
    Chardev parent;
    Chardev *base;
    MuxUser *users[MUX_USERS];
    unsigned count;
    unsigned focus;
    bool escaped; /* the escape character was typed */
    ChardevMuxOps ops;
    GSource *deliver; /* guarded by parent.lock */
    /* Ctrl-A t; guarded by parent.lock */
    bool timestamps, line_start;
    int64_t timestamps_from_us;
} ChardevMux;

static void mux_print(ChardevMux *mux, const char *text)
{
    chardev_write(mux->base, text, strlen(text), NULL, NULL);
}

static void mux_event(MuxUser *u, ChardevEvent event)
{
    if (u->user->event) {
        u->user->event(u->opaque, event);
    }
}

/* ---- Input ------------------------------------------------------------- */

/* Hand the focus as much as it wants. */
static void mux_deliver(ChardevMux *mux)
{
    while (mux->count) {
        MuxUser *u = mux->users[mux->focus];
        unsigned start = u->consumed & (MUX_RING - 1);
        size_t room = u->user->can_read ? u->user->can_read(u->opaque) : 0;
        size_t len = MIN(u->produced - u->consumed, MUX_RING - start);
        uint8_t chunk[256];

        len = MIN(MIN(len, room), sizeof(chunk));
        if (!len) {
            return;
        }
        memcpy(chunk, u->ring + start, len); /* the user may detach */
        u->consumed += len;
        u->user->read(u->opaque, chunk, len);
    }
}

static gboolean mux_deliver_now(gpointer opaque)
{
    ChardevMux *mux = opaque;

    g_mutex_lock(&mux->parent.lock);
    g_clear_pointer(&mux->deliver, g_source_unref);
    g_mutex_unlock(&mux->parent.lock);
    mux_deliver(mux);
    chardev_accept_input(mux->base);
    return G_SOURCE_REMOVE;
}

/* Any thread, any lock of the user: deliver later on the main loop. */
static void mux_accept_input(Chardev *chr)
{
    ChardevMux *mux = (ChardevMux *)chr;

    g_mutex_lock(&chr->lock);
    if (!mux->deliver) {
        mux->deliver = g_idle_source_new();
        g_source_set_priority(mux->deliver, G_PRIORITY_DEFAULT);
        g_source_set_callback(mux->deliver, mux_deliver_now, mux, NULL);
        g_source_attach(mux->deliver, NULL);
    }
    g_mutex_unlock(&chr->lock);
}

static void mux_set_focus(ChardevMux *mux, unsigned focus)
{
    if (mux->focus != focus) {
        mux_event(mux->users[mux->focus], CHARDEV_MUX_OUT);
    }
    mux->focus = focus;
    mux_event(mux->users[focus], CHARDEV_MUX_IN);
}

static void mux_put(ChardevMux *mux, uint8_t c)
{
    MuxUser *u;

    if (!mux->count) {
        return;
    }
    u = mux->users[mux->focus];
    if (u->produced - u->consumed < MUX_RING) {
        u->ring[u->produced++ & (MUX_RING - 1)] = c;
    }
}

/* ---- Escapes ----------------------------------------------------------- */

static void mux_quit(ChardevMux *mux)
{
    mux_print(mux, "emu: Terminated\r\n");
    if (mux->ops.quit) {
        mux->ops.quit(mux->ops.opaque);
    }
}

static void mux_flush_disks(ChardevMux *mux)
{
    if (mux->ops.flush_disks) {
        mux->ops.flush_disks(mux->ops.opaque);
    }
}

static void mux_break(ChardevMux *mux)
{
    if (mux->count) {
        mux_event(mux->users[mux->focus], CHARDEV_BREAK);
    }
}

static void mux_switch(ChardevMux *mux)
{
    if (mux->count) {
        mux_deliver(mux);
        mux_set_focus(mux, (mux->focus + 1) % mux->count);
    }
}

static void mux_toggle_timestamps(ChardevMux *mux)
{
    g_mutex_lock(&mux->parent.lock);
    mux->timestamps = !mux->timestamps;
    mux->timestamps_from_us = g_get_monotonic_time();
    mux->line_start = false;
    g_mutex_unlock(&mux->parent.lock);
}

static void mux_help(ChardevMux *mux);

typedef struct MuxCommand {
    char letter;
    const char *help;
    void (*run)(ChardevMux *mux);
} MuxCommand;

static const MuxCommand mux_commands[] = {
    { 'h', "print this help", mux_help },
    { '?', NULL, mux_help },
    { 'x', "exit emulator", mux_quit },
    { 's', "save disk data back to file (if -snapshot)", mux_flush_disks },
    { 't', "toggle console timestamps", mux_toggle_timestamps },
    { 'b', "send break (magic sysrq)", mux_break },
    { 'c', "switch between console and monitor", mux_switch },
};

static uint8_t mux_escape_char(const ChardevMux *mux)
{
    return mux->ops.escape ? mux->ops.escape : MUX_ESCAPE;
}

/* "C-a", or the character itself when it is not a control character. */
static void mux_append_escape(ChardevMux *mux, GString *out)
{
    uint8_t c = mux_escape_char(mux);

    if (c <= 26) {
        g_string_append_printf(out, "C-%c", c - 1 + 'a');
    } else {
        g_string_append_printf(out, "0x%02x", c);
    }
}

static void mux_help(ChardevMux *mux)
{
    g_autoptr(GString) out = g_string_new("\r\n");

    for (unsigned i = 0; i < G_N_ELEMENTS(mux_commands); i++) {
        if (mux_commands[i].help) {
            mux_append_escape(mux, out);
            g_string_append_printf(out, " %c    %s\r\n", mux_commands[i].letter,
                                   mux_commands[i].help);
        }
    }
    mux_append_escape(mux, out);
    g_string_append(out, " ");
    mux_append_escape(mux, out);
    g_string_append(out, "  sends the escape character\r\n");
    mux_print(mux, out->str);
}

static void mux_command(ChardevMux *mux, uint8_t c)
{
    if (c == mux_escape_char(mux)) {
        mux_put(mux, c);
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(mux_commands); i++) {
        if (mux_commands[i].letter == c) {
            mux_commands[i].run(mux);
            return;
        }
    }
}

/* ---- As the user of the base ------------------------------------------- */

static size_t mux_can_read(void *opaque)
{
    ChardevMux *mux = opaque;
    MuxUser *u;

    if (!mux->count) {
        return MUX_RING; /* escapes work without users */
    }
    u = mux->users[mux->focus];
    return MUX_RING - (u->produced - u->consumed);
}

static void mux_read(void *opaque, const uint8_t *buf, size_t len)
{
    ChardevMux *mux = opaque;

    for (size_t i = 0; i < len; i++) {
        if (mux->escaped) {
            mux->escaped = false;
            mux_command(mux, buf[i]);
        } else if (buf[i] == mux_escape_char(mux)) {
            mux->escaped = true;
        } else {
            mux_put(mux, buf[i]);
        }
    }
    mux_deliver(mux);
}

static void mux_base_event(void *opaque, ChardevEvent event)
{
    ChardevMux *mux = opaque;

    mux->parent.connected = chardev_connected(mux->base);
    if (event == CHARDEV_BREAK) {
        mux_break(mux);
        return;
    }
    for (unsigned i = 0; i < mux->count; i++) {
        mux_event(mux->users[i], event);
    }
}

static const ChardevUser mux_as_user = {
    .can_read = mux_can_read,
    .read = mux_read,
    .event = mux_base_event,
};

/* ---- As a chardev ------------------------------------------------------ */

static bool mux_attach(Chardev *chr, const ChardevUser *user, void *opaque,
                       GError **errp)
{
    ChardevMux *mux = (ChardevMux *)chr;
    MuxUser *u;

    if (!user) {
        return true;
    }
    if (mux->count == MUX_USERS) {
        return emu_fail(errp, EMU_ERROR_BUSY,
                        "chardev '%s' has %d users already", chr->id,
                        MUX_USERS);
    }
    u = g_new0(MuxUser, 1);
    u->user = user;
    u->opaque = opaque;
    mux->users[mux->count++] = u;
    if (chr->connected) {
        mux_event(u, CHARDEV_OPENED);
    }
    if (mux->count == 1) {
        mux_set_focus(mux, 0);
    }
    return true;
}

static void mux_detach(Chardev *chr, void *opaque)
{
    ChardevMux *mux = (ChardevMux *)chr;

    for (unsigned i = mux->count; i-- > 0;) {
        if (mux->users[i]->opaque != opaque) {
            continue;
        }
        bool had_focus = mux->focus == i;

        g_free(mux->users[i]);
        mux->count--;
        memmove(&mux->users[i], &mux->users[i + 1],
                (mux->count - i) * sizeof(mux->users[0]));
        if (mux->focus > i || mux->focus == mux->count) {
            mux->focus = mux->focus ? mux->focus - 1 : 0;
        }
        if (had_focus && mux->count) {
            mux_event(mux->users[mux->focus], CHARDEV_MUX_IN);
        }
    }
    chardev_detach(mux->base, opaque); /* its waiters */
}

static void mux_append_time(ChardevMux *mux, GString *out)
{
    int64_t ms = (g_get_monotonic_time() - mux->timestamps_from_us) / 1000;

    g_string_append_printf(out, "[%02d:%02d:%02d.%03d] ", (int)(ms / 3600000),
                           (int)(ms / 60000 % 60), (int)(ms / 1000 % 60),
                           (int)(ms % 1000));
}

static GString *mux_stamp_lines_locked(ChardevMux *mux, const uint8_t *buf,
                                       size_t len)
{
    GString *out = g_string_new(NULL);

    for (size_t i = 0; i < len; i++) {
        if (mux->line_start) {
            mux_append_time(mux, out);
            mux->line_start = false;
        }
        g_string_append_c(out, buf[i]);
        mux->line_start = buf[i] == '\n';
    }
    return out;
}

static size_t mux_write(Chardev *chr, const uint8_t *buf, size_t len,
                        void (*writable)(void *opaque), void *opaque)
{
    ChardevMux *mux = (ChardevMux *)chr;
    GString *stamped = NULL;

    g_mutex_lock(&chr->lock);
    if (mux->timestamps) {
        stamped = mux_stamp_lines_locked(mux, buf, len);
    }
    g_mutex_unlock(&chr->lock);
    if (!stamped) {
        return chardev_write(mux->base, buf, len, writable, opaque);
    }
    chardev_write(mux->base, stamped->str, stamped->len, NULL, NULL);
    g_string_free(stamped, TRUE);
    return len;
}

static void mux_flush(Chardev *chr)
{
    chardev_flush(((ChardevMux *)chr)->base);
}

static void mux_set_line(Chardev *chr, unsigned baud, unsigned data_bits,
                         char parity, unsigned stop_bits)
{
    chardev_set_line(((ChardevMux *)chr)->base, baud, data_bits, parity,
                     stop_bits);
}

static void mux_close(Chardev *chr)
{
    ChardevMux *mux = (ChardevMux *)chr;

    chardev_free(mux->base);
    if (mux->deliver) {
        g_source_destroy(mux->deliver);
        g_source_unref(mux->deliver);
    }
    while (mux->count) {
        g_free(mux->users[--mux->count]);
    }
}

const ChardevClass chardev_mux_class = {
    .name = "mux",
    .summary = "several users on one chardev",
    .size = sizeof(ChardevMux),
    .close = mux_close,
    .write = mux_write,
    .attach = mux_attach,
    .detach = mux_detach,
    .accept_input = mux_accept_input,
    .flush = mux_flush,
    .set_line = mux_set_line,
};

void chardev_mux_init(Chardev *chr, Chardev *base)
{
    ChardevMux *mux = (ChardevMux *)chr;

    chr->open_tried = true;
    mux->base = base;
    chr->connected = chardev_connected(base);
    chardev_attach(base, &mux_as_user, mux, NULL);
}

void chardev_set_mux_ops(Chardev *chr, const ChardevMuxOps *ops)
{
    if (chardev_is_mux(chr)) {
        ((ChardevMux *)chr)->ops = *ops;
    }
}
