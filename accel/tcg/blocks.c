/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Translations: making them, finding what a write to memory makes stale, and
 * dropping them. A page's blocks hang on its TcgPage; a write drops only those
 * whose bytes it touches. When the code buffer is full everything goes.
 *
 * A dropped block's struct and code stay until the next flush of everything:
 * the vCPU may still be inside it. It can no longer be found or linked to.
 */
#include "accel/tcg/engine.h"
#include "util/error.h"
#include "util/log.h"

#include <capstone/capstone.h>
#include <inttypes.h>
#include <urcu/urcu-memb.h>

/* ---- Pages
 * ------------------------------------------------------------------------ */

static void blocks_code_written(void *opaque, RamBlock *ram, uint64_t off,
                                uint64_t len)
{
    TcgEngine *e = opaque;
    TcgCpu *t = e->cpu;

    if (t && t->running && pthread_equal(t->thread, pthread_self())) {
        if (!t->storing) {
            engine_invalidate(e, ram, off, len, UINT64_MAX);
        }
        return;
    }
    EngineWrite w = { ram, off, len };

    g_mutex_lock(&e->lock);
    g_array_append_val(e->written, w);
    g_mutex_unlock(&e->lock);
    if (t) {
        engine_kick(t->cpu);
    }
}

void engine_take_writes(TcgEngine *e)
{
    g_mutex_lock(&e->lock);
    for (guint i = 0; i < e->written->len; i++) {
        const EngineWrite *w = &g_array_index(e->written, EngineWrite, i);

        engine_invalidate(e, w->ram, w->off, w->len, UINT64_MAX);
    }
    g_array_set_size(e->written, 0);
    g_mutex_unlock(&e->lock);
}

static TcgPage *blocks_page(TcgEngine *e, const EngineItlb *x)
{
    TcgPage *page = g_hash_table_lookup(e->pages, x->host);

    if (!page) {
        page = g_new0(TcgPage, 1);
        page->host = x->host;
        page->ram = x->ram;
        page->ram_off = x->ram_off;
        g_hash_table_insert(e->pages, (void *)x->host, page);
        x->ram->code_written = blocks_code_written;
        x->ram->code_opaque = e;
    }
    if (!page->blocks) {
        ram_dirty_set(page->ram, DIRTY_CODE, page->ram_off, PAGE_SIZE);
        engine_protect(e->cpu, page->host);
    }
    return page;
}

static unsigned block_side(const TcgBlock *b, const TcgPage *page)
{
    return b->page[0] == page ? 0 : 1;
}

static void page_add(TcgBlock *b, unsigned side, TcgPage *page)
{
    b->page[side] = page;
    b->page_next[side] = page->blocks;
    page->blocks = b;
}

static void page_remove(TcgBlock *b, unsigned side)
{
    TcgPage *page = b->page[side];
    TcgBlock **at = &page->blocks;

    while (*at != b) {
        at = &(*at)->page_next[block_side(*at, page)];
    }
    *at = b->page_next[side];
    if (!page->blocks) {
        ram_dirty_test_and_clear(page->ram, DIRTY_CODE, page->ram_off,
                                 PAGE_SIZE);
    }
}

/* ---- Dropping
 * --------------------------------------------------------------------- */

void engine_link(TcgEngine *e, TcgCode *from, unsigned n, TcgCode *to)
{
    TcgExit *exit = &from->exit[n];

    exit->to = to;
    exit->next_from = to->from;
    exit->next_from_exit = to->from_exit;
    to->from = from;
    to->from_exit = n;
    e->ctx.backend->link(&e->ctx, from, n, to);
    e->stats.links++;
}

static void block_unlink_exit(TcgEngine *e, TcgCode *from, unsigned n)
{
    TcgExit *exit = &from->exit[n];
    TcgCode *to = exit->to;
    TcgCode **at = &to->from;
    uint8_t *at_exit = &to->from_exit;

    while (*at != from || *at_exit != n) {
        TcgExit *other = &(*at)->exit[*at_exit];

        at = &other->next_from;
        at_exit = &other->next_from_exit;
    }
    *at = exit->next_from;
    *at_exit = exit->next_from_exit;
    exit->to = NULL;
    e->ctx.backend->unlink(&e->ctx, from, n);
}

