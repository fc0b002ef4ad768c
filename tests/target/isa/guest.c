/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A case on an engine: translated once per encoding and translation key, run
 * in as many states as come.
 */
#include "accel/tcg/engine.h"
#include "target/x86/xstate.h"
#include "tests/target/isa/isa.h"

#include <string.h>

typedef struct GuestCode {
    bool used, plain; /* IrBlock.plain */
    uint32_t key;
    uint64_t pc;
    TcgCode code;
} GuestCode;

struct IsaGuest {
    Engine *e;
    uint64_t gs_base, fs_base;
    GuestCode codes[8];
};

enum { LDT_BYTES = 22 * 8 }; /* up to ISA_DS16 */

/* As host.c has asked for it. */
static void guest_put_descriptor(unsigned selector, unsigned access)
{
    uint64_t base = ENGINE_BASE;
    uint64_t d = 0xffff | (base & 0xffffff) << 16 | (uint64_t)access << 40 |
                 (base >> 24) << 56;

    memcpy((uint8_t *)ISA_LDT + (selector & ~7u), &d, sizeof(d));
}

/* The descriptors that Linux gives to user code: arch/x86/kernel/cpu/common.c,
 * gdt_page. The task's and the CPU number's are not used. */
static void guest_put_gdt(void)
{
    static const uint64_t gdt[16] = {
        [1] = UINT64_C(0x00cf9b000000ffff), [2] = UINT64_C(0x00af9b000000ffff),
        [3] = UINT64_C(0x00cf93000000ffff), [4] = UINT64_C(0x00cffb000000ffff),
        [5] = UINT64_C(0x00cff3000000ffff), [6] = UINT64_C(0x00affb000000ffff),
        [8] = UINT64_C(0x00008b0000000067), [10] = UINT64_C(0x0000820000000000),
    };
    memcpy((void *)ISA_GDT, gdt, sizeof(gdt));
    memset((void *)ISA_LDT, 0, LDT_BYTES);
    guest_put_descriptor(ISA_CS16, 0xfb);
    guest_put_descriptor(ISA_DS16, 0xf3);
}

IsaGuest *isa_guest_new(const char *backend, unsigned switches,
                        const X86Model *model)
{
    IsaGuest *g = g_new0(IsaGuest, 1);

    g->e = engine_new(backend, switches);
    if (!g->e) {
        g_free(g);
        return NULL;
    }
    guest_put_gdt();
    g->e->max_insns = 1;
    g->e->cpu->model = model;
    g->e->cpu->gdt.base = ISA_GDT;
    g->e->cpu->gdt.limit = 0x7f;
    g->e->cpu->ldt =
        (X86Segment){ .base = ISA_LDT, .limit = LDT_BYTES - 1, .attr = 0x82 };
    return g;
}

bool isa_guest_has(const IsaGuest *g, const X86Row *row)
{
    return !(row->attr & X86_A_UNIMPLEMENTED) &&
           (!(row->attr & X86_A_AVX512) ||
            x86_has_feature(g->e->cpu, FEATURE_AVX512F)) &&
           (!row->feature || x86_has_feature(g->e->cpu, row->feature));
}

static void guest_forget(IsaGuest *g)
{
    for (unsigned n = 0; n < G_N_ELEMENTS(g->codes); n++) {
        if (g->codes[n].used) {
            g->e->ctx.backend->release(&g->e->ctx, &g->codes[n].code);
            memset(&g->codes[n], 0, sizeof(g->codes[n]));
        }
    }
}

void isa_guest_free(IsaGuest *g)
{
    guest_forget(g);
    engine_free(g->e);
    g_free(g);
}

void isa_guest_prepare(IsaGuest *g, X86CodeSize code)
{
    guest_forget(g);
}

static bool guest_compile(IsaGuest *g, GuestCode *c)
{
    TcgContext *ctx = &g->e->ctx;

    engine_translate(g->e);
    if (ctx->backend->compile(ctx, &g->e->ir, &c->code)) {
        return true;
    }
    memset(g->codes, 0, sizeof(g->codes));
    ctx->backend->clear(ctx);
    return ctx->backend->compile(ctx, &g->e->ir, &c->code);
}

