/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every class in the tables: filled with a pattern, saved, loaded into another
 * one and saved again, it gives the same bytes. Where a model refuses the
 * pattern as impossible, small values and its state after reset go the same
 * way.
 */
#include "tests/hw/harness.h"

#include <string.h>

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

static Bus *bus_for(Hw *hw, const DeviceClass *class)
{
    return class->bus == BUS_ISA   ? &hw->isa.bus
           : class->bus == BUS_PCI ? &hw->pci.bus
                                   : NULL;
}

/* A realized device, or NULL if it cannot stand alone. */
static Device *make(Hw *hw, const DeviceClass *class)
{
    Device *dev = device_new(class, &hw->env);
    g_autoptr(GError) err = NULL;

    if (!device_realize(dev, bus_for(hw, class), &err)) {
        g_test_message("%s: %s", class->name, err->message);
        device_unref(dev);
        return NULL;
    }
    device_reset(dev);
    return dev;
}

static bool copy_state(Device *from, Device *to)
{
    g_autoptr(GByteArray) first = g_byte_array_new();
    g_autoptr(GByteArray) second = g_byte_array_new();
    g_autoptr(GError) err = NULL;
    size_t pos = 0;

    device_save(from, first);
    if (!device_load(to, first->data, first->len, &pos, &err)) {
        g_test_message("%s", err->message);
        return false;
    }
    g_assert_cmpuint(pos, ==, first->len);
    device_save(to, second);
    g_assert_cmpmem(first->data, first->len, second->data, second->len);
    return true;
}

static void test_class(gconstpointer data)
{
    const DeviceClass *class = data;
    Hw *from_hw = hw_new();
    Hw *to_hw = hw_new();
    Device *from = make(from_hw, class);
    Device *to = make(to_hw, class);
    uint8_t seed = 0;

    g_assert_nonnull(class->name);
    g_assert_nonnull(class->summary);
    check_names(class->state);
    if (from && to) {
        g_assert_true(copy_state(from, to));
        fill_fields(class->state, (uint8_t *)from, true, &seed);
        copy_state(from, to);
        fill_fields(class->state, (uint8_t *)from, false, &seed);
        copy_state(from, to);
        device_reset(to);
        device_reset(from);
        hw_remove(from);
        hw_remove(to);
    } else {
        g_test_skip("cannot be realized alone");
    }
    hw_free(from_hw);
    hw_free(to_hw);
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
