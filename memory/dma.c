/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies of any length that never reach a device: DMA by devices, bulk access
 * by the monitor and by loaders. Addresses and lengths come from the guest.
 */
#include "memory/memory.h"

#include <string.h>
#include <urcu.h>

#include "memory/memory-internal.h"

/* Bytes of the range from addr on, at most len. */
static uint64_t range_left(const FlatRange *range, hwaddr addr, uint64_t len)
{
    return MIN(len, range->size - (addr - range->start));
}

/* Bytes from addr to the next range of the view, at most len. */
static uint64_t hole_left(const FlatView *view, hwaddr addr, uint64_t len)
{
    unsigned lo = 0, hi = view->count;

    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;

        if (view->ranges[mid].start <= addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    if (lo < view->count) {
        return MIN(len, view->ranges[lo].start - addr);
    }
    /* Up to the end of the space; there the address starts again at 0. */
    return addr ? MIN(len, -addr) : len;
}

/* ---- Monitor and loaders ----------------------------------------------- */

MemResult space_read(AddressSpace *as, hwaddr addr, void *buf, size_t len)
{
    MemResult result = MEM_OK;
    uint64_t n;

    rcu_read_lock();
    const FlatView *view = space_view(as);
    for (uint8_t *to = buf; len; to += n, addr += n, len -= n) {
        const FlatRange *range = view_find(view, addr);

        n = range ? range_left(range, addr, len) : hole_left(view, addr, len);
        if (range && range->host) {
            memcpy(to, range->host + (addr - range->start), n);
        } else {
            memset(to, 0, n);
            result = MEM_UNASSIGNED;
        }
    }
    rcu_read_unlock();
    return result;
}

MemResult space_write(AddressSpace *as, hwaddr addr, const void *buf,
                      size_t len, bool rom)
{
    MemResult result = MEM_OK;
    uint64_t n;

    rcu_read_lock();
    const FlatView *view = space_view(as);
    for (const uint8_t *from = buf; len; from += n, addr += n, len -= n) {
        const FlatRange *range = view_find(view, addr);

        n = range ? range_left(range, addr, len) : hole_left(view, addr, len);
        if (range && range->host && (rom || range->writable)) {
            uint64_t off = addr - range->start;

            memcpy(range->host + off, from, n);
            ram_written(range->ram, range->ram_off + off, n);
        } else {
            result = MEM_UNASSIGNED;
        }
    }
    rcu_read_unlock();
    return result;
}

/* ---- DMA --------------------------------------------------------------- */

static bool range_allows(const FlatRange *range, bool write)
{
    return range && (write ? range->writable : range->host != NULL);
}

static bool view_allows(const FlatView *view, hwaddr addr, size_t len,
                        bool write)
{
    for (uint64_t n; len; addr += n, len -= n) {
        const FlatRange *range = view_find(view, addr);

        if (!range_allows(range, write)) {
            return false;
        }
        n = range_left(range, addr, len);
    }
    return true;
}

bool dma_read(AddressSpace *as, hwaddr addr, void *buf, size_t len)
{
    bool ok = true;
    uint64_t n;

    rcu_read_lock();
    const FlatView *view = space_view(as);
    for (uint8_t *to = buf; ok && len; to += n, addr += n, len -= n) {
        const FlatRange *range = view_find(view, addr);

        ok = range_allows(range, false);
        n = ok ? range_left(range, addr, len) : len;
        if (ok) {
            memcpy(to, range->host + (addr - range->start), n);
        }
    }
    rcu_read_unlock();
    return ok;
}

bool dma_write(AddressSpace *as, hwaddr addr, const void *buf, size_t len)
{
    uint64_t n;

    rcu_read_lock();
    const FlatView *view = space_view(as);
    bool ok = view_allows(view, addr, len, true);
    for (const uint8_t *from = buf; ok && len; from += n, addr += n, len -= n) {
        const FlatRange *range = view_find(view, addr);
        uint64_t off = addr - range->start;

        n = range_left(range, addr, len);
        memcpy(range->host + off, from, n);
        ram_written(range->ram, range->ram_off + off, n);
    }
    rcu_read_unlock();
    return ok;
}

void *dma_map(AddressSpace *as, hwaddr addr, size_t *len, bool write)
{
    uint8_t *host = NULL;
    size_t got = 0;

    rcu_read_lock();
    const FlatView *view = space_view(as);
    while (got < *len) {
        const FlatRange *range = view_find(view, addr + got);

        if (!range_allows(range, write)) {
            break;
        }
        uint8_t *at = range->host + (addr + got - range->start);
        if (host && at != host + got) {
            break;
        }
        host = host ? host : at;
        got += range_left(range, addr + got, *len - got);
    }
    rcu_read_unlock();
    *len = got;
    return host;
}

/* The block that holds a host address. It is found through the view: as long
 * as the machine has the block, some range shows a part of it. */
static RamBlock *view_find_host(const FlatView *view, const uint8_t *host)
{
    for (unsigned i = 0; i < view->count; i++) {
        RamBlock *ram = view->ranges[i].ram;

        if (ram && host >= ram->host && host < ram->host + ram->size) {
            return ram;
        }
    }
    return NULL;
}

void dma_unmap(AddressSpace *as, void *host, size_t len, bool write)
{
    if (!write || !len) {
        return;
    }
    rcu_read_lock();
    RamBlock *ram = view_find_host(space_view(as), host);
    if (ram) {
        ram_written(ram, (uint8_t *)host - ram->host, len);
    }
    rcu_read_unlock();
}
