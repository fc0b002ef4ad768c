/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scatter lists: build, slice, copy. See vec.h. */
#include "block/vec.h"

#include <string.h>

void block_vec_init(BlockVec *v)
{
    v->iov = v->inline_iov;
    v->count = 0;
    v->room = BLOCK_VEC_INLINE;
    v->len = 0;
}

void block_vec_clear(BlockVec *v)
{
    if (v->iov != v->inline_iov) {
        g_free(v->iov);
    }
    block_vec_init(v);
}

static void block_vec_grow(BlockVec *v)
{
    bool was_inline = v->iov == v->inline_iov;

    v->room *= 2;
    v->iov = g_renew(struct iovec, was_inline ? NULL : v->iov, v->room);
    if (was_inline) {
        memcpy(v->iov, v->inline_iov, sizeof(v->inline_iov));
    }
}

void block_vec_add(BlockVec *v, void *base, size_t len)
{
    if (!len) {
        return;
    }
    if (v->count == v->room) {
        block_vec_grow(v);
    }
    v->iov[v->count++] = (struct iovec){ .iov_base = base, .iov_len = len };
    v->len += len;
}

/* Calls visit for each piece of bytes [skip, skip + len) of the list. */
static void iov_walk(const struct iovec *iov, int count, uint64_t skip,
                     uint64_t len,
                     void (*visit)(void *opaque, void *base, size_t len),
                     void *opaque)
{
    for (int i = 0; i < count && len; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        size_t n = MIN(iov[i].iov_len - skip, len);
        visit(opaque, (char *)iov[i].iov_base + skip, n);
        skip = 0;
        len -= n;
    }
}

static void block_vec_visit(void *opaque, void *base, size_t len)
{
    block_vec_add(opaque, base, len);
}

void block_vec_add_slice(BlockVec *v, const struct iovec *iov, int count,
                         uint64_t skip, uint64_t len)
{
    iov_walk(iov, count, skip, len, block_vec_visit, v);
}

uint64_t iov_length(const struct iovec *iov, int count)
{
    uint64_t len = 0;

    for (int i = 0; i < count; i++) {
        len += iov[i].iov_len;
    }
    return len;
}

static void iov_visit_zero(void *opaque, void *base, size_t len)
{
    memset(base, 0, len);
}

void iov_fill_zero(const struct iovec *iov, int count, uint64_t skip,
                   uint64_t len)
{
    iov_walk(iov, count, skip, len, iov_visit_zero, NULL);
}

static void iov_visit_scatter(void *opaque, void *base, size_t len)
{
    const char **src = opaque;

    memcpy(base, *src, len);
    *src += len;
}

void iov_from_buf(const struct iovec *iov, int count, uint64_t skip,
                  const void *buf, uint64_t len)
{
    const char *src = buf;

    iov_walk(iov, count, skip, len, iov_visit_scatter, &src);
}

static void iov_visit_gather(void *opaque, void *base, size_t len)
{
    char **dst = opaque;

    memcpy(*dst, base, len);
    *dst += len;
}

void iov_to_buf(const struct iovec *iov, int count, uint64_t skip, void *buf,
                uint64_t len)
{
    char *dst = buf;

    iov_walk(iov, count, skip, len, iov_visit_gather, &dst);
}

bool iov_aligned(const struct iovec *iov, int count, size_t align)
{
    for (int i = 0; i < count; i++) {
        if (((uintptr_t)iov[i].iov_base | iov[i].iov_len) & (align - 1)) {
            return false;
        }
    }
    return true;
}

bool block_buffer_is_zero(const void *buf, size_t len)
{
    const char *p = buf;

    return !len || (!p[0] && !memcmp(p, p + 1, len - 1));
}
