/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See harness.h. */
#include "tests/tcg/harness.h"

#include <string.h>

#define HARNESS_BUFFER (4 * 1024 * 1024)

static TcgCode *harness_lookup(void *env, TcgCode *from, unsigned exit)
{
    return NULL;
}

static uint8_t *harness_host(HarnessCpu *cpu, uint64_t addr, unsigned size)
{
    uint64_t off = addr - HARNESS_BASE;
    if (off >= HARNESS_PAGES * 4096 || size > HARNESS_PAGES * 4096 - off) {
        return NULL;
    }
    return cpu->memory + off;
}

static uint8_t *harness_fill(void *env, uint64_t addr, unsigned size,
                             unsigned mode, bool write)
{
    uint8_t *host = harness_host(env, addr, 1);
    if (!host) {
        tcg_unwind(env, HARNESS_FAULT);
    }
    return (addr & 4095) + size <= 4096 ? host : NULL;
}

static void harness_load_bytes(void *env, uint64_t addr, void *buf,
                               unsigned size, unsigned mode, bool rmw)
{
    uint8_t *host = harness_host(env, addr, size);
    if (!host) {
        tcg_unwind(env, HARNESS_FAULT);
    }
    memcpy(buf, host, size);
}

static void harness_store_bytes(void *env, uint64_t addr, const void *buf,
                                unsigned size, unsigned mode)
{
    uint8_t *host = harness_host(env, addr, size);
    if (!host) {
        tcg_unwind(env, HARNESS_FAULT);
    }
    memcpy(host, buf, size);
}

static uint64_t harness_load(void *env, uint64_t addr, unsigned size,
                             unsigned mode)
{
    uint64_t val = 0;
    harness_load_bytes(env, addr, &val, size, mode, false);
    return val;
}

static void harness_store(void *env, uint64_t addr, uint64_t val, unsigned size,
                          unsigned mode)
{
    harness_store_bytes(env, addr, &val, size, mode);
}

static void harness_init_cpu(Harness *h)
{
    HarnessCpu *cpu = h->cpu = tcg_env_alloc(sizeof(HarnessCpu));
    g_assert(cpu);
    cpu->ctx = &h->ctx;
    /* The architecture's reset values of FCW and MXCSR. */
    memcpy(cpu->fpu, (const uint16_t[]){ 0x37f }, 2);
    memcpy(cpu->fpu + 24, (const uint32_t[]){ 0x1f80 }, 4);
    cpu->memory = g_malloc0(HARNESS_PAGES * 4096);
    cpu->env.jumps = tcg_jumps_new();
    for (unsigned m = 0; m < TCG_MODES; m++) {
        cpu->env.tlb[m] = g_new(TcgTlbEntry, TCG_TLB_SIZE);
        tcg_tlb_clear(cpu->env.tlb[m]);
    }
    for (unsigned p = 0; p < HARNESS_PAGES; p++) {
        uint64_t page = HARNESS_BASE + p * 4096;
        cpu->env.tlb[0][page >> 12 & (TCG_TLB_SIZE - 1)] = (TcgTlbEntry){
            .read = page,
            .write = page,
            .addend = (uintptr_t)cpu->memory - HARNESS_BASE,
        };
    }
}

Harness *harness_new(const char *backend)
{
    const TcgBackend *b = tcg_backend_find(backend);
    if (!b) {
        return NULL;
    }
    g_autoptr(GError) error = NULL;
    Harness *h = g_new0(Harness, 1);
    h->ctx = (TcgContext){ .backend = b,
                           .lookup = harness_lookup,
                           .fill = harness_fill,
                           .load = harness_load,
                           .store = harness_store,
                           .load_bytes = harness_load_bytes,
                           .store_bytes = harness_store_bytes,
                           .fpu_offset = offsetof(HarnessCpu, fpu),
                           .fpu_mask = 3 };
    if (b->has_native) {
        h->ctx.buffer = code_buffer_new(HARNESS_BUFFER, &error);
        g_assert_no_error(error);
    }
    g_assert(b->init(&h->ctx, &error));
    harness_init_cpu(h);
    ir_init(&h->ir);
    return h;
}

void harness_free(Harness *h)
{
    HarnessCpu *cpu = h->cpu;
    h->ctx.backend->clear(&h->ctx);
    if (h->ctx.backend->destroy) {
        h->ctx.backend->destroy(&h->ctx);
    }
    if (h->ctx.buffer) {
        code_buffer_free(h->ctx.buffer);
    }
    for (unsigned m = 0; m < TCG_MODES; m++) {
        g_free(cpu->env.tlb[m]);
    }
    tcg_jumps_free(cpu->env.jumps);
    g_free(cpu->memory);
    tcg_env_free(cpu, sizeof(*cpu));
    ir_clear(&h->ir);
    g_free(h);
}

int harness_run(Harness *h)
{
    g_autoptr(GString) why = g_string_new(NULL);
    if (!h->unchecked && !ir_verify(&h->ir, why)) {
        ir_print(&h->ir, why);
        g_error("%s", why->str);
    }
    size_t keep = h->ctx.buffer ? code_buffer_used(h->ctx.buffer) : 0;
    h->code = (TcgCode){ 0 };
    g_assert(h->ctx.backend->compile(&h->ctx, &h->ir, &h->code));
    int reason = h->ctx.backend->run(&h->ctx, h->cpu, &h->code);
    h->ctx.backend->release(&h->ctx, &h->code);
    if (h->ctx.buffer) {
        h->ctx.backend->clear(&h->ctx);
        g_assert_cmpuint(code_buffer_used(h->ctx.buffer), ==, keep);
    }
    return reason;
}
