/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keyboard controller, keyboard and mouse by ports and input events. */
#include "hw/input/i8042.h"

#include <linux/input-event-codes.h>

#include "hw/input/ps2.h"
#include "tests/hw/harness.h"
#include "ui/console.h"

enum { A20 = 20, INIT = 41 };

typedef struct Fixture {
    Hw *hw;
    Device *kbc;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    f->hw = hw_new();
    f->hw->env.input = input_hub_new();
    f->kbc = device_new(&i8042_class, &f->hw->env);
    i8042_connect(f->kbc, hw_line(f->hw, A20), hw_line(f->hw, INIT));
    g_assert_true(device_realize(f->kbc, &f->hw->isa.bus, NULL));
    device_reset(f->kbc);
}

static void teardown(Fixture *f, gconstpointer data)
{
    InputHub *hub = f->hw->env.input;

    hw_remove(f->kbc);
    hw_free(f->hw);
    input_hub_free(hub);
}

static void command(Fixture *f, uint8_t val)
{
    hw_outb(f->hw, 0x64, val);
}

static void data_out(Fixture *f, uint8_t val)
{
    hw_outb(f->hw, 0x60, val);
}

static void mouse(Fixture *f, uint8_t val)
{
    command(f, 0xd4);
    data_out(f, val);
}

