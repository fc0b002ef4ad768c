/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: the header with its extensions, and the snapshot table. Everything
 * read here is hostile: lengths and offsets are checked before use.
 */
#include "block/qcow2-internal.h"

#include <errno.h>
#include <inttypes.h>

#include "util/span.h"

#define HEADER_MAX_NAME 1023
#define SNAPSHOT_FIXED 40
#define SNAPSHOT_MAX_EXTRA 1024

/* ---- Feature bits ------------------------------------------------------- */

static const char *const header_incompatible_names[] = {
    "dirty bit",        "corrupt bit", "external data file",
    "compression type", "extended L2", NULL,
};

/* The name that the image itself gives to an incompatible bit, or NULL. */
static char *header_feature_name(const uint8_t *table, size_t len, unsigned bit)
{
    for (size_t i = 0; table && i + 48 <= len; i += 48) {
        if (table[i] == 0 && table[i + 1] == bit) {
            return g_strndup((const char *)table + i + 2, 46);
        }
    }
    return NULL;
}

static bool header_refuse_feature(BlockNode *file, const uint8_t *names,
                                  size_t names_len, unsigned bit, GError **errp)
{
    g_autofree char *own = header_feature_name(names, names_len, bit);
    g_autofree char *number = g_strdup_printf("%u", bit);
    bool known = bit + 1 < G_N_ELEMENTS(header_incompatible_names);

    return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                    "'%s': qcow2 feature '%s' is not supported", file->filename,
                    known ? header_incompatible_names[bit]
                    : own ? own
                          : number);
}

static bool header_check_features(BlockNode *file, const Qcow2Header *h,
                                  const uint8_t *names, size_t names_len,
                                  GError **errp)
{
    uint64_t understood = QCOW2_INCOMPAT_DIRTY | QCOW2_INCOMPAT_CORRUPT |
                          QCOW2_INCOMPAT_COMPRESSION;
    uint64_t unknown = h->incompatible & ~understood;

    if (unknown) {
        return header_refuse_feature(file, names, names_len,
                                     __builtin_ctzll(unknown), errp);
    }
    bool has_bit = h->incompatible & QCOW2_INCOMPAT_COMPRESSION;
    if (h->compression > QCOW2_ZSTD || has_bit != (h->compression != 0)) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "'%s': unknown qcow2 compression type %u",
                        file->filename, h->compression);
    }
    return true;
}

/* ---- Fixed part --------------------------------------------------------- */

static bool header_bad(BlockNode *file, GError **errp, const char *what,
                       uint64_t value)
{
    return emu_fail(errp, EMU_ERROR_CORRUPT,
                    "'%s': invalid qcow2 header: %s (%" PRIu64 ")",
                    file->filename, what, value);
}

static void header_decode(const uint8_t *b, Qcow2Header *h)
{
    *h = (Qcow2Header){
        .version = qcow2_be32(b + QH_VERSION),
        .cluster_bits = qcow2_be32(b + QH_CLUSTER_BITS),
        .refcount_order = 4,
        .size = qcow2_be64(b + QH_SIZE),
        .l1_size = qcow2_be32(b + QH_L1_SIZE),
        .l1_offset = qcow2_be64(b + QH_L1_OFFSET),
        .reftable_offset = qcow2_be64(b + QH_REFTABLE_OFFSET),
        .reftable_clusters = qcow2_be32(b + QH_REFTABLE_CLUSTERS),
        .snapshots = qcow2_be32(b + QH_SNAPSHOTS),
        .snapshot_offset = qcow2_be64(b + QH_SNAPSHOT_OFFSET),
        .header_length = QH_V2_LENGTH,
    };
    if (h->version < 3) {
        return;
    }
    h->incompatible = qcow2_be64(b + QH_INCOMPATIBLE);
    h->compatible = qcow2_be64(b + QH_COMPATIBLE);
    h->autoclear = qcow2_be64(b + QH_AUTOCLEAR);
    h->refcount_order = qcow2_be32(b + QH_REFCOUNT_ORDER);
    h->header_length = qcow2_be32(b + QH_HEADER_LENGTH);
    if (h->header_length > QH_COMPRESSION) {
        h->compression = b[QH_COMPRESSION];
    }
}

/* L1 entries that a disk of this size needs. */
static uint64_t header_l1_needed(const Qcow2Header *h)
{
    unsigned shift = 2 * h->cluster_bits - 3;

    return (h->size >> shift) + !!(h->size & ((1ull << shift) - 1));
}

/* Tables begin at a cluster, and not where a file cannot reach. */
static bool header_bad_offset(const Qcow2Header *h, uint64_t off)
{
    return off & ((1ull << h->cluster_bits) - 1) || off > INT64_MAX / 2;
}

