/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dirty bitmaps: one bit a page and client. Stores are frequent and find the
 * bit set already, so the atomic or happens only when it would change a word.
 */
#include "memory/memory.h"

#include "util/span.h"

#define WORD_PAGES 64

/* Bits of pages [first, last] that fall into one word. */
static uint64_t dirty_mask(uint64_t word, uint64_t first, uint64_t last)
{
    uint64_t lo = MAX(first, word * WORD_PAGES) % WORD_PAGES;
    uint64_t hi = MIN(last, word * WORD_PAGES + WORD_PAGES - 1) % WORD_PAGES;

    return (UINT64_MAX << lo) & (UINT64_MAX >> (WORD_PAGES - 1 - hi));
}

void ram_dirty_set(RamBlock *block, DirtyClient c, uint64_t off, uint64_t len)
{
    if (!len) {
        return;
    }
    g_assert(span_fits(off, len, block->size));
    uint64_t first = off / PAGE_SIZE;
    uint64_t last = (off + len - 1) / PAGE_SIZE;

    for (uint64_t w = first / WORD_PAGES; w <= last / WORD_PAGES; w++) {
        uint64_t *word = &block->dirty[c][w];
        uint64_t mask = dirty_mask(w, first, last);

        if ((__atomic_load_n(word, __ATOMIC_RELAXED) & mask) != mask) {
            __atomic_fetch_or(word, mask, __ATOMIC_SEQ_CST);
        }
    }
}

bool ram_dirty_test(const RamBlock *block, DirtyClient c, uint64_t off)
{
    uint64_t page = off / PAGE_SIZE;

    g_assert(off < block->size);
    uint64_t word =
        __atomic_load_n(&block->dirty[c][page / WORD_PAGES], __ATOMIC_ACQUIRE);
    return word >> (page % WORD_PAGES) & 1;
}

bool ram_dirty_test_and_clear(RamBlock *block, DirtyClient c, uint64_t off,
                              uint64_t len)
{
    bool any = false;

    if (!len) {
        return false;
    }
    g_assert(span_fits(off, len, block->size));
    uint64_t first = off / PAGE_SIZE;
    uint64_t last = (off + len - 1) / PAGE_SIZE;

    for (uint64_t w = first / WORD_PAGES; w <= last / WORD_PAGES; w++) {
        uint64_t *word = &block->dirty[c][w];
        uint64_t mask = dirty_mask(w, first, last);

        if (__atomic_load_n(word, __ATOMIC_RELAXED) & mask) {
            any |= __atomic_fetch_and(word, ~mask, __ATOMIC_SEQ_CST) & mask;
        }
    }
    return any;
}

/* Tell the translator about each page of the range that holds code. */
static void ram_code_written(RamBlock *block, uint64_t off, uint64_t len)
{
    while (len) {
        uint64_t n = MIN(len, PAGE_SIZE - off % PAGE_SIZE);

        if (ram_dirty_test(block, DIRTY_CODE, off)) {
            block->code_written(block->code_opaque, block, off, n);
        }
        off += n;
        len -= n;
    }
}

/* Whoever clears or sets a bit and then reads the page must either find the
 * bytes or be found by the look at the bit: the write comes first. */
void ram_written(RamBlock *block, uint64_t off, uint64_t len)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    ram_dirty_set(block, DIRTY_DISPLAY, off, len);
    ram_dirty_set(block, DIRTY_MIGRATION, off, len);
    if (block->code_written) {
        ram_code_written(block, off, len);
    }
}