static void block_unlink(TcgEngine *e, TcgBlock *b)
{
    for (unsigned n = 0; n < 2; n++) {
        if (b->code.exit[n].to) {
            block_unlink_exit(e, &b->code, n);
        }
    }
    while (b->code.from) {
        block_unlink_exit(e, b->code.from, b->code.from_exit);
    }
}

static void block_drop(TcgEngine *e, TcgBlock *b)
{
    TcgBlock **at = &e->hash[engine_hash(b->start, b->pc, b->key)];

    while (*at != b) {
        at = &(*at)->hash_next;
    }
    *at = b->hash_next;
    for (unsigned side = 0; side < 2; side++) {
        if (b->page[side]) {
            page_remove(b, side);
        }
    }
    block_unlink(e, b);
    b->valid = false;
    e->stats.invalidated++;
}

/* The block's bytes within the page: [*first, *end). */
static void block_extent(const TcgBlock *b, const TcgPage *page,
                         uint64_t *first, uint64_t *end)
{
    uint64_t start = (uintptr_t)b->start & (PAGE_SIZE - 1);

    if (block_side(b, page) == 0) {
        *first = start;
        *end = MIN(start + b->size, PAGE_SIZE);
        return;
    }
    *first = 0;
    *end = start + b->size - PAGE_SIZE;
}

static bool block_touched(const TcgBlock *b, const TcgPage *page, uint64_t off,
                          uint64_t len)
{
    uint64_t first, end;

    block_extent(b, page, &first, &end);
    return off < end && off + len > first;
}

static bool block_holds_pc(const TcgBlock *b, vaddr pc)
{
    vaddr linear = b->pc + b->cs_base;

    return pc - linear < b->size || (uint32_t)(pc - linear) < b->size;
}

static TcgPage *blocks_find_page(TcgEngine *e, RamBlock *ram, uint64_t off)
{
    return g_hash_table_lookup(e->pages, ram->host + (off & ~(PAGE_SIZE - 1)));
}

bool engine_holds_pc(TcgEngine *e, RamBlock *ram, uint64_t off, uint64_t len,
                     vaddr pc)
{
    TcgPage *page = blocks_find_page(e, ram, off);

    for (TcgBlock *b = page ? page->blocks : NULL; b;
         b = b->page_next[block_side(b, page)]) {
        if (block_touched(b, page, off & (PAGE_SIZE - 1), len) &&
            block_holds_pc(b, pc)) {
            return true;
        }
    }
    return false;
}

bool engine_invalidate(TcgEngine *e, RamBlock *ram, uint64_t off, uint64_t len,
                       vaddr pc)
{
    bool holds = false;
    bool any = false;

    while (len) {
        uint64_t in_page = off & (PAGE_SIZE - 1);
        uint64_t n = MIN(len, PAGE_SIZE - in_page);
        TcgPage *page = blocks_find_page(e, ram, off);
        TcgBlock *next;

        for (TcgBlock *b = page ? page->blocks : NULL; b; b = next) {
            next = b->page_next[block_side(b, page)];
            if (block_touched(b, page, in_page, n)) {
                holds |= block_holds_pc(b, pc);
                block_drop(e, b);
                any = true;
            }
        }
        off += n;
        len -= n;
    }
    if (any && e->cpu) {
        /* The jump cache may name them. */
        engine_forget_jumps(e->cpu);
        engine_mmu_ops.key_changed(e->cpu->cpu);
    }
    return holds;
}

static void block_free(void *p)
{
    g_free(p);
}

void engine_flush_blocks(TcgEngine *e)
{
    GHashTableIter iter;
    void *value;

    for (guint i = 0; i < e->all->len; i++) {
        TcgBlock *b = e->all->pdata[i];

        e->ctx.backend->release(&e->ctx, &b->code);
    }
    g_hash_table_iter_init(&iter, e->pages);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        TcgPage *page = value;

        if (page->blocks) {
            ram_dirty_test_and_clear(page->ram, DIRTY_CODE, page->ram_off,
                                     PAGE_SIZE);
        }
    }
    g_hash_table_remove_all(e->pages);
    g_ptr_array_set_size(e->all, 0);
    for (unsigned i = 0; i < ENGINE_HASH_SIZE; i++) {
        e->hash[i] = NULL;
    }
    e->ctx.backend->clear(&e->ctx);
    e->stats.flushes++;
    if (e->cpu) {
        e->cpu->link_from = NULL;
        engine_forget_jumps(e->cpu);
        engine_mmu_ops.key_changed(e->cpu->cpu);
    }
}

