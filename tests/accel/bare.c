/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See bare.h. */
#include "tests/accel/bare.h"

#include <string.h>
#include <urcu.h>

#include "tcg/backend.h"

Bare *bare_new(const char *accel)
{
    rcu_register_thread();
    Bare *m = bare_new_second(accel);

    m->first = true;
    return m;
}

Bare *bare_new_second(const char *accel)
{
    Bare *m = g_new0(Bare, 1);
    g_autoptr(GError) err = NULL;

    m->clock = clock_new(NULL, NULL);
    clock_start(m->clock);
    m->ram = ram_new("ram", BARE_RAM, &err);
    g_assert_no_error(err);
    region_init_container(&m->root, "memory", UINT64_MAX);
    region_init_ram(&m->low, "ram", m->ram, 0, BARE_RAM);
    region_add(&m->root, 0, &m->low);
    region_init_container(&m->ports, "ports", 0x10000);
    m->memory = space_new("memory", &m->root);
    m->io = space_new("io", &m->ports);
    m->model = x86_model_find("qemu64,+monitor", &err);
    g_assert_no_error(err);
    m->cpu = x86_cpu_new(0, m->model, m->memory, m->io, m->clock, &err);
    g_assert_no_error(err);
    m->accel = accel_create(accel, m->memory, m->io, &err);
    g_assert_no_error(err);
    g_assert(m->accel->class->vcpu_init(m->accel, m->cpu, &err));
    m->cpu->kick = m->accel->class->kick;
    for (unsigned s = 0; s < X86_SEGMENTS; s++) {
        m->cpu->seg[s].selector = 0;
        m->cpu->seg[s].base = 0;
    }
    m->cpu->env.r[X86_RSP] = 0x8000;
    x86_update_key(m->cpu);
    return m;
}

void bare_detach(Bare *m)
{
    m->accel->class->vcpu_clear(m->accel, m->cpu);
    m->cpu->kick = NULL;
}

void bare_free(Bare *m)
{
    bare_detach(m);
    m->accel->class->destroy(m->accel);
    x86_cpu_free(m->cpu);
    x86_model_free(m->model);
    space_free(m->memory);
    space_free(m->io);
    region_clear(&m->low);
    region_clear(&m->root);
    region_clear(&m->ports);
    ram_free(m->ram);
    clock_free(m->clock);
    if (m->first) {
        rcu_unregister_thread();
    }
    g_free(m);
}

void bare_put(Bare *m, uint64_t addr, const void *bytes, size_t n)
{
    memcpy(m->ram->host + addr, bytes, n);
}

void bare_put_long(Bare *m, uint64_t addr, uint32_t val)
{
    bare_put(m, addr, &val, 4);
}

void bare_run(Bare *m, uint64_t pc)
{
    m->cpu->env.pc = pc;
    m->cpu->halted = false;
    g_assert_cmpint(m->accel->class->run(m->accel, m->cpu), ==, VCPU_EXIT_HALT);
}

void bare_flat32(Bare *m, uint32_t cr3)
{
    X86Cpu *cpu = m->cpu;

    for (unsigned s = 0; s < X86_SEGMENTS; s++) {
        uint16_t type = s == X86_CS ? 0xb : 0x3;
        cpu->seg[s] =
            (X86Segment){ .limit = UINT32_MAX,
                          .selector = 8 * (s + 1),
                          .attr = type | SEG_S | SEG_P | SEG_D | SEG_G };
    }
    cpu->cr0 |= CR0_PE;
    if (cr3 != UINT32_MAX) {
        cpu->cr0 |= CR0_PG;
        cpu->cr3 = cr3 & ~1u;
        cpu->cr4 |= cr3 & 1 ? CR4_PSE : 0;
    }
    x86_update_key(cpu);
    cpu->mmu_ops->flush_all(cpu);
}

void bare_long_mode(Bare *m, uint64_t tables)
{
    X86Cpu *cpu = m->cpu;

    bare_put_long(m, tables, (tables + 0x1000) | 3);
    bare_put_long(m, tables + 0x1000, (tables + 0x2000) | 3);
    for (unsigned n = 0; n < BARE_RAM >> 21; n++) {
        bare_put_long(m, tables + 0x2000 + n * 8, n << 21 | 0xe3);
    }
    bare_flat32(m, UINT32_MAX);
    cpu->seg[X86_CS].attr = 0xb | SEG_S | SEG_P | SEG_L | SEG_G;
    cpu->efer = EFER_LME | EFER_LMA;
    cpu->cr4 |= CR4_PAE | CR4_OSFXSR;
    cpu->fpu.fcw = 0x37f;
    cpu->fpu.mxcsr = 0x1f80;
    cpu->cr3 = tables;
    cpu->cr0 |= CR0_PG | CR0_PE;
    x86_update_fp_key(cpu);
    x86_update_key(cpu);
    cpu->mmu_ops->flush_all(cpu);
}

typedef struct BareCase {
    const BareTest *test;
    const char *variant;
} BareCase;

static void bare_run_case(gconstpointer data)
{
    const BareCase *c = data;
    g_autofree char *spec =
        g_strdup_printf("tcg,verify=on,backend=%s%s", c->variant,
                        c->test->options ? c->test->options : "");
    g_autofree char *name = g_strndup(c->variant, strcspn(c->variant, ","));

    if (!tcg_backend_find(name)) {
        g_test_skip("this host does not have the back end");
        return;
    }
    Bare *m = bare_new(spec);
    c->test->fn(m);
    bare_free(m);
}

void bare_add_tests(const char *prefix, const BareTest *tests,
                    const char *const *variants)
{
    for (; *variants; variants++) {
        for (const BareTest *test = tests; test->name; test++) {
            BareCase *c = g_new(BareCase, 1);
            *c = (BareCase){ test, *variants };
            g_autofree char *path =
                g_strdup_printf("%s/%s/%s", prefix, *variants, test->name);
            g_test_add_data_func_full(path, c, bare_run_case, g_free);
        }
    }
}
