/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The code buffer: one memfd mapped twice, once writable and once executable,
 * so that no page is ever both (W^X). The executable view stands within a
 * direct call's reach of the program's text, where the host has room there;
 * code must not rely on it.
 *
 * What is kept for ever comes first. The rest is regions of equal size, each of
 * which is filled on its own: code that runs, from the region's begin; code
 * that rarely does and what describes both, from its middle; and a list from
 * the other end. So what runs stands close together in the host's caches.
 */
#include "tcg/backend.h"
#include "util/error.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE_ALIGN 4
#define CODE_REACH (UINT64_C(1) << 30) /* look for room this far from text */
#define CODE_STEP (UINT64_C(16) << 20)
#define CODE_REGION (UINT64_C(256) << 10)
#define CODE_REGIONS_MIN 8
/* Hot, of a region: a bit less than the 48 % that Linux and large programs come
 * to, as the list at the end counts as cold. */
#define CODE_HOT_SHARE(size) ((size) / 32 * 15)

/* In offsets in the buffer: areas are free from `low` to where the next one
 * begins, the last one to `high`. */
typedef struct CodeRegion {
    size_t low[CODE_AREAS], cold, high;
    bool populated; /* the host was asked for its memory */
} CodeRegion;

struct CodeBuffer {
    uint8_t *write;
    uint8_t *exec;
    size_t size;
    size_t kept;        /* for ever, at the begin */
    size_t region_size; /* of whole pages */
    unsigned regions;
    CodeRegion *region; /* before code_buffer_keep(), one that is everything */
    unsigned now;
};

static void code_buffer_empty(CodeBuffer *buf, unsigned n)
{
    CodeRegion *r = &buf->region[n];

    r->low[CODE_HOT] = buf->kept + n * buf->region_size;
    r->high = r->low[CODE_HOT] + buf->region_size;
    r->cold = r->low[CODE_COLD] =
        r->low[CODE_HOT] + (buf->regions > 1 ? CODE_HOT_SHARE(buf->region_size)
                                             : buf->region_size);
}

static size_t code_buffer_room(const CodeRegion *r, CodeArea area)
{
    return (area == CODE_HOT ? r->cold : r->high) - r->low[area];
}

static void code_buffer_divide(CodeBuffer *buf, size_t kept, unsigned regions)
{
    long page = sysconf(_SC_PAGESIZE);

    buf->kept = (kept + page - 1) / page * page;
    buf->regions = regions;
    buf->region_size = (buf->size - buf->kept) / regions / page * page;
    buf->region = g_renew(CodeRegion, buf->region, regions);
    memset(buf->region, 0, regions * sizeof(*buf->region));
    for (unsigned n = 0; n < regions; n++) {
        code_buffer_empty(buf, n);
    }
}

static void *code_buffer_map_exec(int fd, size_t size, void *hint)
{
    void *p = mmap(hint, size, PROT_READ | PROT_EXEC,
                   MAP_SHARED | (hint ? MAP_FIXED_NOREPLACE : 0), fd, 0);

    if (p != MAP_FAILED && hint && p != hint) { /* kernels before 4.17 */
        munmap(p, size);
        return MAP_FAILED;
    }
    return p;
}

/* Below the text first: the heap grows above it. */
static void *code_buffer_map_near(int fd, size_t size)
{
    uintptr_t text = (uintptr_t)code_buffer_new & ~(CODE_STEP - 1);

    for (uintptr_t d = CODE_STEP; d < CODE_REACH; d += CODE_STEP) {
        if (text > d + size) {
            void *p = code_buffer_map_exec(fd, size, (void *)(text - size - d));

            if (p != MAP_FAILED) {
                return p;
            }
        }
    }
    return code_buffer_map_exec(fd, size, NULL);
}

