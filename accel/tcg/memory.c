/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory the slow way: devices, ROM, page crossings, pages with
 * translated code. Heavy.
 *
 * A store that overwrites the very block it is in gives up its instruction
 * before it has done anything; the run loop then runs that instruction alone,
 * as a block of one, and goes on with what was written. A store to code that
 * changes nothing costs no translation.
 */
#include "accel/tcg/engine.h"

#include <string.h>

/* The part of an access of `left` bytes at paddr that one device access makes:
 * naturally aligned, at most 8 bytes. */
static unsigned memory_chunk(hwaddr paddr, unsigned left)
{
    unsigned n = 8;
    while (n > left || (paddr & (n - 1))) {
        n /= 2;
    }
    return n;
}

static void memory_load_piece(const TcgAccess *a, hwaddr paddr, uint8_t *bytes,
                              unsigned size)
{
    bool whole = size == 1 || size == 2 || size == 4 || size == 8;
    while (size) {
        unsigned n = whole ? size : memory_chunk(paddr, size);
        uint64_t val = UINT64_MAX;
        space_load(a->cpu->memory, paddr, n, &val);
        memcpy(bytes, &val, n);
        paddr += n;
        bytes += n;
        size -= n;
    }
}

/* Where plain RAM holds the piece, or NULL. */
static uint8_t *memory_code_host(const TcgAccess *a, hwaddr paddr,
                                 unsigned size)
{
    const FlatRange *r = tlb_find_range(a->cpu, paddr);

    if (!r || !r->writable || r->size - (paddr - r->start) < size ||
        !ram_dirty_test(r->ram, DIRTY_CODE, r->ram_off + (paddr - r->start))) {
        return NULL;
    }
    return r->host + (paddr - r->start);
}

/* Would the store change the block that it is in? */
static bool memory_hits_current(const TcgAccess *a)
{
    for (unsigned i = 0; i < 2 && a->size[i]; i++) {
        const uint8_t *host = memory_code_host(a, a->paddr[i], a->size[i]);
        const uint8_t *bytes = a->bytes + (i ? a->size[0] : 0);
        bool same = host && a->write && !memcmp(host, bytes, a->size[i]);
        if (host && !same && page_is_current(a->cpu, host, a->size[i])) {
            return true;
        }
    }
    return false;
}

static void memory_store_piece(const TcgAccess *a, hwaddr paddr,
                               const uint8_t *bytes, unsigned size)
{
    const uint8_t *code = memory_code_host(a, paddr, size);
    bool whole = size == 1 || size == 2 || size == 4 || size == 8;

    /* To look counts as the store: those before it must be visible. */
    if (code) {
        page_note_store(a->cpu, code, size);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (memcmp(code, bytes, size) == 0) {
            return;
        }
    }
    while (size) {
        unsigned n = whole ? size : memory_chunk(paddr, size);
        uint64_t val = 0;
        memcpy(&val, bytes, n);
        space_store(a->cpu->memory, paddr, n, val);
        paddr += n;
        bytes += n;
        size -= n;
    }
}

void memory_perform(void *access)
{
    TcgAccess *a = access;
    TcgStats *stats = &tcg_vcpu(a->cpu)->stats;

    *(a->write ? &stats->slow_stores : &stats->slow_loads) += 1;
    if (a->restartable && memory_hits_current(a)) {
        a->restart = true;
        return;
    }
    for (unsigned i = 0; i < 2 && a->size[i]; i++) {
        uint8_t *bytes = a->bytes + (i ? a->size[0] : 0);
        if (a->write) {
            memory_store_piece(a, a->paddr[i], bytes, a->size[i]);
        } else {
            memory_load_piece(a, a->paddr[i], bytes, a->size[i]);
        }
    }
}

/* ---- What translated code calls -------------------------------------------
 */

void memory_load_bytes(void *env, uint64_t addr, void *buf, unsigned size,
                       unsigned mode, bool rmw)
{
    /* What will be stored is not known yet: any store counts as a change. */
    TcgAccess a = {
        .cpu = env, .addr = addr, .bytes = buf, .restartable = rmw
    };

    access_translate(&a, size, mode, rmw);
    memory_perform(&a);
    access_restart(&a);
}

/* Vector stores that overwrite their own block are not done again: an x87
 * store might have popped already. */
void memory_store_bytes(void *env, uint64_t addr, const void *buf,
                        unsigned size, unsigned mode)
{
    TcgAccess a = { .cpu = env,
                    .addr = addr,
                    .bytes = (uint8_t *)buf,
                    .write = true,
                    .restartable = size <= 8 };

    access_translate(&a, size, mode, true);
    memory_perform(&a);
    access_restart(&a);
}

uint64_t memory_load(void *env, uint64_t addr, unsigned size, unsigned mode)
{
    uint64_t val = 0;

    memory_load_bytes(env, addr, &val, size, mode, false);
    return val;
}

void memory_store(void *env, uint64_t addr, uint64_t val, unsigned size,
                  unsigned mode)
{
    memory_store_bytes(env, addr, &val, size, mode);
}