bool engine_blocks_init(TcgEngine *e, GError **errp)
{
    e->hash = g_new0(TcgBlock *, ENGINE_HASH_SIZE);
    e->pages = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    e->all = g_ptr_array_new_with_free_func(block_free);
    ir_init(&e->ir);
    return true;
}

void engine_blocks_clear(TcgEngine *e)
{
    if (!e->hash) {
        return;
    }
    engine_flush_blocks(e);
    g_hash_table_unref(e->pages);
    g_ptr_array_unref(e->all);
    g_free(e->hash);
    ir_clear(&e->ir);
    e->hash = NULL;
}

/* ---- Logging
 * ------------------------------------------------------------------------ */

static void blocks_log_guest(const TcgBlock *b, X86CodeSize code)
{
    static const cs_mode mode[] = { CS_MODE_16, CS_MODE_32, CS_MODE_64 };
    uint64_t first =
        MIN(b->size, PAGE_SIZE - ((uintptr_t)b->start & (PAGE_SIZE - 1)));
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    cs_insn *insn;
    csh cs;

    g_byte_array_append(bytes, b->start, first);
    if (b->page[1]) {
        g_byte_array_append(bytes, b->page[1]->host, b->size - first);
    }
    if (cs_open(CS_ARCH_X86, mode[code], &cs) != CS_ERR_OK) {
        return;
    }
    size_t n =
        cs_disasm(cs, bytes->data, bytes->len, b->pc + b->cs_base, 0, &insn);

    log_printf("IN: key %08x\n", b->key);
    for (size_t i = 0; i < n; i++) {
        log_printf("0x%08" PRIx64 ":  %s %s\n", insn[i].address,
                   insn[i].mnemonic, insn[i].op_str);
    }
    cs_free(insn, n);
    cs_close(&cs);
}

static void blocks_log_ir(LogItem item, const IrBlock *ir)
{
    if (log_on(item)) {
        g_autoptr(GString) text = g_string_new(NULL);

        ir_print(ir, text);
        log_printf("%s:\n%s\n", item == LOG_OP ? "OP" : "OP after optimisation",
                   text->str);
    }
}

static void blocks_log_out(TcgEngine *e, const TcgBlock *b)
{
    if (log_on(LOG_OUT_ASM)) {
        g_autoptr(GString) text = g_string_new(NULL);

        e->ctx.backend->print(&e->ctx, &b->code, text);
        log_printf("OUT: %u bytes for %u\n%s\n", b->code.size, b->size,
                   text->str);
    }
}

/* ---- Making
 * -----------------------------------------------------------------------------
 */

/* Code that is not in RAM or ROM, or where pages cannot be had: one
 * instruction, from a copy, not kept. */
static void blocks_copy_code(TcgCpu *t, vaddr linear)
{
    X86Cpu *cpu = t->cpu;

    for (unsigned i = 0; i < X86_INSN_MAX; i++) {
        X86Translation tr;
        uint64_t val = 0xff;

        urcu_memb_read_lock();
        bool ok = x86_mmu_translate(cpu, linear + i, X86_EXEC, cpu->env.mode,
                                    true, &tr);

        urcu_memb_read_unlock();
        if (ok) {
            space_load(cpu->memory, tr.paddr, 1, &val);
        }
        t->scratch[(linear & (PAGE_SIZE - 1)) + i] = val;
    }
}

typedef struct BlockFetch {
    TcgCpu *t;
    vaddr second;        /* linear address of the second page */
    const EngineItlb *x; /* of the second page, once asked for */
    EngineItlb copy;
} BlockFetch;

static const uint8_t *blocks_fetch_next(void *opaque)
{
    BlockFetch *f = opaque;
    X86Translation fault;
    const EngineItlb *x = engine_exec(f->t, f->second, &fault);

    if (!x) {
        return NULL;
    }
    f->copy = *x;
    f->x = &f->copy;
    return x->host;
}

static const uint8_t *blocks_scratch_next(void *opaque)
{
    BlockFetch *f = opaque;

    return f->t->scratch + PAGE_SIZE;
}

