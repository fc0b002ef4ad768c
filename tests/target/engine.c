/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See engine.h. Memory outside of the engine's raises #PF. */
#include "tests/target/engine.h"

#include <string.h>
#include <sys/mman.h>

static bool engine_has(uint64_t addr, unsigned size)
{
    return addr >= ENGINE_BASE && addr + size <= ENGINE_BASE + ENGINE_SIZE;
}

static void engine_check(X86Cpu *cpu, uint64_t addr, unsigned size, bool write)
{
    if (!engine_has(addr, size)) {
        x86_raise_pf(cpu, addr, write ? 2 : 0);
    }
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
        (TcgTlbEntry){ page, page, (uint8_t *)(uintptr_t)page, page };
    return (uint8_t *)(uintptr_t)addr;
}

static TcgCode *engine_lookup(void *env, TcgCode *from, unsigned exit)
{
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

static void engine_flush_page(X86Cpu *cpu, vaddr addr)
{
}

static const X86MmuOps engine_mmu_ops = {
    .flush_all = engine_flush,
    .flush_non_global = engine_flush,
    .flush_page = engine_flush_page,
};

static void engine_new_cpu(Engine *e)
{
    X86Cpu *cpu = tcg_env_alloc(sizeof(*cpu));
    g_assert(cpu);
    for (unsigned m = 0; m < TCG_MODES; m++) {
        cpu->env.tlb[m] = g_new(TcgTlbEntry, TCG_TLB_SIZE);
        memset(cpu->env.tlb[m], 0xff, sizeof(TcgTlbEntry) * TCG_TLB_SIZE);
    }
    cpu->env.jumps = g_new(TcgJump, TCG_JUMP_SIZE);
    memset(cpu->env.jumps, 0xff, sizeof(TcgJump) * TCG_JUMP_SIZE);
    cpu->fpu.fcw = 0x37f;
    cpu->fpu.mxcsr = 0x1f80;
    cpu->a20_mask = UINT64_MAX;
    cpu->tcg = &e->ctx;
    cpu->mmu_ops = &engine_mmu_ops;
    cpu->model = x86_model_find("max,+adx", NULL);
    cpu->alloc_size = sizeof(*cpu);
    e->cpu = cpu;
}

Engine *engine_new(const char *backend, unsigned switches)
{
    const TcgBackend *b = tcg_backend_find(backend);
    if (!b) {
        return NULL;
    }
    Engine *e = g_new0(Engine, 1);
    e->mem = mmap((void *)ENGINE_BASE, ENGINE_SIZE,
                  PROT_READ | PROT_WRITE | PROT_EXEC,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    g_assert(e->mem == (void *)ENGINE_BASE);
    e->ctx = (TcgContext){
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
        .fpu_mask = 3,
        .can_link = engine_can_link,
        .switches = switches,
    };
    e->optimise = !(switches & TCG_OFF_OPT);
    e->max_insns = 64;
    g_assert(b->init(&e->ctx, NULL));
    ir_init(&e->ir);
    engine_new_cpu(e);
    engine_set_code(e, X86_CODE64);
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
    for (unsigned m = 0; m < TCG_MODES; m++) {
        g_free(e->cpu->env.tlb[m]);
    }
    g_free(e->cpu->env.jumps);
    tcg_env_free(e->cpu, sizeof(*e->cpu));
    ir_clear(&e->ir);
    munmap(e->mem, ENGINE_SIZE);
    g_free(e);
}

void engine_set_code(Engine *e, X86CodeSize code)
{
    X86Cpu *cpu = e->cpu;
    uint16_t attr = SEG_P | SEG_S | SEG_DPL | 3;
    for (unsigned n = 0; n < X86_SEGMENTS; n++) {
        uint16_t size = code == X86_CODE16 ? 0 : SEG_D;
        cpu->seg[n] = (X86Segment){ 0, UINT32_MAX, 0x2b, attr | size };
    }
    cpu->seg[X86_CS].attr = SEG_P | SEG_S | SEG_DPL | 0xb |
                            (code == X86_CODE64   ? SEG_L
                             : code == X86_CODE32 ? SEG_D
                                                  : 0);
    cpu->cr0 = CR0_PE | CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP;
    cpu->cr4 =
        CR4_PAE | CR4_OSFXSR | CR4_OSXSAVE | CR4_OSXMMEXCPT | CR4_FSGSBASE;
    cpu->efer = EFER_LME | EFER_LMA | EFER_SCE | EFER_NXE;
    cpu->xcr0 = 7;
    cpu->eflags = 2 | EFLAGS_IF;
    cpu->raised = -1;
    cpu->old_vector = -1;
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
    memset((void *)(uintptr_t)(linear + len), 0x90, 16);
    for (unsigned n = 0; n < 10000; n++) {
        TcgCode code = { 0 };
        if (e->cpu->env.pc == end || why != TCG_LEAVE_LOOKUP) {
            return why;
        }
        engine_translate(e);
        engine_compile(e, &code);
        why = e->ctx.backend->run(&e->ctx, e->cpu, &code);
        e->ctx.backend->release(&e->ctx, &code);
    }
    g_error("does not end");
}
