/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A protocol node in memory, see memnode.h. */
#include "tests/block/memnode.h"

#include <errno.h>
#include <string.h>

#include "block/vec.h"

static int mem_preadv(BlockNode *node, uint64_t off, uint64_t len,
                      const struct iovec *iov, int count)
{
    MemNode *m = (MemNode *)node;

    g_mutex_lock(&m->lock);
    uint64_t n = off < m->data->len ? MIN(len, m->data->len - off) : 0;
    iov_from_buf(iov, count, 0, m->data->data + off, n);
    iov_fill_zero(iov, count, n, len - n);
    g_mutex_unlock(&m->lock);
    return 0;
}

static void mem_apply(GByteArray *data, uint64_t off, const void *buf,
                      uint64_t len)
{
    uint64_t was = data->len;

    if (off + len > was) {
        g_byte_array_set_size(data, off + len);
        memset(data->data + was, 0, off + len - was);
    }
    memcpy(data->data + off, buf, len);
}

static int mem_write_locked(MemNode *m, uint64_t off, const void *buf,
                            uint64_t len)
{
    if (off + len > m->limit) {
        return -ENOSPC;
    }
    if (m->fail_after && !--m->fail_after) {
        return -EIO;
    }
    mem_apply(m->data, off, buf, len);
    node_set_size(&m->node, m->data->len);
    if (m->log) {
        MemWrite w = { off, g_bytes_new(buf, len) };
        g_array_append_val(m->log, w);
    }
    return 0;
}

static int mem_pwritev(BlockNode *node, uint64_t off, uint64_t len,
                       const struct iovec *iov, int count)
{
    MemNode *m = (MemNode *)node;
    g_autofree uint8_t *buf = g_malloc(len);

    iov_to_buf(iov, count, 0, buf, len);
    g_mutex_lock(&m->lock);
    int ret = mem_write_locked(m, off, buf, len);
    g_mutex_unlock(&m->lock);
    return ret;
}

static int mem_flush(BlockNode *node)
{
    MemNode *m = (MemNode *)node;
    MemWrite w = {};

    g_mutex_lock(&m->lock);
    if (m->log) {
        g_array_append_val(m->log, w);
    }
    g_mutex_unlock(&m->lock);
    return 0;
}

static void mem_write_clear(void *data)
{
    MemWrite *w = data;

    g_clear_pointer(&w->data, g_bytes_unref);
}

static void mem_close(BlockNode *node)
{
    MemNode *m = (MemNode *)node;

    g_byte_array_unref(m->data);
    g_clear_pointer(&m->log, g_array_unref);
    g_mutex_clear(&m->lock);
}

static const BlockDriver mem_driver = {
    .name = "memory",
    .size = sizeof(MemNode),
    .is_protocol = true,
    .close = mem_close,
    .preadv = mem_preadv,
    .pwritev = mem_pwritev,
    .flush = mem_flush,
};

MemNode *mem_node_new(const void *data, size_t len)
{
    MemNode *m = (MemNode *)block_node_new(&mem_driver, "memory");

    g_mutex_init(&m->lock);
    m->data = g_byte_array_new();
    g_byte_array_append(m->data, data, len);
    m->limit = UINT64_MAX;
    m->node.size = len;
    m->node.zero_beyond_end = true;
    return m;
}

void mem_node_start_log(MemNode *m)
{
    m->log = g_array_new(FALSE, FALSE, sizeof(MemWrite));
    g_array_set_clear_func(m->log, mem_write_clear);
}

void mem_log_replay(const GArray *log, unsigned n, const bool *skip,
                    GByteArray *data)
{
    for (unsigned i = 0; i < n; i++) {
        const MemWrite *w = &g_array_index(log, MemWrite, i);
        if (w->data && !(skip && skip[i])) {
            gsize len;
            const void *buf = g_bytes_get_data(w->data, &len);
            mem_apply(data, w->off, buf, len);
        }
    }
}
