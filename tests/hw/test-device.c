/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device life, properties, buses. */
#include "hw/core/device.h"

#include <string.h>

typedef struct Sample {
    Device parent;
    Bus child_bus;
    bool flag;
    uint8_t u8;
    uint32_t u32;
    uint64_t size;
    char *text;
    int mode;
    int onoff;
    int32_t devfn;
    uint32_t reg;
    unsigned resets;
    bool fail;
} Sample;

static GString *sample_log;

static const BusClass sample_bus_class = { .kind = BUS_ISA, .name = "ISA" };

static bool sample_realize(Device *dev, GError **errp)
{
    Sample *s = container_of(dev, Sample, parent);

    bus_init(&s->child_bus, &sample_bus_class, "sample.0", dev);
    if (s->fail) {
        return emu_fail(errp, EMU_ERROR_INVALID, "told to fail");
    }
    return true;
}

static void sample_unrealize(Device *dev)
{
    Sample *s = container_of(dev, Sample, parent);

    g_string_append_printf(sample_log, "-%s ", dev->id ? dev->id : "?");
    bus_clear(&s->child_bus);
}

static void sample_reset(Device *dev)
{
    Sample *s = container_of(dev, Sample, parent);

    g_assert_false(g_mutex_trylock(&dev->lock));
    g_string_append_printf(sample_log, "r%s ", dev->id ? dev->id : "?");
    s->resets++;
    s->reg = 0;
}

static bool sample_loaded(Device *dev, GError **errp)
{
    Sample *s = container_of(dev, Sample, parent);

    return s->reg != 0xbad || emu_fail(errp, EMU_ERROR_CORRUPT, "reg is bad");
}

static const char *const sample_modes[] = { "slow", "fast", NULL };

static const Property sample_props[] = {
    DEFINE_PROP_BOOL("flag", Sample, flag, true, "a flag"),
    DEFINE_PROP_U8("u8", Sample, u8, 7, 1, 100, "a byte"),
    DEFINE_PROP_U32("iobase", Sample, u32, 0x3f8, 0, UINT32_MAX, "a port"),
    DEFINE_PROP_SIZE("mem", Sample, size, 4096, 0, UINT64_MAX, "a size"),
    DEFINE_PROP_STRING("text", Sample, text, "hello", "a text"),
    DEFINE_PROP_ENUM("mode", Sample, mode, sample_modes, "fast", "a mode"),
    DEFINE_PROP_ONOFFAUTO("auto", Sample, onoff, 0, "perhaps"),
    DEFINE_PROP_DEVFN("addr", Sample, devfn, "an address"),
    DEFINE_PROP_BOOL("fail", Sample, fail, false, "fail to realize"),
    {},
};

static const StateField sample_state[] = {
    STATE_U32(Sample, reg),
    {},
};

static const DeviceClass sample_class = {
    .name = "sample",
    .summary = "a sample",
    .bus = BUS_ISA,
    .size = sizeof(Sample),
    .props = sample_props,
    .state = sample_state,
    .state_version = 3,
    .realize = sample_realize,
    .unrealize = sample_unrealize,
    .reset = sample_reset,
    .loaded = sample_loaded,
};

static const DeviceClass wired_class = {
    .name = "wired",
    .summary = "on no bus",
    .size = sizeof(Device),
};

static const DeviceEnv env;

static Sample *sample_new(const char *id)
{
    Device *dev = device_new(&sample_class, &env);

    dev->id = g_strdup(id);
    return container_of(dev, Sample, parent);
}

static void check_text(Sample *s, const char *name, const char *value,
                       const char *shown)
{
    g_autoptr(GError) err = NULL;

    g_assert_true(device_set_property(&s->parent, name, value, &err));
    g_assert_no_error(err);
    g_autofree char *text = device_get_property(&s->parent, name);
    g_assert_cmpstr(text, ==, shown);
}

static void check_refused(Sample *s, const char *name, const char *value)
{
    g_autofree char *before = device_get_property(&s->parent, name);
    g_autoptr(GError) err = NULL;

    g_assert_false(device_set_property(&s->parent, name, value, &err));
    g_assert_error(err, EMU_ERROR, EMU_ERROR_INVALID);
    g_assert_nonnull(strstr(err->message, name));
    g_autofree char *after = device_get_property(&s->parent, name);
    g_assert_cmpstr(before, ==, after);
}

static void test_properties(void)
{
    Sample *s = sample_new("a");
    g_autoptr(GError) err = NULL;

    g_assert_true(s->flag);
    g_assert_cmpuint(s->u32, ==, 0x3f8);
    g_assert_cmpint(s->mode, ==, 1);
    g_assert_cmpint(s->devfn, ==, -1);
    g_assert_cmpstr(s->text, ==, "hello");
    check_text(s, "flag", "off", "false");
    check_text(s, "u8", "0x10", "16");
    check_text(s, "mem", "64K", "65536");
    check_text(s, "text", "bye", "bye");
    check_text(s, "mode", "slow", "slow");
    check_text(s, "auto", "off", "off");
    check_text(s, "addr", "1f.7", "1f.7");
    check_text(s, "addr", "3", "03.0");
    check_refused(s, "flag", "perhaps");
    check_refused(s, "u8", "101");
    check_refused(s, "u8", "0");
    check_refused(s, "u8", "-1");
    check_refused(s, "u8", "");
    check_refused(s, "u8", "12z");
    check_refused(s, "u8", "99999999999999999999");
    check_refused(s, "mem", "many");
    check_refused(s, "mode", "medium");
    check_refused(s, "addr", "20");
    check_refused(s, "addr", "1.8");
    check_refused(s, "addr", "1.");
    g_assert_false(device_set_property(&s->parent, "iobas", "1", &err));
    g_assert_error(err, EMU_ERROR, EMU_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(err->message, "'iobase'"));
    device_unref(&s->parent);
}

