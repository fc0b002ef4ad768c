/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See engine.h. Memory outside of the engine's raises #PF. */
#include "tests/target/engine.h"
#include "target/x86/features.h"
#include "target/x86/host.h"

#include <string.h>
#include <sys/mman.h>
#include <urcu.h>

static bool engine_has(uint64_t addr, unsigned size)
{
    return addr - ENGINE_BASE < ENGINE_SIZE &&
           size <= ENGINE_SIZE - (addr - ENGINE_BASE);
}

/* As with paging: a fault is at the first byte that is not there. */
static void engine_check(X86Cpu *cpu, uint64_t addr, unsigned size, bool write)
{
    uint64_t first = engine_has(addr, 1) ? ENGINE_BASE + ENGINE_SIZE : addr;
    bool user = cpu->env.mode == X86_MODE_USER;

    if (engine_has(addr, size)) {
        return;
    }
    if ((int64_t)addr >> 47 != (int64_t)addr >> 63) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    x86_raise_pf(cpu, first, (write ? 2 : 0) | (user ? 4 : 0));
}

uint64_t x86_load(X86Cpu *cpu, vaddr addr, unsigned size, unsigned mode)
{
    uint64_t v = 0;
    engine_check(cpu, addr, size, false);
    __builtin_memcpy(&v, (void *)(uintptr_t)addr, size);
    return v;
}

void x86_store(X86Cpu *cpu, vaddr addr, uint64_t val, unsigned size,
               unsigned mode)
{
    engine_check(cpu, addr, size, true);
    __builtin_memcpy((void *)(uintptr_t)addr, &val, size);
}

bool x86_cmpxchg16(X86Cpu *cpu, vaddr addr, uint64_t expected[2],
                   const uint64_t desired[2], unsigned mode)
{
    uint64_t low = x86_load(cpu, addr, 8, mode);
    uint64_t high = x86_load(cpu, addr + 8, 8, mode);
    bool equal = low == expected[0] && high == expected[1];

    x86_store(cpu, addr, equal ? desired[0] : low, 8, mode);
    x86_store(cpu, addr + 8, equal ? desired[1] : high, 8, mode);
    expected[0] = low;
    expected[1] = high;
    return equal;
}

static uint64_t engine_load(void *env, uint64_t addr, unsigned size,
                            unsigned mode)
{
    return x86_load(env, addr, size, mode);
}

static void engine_store(void *env, uint64_t addr, uint64_t val, unsigned size,
                         unsigned mode)
{
    x86_store(env, addr, val, size, mode);
}

static void engine_load_bytes(void *env, uint64_t addr, void *buf,
                              unsigned size, unsigned mode, bool rmw)
{
    engine_check(env, addr, size, rmw);
    memcpy(buf, (void *)(uintptr_t)addr, size);
}

static void engine_store_bytes(void *env, uint64_t addr, const void *buf,
                               unsigned size, unsigned mode)
{
    engine_check(env, addr, size, true);
    memcpy((void *)(uintptr_t)addr, buf, size);
}

/* Fills the table, too, as an accelerator would. */
static uint8_t *engine_fill(void *env, uint64_t addr, unsigned size,
                            unsigned mode, bool write)
{
    X86Cpu *cpu = env;
    uint64_t page = addr & ~UINT64_C(4095);
    engine_check(cpu, addr, size, write);
    cpu->env.tlb[mode][addr / 4096 & (TCG_TLB_SIZE - 1)] =
        (TcgTlbEntry){ page, page, 0, page };
    return (uint8_t *)(uintptr_t)addr;
}

static TcgCode *engine_lookup(void *env, TcgCode *from, unsigned exit)
{
    if (!from) {
        x86_check_branch(env, exit);
    }
    return NULL;
}

static bool engine_can_link(const TcgCode *from, unsigned exit,
                            const TcgCode *to)
{
    return false;
}

static void engine_flush(X86Cpu *cpu)
{
}

static void engine_switch_space(X86Cpu *cpu, bool keep)
{
}

static void engine_flush_space(X86Cpu *cpu, int pcid)
{
}

static void engine_flush_page(X86Cpu *cpu, vaddr addr)
{
}

static const X86MmuOps engine_mmu_ops = {
    .flush_all = engine_flush,
    .switch_space = engine_switch_space,
    .flush_space = engine_flush_space,
    .flush_page = engine_flush_page,
};

