/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vCPU's thread: pausing code that never ends, halting and waking, calls
 * between instructions, the end. */
#include "tests/accel/bare.h"

typedef struct Seen {
    GMutex lock;
    GCond cond;
    VcpuExit why;
} Seen;

static void seen_stopped(void *opaque, Vcpu *vcpu, VcpuExit why)
{
    Seen *s = opaque;

    g_mutex_lock(&s->lock);
    s->why = why;
    g_cond_signal(&s->cond);
    g_mutex_unlock(&s->lock);
}

static void read_cx(X86Cpu *cpu, void *opaque)
{
    *(uint64_t *)opaque = cpu->env.r[X86_RCX];
}

static Vcpu *start(Bare *m, Seen *s)
{
    g_autoptr(GError) err = NULL;

    bare_detach(m);
    Vcpu *v = vcpu_new(m->accel, m->cpu, seen_stopped, s, &err);
    g_assert_no_error(err);
    x86_clear_pending(m->cpu, UINT32_MAX);
    return v;
}

static void wait_for(Vcpu *v, uint64_t more_than)
{
    uint64_t cx = 0;

    while (cx <= more_than) {
        vcpu_call(v, read_cx, &cx);
        g_usleep(100);
    }
}

/* x: inc ecx; jmp x */
static void test_endless(gconstpointer accel)
{
    Bare *m = bare_new(accel);
    Seen s = { .why = 0 };
    uint64_t before, after;

    BARE_CODE(m, 0x1000, 0x66, 0x41, 0xeb, 0xfc);
    m->cpu->env.pc = 0x1000;
    Vcpu *v = start(m, &s);
    g_assert(!vcpu_running(v));
    vcpu_resume(v);
    for (unsigned i = 0; i < 20; i++) {
        vcpu_call(v, read_cx, &before);
        wait_for(v, before);
        vcpu_pause(v);
        g_assert(!vcpu_running(v));
        vcpu_call(v, read_cx, &before);
        vcpu_call(v, read_cx, &after);
        g_assert_cmpuint(before, ==, after);
        vcpu_resume(v);
    }
    vcpu_free(v);
    g_assert(m->accel->class->vcpu_init(m->accel, m->cpu, NULL));
    bare_free(m);
}

/* x: sti; hlt; jmp x, and int 2: inc ecx; iret */
static void test_halt(gconstpointer accel)
{
    Bare *m = bare_new(accel);
    Seen s = { .why = 0 };

    BARE_CODE(m, 0x1000, 0xfb, 0xf4, 0xeb, 0xfc);
    BARE_CODE(m, 0x1100, 0x66, 0x41, 0xcf);
    bare_put_long(m, 2 * 4, 0x1100);
    m->cpu->env.pc = 0x1000;
    Vcpu *v = start(m, &s);
    vcpu_resume(v);
    for (unsigned i = 0; i < 50; i++) {
        x86_set_pending(m->cpu, X86_PENDING_NMI);
        wait_for(v, i);
    }
    vcpu_free(v);
    g_assert(m->accel->class->vcpu_init(m->accel, m->cpu, NULL));
    bare_free(m);
}

/* x: mov ax,2000h; xor cx,cx; monitor; mov bx,[2000h]; cmp bx,si; jne y; mwait
 * jmp x; y: mov si,bx; mov [3000h],si; jmp x */
static void test_mwait(gconstpointer accel)
{
    Bare *m = bare_new(accel);
    Seen s = { .why = 0 };

    BARE_CODE(m, 0x1000, 0xb8, 0x00, 0x20, 0x31, 0xc9, 0x0f, 0x01, 0xc8, 0x8b,
              0x1e, 0x00, 0x20, 0x39, 0xf3, 0x75, 0x05, 0x0f, 0x01, 0xc9, 0xeb,
              0xeb, 0x89, 0xde, 0x89, 0x36, 0x00, 0x30, 0xeb, 0xe3);
    m->cpu->env.pc = 0x1000;
    Vcpu *v = start(m, &s);
    vcpu_resume(v);
    for (uint16_t i = 1; i <= 50; i++) {
        uint16_t *in = (uint16_t *)(m->ram->host + 0x2000);
        const uint16_t *out = (const uint16_t *)(m->ram->host + 0x3000);

        __atomic_store_n(in, i, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(out, __ATOMIC_SEQ_CST) != i) {
            g_usleep(100);
        }
    }
    vcpu_pause(v); /* while it waits, probably */
    vcpu_resume(v);
    x86_set_pending(m->cpu, X86_PENDING_RESET);
    vcpu_free(v);
    g_assert(m->accel->class->vcpu_init(m->accel, m->cpu, NULL));
    bare_free(m);
}

/* A fault whose handler and double fault handler cannot be reached. */
static void test_shutdown(gconstpointer accel)
{
    Bare *m = bare_new(accel);
    Seen s = { .why = 0 };

    BARE_CODE(m, 0x1000, 0xcc);
    m->cpu->idt.limit = 0;
    m->cpu->env.pc = 0x1000;
    Vcpu *v = start(m, &s);
    vcpu_resume(v);
    g_mutex_lock(&s.lock);
    while (!s.why) {
        g_cond_wait(&s.cond, &s.lock);
    }
    g_assert_cmpint(s.why, ==, VCPU_EXIT_SHUTDOWN);
    g_mutex_unlock(&s.lock);
    vcpu_pause(v);
    vcpu_free(v);
    g_assert(m->accel->class->vcpu_init(m->accel, m->cpu, NULL));
    bare_free(m);
}

int main(int argc, char **argv)
{
    static const char *const accels[] = { "tcg", "tcg,backend=interp" };

    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(accels); i++) {
        g_autofree char *a =
            g_strdup_printf("/accel/vcpu/%s/endless", accels[i]);
        g_autofree char *b = g_strdup_printf("/accel/vcpu/%s/halt", accels[i]);
        g_autofree char *c =
            g_strdup_printf("/accel/vcpu/%s/shutdown", accels[i]);
        g_test_add_data_func(a, accels[i], test_endless);
        g_test_add_data_func(b, accels[i], test_halt);
        g_test_add_data_func(c, accels[i], test_shutdown);
        g_autofree char *d = g_strdup_printf("/accel/vcpu/%s/mwait", accels[i]);
        g_test_add_data_func(d, accels[i], test_mwait);
    }
    return g_test_run();
}
