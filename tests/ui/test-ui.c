/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Screendumps read back, events at the right sink, key names both ways. */
#include <glib/gstdio.h>
#include <linux/input-event-codes.h>
#include <png.h>
#include <string.h>
#include <unistd.h>

#include "ui/console.h"

typedef struct Screen {
    Console *con;
    unsigned updates;
} Screen;

/* Draws a 3x2 picture whose pixels tell their place. */
static void screen_update(void *opaque)
{
    Screen *s = opaque;
    pixman_image_t *image =
        pixman_image_create_bits(PIXMAN_x8r8g8b8, 3, 2, NULL, 0);
    uint32_t *data = pixman_image_get_data(image);
    int stride = pixman_image_get_stride(image) / 4;

    for (int i = 0; i < 6; i++) {
        data[i / 3 * stride + i % 3] = 0xff102030 + i;
    }
    console_set_surface(s->con, image);
    s->updates++;
}

static const ConsoleOps screen_ops = { .update = screen_update };
static const ConsoleOps blank_ops = {};

static char *temp_path(const char *name)
{
    g_autofree char *unique =
        g_strdup_printf("emu-test-%d-%s", (int)getpid(), name);

    return g_build_filename(g_get_tmp_dir(), unique, NULL);
}

static void test_ppm(void)
{
    Screen s = {};
    g_autofree char *path = temp_path("a.ppm");
    g_autofree char *content = NULL;
    gsize len;

    s.con = console_new("vga", &screen_ops, &s);
    g_assert_true(console_screendump(s.con, path, NULL, NULL));
    g_assert_cmpuint(s.updates, ==, 1);
    g_assert_true(g_file_get_contents(path, &content, &len, NULL));
    g_assert_cmpuint(len, ==, 11 + 18);
    g_assert_cmpmem(content, 11, "P6\n3 2\n255\n", 11);
    g_assert_cmpmem(content + 11 + 15, 3, "\x10\x20\x35", 3);
    g_unlink(path);
    console_free(s.con);
}

static void test_png(void)
{
    Screen s = {};
    g_autofree char *path = temp_path("a.png");
    png_image image = { .version = PNG_IMAGE_VERSION };
    uint8_t pixels[18];

    s.con = console_new("vga", &screen_ops, &s);
    g_assert_true(console_screendump(s.con, path, NULL, NULL));
    g_assert_true(png_image_begin_read_from_file(&image, path));
    g_assert_cmpuint(image.width, ==, 3);
    g_assert_cmpuint(image.height, ==, 2);
    image.format = PNG_FORMAT_RGB;
    g_assert_true(png_image_finish_read(&image, NULL, pixels, 0, NULL));
    g_assert_cmpmem(pixels + 12, 3, "\x10\x20\x34", 3);
    g_unlink(path);
    console_free(s.con);
}

static void test_bad_dump(void)
{
    Screen s = {};
    Console *blank = console_new("blank", &blank_ops, NULL);
    g_autofree char *path = temp_path("b.png");

    s.con = console_new("vga", &screen_ops, &s);
    g_assert_false(console_screendump(blank, path, NULL, NULL));
    g_assert_false(console_screendump(s.con, path, "gif", NULL));
    g_assert_false(console_screendump(s.con, "/nonexistent/x", NULL, NULL));
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    console_free(blank);
    console_free(s.con);
}

typedef struct Sink {
    unsigned events, syncs;
} Sink;

static void sink_event(void *opaque, const InputEvent *ev)
{
    ((Sink *)opaque)->events++;
}

static void sink_sync(void *opaque)
{
    ((Sink *)opaque)->syncs++;
}

static void test_hub(void)
{
    static const InputSink keyboard = { "keyboard", 1u << INPUT_KEY, sink_event,
                                        sink_sync };
    static const InputSink tablet = { "tablet",
                                      1u << INPUT_ABS | 1u << INPUT_BUTTON,
                                      sink_event, sink_sync };
    static const InputSink mouse = { "mouse",
                                     1u << INPUT_REL | 1u << INPUT_BUTTON,
                                     sink_event, sink_sync };
    InputHub *hub = input_hub_new();
    Sink k = {};
    Sink t = {};
    Sink m = {};
    InputEvent key = { INPUT_KEY, KEY_A, 1 };
    InputEvent button = { INPUT_BUTTON, BTN_LEFT, 1 };

    input_send(hub, &key); /* nobody there */
    input_hub_add(hub, &keyboard, &k);
    input_hub_add(hub, &mouse, &m);
    input_hub_add(hub, &tablet, &t);
    input_send(hub, &key);
    input_send(hub, &button);
    input_sync(hub);
    g_assert_cmpuint(k.events, ==, 1);
    g_assert_cmpuint(t.events, ==, 1); /* the newest */
    g_assert_cmpuint(m.events, ==, 0);
    g_assert_cmpuint(k.syncs + t.syncs, ==, 2);
    g_assert_cmpuint(m.syncs, ==, 0);
    input_hub_remove(hub, &t);
    input_send(hub, &button);
    g_assert_cmpuint(m.events, ==, 1);
    input_hub_free(hub);
}

static void test_key_names(void)
{
    g_assert_cmpuint(input_key_from_name("ret"), ==, KEY_ENTER);
    g_assert_cmpuint(input_key_from_name("spc"), ==, KEY_SPACE);
    g_assert_cmpuint(input_key_from_name("nosuch"), ==, 0);
    g_assert_cmpstr(input_key_name(KEY_KPASTERISK), ==, "kp_multiply");
    g_assert_null(input_key_name(0x2ff));
    for (unsigned i = 0; input_key_names[i]; i++) {
        uint16_t code = input_key_from_name(input_key_names[i]);

        g_assert_cmpuint(code, !=, 0);
        g_assert_nonnull(input_key_name(code));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ui/ppm", test_ppm);
    g_test_add_func("/ui/png", test_png);
    g_test_add_func("/ui/bad-dump", test_bad_dump);
    g_test_add_func("/ui/hub", test_hub);
    g_test_add_func("/ui/key-names", test_key_names);
    return g_test_run();
}
