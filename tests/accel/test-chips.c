/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board's chips in KVM: what is put there comes back the same. */
#include "accel/accel.h"

#include "tests/accel/bare.h"

#include <string.h>
#include <unistd.h>

static void test_pic(Bare *m)
{
    const ChipHost *host = m->accel->class->chip(m->accel, CHIP_PIC);
    ChipState out = { 0 }, in = {
        .pic = { { .lines = 0x0a,
                   .irr = 0x08,
                   .imr = 0x41,
                   .isr = 0x10,
                   .highest = 3,
                   .vector_base = 0x30,
                   .icw_expected = 3,
                   .icw1_ic4 = true,
                   .read_isr = true,
                   .auto_eoi = true },
                 { .elcr = 0x0c,
                   .irr = 0x04,
                   .lines = 0x04,
                   .imr = 0xff,
                   .vector_base = 0x70,
                   .special_mask = true,
                   .special_nested = true,
                   .rotate_on_aeoi = true } },
    };

    host->put(host->opaque, &in);
    host->get(host->opaque, &out);
    for (unsigned n = 0; n < CHIP_PICS; n++) {
        const PicState *a = &in.pic[n], *b = &out.pic[n];

        g_assert_cmphex(a->lines, ==, b->lines);
        g_assert_cmphex(a->irr, ==, b->irr);
        g_assert_cmphex(a->imr, ==, b->imr);
        g_assert_cmphex(a->isr, ==, b->isr);
        g_assert_cmphex(a->elcr, ==, b->elcr);
        g_assert_cmpuint(a->highest, ==, b->highest);
        g_assert_cmphex(a->vector_base, ==, b->vector_base);
        g_assert_cmpuint(a->icw_expected, ==, b->icw_expected);
        g_assert_cmpint(a->icw1_ic4, ==, b->icw1_ic4);
        g_assert_cmpint(a->read_isr, ==, b->read_isr);
        g_assert_cmpint(a->special_mask, ==, b->special_mask);
        g_assert_cmpint(a->special_nested, ==, b->special_nested);
        g_assert_cmpint(a->auto_eoi, ==, b->auto_eoi);
        g_assert_cmpint(a->rotate_on_aeoi, ==, b->rotate_on_aeoi);
    }
    /* An input of the master that rises. */
    in.pic[0] = (PicState){ .vector_base = 8 };
    host->put(host->opaque, &in);
    m->accel->class->set_line(m->accel, 3, true);
    host->get(host->opaque, &out);
    g_assert_cmphex(out.pic[0].irr & 0x08, ==, 0x08);
}

static void test_ioapic(Bare *m)
{
    const ChipHost *host = m->accel->class->chip(m->accel, CHIP_IOAPIC);
    ChipState out = { 0 }, in = { .ioapic = { .select = 0x13, .id = 5 } };

    for (unsigned pin = 0; pin < CHIP_IOAPIC_PINS; pin++) {
        in.ioapic.table[pin] = UINT64_C(0x0300000000010000) | (0x30 + pin) |
                               (pin & 1 ? 0x8800 : 0);
    }
    host->put(host->opaque, &in);
    host->get(host->opaque, &out);
    g_assert_cmpmem(in.ioapic.table, sizeof(in.ioapic.table), out.ioapic.table,
                    sizeof(out.ioapic.table));
    g_assert_cmphex(out.ioapic.select, ==, 0x13);
    g_assert_cmphex(out.ioapic.id, ==, 5);
}

static const PitChannel periodic = { .mode = 2,
                                     .rw = 3,
                                     .gate = true,
                                     .loaded = true,
                                     .running = true,
                                     .count = 60000,
                                     .reload = 60000 };

static void test_pit(Bare *m)
{
    const ChipHost *host = m->accel->class->chip(m->accel, CHIP_PIT);
    ChipState out = { 0 }, in = { .pit = { .speaker = true } };

    if (!host) {
        g_test_skip("KVM makes no 8254");
        return;
    }
    for (unsigned n = 0; n < CHIP_PIT_CHANNELS; n++) {
        in.pit.channel[n] = periodic;
    }
    in.pit.channel[1].write_high = true;
    in.pit.channel[1].write_low = 0x12;
    in.pit.channel[1].latched = 1; /* of two bytes */
    in.pit.channel[1].latch = 0x3456;
    in.pit.channel[2].mode = 0;
    in.pit.channel[2].elapsed = 50000; /* 8 ms are left */
    host->put(host->opaque, &in);
    host->get(host->opaque, &out);
    g_assert_cmpuint(out.pit.channel[0].mode, ==, 2);
    g_assert_cmpuint(out.pit.channel[0].count, ==, 60000);
    g_assert_true(out.pit.channel[0].running);
    g_assert_true(out.pit.channel[1].write_high);
    g_assert_cmphex(out.pit.channel[1].write_low, ==, 0x12);
    g_assert_cmpuint(out.pit.channel[1].latched, ==, 1);
    g_assert_cmphex(out.pit.channel[1].latch, ==, 0x3456);
    g_assert_cmpuint(out.pit.channel[2].count, ==, 10000);
    g_assert_false(out.pit.irq_disabled);
    /* At the end its timer stands. */
    host->end(host->opaque);
    host->get(host->opaque, &out);
    g_assert_true(out.pit.irq_disabled);
}

/* Once over, a one-shot's output stays high, and a count is there. */
static void test_pit_over(Bare *m)
{
    const ChipHost *host = m->accel->class->chip(m->accel, CHIP_PIT);
    ChipState out = { 0 }, in = { .pit = { .irq_disabled = true } };

    if (!host) {
        g_test_skip("KVM makes no 8254");
        return;
    }
    for (unsigned n = 0; n < CHIP_PIT_CHANNELS; n++) {
        in.pit.channel[n] = periodic;
        in.pit.channel[n].mode = 0;
        in.pit.channel[n].elapsed = 70000;
    }
    host->put(host->opaque, &in);
    host->get(host->opaque, &out);
    g_assert_cmpuint(out.pit.channel[0].count, ==, 0x10000);
    g_assert_cmpuint(out.pit.channel[2].count, ==, 1);
    g_assert_true(out.pit.irq_disabled);
}

static void test_chip(gconstpointer data)
{
    if (access("/dev/kvm", R_OK | W_OK) != 0) {
        g_test_skip("/dev/kvm cannot be opened");
        return;
    }
    Bare *m = bare_new("kvm,kernel-irqchip=on");

    ((void (*)(Bare *))data)(m);
    bare_free(m);
}

/* Where KVM has none, the models do it. */
static void test_none(void)
{
    if (access("/dev/kvm", R_OK | W_OK) != 0) {
        g_test_skip("/dev/kvm cannot be opened");
        return;
    }
    Bare *m = bare_new("kvm,kernel-irqchip=split");

    for (unsigned kind = 0; kind < CHIP_KINDS; kind++) {
        g_assert_null(m->accel->class->chip(m->accel, kind));
    }
    bare_free(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/kvm/chips/pic", test_pic, test_chip);
    g_test_add_data_func("/kvm/chips/ioapic", test_ioapic, test_chip);
    g_test_add_data_func("/kvm/chips/pit", test_pit, test_chip);
    g_test_add_data_func("/kvm/chips/pit-over", test_pit_over, test_chip);
    g_test_add_func("/kvm/chips/none", test_none);
    return g_test_run();
}
