/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: compressed clusters, deflate or zstd. They are packed one behind the
 * other into host clusters, each holding a reference to every host cluster it
 * touches. The last few unpacked clusters are kept, for readers come in small
 * steps.
 */
#include "block/qcow2-internal.h"

#include <errno.h>
#include <inttypes.h>
#include <zlib.h>
#include <zstd.h>

#include "util/span.h"

#define DEFLATE_WINDOW                                                         \
    (-12) /* raw deflate, 4 KiB window, as the format says                     \
           */

/* ---- Codecs ------------------------------------------------------------- */

static bool unpack_deflate(const uint8_t *in, size_t in_len, uint8_t *out,
                           size_t out_len)
{
    z_stream z = { .next_in = (uint8_t *)in,
                   .avail_in = in_len,
                   .next_out = out,
                   .avail_out = out_len };

    if (inflateInit2(&z, DEFLATE_WINDOW) != Z_OK) {
        return false;
    }
    int ret = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return (ret == Z_STREAM_END || ret == Z_BUF_ERROR) && !z.avail_out;
}

static bool unpack_zstd(const uint8_t *in, size_t in_len, uint8_t *out,
                        size_t out_len)
{
    ZSTD_inBuffer src = { in, in_len, 0 };
    ZSTD_outBuffer dst = { out, out_len, 0 };
    ZSTD_DCtx *ctx = ZSTD_createDCtx();
    bool moving = ctx;

    while (moving && dst.pos < dst.size) {
        size_t before_in = src.pos, before_out = dst.pos;
        size_t ret = ZSTD_decompressStream(ctx, &dst, &src);
        moving = !ZSTD_isError(ret) &&
                 (src.pos != before_in || dst.pos != before_out);
    }
    ZSTD_freeDCtx(ctx);
    return dst.pos == dst.size;
}

/* Length of the packed data, 0 if it would not be smaller. */
static size_t pack_deflate(const uint8_t *in, size_t len, uint8_t *out)
{
    z_stream z = { .next_in = (uint8_t *)in,
                   .avail_in = len,
                   .next_out = out,
                   .avail_out = len - 1 };

    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, DEFLATE_WINDOW, 9,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return 0;
    }
    int ret = deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return ret == Z_STREAM_END ? len - 1 - z.avail_out : 0;
}

static size_t pack_zstd(const uint8_t *in, size_t len, uint8_t *out)
{
    size_t n = ZSTD_compress(out, len - 1, in, len, 0);

    return ZSTD_isError(n) ? 0 : n;
}

/* ---- Reading ------------------------------------------------------------ */

static bool unpacked_find(Qcow2 *q, uint64_t entry, uint64_t skip, uint64_t len,
                          void *buf, unsigned *generation)
{
    bool found = false;

    g_mutex_lock(&q->unpack_lock);
    for (unsigned i = 0; i < QCOW2_UNPACKED_SLOTS && !found; i++) {
        if (q->unpacked[i].entry == entry) {
            memcpy(buf, q->unpacked[i].data + skip, len);
            found = true;
        }
    }
    *generation = q->unpacked_generation;
    g_mutex_unlock(&q->unpack_lock);
    return found;
}

/* Takes data. Not kept if clusters were freed since it was read. */
static void unpacked_keep(Qcow2 *q, uint64_t entry, uint8_t *data,
                          unsigned generation)
{
    g_mutex_lock(&q->unpack_lock);
    if (generation == q->unpacked_generation) {
        Qcow2Unpacked *u = &q->unpacked[q->unpacked_next];
        q->unpacked_next = (q->unpacked_next + 1) % QCOW2_UNPACKED_SLOTS;
        uint8_t *old = u->data;
        *u = (Qcow2Unpacked){ entry, data };
        data = old;
    }
    g_mutex_unlock(&q->unpack_lock);
    g_free(data);
}

void qcow2_unpacked_forget(Qcow2 *q)
{
    g_mutex_lock(&q->unpack_lock);
    q->unpacked_generation++;
    for (unsigned i = 0; i < QCOW2_UNPACKED_SLOTS; i++) {
        g_free(q->unpacked[i].data);
        q->unpacked[i] = (Qcow2Unpacked){};
    }
    g_mutex_unlock(&q->unpack_lock);
}

