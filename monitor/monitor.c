/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The session: a line editor between a chardev and the commands. On a mux it
 * speaks up only while it has the focus.
 */
#include "monitor/monitor.h"

#include <string.h>

#include "chardev/chardev.h"
#include "monitor/lineedit.h"
#include "system/version.h"

enum { MONITOR_READ_MAX = 256 };

/* Scripts wait for this very prompt. */
#define MONITOR_PROMPT "(qemu) "

struct Monitor {
    Machine *machine;
    Chardev *chr;
    LineEdit *edit;
    GString *out; /* not yet taken by the chardev */
    bool greeted;
    bool focused; /* always, unless chr is a mux */
    unsigned cpu;
    MemoryFormat format;
};

/* ---- Output ------------------------------------------------------------ */

static void monitor_flush(void *opaque)
{
    Monitor *mon = opaque;
    size_t taken = chardev_write(mon->chr, mon->out->str, mon->out->len,
                                 monitor_flush, mon);

    g_string_erase(mon->out, 0, taken);
    chardev_accept_input(mon->chr);
}

static void monitor_print(void *opaque, const char *text)
{
    Monitor *mon = opaque;

    for (; *text; text++) {
        if (*text == '\n') {
            g_string_append_c(mon->out, '\r');
        }
        g_string_append_c(mon->out, *text);
    }
    monitor_flush(mon);
}

static void monitor_greet(Monitor *mon)
{
    if (!mon->greeted) {
        g_autofree char *text = g_strdup_printf(
            "emu %s monitor - type 'help' for more information\n",
            version_text);

        mon->greeted = true;
        monitor_print(mon, text);
    }
    line_edit_start(mon->edit);
}

/* ---- Line editor ------------------------------------------------------- */

static void monitor_accept(void *opaque, const char *line)
{
    Monitor *mon = opaque;
    g_autoptr(GString) out = g_string_new(NULL);

    command_run_line(mon->machine, mon, mon->cpu, line, out);
    monitor_print(mon, out->str);
    if (!machine_is_quitting(mon->machine)) {
        line_edit_start(mon->edit);
    }
}

static GPtrArray *monitor_complete(void *opaque, const char *line,
                                   size_t *start)
{
    return command_complete(((Monitor *)opaque)->machine, line, start);
}

static const LineEditOps monitor_edit_ops = {
    .print = monitor_print,
    .accept = monitor_accept,
    .complete = monitor_complete,
};

/* ---- Chardev ----------------------------------------------------------- */

/* While output waits, input does too: a flood of commands cannot fill the
 * memory. */
static size_t monitor_can_read(void *opaque)
{
    Monitor *mon = opaque;

    return mon->out->len > MONITOR_READ_MAX ? 0 : MONITOR_READ_MAX;
}

static void monitor_read(void *opaque, const uint8_t *buf, size_t len)
{
    line_edit_feed(((Monitor *)opaque)->edit, buf, len);
}

static void monitor_event(void *opaque, ChardevEvent event)
{
    Monitor *mon = opaque;

    switch (event) {
    case CHARDEV_OPENED:
        mon->greeted = false;
        if (mon->focused) {
            monitor_greet(mon);
        }
        break;
    case CHARDEV_MUX_IN:
        mon->focused = true;
        monitor_greet(mon);
        break;
    case CHARDEV_MUX_OUT:
        mon->focused = false;
        monitor_print(mon, "\n");
        break;
    case CHARDEV_CLOSED:
        g_string_truncate(mon->out, 0);
        break;
    case CHARDEV_BREAK:
        break;
    }
}

static const ChardevUser monitor_user = {
    .can_read = monitor_can_read,
    .read = monitor_read,
    .event = monitor_event,
};

/* ---- Public ------------------------------------------------------------ */

Monitor *monitor_new(Machine *machine, Chardev *chr, GError **errp)
{
    Monitor *mon = g_new0(Monitor, 1);

    mon->machine = machine;
    mon->chr = chr;
    mon->out = g_string_new(NULL);
    mon->edit = line_edit_new(&monitor_edit_ops, mon, MONITOR_PROMPT);
    mon->focused = !chardev_is_mux(chr);
    mon->format = (MemoryFormat){ 1, 'x', 4 };
    if (!chardev_attach(chr, &monitor_user, mon, errp)) {
        mon->chr = NULL;
        monitor_free(mon);
        return NULL;
    }
    return mon;
}

void monitor_free(Monitor *mon)
{
    if (!mon) {
        return;
    }
    if (mon->chr) {
        chardev_detach(mon->chr, mon);
    }
    line_edit_free(mon->edit);
    g_string_free(mon->out, TRUE);
    g_free(mon);
}

const GPtrArray *monitor_history(const Monitor *mon)
{
    return line_edit_history(mon->edit);
}

void monitor_set_cpu(Monitor *mon, unsigned cpu)
{
    mon->cpu = cpu;
}

MemoryFormat *monitor_format(Monitor *mon)
{
    return &mon->format;
}
