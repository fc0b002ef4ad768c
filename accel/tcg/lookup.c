/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From one block to the next: finding it, linking the exit that asked, filling
 * the jump cache. Translated code calls this; what is not found is made by the
 * run loop.
 *
 * Light.
 */
#include "accel/tcg/engine.h"

bool lookup_key(X86Cpu *cpu, TcgBlockKey *key)
{
    uint64_t linear = engine_linear_pc(cpu, cpu->env.pc);
    const TcgCodePage *page = code_page(cpu, linear);

    cpu->env.pc_base = tcg_pc_base(cpu->env.pc);
    *key = (TcgBlockKey){ .pc = cpu->env.pc,
                          .cs_base = engine_cs_base(cpu),
                          .bits = cpu->key.bits |
                                  (tcg_vcpu(cpu)->plain ? BLOCK_PLAIN : 0) };
    if (engine_relative(cpu)) {
        key->pc -= cpu->env.pc_base;
    }
    if (!page) {
        return false;
    }
    key->host = page->host + (linear & (PAGE_SIZE - 1));
    return true;
}

/* A block whose last instruction reaches into the next page also depends on
 * what is mapped there. */
static bool lookup_second_page(X86Cpu *cpu, const uint8_t *host)
{
    uint64_t linear = engine_linear_pc(cpu, cpu->env.pc);
    const TcgCodePage *next = code_page(cpu, engine_next_page(cpu, linear));
    return next && next->host == host;
}

/* It may be dropped by another thread as soon as the lock is not held, but
 * not freed while this CPU is inside rcu_read_lock(). */
static TcgBlock *lookup_find_locked(X86Cpu *cpu, const TcgBlockKey *key)
{
    const TcgTable *t = &tcg_engine(cpu)->table;
    TcgBlock *b = table_find(t, key, NULL);

    while (b && b->page[1] && !lookup_second_page(cpu, b->page[1]->host)) {
        b = table_find(t, key, b);
    }
    return b;
}

TcgBlock *lookup_find(X86Cpu *cpu)
{
    TcgEngine *e = tcg_engine(cpu);
    TcgBlockKey key;

    if (!lookup_key(cpu, &key)) {
        return NULL;
    }
    engine_lock(e);
    TcgBlock *b = lookup_find_locked(cpu, &key);
    engine_unlock(e);
    return b;
}

/* ---- Jumps ----------------------------------------------------------------
 */

/* Where dropping will look for it. */
static void lookup_note_jump(TcgBlock *b, unsigned index)
{
    unsigned n = 0;

    while (n < MIN(b->jumps, BLOCK_JUMPS) && b->jump[n] != index) {
        n++;
    }
    if (n < BLOCK_JUMPS) {
        b->jump[n] = index;
    }
    b->jumps = MAX(b->jumps, n + 1);
}

/* Its place is wanted: what is beside it moves on, the oldest goes. */
static void lookup_move_jump(TcgVcpu *v, unsigned index)
{
    for (unsigned n = TCG_JUMP_WAYS - 1; n; n--) {
        v->jumps[tcg_jump_beside(index, n)] =
            v->jumps[tcg_jump_beside(index, n - 1)];
    }
}

static void lookup_fill_jump(X86Cpu *cpu, TcgBlock *b)
{
    uint64_t pc = cpu->env.pc;
    bool plain = b->key.bits & BLOCK_PLAIN;
    unsigned index = plain ? tcg_jump_hash_plain(pc) : tcg_jump_hash(pc);
    TcgVcpu *v = tcg_vcpu(cpu);
    TcgJump *j = &v->jumps[index];

    uint64_t key = pc ^ cpu->env.jump_key ^ (plain ? TCG_JUMP_PLAIN : 0);

    lookup_note_jump(b, index);
    if (j->key != key) {
        lookup_move_jump(v, index);
    }
    j->code = b->code.entry;
    j->key = key;
}

/* ---- Links ----------------------------------------------------------------
 */

static bool lookup_same_page(const TcgBlock *from, const TcgBlock *to)
{
    return to->page[0] == from->page[0] && !to->page[1] &&
           (to->key.cs_base + to->key.pc) >> PAGE_BITS ==
               (from->key.cs_base + from->key.pc) >> PAGE_BITS;
}

bool lookup_can_link(const TcgCode *from, unsigned exit, const TcgCode *to)
{
    const TcgBlock *f = (const TcgBlock *)from, *t = (const TcgBlock *)to;
    const TcgExit *x = &from->exit[exit];
    uint64_t pc = x->far ? x->pc & (PAGE_SIZE - 1) : x->pc;

    return f->valid && t->valid && !f->once && x->used && !x->to &&
           pc == t->key.pc && (f->key.bits & ~BLOCK_PLAIN) == t->key.bits &&
           f->key.cs_base == t->key.cs_base;
}

