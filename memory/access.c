/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses of 1 to 8 bytes as a processor makes them: to RAM directly, to
 * devices under their lock, split and widened to what a device declares.
 */
#include "memory/memory.h"

#include <string.h>
#include <urcu.h>

#include "util/log.h"

static uint64_t size_mask(unsigned size)
{
    return UINT64_MAX >> (64 - 8 * size);
}

/* ---- RAM --------------------------------------------------------------- */

/* One host instruction per size, so that aligned accesses are atomic. */
static uint64_t host_load(const uint8_t *host, unsigned size)
{
    uint16_t v16;
    uint32_t v32;
    uint64_t v64 = 0;

    switch (size) {
    case 1:
        return *host;
    case 2:
        memcpy(&v16, host, sizeof(v16));
        return GUINT16_FROM_LE(v16);
    case 4:
        memcpy(&v32, host, sizeof(v32));
        return GUINT32_FROM_LE(v32);
    case 8:
        memcpy(&v64, host, sizeof(v64));
        return GUINT64_FROM_LE(v64);
    default: /* pieces of an access that straddles ranges */
        memcpy(&v64, host, size);
        return GUINT64_FROM_LE(v64);
    }
}

static void host_store(uint8_t *host, unsigned size, uint64_t val)
{
    uint16_t v16 = GUINT16_TO_LE((uint16_t)val);
    uint32_t v32 = GUINT32_TO_LE((uint32_t)val);
    uint64_t v64 = GUINT64_TO_LE(val);

    switch (size) {
    case 1:
        *host = val;
        break;
    case 2:
        memcpy(host, &v16, sizeof(v16));
        break;
    case 4:
        memcpy(host, &v32, sizeof(v32));
        break;
    case 8:
        memcpy(host, &v64, sizeof(v64));
        break;
    default:
        memcpy(host, &v64, size);
        break;
    }
}

/* ---- Devices ----------------------------------------------------------- */

/* The access sizes of a device with the defaults filled in. */
typedef struct SizeRule {
    unsigned min, max;
    bool unaligned;
} SizeRule;

static SizeRule size_rule(const AccessSizes *s)
{
    return (SizeRule){
        .min = s->min ? s->min : 1,
        .max = s->max ? s->max : 4,
        .unaligned = s->unaligned,
    };
}

/* Largest power of two that an access at off may have under the rule. */
static unsigned size_step(const SizeRule *rule, hwaddr off, unsigned size)
{
    unsigned step = MIN(rule->max, size);

    while (step & (step - 1)) {
        step &= step - 1;
    }
    if (!rule->unaligned && off % step) {
        step = off & -off;
    }
    return step;
}

static bool region_ops_read(const MemoryRegion *r, hwaddr off, unsigned size,
                            uint64_t *val)
{
    *val = 0;
    if (!r->ops->read || !r->ops->read(r->opaque, off, size, val)) {
        log_guest_error("%s: refused %u byte read at 0x%" PRIx64 "\n", r->name,
                        size, off);
        return false;
    }
    *val &= size_mask(size);
    return true;
}

static bool region_ops_write(const MemoryRegion *r, hwaddr off, unsigned size,
                             uint64_t val)
{
    if (!r->ops->write ||
        !r->ops->write(r->opaque, off, size, val & size_mask(size))) {
        log_guest_error("%s: refused %u byte write at 0x%" PRIx64
                        " = 0x%" PRIx64 "\n",
                        r->name, size, off, val);
        return false;
    }
    return true;
}

/* An access that is valid, brought to what the device implements. */
static bool region_impl_read(const MemoryRegion *r, const SizeRule *impl,
                             hwaddr off, unsigned size, uint64_t *val)
{
    uint64_t part;
    bool ok = true;

    *val = 0;
    if (size < impl->min) {
        hwaddr base = off & ~(hwaddr)(impl->min - 1);

        ok = region_ops_read(r, base, impl->min, &part);
        *val = part >> (8 * (off - base)) & size_mask(size);
        return ok;
    }
    for (unsigned done = 0, step; ok && done < size; done += step) {
        step = size_step(impl, off + done, size - done);
        ok = region_ops_read(r, off + done, step, &part);
        *val |= part << (8 * done);
    }
    return ok;
}

static bool region_impl_write(const MemoryRegion *r, const SizeRule *impl,
                              hwaddr off, unsigned size, uint64_t val)
{
    uint64_t whole;
    bool ok = true;

    if (size < impl->min) {
        hwaddr base = off & ~(hwaddr)(impl->min - 1);
        unsigned shift = 8 * (off - base);

        if (!region_ops_read(r, base, impl->min, &whole)) {
            return false;
        }
        whole &= ~(size_mask(size) << shift);
        whole |= (val & size_mask(size)) << shift;
        return region_ops_write(r, base, impl->min, whole);
    }
    for (unsigned done = 0, step; ok && done < size; done += step) {
        step = size_step(impl, off + done, size - done);
        ok = region_ops_write(r, off + done, step, val >> (8 * done));
    }
    return ok;
}

/* A step that is smaller than the device takes. */
static MemResult region_too_small(const MemoryRegion *r, hwaddr off,
                                  unsigned size)
{
    log_guest_error("%s: invalid access of %u bytes at 0x%" PRIx64 "\n",
                    r->name, size, off);
    return MEM_UNASSIGNED;
}