static void blocks_translate_ir(TcgCpu *t, const uint8_t *page, BlockFetch *f,
                                unsigned max_insns, bool copied, uint32_t *size)
{
    TcgEngine *e = t->engine;
    X86Cpu *cpu = t->cpu;
    X86CodeFetch fetch = {
        .page = { page, NULL },
        .next = copied ? blocks_scratch_next : blocks_fetch_next,
        .opaque = f,
    };

    ir_reset(&e->ir, cpu->env.pc, cpu->env.mode);
    e->ir.exact_flags = e->ctx.switches & TCG_OFF_FLAGS;
    x86_translate(cpu, &e->ir, &fetch, max_insns, size);
    blocks_log_ir(LOG_OP, &e->ir);
    if (!(e->ctx.switches & TCG_OFF_OPT)) {
        ir_optimise(&e->ir);
        blocks_log_ir(LOG_OP_OPT, &e->ir);
    }
}

static void blocks_insert(TcgEngine *e, TcgBlock *b, const EngineItlb *first,
                          const EngineItlb *second)
{
    TcgBlock **slot = &e->hash[engine_hash(b->start, b->pc, b->key)];

    page_add(b, 0, blocks_page(e, first));
    if (((uintptr_t)b->start & (PAGE_SIZE - 1)) + b->size > PAGE_SIZE &&
        second) {
        page_add(b, 1, blocks_page(e, second));
    }
    b->hash_next = *slot;
    *slot = b;
    b->valid = true;
}

static TcgBlock *blocks_make(TcgCpu *t, const EngineItlb *x, vaddr linear)
{
    TcgEngine *e = t->engine;
    X86Cpu *cpu = t->cpu;
    EngineItlb first = x ? *x : (EngineItlb){ .host = t->scratch };
    BlockFetch f = { .t = t,
                     .second = (linear & ~(vaddr)(PAGE_SIZE - 1)) + PAGE_SIZE };
    unsigned max_insns = t->one_insn || !x ? 1 : ENGINE_BLOCK_INSNS;
    TcgBlock *b = g_new0(TcgBlock, 1);
    gint64 begin = g_get_monotonic_time();

    if (cpu->key.code != X86_CODE64) {
        f.second = (uint32_t)f.second;
    }
    b->start = first.host + (linear & (PAGE_SIZE - 1));
    b->pc = cpu->env.pc;
    b->cs_base = engine_cs_base(cpu);
    b->key = cpu->key.bits;
    blocks_translate_ir(t, first.host, &f, max_insns, !x, &b->size);
    if (!e->ctx.backend->compile(&e->ctx, &e->ir, &b->code)) {
        engine_flush_blocks(e);
        if (!e->ctx.backend->compile(&e->ctx, &e->ir, &b->code)) {
            g_error("the code buffer is too small for one block");
        }
    }
    g_ptr_array_add(e->all, b);
    if (x && !t->one_insn && b->size) {
        blocks_insert(e, b, &first, f.x);
    }
    e->stats.translated++;
    e->stats.translated_insns += e->ir.guest_insns;
    e->stats.translated_bytes += b->size;
    e->stats.code_bytes += b->code.size;
    e->stats.translate_ns += (g_get_monotonic_time() - begin) * 1000;
    if (log_on(LOG_IN_ASM)) {
        blocks_log_guest(b, cpu->key.code);
    }
    blocks_log_out(e, b);
    return b;
}

TcgBlock *engine_get_block(TcgCpu *t)
{
    X86Cpu *cpu = t->cpu;
    vaddr linear = engine_linear_pc(cpu);
    X86Translation fault;
    TcgBlock *b = t->one_insn ? NULL : engine_find(t, linear);

    if (b) {
        return b;
    }
    const EngineItlb *x = engine_exec(t, linear, &fault);

    if (!x && fault.vector) {
        cpu->raised = fault.vector;
        cpu->raised_has_error = true;
        cpu->raised_soft = false;
        cpu->raised_error = fault.vector == EXC_PF ? fault.error : 0;
        if (fault.vector == EXC_PF) {
            cpu->cr2 = linear;
        }
        return NULL;
    }
    if (!x) {
        blocks_copy_code(t, linear);
    }
    return blocks_make(t, x, linear);
}