/* With empty physical memory: a fetch outside of the engine's faults. */
static void engine_new_cpu(Engine *e)
{
    GError *err = NULL;

    e->clock = clock_new(NULL, NULL);
    clock_start(e->clock);
    region_init_container(&e->root, "memory", UINT64_MAX);
    region_init_container(&e->ports, "ports", 0x10000);
    e->memory = space_new("memory", &e->root);
    e->io = space_new("io", &e->ports);
    static const X86Model *model; /* models stay */
    model = model ? model : x86_model_find("max", &err);
    g_assert_no_error(err);
    X86Cpu *cpu = x86_cpu_new(0, model, e->memory, e->io, e->clock, &err);
    g_assert_no_error(err);
    for (unsigned m = 0; m < TCG_MODES; m++) {
        cpu->env.tlb[m] = g_new(TcgTlbEntry, TCG_TLB_SIZE);
        tcg_tlb_clear(cpu->env.tlb[m]);
    }
    cpu->env.jumps = tcg_jumps_new();
    /* No pc's key, canonical or not: -1 is what a test may jump to. */
    memset(cpu->env.jumps, 0x5a, sizeof(TcgJump) * TCG_JUMP_SIZE);
    cpu->fpu.fcw = 0x37f;
    cpu->fpu.mxcsr = 0x1f80;
    cpu->tcg = &e->ctx;
    cpu->mmu_ops = &engine_mmu_ops;
    cpu->kick = engine_flush;
    e->cpu = cpu;
}

static void engine_free_cpu(Engine *e)
{
    for (unsigned m = 0; m < TCG_MODES; m++) {
        g_free(e->cpu->env.tlb[m]);
    }
    tcg_jumps_free(e->cpu->env.jumps);
    x86_cpu_free(e->cpu);
    space_free(e->memory);
    space_free(e->io);
    region_clear(&e->root);
    region_clear(&e->ports);
    clock_free(e->clock);
}

/* Engines of one thread share it. */
static unsigned engine_count;