static int compress_load(Qcow2 *q, uint64_t entry, uint8_t *out)
{
    uint64_t off, len;

    qcow2_packed_range(q, entry, &off, &len);
    if (!span_fits(off, 1, node_size(q->node.file))) {
        return -EIO; /* outside the file */
    }
    g_autofree uint8_t *in = g_malloc(len);
    int ret = node_pread(q->node.file, off, in, len);
    if (ret) {
        return ret;
    }
    bool ok = q->h.compression == QCOW2_ZSTD
                  ? unpack_zstd(in, len, out, q->cluster_size)
                  : unpack_deflate(in, len, out, q->cluster_size);
    return ok ? 0 : -EIO;
}

int qcow2_read_compressed(BlockNode *node, const BlockRun *run, uint64_t off,
                          uint64_t len, void *buf)
{
    Qcow2 *q = (Qcow2 *)node;
    uint64_t entry = run->off, skip = off & (q->cluster_size - 1);
    unsigned generation;

    if (unpacked_find(q, entry, skip, len, buf, &generation)) {
        return 0;
    }
    g_autofree uint8_t *data = g_malloc(q->cluster_size);
    int ret = compress_load(q, entry, data);
    if (ret) {
        return ret;
    }
    memcpy(buf, data + skip, len);
    unpacked_keep(q, entry, g_steal_pointer(&data), generation);
    return 0;
}

/* ---- Writing ------------------------------------------------------------ */

/* A place in the cluster that is being filled, with one more reference. */
static bool pack_into_last_locked(Qcow2 *q, size_t len, uint64_t *off)
{
    uint64_t used = q->pack_off & (q->cluster_size - 1);

    if (!q->pack_off || !used || used + len > q->cluster_size ||
        qcow2_refcount_inc_locked(q, q->pack_off >> q->h.cluster_bits)) {
        return false;
    }
    *off = q->pack_off;
    return true;
}

static int pack_alloc_locked(Qcow2 *q, size_t len, uint64_t *off)
{
    int ret = 0;

    if (!pack_into_last_locked(q, len, off)) {
        ret = qcow2_alloc_exact_locked(q, 1, off);
    }
    if (!ret) {
        q->pack_off = *off + len;
    }
    return ret;
}

static uint64_t pack_entry(const Qcow2 *q, uint64_t off, size_t len)
{
    unsigned shift = 62 - (q->h.cluster_bits - 8);
    uint64_t sectors = (off + len - 1) / BLOCK_SECTOR - off / BLOCK_SECTOR;

    return QCOW2_COMPRESSED | sectors << shift | off;
}

static int pack_commit_locked(Qcow2 *q, uint64_t guest_off, uint64_t entry)
{
    Qcow2Slice *s;
    unsigned i;
    int ret = qcow2_entry_own_locked(q, guest_off, &s, &i);

    if (ret) {
        return ret;
    }
    uint64_t old = qcow2_be64(s->data + i * 8);
    qcow2_entry_set_locked(q, s, i, entry);
    qcow2_entry_release_locked(q, old);
    return 0;
}

static int pack_store(Qcow2 *q, uint64_t guest_off, const uint8_t *packed,
                      size_t len)
{
    uint64_t off;

    g_mutex_lock(&q->lock);
    int ret = q->corrupt ? -EIO : pack_alloc_locked(q, len, &off);
    g_mutex_unlock(&q->lock);
    if (ret) {
        return ret;
    }
    ret = off >> (62 - (q->h.cluster_bits - 8))
              ? -EFBIG
              : node_pwrite(q->node.file, off, packed, len);
    g_mutex_lock(&q->lock);
    if (!ret) {
        ret = pack_commit_locked(q, guest_off, pack_entry(q, off, len));
    } else {
        qcow2_unalloc_locked(q, off, len);
    }
    g_mutex_unlock(&q->lock);
    return ret;
}

int qcow2_write_compressed(BlockNode *node, uint64_t off, const void *buf,
                           uint64_t len)
{
    Qcow2 *q = (Qcow2 *)node;
    g_autofree uint8_t *plain = NULL;
    g_autofree uint8_t *packed = g_malloc(q->cluster_size);

    if (len < q->cluster_size) { /* the disk ends inside the cluster */
        plain = g_malloc0(q->cluster_size);
        memcpy(plain, buf, len);
        buf = plain;
    }
    size_t n = q->h.compression == QCOW2_ZSTD
                   ? pack_zstd(buf, q->cluster_size, packed)
                   : pack_deflate(buf, q->cluster_size, packed);
    if (!n) {
        return -E2BIG; /* the caller stores it plainly */
    }
    int ret = pack_store(q, off, packed, n);
    return ret ? ret : qcow2_write_back_if_full(q);
}
