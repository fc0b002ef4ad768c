/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The code buffer: one memfd mapped twice, once writable and once executable,
 * so that no page is ever both (W^X). Space is handed out from low to high
 * addresses. The executable view stands within a direct call's reach of the
 * program's text, where the host has room there; code must not rely on it.
 */
#include "tcg/backend.h"
#include "util/error.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE_ALIGN 16
#define CODE_REACH (UINT64_C(1) << 30) /* look for room this far from text */
#define CODE_STEP (UINT64_C(16) << 20)
#define CODE_POPULATE (UINT64_C(256) << 10)

struct CodeBuffer {
    uint8_t *write;
    uint8_t *exec;
    size_t size;
    size_t used;
    size_t populated; /* the host was asked for memory up to here */
};

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
        buf = NULL;
    }
    close(fd);
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
    g_free(buf);
}

/* Two page faults for each page of code cost more than the memory. Where the
 * host does not know how (before Linux 5.14), pages come as they are touched.
 */
static void code_buffer_populate(CodeBuffer *buf, size_t end)
{
    if (end <= buf->populated) {
        return;
    }
    size_t size = MIN(CODE_POPULATE, buf->size - buf->populated);
#ifdef MADV_POPULATE_WRITE
    madvise(buf->write + buf->populated, size, MADV_POPULATE_WRITE);
    madvise(buf->exec + buf->populated, size, MADV_POPULATE_READ);
#endif
    buf->populated += size;
}

uint8_t *code_buffer_begin(CodeBuffer *buf, size_t max)
{
    return max <= buf->size - buf->used ? buf->write + buf->used : NULL;
}

void code_buffer_end(CodeBuffer *buf, size_t used)
{
    g_assert(used <= buf->size - buf->used);
    buf->used = MIN(buf->size, (buf->used + used + CODE_ALIGN - 1) /
                                   CODE_ALIGN * CODE_ALIGN);
    code_buffer_populate(buf, buf->used);
}

void code_buffer_reset(CodeBuffer *buf, size_t keep)
{
    g_assert(keep <= buf->used);
    buf->used = keep;
}

size_t code_buffer_used(const CodeBuffer *buf)
{
    return buf->used;
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
