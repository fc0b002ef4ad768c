/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every class in the tables: saved, loaded into another one and saved again,
 * it gives the same bytes. So do its fields filled with a pattern, whatever
 * the model says to the values.
 */
#include "block/block.h"
#include "block/node.h"
#include "hw/ide/piix.h"
#include "hw/pc/i440fx.h"
#include "tests/hw/harness.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* A pattern: all bytes differ, or each value is 0 or 1. */
static void fill_bytes(uint8_t *to, size_t size, bool small, uint8_t *seed)
{
    for (size_t i = 0; i < size; i++) {
        ++*seed;
        to[i] = !small ? *seed : i == 0 ? *seed & 1 : 0;
    }
}

static void fill_fields(const StateField *fields, uint8_t *obj, bool small,
                        uint8_t *seed)
{
    for (const StateField *f = fields; f && f->name; f++) {
        uint8_t *at = obj + f->offset;

        for (unsigned i = 0; i < f->count; i++, at += f->size) {
            switch (f->kind) {
            case STATE_KIND_BOOL:
                *(bool *)at = *seed & 1;
                ++*seed;
                break;
            case STATE_KIND_STRUCT:
                fill_fields(f->fields, at, small, seed);
                break;
            case STATE_KIND_UINT:
            case STATE_KIND_BYTES:
                fill_bytes(at, f->size, small, seed);
                break;
            case STATE_KIND_BUFFER:
                fill_bytes(*(uint8_t **)at, f->size, small, seed);
                break;
            }
        }
    }
}

/* Names within a list differ, and fit the stream. */
static void check_names(const StateField *fields)
{
    for (const StateField *f = fields; f && f->name; f++) {
        g_assert_cmpuint(strlen(f->name), <, 256);
        for (const StateField *g = fields; g != f; g++) {
            g_assert_cmpstr(f->name, !=, g->name);
        }
        if (f->kind == STATE_KIND_STRUCT) {
            check_names(f->fields);
        }
    }
}

/* ---- Where a device stands ---------------------------------------------- */

/* A machine with what a device may need: a disk, and an IDE bus. */
typedef struct Stand {
    Hw *hw;
    MemoryRegion pci_memory;
    Device *ide, *serial;
    BlockBackend *blk;
    char *path;
} Stand;

static BlockBackend *stand_find_block(void *machine, const char *id)
{
    return strcmp(id, "disk") ? NULL : ((Stand *)machine)->blk;
}

static void stand_open_disk(Stand *s)
{
    BlockOpenOptions o;
    int fd = g_file_open_tmp("emu-state-XXXXXX", &s->path, NULL);

    g_assert_cmpint(ftruncate(fd, 1 << 20), ==, 0);
    close(fd);
    block_open_options_init(&o);
    o.filename = s->path;
    o.format = "raw";
    BlockNode *node = block_open(&o, NULL);

    g_assert_nonnull(node);
    s->blk = blk_new("disk", node);
}

static void stand_init(Stand *s)
{
    *s = (Stand){ .hw = hw_new() };
    region_init_container(&s->pci_memory, "pci", UINT64_MAX);
    stand_open_disk(s);
    s->ide = device_new(&piix3_ide_class.device, &s->hw->env);
    piix3_ide_wire(s->ide, &s->hw->io_root, hw_line(s->hw, 14),
                   hw_line(s->hw, 15));
    g_assert_true(device_realize(s->ide, &s->hw->pci.bus, NULL));
    s->serial = hw_device(s->hw, "virtio-serial-pci", &s->hw->pci.bus);
}

static void stand_clear(Stand *s)
{
    hw_remove(s->serial);
    hw_remove(s->ide);
    region_clear(&s->pci_memory);
    blk_free(s->blk);
    g_unlink(s->path);
    g_free(s->path);
    hw_free(s->hw);
}

static Bus *stand_bus(Stand *s, const DeviceClass *class)
{
    switch (class->bus) {
    case BUS_ISA:
        return &s->hw->isa.bus;
    case BUS_PCI:
        return &s->hw->pci.bus;
    case BUS_IDE:
        return s->ide->child_buses->pdata[0];
    case BUS_VIRTIO_SERIAL:
        return s->serial->child_buses->pdata[0];
    default:
        return NULL;
    }
}