static GuestCode *guest_code(IsaGuest *g)
{
    uint32_t key = g->e->cpu->key.bits;
    uint64_t pc = g->e->cpu->env.pc;
    GuestCode *c = NULL;

    for (unsigned n = 0; n < G_N_ELEMENTS(g->codes); n++) {
        c = &g->codes[n];
        if (c->used && c->key == key && c->pc == pc &&
            c->plain == g->e->ir.plain) {
            return c;
        }
        if (!c->used) {
            break;
        }
    }
    if (c->used) {
        guest_forget(g);
        c = &g->codes[0];
    }
    g_assert(guest_compile(g, c));
    c->used = true;
    c->plain = g->e->ir.plain;
    c->key = key;
    c->pc = pc;
    return c;
}

/* Selectors as user code has them under Linux; FS and GS are null with a base
 * of their own. */
static void guest_put_segments(X86Cpu *cpu, const IsaState *in)
{
    for (unsigned n = 0; n < X86_SEGMENTS; n++) {
        cpu->seg[n].selector = in->seg[n];
    }
    for (unsigned n = 0; in->seg[X86_CS] == ISA_CS16 && n < X86_FS; n++) {
        cpu->seg[n].base = ENGINE_BASE;
        cpu->seg[n].limit = 0xffff;
        cpu->seg[n].attr = n == X86_CS ? 0xfb : 0xf3;
    }
    for (unsigned n = X86_FS; n <= X86_GS; n++) {
        cpu->seg[n] =
            (X86Segment){ .base = n == X86_FS ? in->fs_base : in->gs_base };
    }
}

static void guest_put(IsaGuest *g, const IsaCase *c)
{
    X86Cpu *cpu = g->e->cpu;

    engine_set_code(g->e, c->code == X86_CODE16 ? X86_CODE32 : c->code, 3);
    guest_put_segments(cpu, &c->in);
    memcpy(cpu->env.r, c->in.r, sizeof(c->in.r));
    cpu->env.flags = x86_flags_pack(c->in.flags);
    cpu->eflags = c->in.flags & ~EFLAGS_STATUS;
    cpu->env.pc = c->in.pc;
    cpu->fpu = c->in.fpu;
    cpu->xcr0 = isa_xcr0();
    x86_update_key(cpu);
    x86_update_fp_key(cpu);
}

/* Parts in their initial state may stand in memory as anything. */
static void guest_get_fpu(X86Fpu *out, const X86Cpu *cpu)
{
    *out = cpu->fpu;
    if (!(out->xstate_bv & 1)) {
        out->fcw = 0x37f;
        out->fsw = out->ftw = 0;
        memset(out->st, 0, sizeof(out->st));
    }
    if (!(out->xstate_bv & 2)) {
        memset(out->xmm, 0, sizeof(out->xmm));
    }
    for (unsigned n = 0; n < XSTATE_COUNT; n++) {
        const XState *x = &x86_xstates[n];
        if (x->image && !(out->xstate_bv >> x->number & 1)) {
            memset((uint8_t *)out + x->image, 0, x->size);
        }
    }
}

static void guest_get(IsaGuest *g, IsaState *out)
{
    X86Cpu *cpu = g->e->cpu;

    memcpy(out->r, cpu->env.r, sizeof(out->r));
    out->pc = cpu->env.pc;
    out->flags = x86_get_eflags(cpu);
    out->fs_base = cpu->seg[X86_FS].base;
    out->gs_base = cpu->seg[X86_GS].base;
    for (unsigned n = 0; n < X86_SEGMENTS; n++) {
        out->seg[n] = cpu->seg[n].selector;
    }
    out->vector = cpu->raised;
    out->error =
        cpu->raised >= 0 && cpu->raised_has_error ? cpu->raised_error : 0;
    out->cr2 = cpu->cr2;
    guest_get_fpu(&out->fpu, cpu);
    if (out->vector >= 0 && cpu->raised_soft) {
        out->pc = cpu->raised_next_pc;
    }
}

/* A string instruction may leave in the middle and start again. */
void isa_guest_run(IsaGuest *g, const IsaCase *c, IsaState *out)
{
    X86Cpu *cpu = g->e->cpu;

    guest_put(g, c);
    host_signals_enter(&g->e->ctx);
    for (unsigned n = 0; n < 100000; n++) {
        GuestCode *code = guest_code(g);
        int why = g->e->ctx.backend->run(&g->e->ctx, cpu, &code->code);
        g->e->ir.plain = why == TCG_LEAVE_PLAIN;
        if ((why != TCG_LEAVE_LOOKUP && why != TCG_LEAVE_PLAIN) ||
            cpu->raised >= 0 || cpu->env.pc != c->in.pc) {
            break;
        }
    }
    g->e->ir.plain = false;
    host_signals_enter(NULL);
    guest_get(g, out);
}