static bool header_check_tables(BlockNode *file, const Qcow2Header *h,
                                GError **errp)
{
    uint64_t cluster = 1ull << h->cluster_bits;

    if (h->size > INT64_MAX - cluster) {
        return header_bad(file, errp, "disk size is too large", h->size);
    }
    if (h->l1_size > QCOW2_MAX_L1_BYTES / 8) {
        return header_bad(file, errp, "L1 table is too large", h->l1_size);
    }
    if (h->l1_size < header_l1_needed(h)) {
        return header_bad(file, errp, "L1 table is too small", h->l1_size);
    }
    if (header_bad_offset(h, h->l1_offset) || (h->l1_size && !h->l1_offset)) {
        return header_bad(file, errp, "L1 table offset", h->l1_offset);
    }
    if (header_bad_offset(h, h->reftable_offset)) {
        return header_bad(file, errp, "refcount table offset",
                          h->reftable_offset);
    }
    if (h->reftable_clusters > QCOW2_MAX_REFTABLE_BYTES >> h->cluster_bits) {
        return header_bad(file, errp, "refcount table is too large",
                          h->reftable_clusters);
    }
    if (h->snapshots > QCOW2_MAX_SNAPSHOTS) {
        return header_bad(file, errp, "too many snapshots", h->snapshots);
    }
    if (h->snapshots && header_bad_offset(h, h->snapshot_offset)) {
        return header_bad(file, errp, "snapshot table offset",
                          h->snapshot_offset);
    }
    return true;
}

static bool header_check(BlockNode *file, const Qcow2Header *h, uint32_t crypt,
                         GError **errp)
{
    if (h->version != 2 && h->version != 3) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "'%s': qcow2 version %u is not supported",
                        file->filename, h->version);
    }
    if (h->cluster_bits < QCOW2_MIN_CLUSTER_BITS ||
        h->cluster_bits > QCOW2_MAX_CLUSTER_BITS) {
        return header_bad(file, errp, "cluster bits", h->cluster_bits);
    }
    if (crypt) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "'%s': encrypted images (%s) are not supported",
                        file->filename,
                        crypt == 1   ? "AES"
                        : crypt == 2 ? "LUKS"
                                     : "unknown method");
    }
    if (h->refcount_order > 6) {
        return header_bad(file, errp, "refcount order", h->refcount_order);
    }
    if (h->version == 3 && (h->header_length < QH_COMPRESSION ||
                            h->header_length > 1u << h->cluster_bits)) {
        return header_bad(file, errp, "header length", h->header_length);
    }
    return header_check_tables(file, h, errp);
}

/* ---- Extensions --------------------------------------------------------- */

typedef struct HeaderNames {
    const uint8_t *data;
    size_t len;
} HeaderNames;

static bool header_extension(BlockNode *file, Qcow2Header *h, uint32_t type,
                             const uint8_t *data, uint32_t len,
                             HeaderNames *names, GError **errp)
{
    switch (type) {
    case (uint32_t)QE_BACKING_FORMAT:
        if (len > HEADER_MAX_NAME) {
            return header_bad(file, errp, "length of backing format", len);
        }
        g_free(h->backing_format);
        h->backing_format = g_strndup((const char *)data, len);
        break;
    case QE_FEATURE_NAMES:
        *names = (HeaderNames){ data, len };
        break;
    case QE_BITMAPS:
        if (len >= 24) {
            h->bitmaps = qcow2_be32(data);
            h->bitmap_directory_size = qcow2_be64(data + 8);
            h->bitmap_directory_offset = qcow2_be64(data + 16);
        }
        break;
    default: /* names of others' things: kept, for nobody rewrites them */
        break;
    }
    return true;
}

static bool header_extensions(BlockNode *file, Qcow2Header *h, const uint8_t *b,
                              size_t end, HeaderNames *names, GError **errp)
{
    size_t pos = h->header_length;

    while (pos + 8 <= end) {
        uint32_t type = qcow2_be32(b + pos);
        uint32_t len = qcow2_be32(b + pos + 4);
        pos += 8;
        if (type == QE_END) {
            return true;
        }
        if (len > end - pos) {
            return header_bad(file, errp, "length of header extension", len);
        }
        if (!header_extension(file, h, type, b + pos, len, names, errp)) {
            return false;
        }
        pos += (len + 7u) & ~7u;
    }
    return true;
}

static bool header_backing_name(BlockNode *file, Qcow2Header *h,
                                const uint8_t *b, size_t cluster,
                                size_t *extensions_end, GError **errp)
{
    uint64_t off = qcow2_be64(b + QH_BACKING_OFFSET);
    uint32_t len = qcow2_be32(b + QH_BACKING_SIZE);

    if (!off) {
        return true;
    }
    if (!len || len > HEADER_MAX_NAME || !span_fits(off, len, cluster) ||
        off < h->header_length) {
        return header_bad(file, errp, "backing file name", len);
    }
    *extensions_end = off;
    h->backing_name = g_strndup((const char *)b + off, len);
    return true;
}

