/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices: opening by name, the user's side, the log file. */
#include "chardev/chardev-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"

/* Keys that every back end takes. */
static const KeyValKey chardev_common_keys[] = {
    { "id", "ID", "name of this chardev" },
    { "mux", "on|off", "let several users share it; Ctrl-A c switches" },
    { "logfile", "PATH", "copy all output into a file" },
    { "logappend", "on|off", "append to the log file" },
    {},
};

const ChardevClass *const chardev_classes[] = {
    &chardev_stdio_class,  &chardev_null_class,
    &chardev_file_class,   &chardev_pty_class,
    &chardev_socket_class, &chardev_pipe_class,
    &chardev_serial_class, &chardev_ringbuf_class,
    &chardev_vc_class,     NULL,
};

const ChardevClass *chardev_class_find(const char *name, GError **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (unsigned i = 0; chardev_classes[i]; i++) {
        const ChardevClass *class = chardev_classes[i];

        if (!strcmp(class->name, name) ||
            (class->aliases && g_strv_contains(class->aliases, name))) {
            return class;
        }
        g_ptr_array_add(names, (void *)class->name);
    }
    keyval_fail_unknown(errp, "chardev back end", name,
                        (const char *const *)names->pdata, names->len);
    return NULL;
}

/* ---- Opening ----------------------------------------------------------- */

static bool chardev_open_log(Chardev *chr, const KeyVal *opts, GError **errp)
{
    const char *path = keyval_get(opts, "logfile");
    bool append = false;

    if (!path) {
        return true;
    }
    if (!keyval_get_bool(opts, "logappend", &append, errp)) {
        return false;
    }
    chr->log_fd = open(
        path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC),
        0666);
    if (chr->log_fd < 0) {
        return emu_fail_errno(errp, errno, "log file '%s'", path);
    }
    return true;
}

static Chardev *chardev_alloc(const char *id, const ChardevClass *class)
{
    Chardev *chr = g_malloc0(class->size);

    chr->class = class;
    chr->id = g_strdup(id);
    chr->filename = g_strdup(class->name);
    chr->log_fd = -1;
    chr->in_fd = chr->out_fd = -1;
    chr->queue = g_byte_array_new();
    chr->waiters = g_array_new(FALSE, FALSE, sizeof(ChardevWaiter));
    g_mutex_init(&chr->lock);
    return chr;
}

static bool chardev_check_keys(const ChardevClass *class, const KeyVal *opts,
                               GError **errp)
{
    g_autoptr(GArray) keys = g_array_new(TRUE, FALSE, sizeof(KeyValKey));
    g_autofree char *what = g_strdup_printf("chardev %s", class->name);

    for (const KeyValKey *k = chardev_common_keys; k->name; k++) {
        g_array_append_val(keys, *k);
    }
    for (const KeyValKey *k = class->keys; k && k->name; k++) {
        g_array_append_val(keys, *k);
    }
    return keyval_check(opts, what, (const KeyValKey *)keys->data, errp);
}

static bool chardev_open_class(Chardev *chr, const KeyVal *opts, GError **errp)
{
    chr->open_tried = true;
    return chr->class->open(chr, opts, errp);
}

Chardev *chardev_open(const char *id, const ChardevClass *class,
                      const KeyVal *opts, GError **errp)
{
    bool mux = false;
    Chardev *chr;

    if (!chardev_check_keys(class, opts, errp) ||
        !keyval_get_bool(opts, "mux", &mux, errp)) {
        return NULL;
    }
    chr = chardev_alloc(id, class);
    if (!chardev_open_log(chr, opts, errp) ||
        !chardev_open_class(chr, opts, errp)) {
        g_prefix_error(errp, "chardev '%s': ", id);
        chardev_free(chr);
        return NULL;
    }
    return mux ? chardev_mux_new(id, chr) : chr;
}

Chardev *chardev_mux_new(const char *id, Chardev *base)
{
    Chardev *mux = chardev_alloc(id, &chardev_mux_class);
    g_autofree char *base_id = base->id;

    base->id = g_strdup_printf("%s-base", base_id);
    chardev_mux_init(mux, base);
    return mux;
}

Chardev *chardev_new_options(const char *text, GError **errp)
{
    g_autoptr(KeyVal) opts = keyval_parse(text, "backend", errp);
    g_autofree char *backend = NULL;
    const ChardevClass *class;
    const char *id;

    if (!opts) {
        return NULL;
    }
    id = keyval_get(opts, "id");
    backend = g_strdup(keyval_get(opts, "backend"));
    if (!backend) {
        emu_fail(errp, EMU_ERROR_INVALID, "chardev: back end is missing");
        return NULL;
    }
    class = chardev_class_find(backend, errp);
    if (!class) {
        return NULL;
    }
    if (!id) {
        emu_fail(errp, EMU_ERROR_INVALID, "chardev %s: id= is missing",
                 backend);
        return NULL;
    }
    keyval_remove(opts, "backend");
    return chardev_open(id, class, opts, errp);
}

