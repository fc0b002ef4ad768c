/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM's local APICs while the machine stands: their timers wait, messages find
 * them, and nothing is lost on the way. */
#include "accel/accel.h"
#include "target/x86/apic.h"
#include "tests/accel/bare.h"

#include <unistd.h>

/* Registers by the SDM's table 11-1, in units of 16 bytes. */
enum {
    REG_SVR = 0x0f,
    REG_IRR = 0x20,
    REG_LVT_TIMER = 0x32,
    REG_TIMER_INITIAL = 0x38,
    REG_TIMER_CURRENT = 0x39,
    REG_DIVIDE = 0x3e,
};
enum { VECTOR = 0x61 };
/* A minute and more of KVM's timer, divided by 128. */
#define COUNT UINT32_C(0x80000000)

static Bare *stand_new(const char *accel)
{
    if (access("/dev/kvm", R_OK | W_OK) != 0) {
        g_test_skip("/dev/kvm cannot be opened");
        return NULL;
    }
    return bare_new(accel);
}

static ApicImage look(Bare *m)
{
    ApicImage image;

    x86_apic_save_image(m->cpu->apic, &image);
    return image;
}

static void go(Bare *m)
{
    clock_start(m->clock);
    m->accel->class->go(m->accel);
}

static void stand(Bare *m)
{
    m->accel->class->stand(m->accel);
    clock_stop(m->clock);
}

static void set_timer(Bare *m)
{
    ApicImage image = look(m);

    image.reg[REG_SVR].value = 0x1ff;
    image.reg[REG_LVT_TIMER].value = VECTOR; /* one shot */
    image.reg[REG_DIVIDE].value = 0xa;       /* by 128 */
    image.reg[REG_TIMER_INITIAL].value = COUNT;
    image.reg[REG_TIMER_CURRENT].value = COUNT;
    x86_apic_load_image(m->cpu->apic, &image);
}

static void test_timer(gconstpointer accel)
{
    Bare *m = stand_new(accel);

    if (!m) {
        return;
    }
    set_timer(m);
    go(m);
    g_assert_true(x86_apic_away(m->cpu->apic));
    g_usleep(2000);
    stand(m);
    g_assert_false(x86_apic_away(m->cpu->apic));
    uint32_t first = look(m).reg[REG_TIMER_CURRENT].value;

    g_assert_cmpuint(first, <, COUNT);
    g_assert_cmpuint(first, >, 0);
    g_usleep(20000); /* far more than nothing */
    g_assert_cmpuint(look(m).reg[REG_TIMER_CURRENT].value, ==, first);
    go(m);
    g_usleep(2000);
    stand(m);
    uint32_t second = look(m).reg[REG_TIMER_CURRENT].value;

    g_assert_cmpuint(second, <, first);
    g_assert_cmpuint(second, >, 0);
    bare_free(m);
}

static bool waits(Bare *m, uint8_t vector)
{
    return look(m).reg[REG_IRR + vector / 32].value >> (vector % 32) & 1;
}

static bool send(Bare *m, uint8_t vector)
{
    return m->accel->class->send_msi(m->accel, 0xfee00000, vector, false);
}

static void test_messages(gconstpointer accel)
{
    Bare *m = stand_new(accel);

    if (!m) {
        return;
    }
    set_timer(m);
    g_assert_false(send(m, 0x41)); /* at home: the board's business */
    x86_apic_deliver(m->cpu->apic, 0, 0x41, false);
    go(m);
    /* By an eventfd, and perhaps a thread of the kernel, at the last moment. */
    for (unsigned vector = 0x50; vector < 0x58; vector++) {
        g_assert_true(send(m, vector));
    }
    stand(m);
    g_assert_true(waits(m, 0x41));
    for (unsigned vector = 0x50; vector < 0x58; vector++) {
        g_assert_true(waits(m, vector));
    }
    g_assert_false(send(m, 0x42));
    x86_apic_deliver(m->cpu->apic, 0, 0x42, false);
    go(m);
    stand(m);
    g_assert_true(waits(m, 0x41));
    g_assert_true(waits(m, 0x42));
    g_assert_true(waits(m, 0x50));
    m->accel->class->stand(m->accel); /* twice is once */
    g_assert_true(waits(m, 0x42));
    bare_free(m);
}

/* With none of its own there is nothing to do. */
static void test_off(void)
{
    Bare *m = stand_new("kvm,kernel-irqchip=off");

    if (m) {
        go(m);
        g_assert_false(x86_apic_away(m->cpu->apic));
        g_assert_false(send(m, 0x41));
        stand(m);
        bare_free(m);
    }
}

int main(int argc, char **argv)
{
    static const char *const accels[] = { "kvm,kernel-irqchip=split",
                                          "kvm,kernel-irqchip=on" };

    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(accels); i++) {
        g_autofree char *timer =
            g_strdup_printf("/kvm/stand/timer/%s", accels[i]);
        g_autofree char *messages =
            g_strdup_printf("/kvm/stand/messages/%s", accels[i]);

        g_test_add_data_func(timer, accels[i], test_timer);
        g_test_add_data_func(messages, accels[i], test_messages);
    }
    g_test_add_func("/kvm/stand/off", test_off);
    return g_test_run();
}