/* Read everything there is: "fa ab 83 ", mouse bytes with an 'm'. */
static void assert_bytes(Fixture *f, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < 200; i++) {
        uint8_t status = hw_inb(f->hw, 0x64);

        if (!(status & 1)) {
            break;
        }
        g_string_append_printf(text, "%s%02x ", status & 0x20 ? "m" : "",
                               hw_inb(f->hw, 0x60));
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void key(Fixture *f, uint16_t code, bool down)
{
    InputEvent ev = { INPUT_KEY, code, down };

    input_send(f->hw->env.input, &ev);
    input_sync(f->hw->env.input);
}

static void pointer(Fixture *f, InputKind kind, uint16_t code, int value)
{
    InputEvent ev = { kind, code, value };

    input_send(f->hw->env.input, &ev);
}

static void test_controller(Fixture *f, gconstpointer data)
{
    g_assert_cmphex(hw_inb(f->hw, 0x64), ==, 0x10);
    command(f, 0xaa);
    g_assert_cmphex(hw_inb(f->hw, 0x64), ==, 0x1d);
    assert_bytes(f, "55 ");
    command(f, 0x60);
    data_out(f, 0x45);
    command(f, 0x20);
    assert_bytes(f, "45 ");
    command(f, 0x65);
    data_out(f, 0x77);
    command(f, 0x25);
    assert_bytes(f, "77 ");
    command(f, 0xa7);
    command(f, 0xad);
    command(f, 0x20);
    assert_bytes(f, "75 ");
    command(f, 0xa8);
    command(f, 0xae);
    command(f, 0xab);
    assert_bytes(f, "00 ");
    command(f, 0xa9);
    assert_bytes(f, "00 ");
    command(f, 0xd2);
    data_out(f, 0x12);
    assert_bytes(f, "12 ");
    command(f, 0xd3);
    data_out(f, 0x34);
    assert_bytes(f, "m34 ");
    command(f, 0x99);
    assert_bytes(f, "");
}

static void test_lines(Fixture *f, gconstpointer data)
{
    g_assert_true(f->hw->levels[A20]);
    command(f, 0xd1);
    data_out(f, 0xdd);
    g_assert_false(f->hw->levels[A20]);
    command(f, 0xd0);
    assert_bytes(f, "cd ");
    command(f, 0xdf);
    g_assert_true(f->hw->levels[A20]);
    command(f, 0xff);
    g_assert_cmpuint(f->hw->rises[INIT], ==, 0);
    command(f, 0xfe);
    g_assert_cmpuint(f->hw->rises[INIT], ==, 1);
    command(f, 0xd1);
    data_out(f, 0xde);
    g_assert_cmpuint(f->hw->rises[INIT], ==, 2);
    g_assert_cmpuint(f->hw->requests, ==, 0);
}

static void test_keyboard(Fixture *f, gconstpointer data)
{
    data_out(f, 0xff);
    assert_bytes(f, "fa aa ");
    data_out(f, 0xf2);
    assert_bytes(f, "fa ab 83 ");
    data_out(f, 0xed);
    data_out(f, 0x02);
    assert_bytes(f, "fa fa ");
    data_out(f, 0xee);
    assert_bytes(f, "ee ");
    data_out(f, 0xfe);
    assert_bytes(f, "ee ");
    data_out(f, 0x01);
    assert_bytes(f, "fe ");
    data_out(f, 0xed); /* a command instead of the argument */
    data_out(f, 0xf4);
    assert_bytes(f, "fa fa ");
    data_out(f, 0xf0);
    data_out(f, 0x00);
    assert_bytes(f, "fa fa 02 ");

    key(f, KEY_A, true);
    key(f, KEY_A, false);
    assert_bytes(f, "1c f0 1c ");
    key(f, KEY_UP, true);
    key(f, KEY_UP, false);
    assert_bytes(f, "e0 75 e0 f0 75 ");
    key(f, KEY_PAUSE, true);
    key(f, KEY_PAUSE, false);
    assert_bytes(f, "e1 14 77 e1 f0 14 f0 77 ");
    key(f, KEY_SYSRQ, true);
    key(f, KEY_SYSRQ, false);
    assert_bytes(f, "e0 12 e0 7c e0 f0 7c e0 f0 12 ");
    key(f, KEY_LEFTALT, true);
    key(f, KEY_SYSRQ, true);
    assert_bytes(f, "11 84 ");
    key(f, 0xffff, true);
    key(f, KEY_MAX, true);
    assert_bytes(f, "");

    data_out(f, 0xf0);
    data_out(f, 0x03);
    assert_bytes(f, "fa fa ");
    key(f, KEY_LEFTCTRL, true);
    key(f, KEY_UP, false);
    assert_bytes(f, "11 f0 63 ");
    data_out(f, 0xf0);
    data_out(f, 0x01);
    assert_bytes(f, "fa fa ");
    key(f, KEY_UP, true);
    key(f, KEY_UP, false);
    assert_bytes(f, "e0 48 e0 c8 ");
    data_out(f, 0xf5);
    assert_bytes(f, "fa ");
    key(f, KEY_A, true);
    assert_bytes(f, "");
}

/* Linux's key codes are set 1's codes where both are old enough. */
static void test_translation(Fixture *f, gconstpointer data)
{
    command(f, 0x60);
    data_out(f, 0x47);
    for (unsigned code = KEY_ESC; code <= KEY_F12; code++) {
        if (code > KEY_KPDOT && code < KEY_102ND) {
            continue;
        }
        g_autofree char *expected =
            g_strdup_printf("%02x %02x ", code, code | 0x80);

        key(f, code, true);
        key(f, code, false);
        assert_bytes(f, expected);
    }
    key(f, KEY_RIGHT, true);
    key(f, KEY_RIGHT, false);
    assert_bytes(f, "e0 4d e0 cd ");
    data_out(f, 0xf2);
    assert_bytes(f, "fa ab 41 ");
}

static void test_interrupts(Fixture *f, gconstpointer data)
{
    key(f, KEY_A, true);
    g_assert_true(f->hw->levels[1]);
    key(f, KEY_A, false);
    g_assert_cmpuint(f->hw->rises[1], ==, 1);
    hw_inb(f->hw, 0x60);
    g_assert_cmpuint(f->hw->rises[1], ==, 2); /* an edge for each byte */
    hw_inb(f->hw, 0x60);
    hw_inb(f->hw, 0x60);
    g_assert_false(f->hw->levels[1]);
    mouse(f, 0xf4);
    g_assert_true(f->hw->levels[12]);
    g_assert_false(f->hw->levels[1]);
    assert_bytes(f, "mfa ");
    command(f, 0x60);
    data_out(f, 0x00);
    key(f, KEY_A, true);
    g_assert_false(f->hw->levels[1]);
    hw_reload(f->kbc);
    assert_bytes(f, "1c ");
}

static void test_mouse(Fixture *f, gconstpointer data)
{
    pointer(f, INPUT_REL, REL_X, 5);
    input_sync(f->hw->env.input);
    assert_bytes(f, "");
    mouse(f, 0xff);
    assert_bytes(f, "mfa maa m00 ");
    mouse(f, 0xf2);
    assert_bytes(f, "mfa m00 ");
    mouse(f, 0xf4);
    assert_bytes(f, "mfa ");
    pointer(f, INPUT_REL, REL_X, 5);
    pointer(f, INPUT_REL, REL_Y, 3);
    pointer(f, INPUT_BUTTON, BTN_LEFT, 1);
    input_sync(f->hw->env.input);
    assert_bytes(f, "m29 m05 mfd ");
    pointer(f, INPUT_REL, REL_X, -300);
    pointer(f, INPUT_BUTTON, BTN_LEFT, 0);
    input_sync(f->hw->env.input);
    assert_bytes(f, "m18 m01 m00 m18 md3 m00 ");
    mouse(f, 0xe9);
    assert_bytes(f, "mfa m20 m02 m64 ");

    /* The wheel, and then five buttons. */
    static const uint8_t knock[2][3] = { { 200, 100, 80 }, { 200, 200, 80 } };
    for (unsigned i = 0; i < 3; i++) {
        mouse(f, 0xf3);
        mouse(f, knock[0][i]);
    }
    mouse(f, 0xf2);
    assert_bytes(f, "mfa mfa mfa mfa mfa mfa mfa m03 ");
    pointer(f, INPUT_REL, REL_WHEEL, 1);
    input_sync(f->hw->env.input);
    assert_bytes(f, "m08 m00 m00 mff ");
    for (unsigned i = 0; i < 3; i++) {
        mouse(f, 0xf3);
        mouse(f, knock[1][i]);
    }
    mouse(f, 0xf2);
    assert_bytes(f, "mfa mfa mfa mfa mfa mfa mfa m04 ");
    pointer(f, INPUT_BUTTON, BTN_SIDE, 1);
    input_sync(f->hw->env.input);
    assert_bytes(f, "m08 m00 m00 m10 ");
    mouse(f, 0xf0);
    pointer(f, INPUT_BUTTON, BTN_RIGHT, 1);
    input_sync(f->hw->env.input);
    assert_bytes(f, "mfa ");
    mouse(f, 0xeb);
    assert_bytes(f, "mfa m0a m00 m00 m10 ");
    mouse(f, 0xee);
    mouse(f, 0x42);
    mouse(f, 0xec);
    assert_bytes(f, "mfa m42 mfa ");
}

/* Far movements and a guest that does not read: nothing overflows. */
static void test_flood(Fixture *f, gconstpointer data)
{
    mouse(f, 0xf4);
    assert_bytes(f, "mfa ");
    for (unsigned i = 0; i < 5000; i++) {
        pointer(f, INPUT_REL, REL_X, INT32_MAX);
        pointer(f, INPUT_REL, REL_Y, INT32_MIN);
        pointer(f, INPUT_BUTTON, BTN_LEFT + i % 16, i & 1);
        input_sync(f->hw->env.input);
        key(f, i % 256, i & 1);
    }
    GRand *rand = g_rand_new_with_seed(1);
    for (unsigned i = 0; i < 50000; i++) {
        hw_outb(f->hw, g_rand_boolean(rand) ? 0x60 : 0x64,
                g_rand_int_range(rand, 0, 256));
        hw_inb(f->hw, 0x60);
    }
    g_rand_free(rand);
    hw_reload(f->kbc);
}

#define ADD(name, fn) g_test_add(name, Fixture, NULL, setup, fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/i8042/controller", test_controller);
    ADD("/i8042/lines", test_lines);
    ADD("/i8042/keyboard", test_keyboard);
    ADD("/i8042/translation", test_translation);
    ADD("/i8042/interrupts", test_interrupts);
    ADD("/i8042/mouse", test_mouse);
    ADD("/i8042/flood", test_flood);
    return g_test_run();
}