static void engine_map(void)
{
    if (engine_count++) {
        return;
    }
    rcu_register_thread();
    void *p = mmap((void *)ENGINE_BASE, ENGINE_SIZE,
                   PROT_READ | PROT_WRITE | PROT_EXEC,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    g_assert(p == (void *)ENGINE_BASE);
}

static void engine_unmap(void)
{
    if (--engine_count == 0) {
        munmap((void *)ENGINE_BASE, ENGINE_SIZE);
        rcu_unregister_thread();
    }
}

static uint64_t engine_fpu_mask(void)
{
    return x86_host_has_feature(FEATURE_AVX512F) ? 0xe7
           : x86_host_has_feature(FEATURE_AVX)   ? 7
                                                 : 3;
}

Engine *engine_new(const char *backend, unsigned switches)
{
    const TcgBackend *b = tcg_backend_find(backend);
    if (!b) {
        return NULL;
    }
    Engine *e = g_new0(Engine, 1);
    engine_map();
    e->mem = (uint8_t *)ENGINE_BASE;
    e->ctx = (TcgContext){
        .lone = true,
        .backend = b,
        .buffer =
            b == &tcg_backend_interp ? NULL : code_buffer_new(1 << 20, NULL),
        .lookup = engine_lookup,
        .fill = engine_fill,
        .load = engine_load,
        .store = engine_store,
        .load_bytes = engine_load_bytes,
        .store_bytes = engine_store_bytes,
        .fpu_offset = offsetof(X86Cpu, fpu),
        .fpu_mask = engine_fpu_mask(),
        .can_link = engine_can_link,
        .switches = switches,
    };
    e->optimise = !(switches & TCG_OFF_OPT);
    e->max_insns = 64;
    g_assert(b->init(&e->ctx, NULL));
    ir_init(&e->ir);
    engine_new_cpu(e);
    engine_set_code(e, X86_CODE64, 3);
    return e;
}

void engine_free(Engine *e)
{
    if (e->ctx.backend->destroy) {
        e->ctx.backend->destroy(&e->ctx);
    }
    if (e->ctx.buffer) {
        code_buffer_free(e->ctx.buffer);
    }
    engine_free_cpu(e);
    ir_clear(&e->ir);
    engine_unmap();
    g_free(e);
}

/* Real mode: every segment begins where the memory does. */
static void engine_set_real_mode(X86Cpu *cpu)
{
    for (unsigned n = 0; n < X86_SEGMENTS; n++) {
        cpu->seg[n] =
            (X86Segment){ ENGINE_BASE, 0xffff, 0x2000, SEG_P | SEG_S | 3 };
    }
    cpu->cr0 = CR0_ET;
    cpu->cr4 = CR4_OSFXSR;
    cpu->efer = 0;
    cpu->env.pc = ENGINE_CODE - ENGINE_BASE;
}

static void engine_set_flat(X86Cpu *cpu, X86CodeSize code, unsigned cpl)
{
    uint16_t attr = SEG_P | SEG_S | SEG_D | cpl << 5;
    for (unsigned n = 0; n < X86_SEGMENTS; n++) {
        cpu->seg[n] = (X86Segment){ 0, UINT32_MAX, 0x28 | cpl, attr | 3 };
    }
    cpu->seg[X86_CS].attr =
        (attr & ~SEG_D) | 0xb | (code == X86_CODE64 ? SEG_L : SEG_D);
    cpu->cr0 = CR0_PE | CR0_PG | CR0_AM | CR0_WP | CR0_NE | CR0_ET | CR0_MP;
    cpu->cr4 =
        CR4_PAE | CR4_OSFXSR | CR4_OSXSAVE | CR4_OSXMMEXCPT | CR4_FSGSBASE;
    cpu->efer = EFER_LME | EFER_LMA | EFER_SCE | EFER_NXE;
    cpu->tr = (X86Segment){ 0 }; /* no port bitmap */
    cpu->env.pc = ENGINE_CODE;
}

void engine_set_code(Engine *e, X86CodeSize code, unsigned cpl)
{
    X86Cpu *cpu = e->cpu;
    if (code == X86_CODE16) {
        engine_set_real_mode(cpu);
    } else {
        engine_set_flat(cpu, code, cpl);
    }
    cpu->xcr0 = 7;
    cpu->eflags = 2 | EFLAGS_IF;
    cpu->inhibit = 0;
    cpu->halted = false;
    cpu->raised = -1;
    cpu->old_vector = -1;
    cpu->env.exit_request = 0;
    x86_update_key(cpu);
}

void engine_translate(Engine *e)
{
    X86Cpu *cpu = e->cpu;
    uint32_t size;
    uint64_t linear = cpu->seg[X86_CS].base + cpu->env.pc;
    X86CodeFetch fetch = {
        .page[0] = (uint8_t *)(uintptr_t)(linear & ~UINT64_C(4095)),
    };
    g_autoptr(GString) why = g_string_new(NULL);

    if (!engine_has(linear, 1)) {
        fetch.page[0] = NULL;
    }
    fetch.page[1] = fetch.page[0] ? fetch.page[0] + 4096 : NULL;
    x86_translate(cpu, &e->ir, &fetch, e->max_insns, &size);
    if (!ir_verify(&e->ir, why)) {
        g_autoptr(GString) text = g_string_new(NULL);
        ir_print(&e->ir, text);
        g_error("%s\n%s", why->str, text->str);
    }
    if (e->optimise) {
        ir_optimise(&e->ir);
        g_assert(ir_verify(&e->ir, why));
    }
}

/* Every translation is thrown away at once. */
static void engine_compile(Engine *e, TcgCode *code)
{
    if (!e->ctx.backend->compile(&e->ctx, &e->ir, code)) {
        e->ctx.backend->clear(&e->ctx);
        g_assert(e->ctx.backend->compile(&e->ctx, &e->ir, code));
    }
}

int engine_run(Engine *e, const uint8_t *bytes, size_t len)
{
    uint64_t end = e->cpu->env.pc + len;
    uint64_t linear = e->cpu->seg[X86_CS].base + e->cpu->env.pc;
    int why = TCG_LEAVE_LOOKUP;

    memcpy((void *)(uintptr_t)linear, bytes, len);
    memcpy((void *)(uintptr_t)(linear + len), "\x0f\x0b", 2); /* UD2 ends it */
    for (unsigned n = 0; n < 100000; n++) {
        TcgCode code = { 0 };
        e->ir.plain = why == TCG_LEAVE_PLAIN;
        if (!e->ir.plain &&
            (e->cpu->env.pc == end || why != TCG_LEAVE_LOOKUP)) {
            return why;
        }
        engine_translate(e);
        engine_compile(e, &code);
        why = e->ctx.backend->run(&e->ctx, e->cpu, &code);
        e->ctx.backend->release(&e->ctx, &code);
        if (e->cpu->env.pc == end && e->cpu->raised == EXC_UD) {
            e->cpu->raised = -1;
        }
    }
    g_error("does not end");
}
