/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM blocks: shared memfd mappings, so that they can be handed to other
 * processes and punched. The dirty bitmaps are in dirty.c.
 */
#include "memory/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"
#include "util/span.h"

static bool ram_map(RamBlock *block, GError **errp)
{
    block->fd = memfd_create(block->name, MFD_CLOEXEC);
    if (block->fd < 0 || ftruncate(block->fd, block->size) < 0) {
        return emu_fail_errno(errp, errno,
                              "cannot create RAM '%s' of %" PRIu64 " bytes",
                              block->name, block->size);
    }
    void *host = mmap(NULL, block->size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_NORESERVE, block->fd, 0);
    if (host == MAP_FAILED) {
        return emu_fail_errno(errp, errno,
                              "cannot map RAM '%s' of %" PRIu64 " bytes",
                              block->name, block->size);
    }
    block->host = host;
    /* A hint: hosts without huge pages for shared memory refuse it. */
    madvise(host, block->size, MADV_HUGEPAGE);
    return true;
}

static bool ram_alloc_bitmaps(RamBlock *block, GError **errp)
{
    size_t words = (block->size / PAGE_SIZE + 63) / 64;

    for (unsigned c = 0; c < DIRTY_CLIENTS; c++) {
        block->dirty[c] = g_try_new0(uint64_t, words);
        if (!block->dirty[c]) {
            return emu_fail(errp, EMU_ERROR_NO_SPACE,
                            "no memory for the bitmaps of RAM '%s'",
                            block->name);
        }
    }
    return true;
}

RamBlock *ram_new(const char *name, uint64_t size, GError **errp)
{
    if (!size || size % PAGE_SIZE || size > INT64_MAX) {
        emu_fail(errp, EMU_ERROR_INVALID,
                 "RAM '%s': %" PRIu64 " bytes is not a multiple of 4 KiB", name,
                 size);
        return NULL;
    }
    RamBlock *block = g_new0(RamBlock, 1);
    block->name = g_strdup(name);
    block->size = size;
    block->fd = -1;
    if (!ram_map(block, errp) || !ram_alloc_bitmaps(block, errp)) {
        ram_free(block);
        return NULL;
    }
    return block;
}

void ram_free(RamBlock *block)
{
    if (!block) {
        return;
    }
    if (block->host) {
        munmap(block->host, block->size);
    }
    if (block->fd >= 0) {
        close(block->fd);
    }
    for (unsigned c = 0; c < DIRTY_CLIENTS; c++) {
        g_free(block->dirty[c]);
    }
    g_free(block->name);
    g_free(block);
}

bool ram_discard(RamBlock *block, uint64_t off, uint64_t len, GError **errp)
{
    if (!span_fits(off, len, block->size)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "RAM '%s': discarding beyond its end", block->name);
    }
    uint64_t start = (off + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    uint64_t end = (off + len) & ~(PAGE_SIZE - 1);
    if (start >= end) {
        return true;
    }
    if (fallocate(block->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start,
                  end - start) < 0) {
        return emu_fail_errno(errp, errno, "cannot discard RAM '%s'",
                              block->name);
    }
    ram_written(block, start, end - start);
    return true;
}

/* The file's allocated blocks: pages that were swapped out still count. */
uint64_t ram_resident(const RamBlock *block)
{
    struct stat st;

    return fstat(block->fd, &st) < 0 ? 0 : (uint64_t)st.st_blocks * 512;
}