static bool class_has_property(const DeviceClass *class, const char *name)
{
    const Property *p = class->props;

    while (p && p->name && strcmp(p->name, name)) {
        p++;
    }
    return p && p->name;
}

/* Parts of a board that a board wires before it realizes them. */
static void stand_wire(Stand *s, Device *dev)
{
    Hw *hw = s->hw;

    if (dev->class == &i440fx_class.device) {
        i440fx_wire(dev, &hw->memory_root, &s->pci_memory, hw->ram);
    }
}

/* Realized; no class may be left out. */
static Device *stand_add(Stand *s, const DeviceClass *class)
{
    DeviceEnv *env = &s->hw->env;
    void *machine = env->machine;
    Device *dev = device_new(class, env);
    g_autoptr(GError) err = NULL;

    if (class_has_property(class, "drive")) {
        env->machine = s;
        env->find_block = stand_find_block;
        device_set_property(dev, "drive", "disk", &err);
        env->machine = machine;
        g_assert_no_error(err);
    }
    stand_wire(s, dev);
    device_realize(dev, stand_bus(s, class), &err);
    g_assert_no_error(err);
    device_reset(dev);
    return dev;
}

/* ---- The round trip ----------------------------------------------------- */

/* The fields alone: what a model says to their values does not matter. */
static void copy_fields(Device *from, Device *to)
{
    const StateField *fields = from->class->state;
    g_autoptr(GByteArray) first = g_byte_array_new();
    g_autoptr(GByteArray) second = g_byte_array_new();
    g_autoptr(GError) err = NULL;
    size_t pos = 0;

    state_save(fields, from, first);
    state_load(fields, to, first->data, first->len, &pos, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(pos, ==, first->len);
    state_save(fields, to, second);
    g_assert_cmpmem(first->data, first->len, second->data, second->len);
}

/* What a device has after reset, or after a run, must come back whole. */
static void copy_device(Device *from, Device *to)
{
    g_autoptr(GByteArray) first = g_byte_array_new();
    g_autoptr(GByteArray) second = g_byte_array_new();
    g_autoptr(GError) err = NULL;
    size_t pos = 0;

    device_save(from, first);
    device_load(to, first->data, first->len, &pos, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(pos, ==, first->len);
    device_save(to, second);
    g_assert_cmpmem(first->data, first->len, second->data, second->len);
}

/* Any values: the fields travel; the model may refuse or mend what they say. */
static void copy_pattern(Device *from, Device *to, bool small)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(GError) err = NULL;
    uint8_t seed = 0;
    size_t pos = 0;

    fill_fields(from->class->state, (uint8_t *)from, small, &seed);
    copy_fields(from, to);
    device_save(from, stream);
    if (!device_load(to, stream->data, stream->len, &pos, &err)) {
        g_test_message("%s", err->message);
    }
}

static void test_class(gconstpointer data)
{
    const DeviceClass *class = data;
    Stand from, to;

    stand_init(&from);
    stand_init(&to);
    Device *a = stand_add(&from, class);
    Device *b = stand_add(&to, class);

    g_assert_nonnull(class->name);
    g_assert_nonnull(class->summary);
    check_names(class->state);
    copy_device(a, b);
    copy_pattern(a, b, true);
    copy_pattern(a, b, false);
    device_reset(b);
    device_reset(a);
    hw_remove(a);
    hw_remove(b);
    stand_clear(&from);
    stand_clear(&to);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned t = 0; device_class_tables[t]; t++) {
        for (unsigned i = 0; device_class_tables[t][i]; i++) {
            const DeviceClass *class = device_class_tables[t][i];
            g_autofree char *path = g_strdup_printf("/state/%s", class->name);

            g_assert_true(device_class_find(class->name) == class);
            g_test_add_data_func(path, class, test_class);
        }
    }
    return g_test_run();
}
