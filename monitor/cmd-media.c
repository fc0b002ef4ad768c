/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands for what the guest's user would touch: keys, mouse, screen, media.
 */
#include <linux/input-event-codes.h>
#include <string.h>

#include "block/block.h"
#include "chardev/chardev.h"
#include "monitor/command.h"
#include "ui/console.h"
#include "util/error.h"
#include "util/keyval.h"

/* ---- Keyboard and mouse ------------------------------------------------ */

enum { SENDKEY_KEYS = 16, SENDKEY_HOLD_MS = 100 };

static bool sendkey_parse(const char *text, uint16_t *codes, unsigned *n,
                          GError **errp)
{
    g_auto(GStrv) names = g_strsplit(text, "-", -1);

    for (*n = 0; names[*n]; ++*n) {
        const char *name = strcmp(names[*n], "<") ? names[*n] : "less";

        if (*n == SENDKEY_KEYS) {
            return emu_fail(errp, EMU_ERROR_INVALID, "too many keys");
        }
        codes[*n] = input_key_from_name(name);
        if (!codes[*n]) {
            return keyval_fail_unknown(errp, "key", name, input_key_names,
                                       g_strv_length((char **)input_key_names));
        }
    }
    return true;
}

bool cmd_sendkey(CommandCall *call, GError **errp)
{
    uint16_t codes[SENDKEY_KEYS];
    int64_t hold = call->arg[1].given ? call->arg[1].number : SENDKEY_HOLD_MS;
    unsigned n;

    if (!sendkey_parse(call->arg[0].text, codes, &n, errp)) {
        return false;
    }
    if (hold < 0 || hold > 60000) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "keys are held for 0 to 60000 ms");
    }
    key_sender_chord(machine_keys(call->machine), codes, n, hold);
    return true;
}

bool cmd_mouse_move(CommandCall *call, GError **errp)
{
    static const uint16_t axes[] = { REL_X, REL_Y, REL_WHEEL };
    InputHub *hub = machine_input(call->machine);

    for (unsigned i = 0; i < G_N_ELEMENTS(axes); i++) {
        InputEvent ev = { INPUT_REL, axes[i], call->arg[i].number };

        if (ev.value) {
            input_send(hub, &ev);
        }
    }
    input_sync(hub);
    return true;
}

bool cmd_mouse_button(CommandCall *call, GError **errp)
{
    static const uint16_t buttons[] = { BTN_LEFT, BTN_MIDDLE, BTN_RIGHT };
    InputHub *hub = machine_input(call->machine);

    for (unsigned i = 0; i < G_N_ELEMENTS(buttons); i++) {
        InputEvent ev = { INPUT_BUTTON, buttons[i],
                          call->arg[0].number >> i & 1 };

        input_send(hub, &ev);
    }
    input_sync(hub);
    return true;
}

/* ---- Screen ------------------------------------------------------------ */

bool cmd_screendump(CommandCall *call, GError **errp)
{
    GPtrArray *consoles = machine_consoles(call->machine);

    if (!consoles->len) {
        return emu_fail(errp, EMU_ERROR_NOT_FOUND,
                        "this machine has no display device");
    }
    if (call->arg[1].given && !call->arg[2].given) {
        return emu_fail(errp, EMU_ERROR_INVALID, "-f: the format is missing");
    }
    return console_screendump(consoles->pdata[0], call->arg[0].text,
                              call->arg[2].text, errp);
}

/* ---- Media ------------------------------------------------------------- */

/* The drive, ready to have its medium taken out. */
static BlockBackend *media_find(CommandCall *call, const CommandValue *name,
                                const CommandValue *force, GError **errp)
{
    const char *id = name->text;
    BlockBackend *blk = machine_find_block(call->machine, id);

    if (!blk) {
        emu_fail(errp, EMU_ERROR_NOT_FOUND, "there is no drive '%s'", id);
        return NULL;
    }
    if (!blk_is_cdrom(blk)) {
        emu_fail(errp, EMU_ERROR_INVALID, "drive '%s' is not removable", id);
        return NULL;
    }
    return force->given || blk_request_eject(blk, errp) ? blk : NULL;
}

bool cmd_eject(CommandCall *call, GError **errp)
{
    BlockBackend *blk = media_find(call, &call->arg[1], &call->arg[0], errp);

    if (!blk) {
        return false;
    }
    blk_drain(blk);
    blk_set_node(blk, NULL);
    return true;
}

bool cmd_change(CommandCall *call, GError **errp)
{
    BlockBackend *blk = media_find(call, &call->arg[0], &call->arg[1], errp);
    BlockOpenOptions o;
    BlockNode *node;

    if (!blk) {
        return false;
    }
    block_open_options_init(&o);
    o.filename = call->arg[2].text;
    o.format = call->arg[3].text;
    o.read_only = true;
    node = block_open(&o, errp);
    if (!node) {
        return false;
    }
    blk_drain(blk);
    blk_set_node(blk, node);
    return true;
}

/* ---- Ring buffers ------------------------------------------------------ */

static Chardev *media_find_chardev(CommandCall *call, GError **errp)
{
    const char *id = call->arg[0].text;
    Chardev *chr = machine_find_chardev(call->machine, id);

    if (!chr) {
        emu_fail(errp, EMU_ERROR_NOT_FOUND, "there is no chardev '%s'", id);
    }
    return chr;
}

bool cmd_ringbuf_read(CommandCall *call, GError **errp)
{
    Chardev *chr = media_find_chardev(call, errp);
    int64_t size = CLAMP(call->arg[1].number, 0, 1 << 20);
    g_autofree char *buf = g_malloc(size + 1);
    size_t got;

    if (!chr || !chardev_ringbuf_read(chr, buf, size, &got, errp)) {
        return false;
    }
    for (size_t i = 0; i < got; i++) {
        bool plain = g_ascii_isprint(buf[i]) || g_ascii_isspace(buf[i]);

        g_string_append_printf(call->out, plain ? "%c" : "\\u%04x",
                               (unsigned char)buf[i]);
    }
    g_string_append_c(call->out, '\n');
    return true;
}

bool cmd_ringbuf_write(CommandCall *call, GError **errp)
{
    Chardev *chr = media_find_chardev(call, errp);
    const char *data = call->arg[1].text;

    return chr && chardev_ringbuf_write(chr, data, strlen(data), errp);
}