static void test_help(void)
{
    g_autoptr(GString) out = g_string_new(NULL);

    device_class_help(&sample_class, out);
    g_assert_nonnull(strstr(out->str, "sample options:\n"));
    g_assert_nonnull(
        strstr(out->str, "  iobase=<uint32>        - a port (default: 1016)"));
    g_string_truncate(out, 0);
    device_class_help(&wired_class, out);
    g_assert_cmpstr(out->str, ==, "There are no options for wired.\n");
}

static bool collect_id(Device *dev, void *opaque)
{
    g_string_append(opaque, dev->id);
    return strcmp(dev->id, "c") != 0;
}

static void test_life(void)
{
    Bus root = { 0 };
    Sample *a = sample_new("a"), *b = sample_new("b"), *c = sample_new("c");
    g_autoptr(GString) ids = g_string_new(NULL);
    g_autoptr(GError) err = NULL;

    sample_log = g_string_new(NULL);
    bus_init(&root, &sample_bus_class, "root", NULL);
    g_assert_true(device_realize(&a->parent, &root, NULL));
    g_assert_true(device_realize(&b->parent, &a->child_bus, NULL));
    g_assert_true(device_realize(&c->parent, &root, NULL));
    g_assert_false(device_set_property(&a->parent, "u8", "1", NULL));
    g_assert_true(bus_walk(&root, collect_id, ids) == false);
    g_assert_cmpstr(ids->str, ==, "abc");
    device_reset(&a->parent);
    g_assert_cmpstr(sample_log->str, ==, "rb ra ");

    g_string_truncate(ids, 0);
    bus_print(&root, 0, ids);
    g_assert_true(g_str_has_prefix(
        ids->str, "bus: root\n  type ISA\n  dev: sample, id \"a\"\n"
                  "    flag = true\n    u8 = 7 (0x7)\n"));
    g_assert_nonnull(strstr(ids->str, "    text = \"hello\"\n"));

    g_string_truncate(sample_log, 0);
    device_unref(&b->parent);
    device_unref(&c->parent);
    device_unrealize(&a->parent); /* its child goes first */
    g_assert_cmpstr(sample_log->str, ==, "-b -a ");
    g_assert_cmpuint(root.devices->len, ==, 1);
    device_unref(&a->parent);
    bus_clear(&root);
    g_assert_cmpstr(sample_log->str, ==, "-b -a -c ");
    bus_clear(&root);

    /* A failed realize leaves nothing behind. */
    bus_init(&root, &sample_bus_class, "root", NULL);
    a = sample_new("a");
    a->fail = true;
    g_assert_false(device_realize(&a->parent, &root, &err));
    g_assert_error(err, EMU_ERROR, EMU_ERROR_INVALID);
    g_assert_cmpuint(root.devices->len, ==, 0);
    g_assert_cmpuint(a->parent.child_buses->len, ==, 0);
    g_clear_error(&err);
    g_assert_false(device_realize(&a->parent, NULL, &err));
    g_assert_error(err, EMU_ERROR, EMU_ERROR_INVALID);
    device_unref(&a->parent);
    Device *wired = device_new(&wired_class, &env);
    g_assert_false(device_realize(wired, &root, NULL));
    g_assert_true(device_realize(wired, NULL, NULL));
    device_unref(wired);
    bus_clear(&root);
    g_string_free(sample_log, TRUE);
}

static void test_state(void)
{
    Sample *a = sample_new("a");
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GError) err = NULL;
    size_t pos = 0;

    a->reg = 0x1234;
    device_save(&a->parent, out);
    a->reg = 0;
    g_assert_true(device_load(&a->parent, out->data, out->len, &pos, NULL));
    g_assert_cmphex(a->reg, ==, 0x1234);
    for (size_t len = 0; len < out->len; len++) {
        pos = 0;
        g_assert_false(device_load(&a->parent, out->data, len, &pos, NULL));
    }
    out->data[7]++; /* a later version */
    pos = 0;
    g_assert_false(device_load(&a->parent, out->data, out->len, &pos, &err));
    g_assert_error(err, EMU_ERROR, EMU_ERROR_UNSUPPORTED);
    a->reg = 0xbad;
    g_byte_array_set_size(out, 0);
    device_save(&a->parent, out);
    pos = 0;
    g_assert_false(device_load(&a->parent, out->data, out->len, &pos, NULL));
    device_unref(&a->parent);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/device/properties", test_properties);
    g_test_add_func("/device/help", test_help);
    g_test_add_func("/device/life", test_life);
    g_test_add_func("/device/state", test_state);
    return g_test_run();
}