/* Room is made by the translating thread, so that light code allocates
 * nothing: see block_translate(). */
static bool lookup_note_cross(TcgEngine *e, TcgBlock *from, unsigned exit,
                              unsigned list)
{
    TcgCrossList *l = &e->cross[list];

    if (l->count == l->room || e->vcpus->len > 1) {
        return false;
    }
    l->links[l->count++] = (TcgCross){ from, exit };
    from->cross[exit] = l->count;
    from->cross_list &= ~(3u << 2 * exit);
    from->cross_list |= list << 2 * exit;
    return true;
}

/* May this link between pages be made? Then it is listed. */
static bool lookup_link_pages(X86Cpu *cpu, TcgBlock *from, unsigned exit,
                              const TcgBlock *to)
{
    const TcgCodePage *p = code_page(cpu, engine_linear_pc(cpu, to->key.pc));
    bool global = p && p->global && !to->page[1];

    return lookup_note_cross(tcg_engine(cpu), from, exit,
                             global ? CROSS_GLOBAL : CROSS_LOCAL);
}

static void lookup_join_locked(X86Cpu *cpu, TcgBlock *from, unsigned exit,
                               TcgBlock *to)
{
    TcgEngine *e = tcg_engine(cpu);
    TcgExit *x = &from->code.exit[exit];

    x->next_from = to->code.from;
    x->next_from_exit = to->code.from_exit;
    to->code.from = &from->code;
    to->code.from_exit = exit;
    __atomic_store_n(&x->to, &to->code, __ATOMIC_RELEASE);
    e->ctx.backend->link(&e->ctx, &from->code, exit, &to->code, &cpu->env);
    tcg_vcpu(cpu)->stats.links++;
}

static void lookup_link_locked(X86Cpu *cpu, TcgBlock *from, unsigned exit,
                               TcgBlock *to)
{
    TcgExit *x = &from->code.exit[exit];

    if (!lookup_same_page(from, to) &&
        (from->code.base_mask || !lookup_link_pages(cpu, from, exit, to))) {
        __atomic_store_n(&x->probe, true, __ATOMIC_RELAXED);
        lookup_fill_jump(cpu, to);
        return;
    }
    lookup_join_locked(cpu, from, exit, to);
}

static void lookup_forget_cross(TcgEngine *e, TcgBlock *from, unsigned exit)
{
    uint32_t place = from->cross[exit];
    if (!place) {
        return;
    }
    TcgCrossList *l = &e->cross[from->cross_list >> 2 * exit & 3];
    TcgCross *last = &l->links[--l->count];
    l->links[place - 1] = *last;
    last->from->cross[last->exit] = place;
    from->cross[exit] = 0;
}

void lookup_cut_exit_locked(TcgEngine *e, TcgBlock *from, unsigned exit)
{
    TcgExit *x = &from->code.exit[exit];
    TcgCode *to = x->to;

    if (!to) {
        return;
    }
    e->ctx.backend->unlink(&e->ctx, &from->code, exit);
    __atomic_store_n(&x->to, NULL, __ATOMIC_RELEASE);
    /* Out of the target's list. */
    TcgCode **at = &to->from;
    uint8_t *at_exit = &to->from_exit;
    while (*at != &from->code || *at_exit != exit) {
        TcgExit *other = &(*at)->exit[*at_exit];
        at = &other->next_from;
        at_exit = &other->next_from_exit;
    }
    *at = x->next_from;
    *at_exit = x->next_from_exit;
    x->next_from = NULL;
    lookup_forget_cross(e, from, exit);
}

void lookup_cut_cross(TcgEngine *e, unsigned list)
{
    TcgCrossList *l = &e->cross[list];

    if (!__atomic_load_n(&l->count, __ATOMIC_RELAXED)) {
        return;
    }
    engine_lock(e);
    while (l->count) {
        const TcgCross c = l->links[l->count - 1];
        lookup_cut_exit_locked(e, c.from, c.exit);
    }
    engine_unlock(e);
}

/* ---- What translated code calls -------------------------------------------
 */

/* How often a far exit looks in env->jumps before it asks again: one that is
 * used in two address spaces in turn must not be linked all the time. */
enum { FAR_PROBES = 16 };

