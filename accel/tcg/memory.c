/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory accesses that generated code does not make itself: devices, ROM,
 * page-crossing ones, and stores to pages that hold translated code.
 *
 * An access is checked in all its pages before the first byte moves, so that a
 * fault changes nothing. A store that would overwrite the block it comes from
 * is given up before it is made and done again by a block of that one
 * instruction (ENGINE_LEAVE_SMC).
 */
#include "accel/tcg/engine.h"

#include <string.h>
#include <urcu/urcu-memb.h>

/* A piece of an access inside one page. */
typedef struct Piece {
    vaddr addr;
    hwaddr paddr;
    unsigned size;
} Piece;

static hwaddr memory_walk(X86Cpu *cpu, vaddr addr, unsigned mode, bool write)
{
    X86Translation tr;

    urcu_memb_read_lock();
    bool ok = x86_mmu_translate(cpu, addr, write ? X86_WRITE : X86_READ, mode,
                                false, &tr);

    urcu_memb_read_unlock();
    if (!ok) {
        x86_raise_translation(cpu, addr, &tr);
    }
    return tr.paddr;
}

/* The pages an access touches; 1 or 2 pieces. 32-bit code wraps at 4 GiB. */
static unsigned memory_split(X86Cpu *cpu, vaddr addr, unsigned size,
                             unsigned mode, bool write, Piece piece[2])
{
    unsigned left = PAGE_SIZE - (addr & (PAGE_SIZE - 1));
    vaddr second = addr + left;

    if (size <= left) {
        piece[0] = (Piece){ addr, memory_walk(cpu, addr, mode, write), size };
        return 1;
    }
    if (cpu->key.code != X86_CODE64) {
        second = (uint32_t)second;
    }
    piece[0] = (Piece){ addr, memory_walk(cpu, addr, mode, write), left };
    piece[1] =
        (Piece){ second, memory_walk(cpu, second, mode, write), size - left };
    return 2;
}

/* ---- Loads
 * ------------------------------------------------------------------------ */

static void memory_read_piece(X86Cpu *cpu, const Piece *p, uint8_t *buf)
{
    unsigned done = 0;

    while (done < p->size) {
        unsigned n = p->size - done;
        uint64_t val;

        n = n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
        space_load(cpu->memory, p->paddr + done, n, &val);
        memcpy(buf + done, &val, n);
        done += n;
    }
}

void engine_load_bytes(void *env, uint64_t addr, void *buf, unsigned size,
                       unsigned mode, bool rmw)
{
    X86Cpu *cpu = env;
    Piece piece[2];
    unsigned n = memory_split(cpu, addr, size, mode, rmw, piece);
    unsigned done = 0;

    engine_cpu(cpu)->engine->stats.slow_loads++;
    for (unsigned i = 0; i < n; i++) {
        memory_read_piece(cpu, &piece[i], (uint8_t *)buf + done);
        done += piece[i].size;
    }
}

uint64_t engine_load(void *env, uint64_t addr, unsigned size, unsigned mode)
{
    uint64_t val = 0;

    engine_load_bytes(env, addr, &val, size, mode, false);
    return val;
}

/* ---- Stores
 * ------------------------------------------------------------------------- */

/* If the piece would change translated code: drop that code, or give up if it
 * is the code that is running. */
static void memory_prepare_code(X86Cpu *cpu, const Piece *p, const uint8_t *buf,
                                const FlatRange *r)
{
    TcgCpu *t = engine_cpu(cpu);
    uint64_t off = r->ram_off + (p->paddr - r->start);

    if (!r->writable || !ram_dirty_test(r->ram, DIRTY_CODE, off) ||
        !memcmp(r->host + (p->paddr - r->start), buf, p->size)) {
        return;
    }
    if (!t->one_insn && t->running) {
        tcg_sync_pc(&cpu->env);
        if (engine_holds_pc(t->engine, r->ram, off, p->size,
                            engine_linear_pc(cpu))) {
            t->engine->stats.smc++;
            urcu_memb_read_unlock();
            tcg_unwind(&cpu->env, ENGINE_LEAVE_SMC);
        }
    }
    engine_invalidate(t->engine, r->ram, off, p->size, UINT64_MAX);
}

static void memory_check_code(X86Cpu *cpu, const Piece *p, const uint8_t *buf)
{
    urcu_memb_read_lock();
    const FlatRange *r = view_find(space_view(cpu->memory), p->paddr);

    if (r && r->host && r->size - (p->paddr - r->start) >= p->size) {
        memory_prepare_code(cpu, p, buf, r);
    }
    urcu_memb_read_unlock();
}

static void memory_write_piece(X86Cpu *cpu, const Piece *p, const uint8_t *buf)
{
    TcgCpu *t = engine_cpu(cpu);
    unsigned done = 0;

    t->storing = true; /* its code was looked at already */
    while (done < p->size) {
        unsigned n = p->size - done;
        uint64_t val = 0;

        n = n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
        memcpy(&val, buf + done, n);
        space_store(cpu->memory, p->paddr + done, n, val);
        done += n;
    }
    t->storing = false;
}

void engine_store_bytes(void *env, uint64_t addr, const void *buf,
                        unsigned size, unsigned mode)
{
    X86Cpu *cpu = env;
    Piece piece[2];
    unsigned n = memory_split(cpu, addr, size, mode, true, piece);
    unsigned done = 0;

    engine_cpu(cpu)->engine->stats.slow_stores++;
    for (unsigned i = 0; i < n; i++) {
        memory_check_code(cpu, &piece[i], (const uint8_t *)buf + done);
        done += piece[i].size;
    }
    done = 0;
    for (unsigned i = 0; i < n; i++) {
        memory_write_piece(cpu, &piece[i], (const uint8_t *)buf + done);
        done += piece[i].size;
    }
}

void engine_store(void *env, uint64_t addr, uint64_t val, unsigned size,
                  unsigned mode)
{
    engine_store_bytes(env, addr, &val, size, mode);
}