static MemResult region_read_locked(const MemoryRegion *r, hwaddr off,
                                    unsigned size, uint64_t *val)
{
    SizeRule valid = size_rule(&r->ops->valid);
    SizeRule impl = size_rule(&r->ops->impl);
    MemResult result = MEM_OK;

    *val = 0;
    for (unsigned done = 0, step; done < size; done += step) {
        uint64_t part = UINT64_MAX;

        step = size_step(&valid, off + done, size - done);
        if (step < valid.min) {
            result = region_too_small(r, off + done, step);
        } else if (!region_impl_read(r, &impl, off + done, step, &part)) {
            result = MEM_REJECTED;
            part = UINT64_MAX;
        }
        *val |= (part & size_mask(step)) << (8 * done);
    }
    return result;
}

static MemResult region_write_locked(const MemoryRegion *r, hwaddr off,
                                     unsigned size, uint64_t val)
{
    SizeRule valid = size_rule(&r->ops->valid);
    SizeRule impl = size_rule(&r->ops->impl);
    MemResult result = MEM_OK;

    for (unsigned done = 0, step; done < size; done += step) {
        step = size_step(&valid, off + done, size - done);
        if (step < valid.min) {
            result = region_too_small(r, off + done, step);
        } else if (!region_impl_write(r, &impl, off + done, step,
                                      val >> (8 * done))) {
            result = MEM_REJECTED;
        }
    }
    return result;
}

static MemResult region_read(const MemoryRegion *r, hwaddr off, unsigned size,
                             uint64_t *val)
{
    if (!r->lock) {
        return region_read_locked(r, off, size, val);
    }
    g_mutex_lock(r->lock);
    MemResult result = region_read_locked(r, off, size, val);
    g_mutex_unlock(r->lock);
    return result;
}

static MemResult region_write(const MemoryRegion *r, hwaddr off, unsigned size,
                              uint64_t val)
{
    if (!r->lock) {
        return region_write_locked(r, off, size, val);
    }
    g_mutex_lock(r->lock);
    MemResult result = region_write_locked(r, off, size, val);
    g_mutex_unlock(r->lock);
    return result;
}

/* ---- Ranges ------------------------------------------------------------ */

MemResult range_load(const FlatRange *range, hwaddr off, unsigned size,
                     uint64_t *val)
{
    if (range->host) {
        *val = host_load(range->host + off, size);
        return MEM_OK;
    }
    return region_read(range->region, range->off + off, size, val);
}

MemResult range_store(const FlatRange *range, hwaddr off, unsigned size,
                      uint64_t val)
{
    if (range->writable) {
        host_store(range->host + off, size, val);
        ram_written(range->ram, range->ram_off + off, size);
        return MEM_OK;
    }
    if (range->region->ops && range->region->ops->write) {
        return region_write(range->region, range->off + off, size, val);
    }
    return range->host ? MEM_OK : MEM_REJECTED;
}

/* ---- Spaces ------------------------------------------------------------ */

/* Bytes from addr, at most size, that meet the same range or the same hole. A
 * device decodes the address an access begins at, so one of its registers is
 * accessed whole even where another device sits on a part of it (ports CF8h
 * and CF9h of PC chip sets). */
static unsigned span_in_range(const FlatView *view, const FlatRange *range,
                              hwaddr addr, unsigned size)
{
    unsigned n = 1;

    if (range) {
        hwaddr off = addr - range->start;
        uint64_t left = range->host ? range->size - off
                                    : range->region->size - range->off - off;

        return MIN(left, size);
    }
    while (n < size && !view_find(view, addr + n)) {
        n++;
    }
    return n;
}

static MemResult view_load(const FlatView *view, hwaddr addr, unsigned size,
                           uint64_t *val)
{
    MemResult result = MEM_OK;

    *val = 0;
    for (unsigned done = 0, n; done < size; done += n) {
        const FlatRange *range = view_find(view, addr + done);
        uint64_t part = UINT64_MAX;
        MemResult r = MEM_UNASSIGNED;

        n = span_in_range(view, range, addr + done, size - done);
        if (range) {
            r = range_load(range, addr + done - range->start, n, &part);
        } else {
            log_unimplemented("nobody at 0x%" PRIx64 ": %u byte read\n",
                              addr + done, n);
        }
        *val |= (part & size_mask(n)) << (8 * done);
        result = MAX(result, r);
    }
    return result;
}

static MemResult view_store(const FlatView *view, hwaddr addr, unsigned size,
                            uint64_t val)
{
    MemResult result = MEM_OK;

    for (unsigned done = 0, n; done < size; done += n) {
        const FlatRange *range = view_find(view, addr + done);
        MemResult r = MEM_UNASSIGNED;

        n = span_in_range(view, range, addr + done, size - done);
        if (range) {
            r = range_store(range, addr + done - range->start, n,
                            val >> (8 * done));
        } else {
            log_unimplemented("nobody at 0x%" PRIx64
                              ": %u byte write of 0x%" PRIx64 "\n",
                              addr + done, n, val);
        }
        result = MAX(result, r);
    }
    return result;
}

MemResult space_load(AddressSpace *as, hwaddr addr, unsigned size,
                     uint64_t *val)
{
    rcu_read_lock();
    MemResult result = view_load(space_view(as), addr, size, val);
    rcu_read_unlock();
    return result;
}

MemResult space_store(AddressSpace *as, hwaddr addr, unsigned size,
                      uint64_t val)
{
    rcu_read_lock();
    MemResult result = view_store(space_view(as), addr, size, val);
    rcu_read_unlock();
    return result;
}