void chardev_free(Chardev *chr)
{
    if (!chr) {
        return;
    }
    chr->user = NULL;
    if (chr->open_tried && chr->class->close) {
        chr->class->close(chr);
    }
    chardev_stream_stop(chr);
    if (chr->log_fd >= 0) {
        close(chr->log_fd);
    }
    g_byte_array_unref(chr->queue);
    g_array_unref(chr->waiters);
    g_mutex_clear(&chr->lock);
    g_free(chr->id);
    g_free(chr->filename);
    g_free(chr);
}

/* ---- The user's side --------------------------------------------------- */

bool chardev_attach(Chardev *chr, const ChardevUser *user, void *opaque,
                    GError **errp)
{
    if (!chr) {
        return true;
    }
    if (chr->class->attach) {
        return chr->class->attach(chr, user, opaque, errp);
    }
    if (!user) {
        chardev_detach(chr, chr->opaque);
        return true;
    }
    if (chr->user) {
        return emu_fail(errp, EMU_ERROR_BUSY,
                        "chardev '%s' is already in use (mux=on lets it be "
                        "shared)",
                        chr->id);
    }
    chr->user = user;
    chr->opaque = opaque;
    if (chr->connected) {
        chardev_send_event(chr, CHARDEV_OPENED);
    }
    chardev_accept_input(chr);
    return true;
}

static void chardev_forget_waiters(Chardev *chr, void *opaque)
{
    g_mutex_lock(&chr->lock);
    for (unsigned i = chr->waiters->len; i-- > 0;) {
        if (g_array_index(chr->waiters, ChardevWaiter, i).opaque == opaque) {
            g_array_remove_index(chr->waiters, i);
        }
    }
    g_mutex_unlock(&chr->lock);
}

void chardev_detach(Chardev *chr, void *opaque)
{
    if (!chr) {
        return;
    }
    if (chr->class->detach) {
        chr->class->detach(chr, opaque);
        return;
    }
    if (chr->opaque == opaque) {
        chr->user = NULL;
        chr->opaque = NULL;
    }
    chardev_forget_waiters(chr, opaque);
}

void chardev_send_event(Chardev *chr, ChardevEvent event)
{
    if (chr->user && chr->user->event) {
        chr->user->event(chr->opaque, event);
    }
}

/* The log is a convenience: it must not stop the guest, so errors are
 * swallowed. */
static void chardev_log_output(Chardev *chr, const uint8_t *buf, size_t len)
{
    while (chr->log_fd >= 0 && len) {
        ssize_t n = write(chr->log_fd, buf, len);

        if (n <= 0) {
            return;
        }
        buf += n;
        len -= n;
    }
}

size_t chardev_write(Chardev *chr, const void *buf, size_t len,
                     void (*writable)(void *opaque), void *opaque)
{
    size_t taken;

    if (!chr || !len) {
        return len;
    }
    taken = chr->class->write
                ? chr->class->write(chr, buf, len, writable, opaque)
                : chardev_stream_write(chr, buf, len, writable, opaque);
    chardev_log_output(chr, buf, taken);
    return taken;
}

void chardev_accept_input(Chardev *chr)
{
    if (!chr) {
        return;
    }
    if (chr->class->accept_input) {
        chr->class->accept_input(chr);
        return;
    }
    chardev_stream_resume(chr);
}

void chardev_flush(Chardev *chr)
{
    if (!chr) {
        return;
    }
    if (chr->class->flush) {
        chr->class->flush(chr);
        return;
    }
    chardev_stream_flush(chr);
}

bool chardev_has_user(const Chardev *chr)
{
    return chr->user || chr->class->attach;
}

bool chardev_connected(const Chardev *chr)
{
    return chr && chr->connected;
}

const char *chardev_id(const Chardev *chr)
{
    return chr ? chr->id : "";
}

const char *chardev_filename(const Chardev *chr)
{
    return chr ? chr->filename : "null";
}

void chardev_set_filename(Chardev *chr, char *filename)
{
    g_free(chr->filename);
    chr->filename = filename;
}

bool chardev_is_mux(const Chardev *chr)
{
    return chr && chr->class == &chardev_mux_class;
}

void chardev_set_line(Chardev *chr, unsigned baud, unsigned data_bits,
                      char parity, unsigned stop_bits)
{
    if (chr && chr->class->set_line) {
        chr->class->set_line(chr, baud, data_bits, parity, stop_bits);
    }
}

/* ---- Help -------------------------------------------------------------- */

void chardev_help(const char *backend, GString *out)
{
    const ChardevClass *class =
        backend ? chardev_class_find(backend, NULL) : NULL;

    if (class) {
        g_string_append_printf(out, "%s options:\n", class->name);
        keyval_print_keys(chardev_common_keys, out);
        if (class->keys) {
            keyval_print_keys(class->keys, out);
        }
        return;
    }
    g_string_append(out, "Available chardev backend types:\n");
    for (unsigned i = 0; chardev_classes[i]; i++) {
        g_string_append_printf(out, "  %-10s %s\n", chardev_classes[i]->name,
                               chardev_classes[i]->summary);
    }
}