static bool code_buffer_map(CodeBuffer *buf, int fd, GError **errp)
{
    if (ftruncate(fd, buf->size) < 0) {
        return emu_fail_errno(errp, errno, "code buffer of %zu bytes",
                              buf->size);
    }
    buf->write =
        mmap(NULL, buf->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (buf->write == MAP_FAILED) {
        return emu_fail_errno(errp, errno, "code buffer: writable mapping");
    }
    buf->exec = code_buffer_map_near(fd, buf->size);
    if (buf->exec == MAP_FAILED) {
        return emu_fail_errno(errp, errno, "code buffer: executable mapping");
    }
    return true;
}

CodeBuffer *code_buffer_new(size_t size, GError **errp)
{
    int fd = memfd_create("emu-code", MFD_CLOEXEC);

    if (fd < 0) {
        emu_fail_errno(errp, errno, "code buffer: memfd");
        return NULL;
    }
    CodeBuffer *buf = g_new0(CodeBuffer, 1);
    long page = sysconf(_SC_PAGESIZE);

    buf->size = (MAX(size, 1) + page - 1) / page * page;
    buf->write = buf->exec = MAP_FAILED;
    if (!code_buffer_map(buf, fd, errp)) {
        code_buffer_free(buf);
        close(fd);
        return NULL;
    }
    close(fd);
    code_buffer_divide(buf, 0, 1);
    return buf;
}

void code_buffer_free(CodeBuffer *buf)
{
    if (!buf) {
        return;
    }
    if (buf->write != MAP_FAILED) {
        munmap(buf->write, buf->size);
    }
    if (buf->exec != MAP_FAILED) {
        munmap(buf->exec, buf->size);
    }
    g_free(buf->region);
    g_free(buf);
}

/* ---- Regions --------------------------------------------------------------
 */

/* Two page faults for each page of code cost more than the memory. Where the
 * host does not know how (before Linux 5.14), pages come as they are touched.
 */
static void code_buffer_populate(CodeBuffer *buf, unsigned n)
{
#ifdef MADV_POPULATE_WRITE
    size_t start = buf->kept + n * buf->region_size;

    if (!buf->region[n].populated) {
        madvise(buf->write + start, buf->region_size, MADV_POPULATE_WRITE);
        madvise(buf->exec + start, buf->region_size, MADV_POPULATE_READ);
    }
#endif
    buf->region[n].populated = true;
}

void code_buffer_keep(CodeBuffer *buf)
{
    size_t kept = buf->region[0].low[CODE_HOT];
    size_t regions = (buf->size - kept) / CODE_REGION;

    g_assert(buf->regions == 1);
    code_buffer_divide(buf, kept, MAX(regions, CODE_REGIONS_MIN));
}

void code_buffer_enter(CodeBuffer *buf, unsigned region)
{
    buf->now = region;
    code_buffer_empty(buf, region);
    code_buffer_populate(buf, region);
}

void code_buffer_clear(CodeBuffer *buf)
{
    for (unsigned n = 0; n < buf->regions; n++) {
        code_buffer_empty(buf, n);
        buf->region[n].populated = false;
    }
    madvise(buf->write + buf->kept, buf->regions * buf->region_size,
            MADV_REMOVE);
    buf->now = 0;
}

unsigned code_buffer_regions(const CodeBuffer *buf)
{
    return buf->regions;
}

const uint8_t *code_buffer_region(const CodeBuffer *buf, unsigned region,
                                  size_t *size)
{
    *size = buf->region_size;
    return buf->exec + buf->kept + region * buf->region_size;
}

uint8_t *code_buffer_begin(CodeBuffer *buf, CodeArea area, size_t *room)
{
    const CodeRegion *r = &buf->region[buf->now];

    *room = code_buffer_room(r, area);
    return buf->write + r->low[area];
}

void code_buffer_end(CodeBuffer *buf, CodeArea area, size_t used)
{
    CodeRegion *r = &buf->region[buf->now];
    size_t room = code_buffer_room(r, area);

    g_assert(used <= room);
    r->low[area] +=
        MIN(room, (used + CODE_ALIGN - 1) / CODE_ALIGN * CODE_ALIGN);
}

void *code_buffer_take_end(CodeBuffer *buf, size_t size)
{
    CodeRegion *r = &buf->region[buf->now];

    g_assert(size <= code_buffer_room(r, CODE_COLD));
    r->high -= size;
    return buf->write + r->high;
}

size_t code_buffer_used(const CodeBuffer *buf)
{
    size_t used = buf->kept;

    for (unsigned n = 0; n < buf->regions; n++) {
        const CodeRegion *r = &buf->region[n];
        used += buf->region_size - code_buffer_room(r, CODE_HOT) -
                code_buffer_room(r, CODE_COLD);
    }
    return used;
}

size_t code_buffer_size(const CodeBuffer *buf)
{
    return buf->size;
}

const uint8_t *code_buffer_exec(const CodeBuffer *buf, const uint8_t *w)
{
    return buf->exec + (w - buf->write);
}

uint8_t *code_buffer_write(const CodeBuffer *buf, const uint8_t *x)
{
    return buf->write + (x - buf->exec);
}

bool code_buffer_contains(const CodeBuffer *buf, const void *x)
{
    return (uintptr_t)x - (uintptr_t)buf->exec < buf->size;
}