static void lookup_go_far_locked(X86Cpu *cpu, TcgBlock *from, unsigned exit,
                                 TcgBlock *to)
{
    TcgEngine *e = tcg_engine(cpu);
    TcgExit *x = &from->code.exit[exit];

    lookup_fill_jump(cpu, to);
    __atomic_store_n(&x->probe, FAR_PROBES, __ATOMIC_RELAXED);
    if (x->to == &to->code) { /* the usual case: in another process */
        e->ctx.backend->link(&e->ctx, &from->code, exit, &to->code, &cpu->env);
        return;
    }
    lookup_cut_exit_locked(e, from, exit);
    if (lookup_can_link(&from->code, exit, &to->code) &&
        lookup_note_cross(e, from, exit, CROSS_FAR)) {
        lookup_join_locked(cpu, from, exit, to);
    }
}

static void lookup_go_locked(X86Cpu *cpu, TcgCode *from, unsigned exit,
                             TcgBlock *to)
{
    TcgEngine *e = tcg_engine(cpu);

    if (!from) {
        lookup_fill_jump(cpu, to);
    } else if (from->exit[exit].far) {
        lookup_go_far_locked(cpu, (TcgBlock *)from, exit, to);
    } else if (!(e->ctx.switches & TCG_OFF_CHAIN) &&
               lookup_can_link(from, exit, &to->code)) {
        lookup_link_locked(cpu, (TcgBlock *)from, exit, to);
    }
}

/* The instruction that had to run alone is over. */
static void lookup_end_once(TcgVcpu *v)
{
    TcgEnv *env = &v->cpu->env;

    v->once_pc = UINT64_MAX;
    __atomic_store_n(&env->jumps, v->jumps, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&env->exit_request, __ATOMIC_SEQ_CST)) {
        __atomic_store_n(&env->jumps, v->engine->no_jumps, __ATOMIC_SEQ_CST);
    }
}

/* Nothing is there, or may not be gone to directly; base: of the block that
 * has been left. A page fault needs no block that raises it. (A counted run
 * counts the instruction that cannot be fetched.) */
static TcgCode *lookup_nothing(X86Cpu *cpu, const TcgCode *from, int moved,
                               uint64_t base)
{
    if (!from) {
        cpu->env.pc_base = base;
        x86_check_branch(cpu, moved);
    }
    const TcgVcpu *v = tcg_vcpu(cpu);
    if (!v->engine->count_insns && !v->no_chain && !v->alone) {
        x86_record_fetch_fault(cpu, engine_linear_pc(cpu, cpu->env.pc));
    }
    return NULL;
}

/* Where a far exit leads in another process, or did before the mapping changed:
 * mostly the same is there, which costs no search. */
static TcgBlock *lookup_linked_locked(const TcgCode *from, unsigned exit,
                                      const TcgBlockKey *key)
{
    TcgBlock *b = from ? (TcgBlock *)from->exit[exit].to : NULL;

    return b && !b->page[1] && block_same_key(&b->key, key) ? b : NULL;
}

TcgCode *lookup_next(void *env, TcgCode *from, unsigned exit)
{
    X86Cpu *cpu = env;
    TcgVcpu *v = tcg_vcpu(cpu);
    TcgEngine *e = v->engine;
    uint64_t base = cpu->env.pc_base;
    TcgBlockKey key;

    v->stats.lookups++;
    if (v->once_pc != UINT64_MAX) {
        lookup_end_once(v);
    }
    if (v->no_chain || v->alone || !lookup_key(cpu, &key)) {
        return lookup_nothing(cpu, from, exit, base);
    }
    engine_lock(e);
    TcgBlock *b = lookup_linked_locked(from, exit, &key);
    b = b ? b : lookup_find_locked(cpu, &key);
    if (b) {
        lookup_go_locked(cpu, from, exit, b);
    } else {
        v->stats.misses++;
    }
    engine_unlock(e);
    return b ? &b->code : NULL;
}

bool lookup_deliver(void *env)
{
    const TcgVcpu *v = tcg_vcpu(env);

    return !v->deliver_outside && !v->alone && x86_deliver_here(env);
}

TcgCode *lookup_plain(void *env, bool once)
{
    X86Cpu *cpu = env;
    TcgVcpu *v = tcg_vcpu(cpu);
    TcgEngine *e = v->engine;
    TcgBlockKey key;

    v->stats.plain++;
    cpu->env.insn_count -= e->count_insns; /* it begins again */
    /* The loop knows how many instructions may follow. */
    if (e->count_insns || v->no_chain || !lookup_key(cpu, &key)) {
        return NULL;
    }
    key.bits |= BLOCK_PLAIN;
    engine_lock(e);
    bool dropped = !once && page_note_plain_locked(e, key.host);
    TcgBlock *b = dropped ? NULL : lookup_find_locked(cpu, &key);
    if (b) {
        lookup_fill_jump(cpu, b);
    }
    engine_unlock(e);
    return b ? &b->code : NULL;
}