bool qcow2_header_read(BlockNode *file, Qcow2Header *h, GError **errp)
{
    uint8_t fixed[QH_V3_LENGTH];
    HeaderNames names = {};
    int ret = node_pread(file, 0, fixed, sizeof(fixed));

    *h = (Qcow2Header){};
    if (ret) {
        return emu_fail_errno(errp, -ret, "could not read '%s'",
                              file->filename);
    }
    if (qcow2_be32(fixed) != QCOW2_MAGIC) {
        return emu_fail(errp, EMU_ERROR_INVALID, "'%s' is not a qcow2 image",
                        file->filename);
    }
    header_decode(fixed, h);
    if (!header_check(file, h, qcow2_be32(fixed + QH_CRYPT), errp)) {
        return false;
    }
    size_t cluster = 1u << h->cluster_bits;
    size_t end = cluster;
    g_autofree uint8_t *b = g_malloc(cluster);
    ret = node_pread(file, 0, b, cluster);
    if (ret) {
        return emu_fail_errno(errp, -ret, "could not read '%s'",
                              file->filename);
    }
    return header_backing_name(file, h, b, cluster, &end, errp) &&
           header_extensions(file, h, b, end, &names, errp) &&
           header_check_features(file, h, names.data, names.len, errp);
}

void qcow2_header_clear(Qcow2Header *h)
{
    g_clear_pointer(&h->backing_name, g_free);
    g_clear_pointer(&h->backing_format, g_free);
}

int qcow2_header_set_incompatible(Qcow2 *q, uint64_t bits)
{
    uint8_t field[8];

    if (q->h.version < 3 || q->node.file->read_only) {
        return 0;
    }
    qcow2_put_be64(field, bits);
    int ret = node_pwrite(q->node.file, QH_INCOMPATIBLE, field, sizeof(field));
    if (!ret) {
        ret = node_flush(q->node.file);
    }
    if (!ret) {
        q->incompatible = bits;
    }
    return ret;
}

/* ---- Snapshot table ----------------------------------------------------- */

static bool snapshot_bad(Qcow2 *q, GError **errp, unsigned i)
{
    return emu_fail(errp, EMU_ERROR_CORRUPT,
                    "'%s': snapshot table entry %u is invalid",
                    q->node.filename, i);
}

/* Decode the entry at b; its length, or 0 if it is not all there. */
static size_t snapshot_decode(const uint8_t *b, size_t left, uint64_t size,
                              BlockSnapshot *s)
{
    if (left < SNAPSHOT_FIXED) {
        return 0;
    }
    size_t id_len = qcow2_be16(b + 12), name_len = qcow2_be16(b + 14);
    uint32_t extra = qcow2_be32(b + 36);
    if (extra > SNAPSHOT_MAX_EXTRA ||
        left < SNAPSHOT_FIXED + extra + id_len + name_len) {
        return 0;
    }
    const uint8_t *e = b + SNAPSHOT_FIXED;
    const char *id = (const char *)e + extra;
    *s = (BlockSnapshot){
        .id = g_strndup(id, id_len),
        .name = g_strndup(id + id_len, name_len),
        .date_s = qcow2_be32(b + 16),
        .date_ns = qcow2_be32(b + 20),
        .vm_clock_ns = qcow2_be64(b + 24),
        .vm_state_size = extra >= 8 ? qcow2_be64(e) : qcow2_be32(b + 32),
        .disk_size = extra >= 16 ? qcow2_be64(e + 8) : size,
        .icount = extra >= 24 ? (int64_t)qcow2_be64(e + 16) : -1,
    };
    size_t len = SNAPSHOT_FIXED + extra + id_len + name_len;
    return (len + 7) & ~(size_t)7;
}

static bool snapshot_l1(Qcow2 *q, const uint8_t *b, unsigned i,
                        GArray *l1_tables, GError **errp)
{
    Qcow2Extent e = {
        .off = qcow2_be64(b),
        .len = (uint64_t)qcow2_be32(b + 8) * 8,
        .what = "snapshot L1 table",
    };

    if (e.len > QCOW2_MAX_L1_BYTES || !qcow2_aligned(q, e.off)) {
        return snapshot_bad(q, errp, i);
    }
    g_array_append_val(l1_tables, e);
    return true;
}

bool qcow2_snapshots_read(Qcow2 *q, GArray *l1_tables, GError **errp)
{
    BlockNode *file = q->node.file;
    uint64_t start = q->h.snapshot_offset;
    uint64_t size = node_size(file);

    if (!q->h.snapshots) {
        return true;
    }
    uint64_t want = start < size ? size - start : 0;
    size_t len = MIN(
        want, MIN(QCOW2_MAX_SNAPSHOT_TABLE, (uint64_t)q->h.snapshots * 4096));
    g_autofree uint8_t *b = g_malloc(len);
    int ret = node_pread(file, start, b, len);
    if (ret) {
        return emu_fail_errno(errp, -ret, "could not read '%s'",
                              file->filename);
    }
    size_t pos = 0;
    for (unsigned i = 0; i < q->h.snapshots; i++) {
        BlockSnapshot s;
        size_t n = snapshot_decode(b + pos, len - pos, q->h.size, &s);
        if (!n) {
            return snapshot_bad(q, errp, i);
        }
        g_array_append_val(q->snapshots, s);
        if (!snapshot_l1(q, b + pos, i, l1_tables, errp)) {
            return false;
        }
        pos = MIN(pos + n, len);
    }
    Qcow2Extent table = { start, pos, "snapshot table" };
    g_array_append_val(l1_tables, table);
    return true;
}
