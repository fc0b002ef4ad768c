/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: making an empty image: header, refcount table, refcount blocks, L1
 * table, one behind the other. The header is written last.
 */
#include "block/qcow2.h"

#include <errno.h>

#include "block/qcow2-internal.h"

typedef struct Create {
    const Qcow2CreateOptions *o;
    unsigned cluster_bits, refcount_order;
    uint64_t l1_count;
    uint64_t l1_clusters, table_clusters, block_clusters;
} Create;

typedef struct CreateFeature {
    uint8_t type, bit;
    const char *name;
} CreateFeature;

static const CreateFeature create_features[] = {
    { 0, 0, "dirty bit" },
    { 0, 1, "corrupt bit" },
    { 0, 2, "external data file" },
    { 0, 3, "compression type" },
    { 0, 4, "extended L2 entries" },
    { 1, 0, "lazy refcounts" },
    { 2, 0, "bitmaps" },
    { 2, 1, "raw external data" },
};

void qcow2_create_options_init(Qcow2CreateOptions *o)
{
    *o = (Qcow2CreateOptions){
        .version = 3,
        .cluster_size = 65536,
        .refcount_bits = 16,
    };
}

/* ---- Options ------------------------------------------------------------ */

static bool is_power_of_two(uint64_t n)
{
    return n && !(n & (n - 1));
}

static bool create_check(const Qcow2CreateOptions *o, GError **errp)
{
    if (o->version != 2 && o->version != 3) {
        return emu_fail(errp, EMU_ERROR_INVALID, "there is no qcow2 version %u",
                        o->version);
    }
    if (!is_power_of_two(o->cluster_size) ||
        o->cluster_size < 1u << QCOW2_MIN_CLUSTER_BITS ||
        o->cluster_size > 1u << QCOW2_MAX_CLUSTER_BITS) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "Cluster size must be a power of two between 512 and "
                        "2048k");
    }
    if (!is_power_of_two(o->refcount_bits) || o->refcount_bits > 64) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "Refcount width must be a power of two and may not "
                        "exceed 64 bits");
    }
    if (o->version < 3 &&
        (o->refcount_bits != 16 || o->lazy_refcounts || o->zstd)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "refcount_bits other than 16, lazy_refcounts and "
                        "compression types other than zlib need compat=1.1");
    }
    if (o->backing_name && strlen(o->backing_name) > 1023) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "the name of the backing file is too long");
    }
    return true;
}

static bool create_plan(Create *c, GError **errp)
{
    const Qcow2CreateOptions *o = c->o;
    uint64_t cluster = o->cluster_size;
    uint64_t covers = cluster * (cluster / 8);
    uint64_t per_block = cluster * 8 / o->refcount_bits;
    uint64_t total, was = 0;

    c->cluster_bits = __builtin_ctz(o->cluster_size);
    c->refcount_order = __builtin_ctz(o->refcount_bits);
    c->l1_count = o->size / covers + !!(o->size % covers);
    if (o->size > INT64_MAX - cluster || c->l1_count > QCOW2_MAX_L1_BYTES / 8) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "the image is too large for clusters of %u bytes",
                        o->cluster_size);
    }
    c->l1_clusters = MAX(1, (c->l1_count * 8 + cluster - 1) / cluster);
    c->table_clusters = c->block_clusters = 1;
    do { /* blocks count themselves and the table */
        total = 1 + c->l1_clusters + c->table_clusters + c->block_clusters;
        c->block_clusters = (total + per_block - 1) / per_block;
        c->table_clusters = (c->block_clusters * 8 + cluster - 1) / cluster;
        bool stable = total == was;
        was = total;
        if (stable) {
            return true;
        }
    } while (true);
}

/* ---- Writing ------------------------------------------------------------ */

static void create_extension(GByteArray *out, uint32_t type, const void *data,
                             uint32_t len)
{
    static const uint8_t zeroes[8];
    uint8_t head[8];

    qcow2_put_be32(head, type);
    qcow2_put_be32(head + 4, len);
    g_byte_array_append(out, head, sizeof(head));
    g_byte_array_append(out, data, len);
    g_byte_array_append(out, zeroes, (8 - len % 8) % 8);
}

static void create_feature_names(GByteArray *out)
{
    uint8_t table[G_N_ELEMENTS(create_features)][48] = {};

    for (size_t i = 0; i < G_N_ELEMENTS(create_features); i++) {
        table[i][0] = create_features[i].type;
        table[i][1] = create_features[i].bit;
        g_strlcpy((char *)table[i] + 2, create_features[i].name, 46);
    }
    create_extension(out, QE_FEATURE_NAMES, table, sizeof(table));
}

static void create_fixed(const Create *c, uint8_t *h)
{
    const Qcow2CreateOptions *o = c->o;
    uint64_t cluster = o->cluster_size;

    qcow2_put_be32(h + QH_MAGIC, QCOW2_MAGIC);
    qcow2_put_be32(h + QH_VERSION, o->version);
    qcow2_put_be32(h + QH_CLUSTER_BITS, c->cluster_bits);
    qcow2_put_be64(h + QH_SIZE, o->size);
    qcow2_put_be32(h + QH_L1_SIZE, c->l1_count);
    qcow2_put_be64(h + QH_L1_OFFSET,
                   (1 + c->table_clusters + c->block_clusters) * cluster);
    qcow2_put_be64(h + QH_REFTABLE_OFFSET, cluster);
    qcow2_put_be32(h + QH_REFTABLE_CLUSTERS, c->table_clusters);
    if (o->version < 3) {
        return;
    }
    qcow2_put_be64(h + QH_INCOMPATIBLE,
                   o->zstd ? QCOW2_INCOMPAT_COMPRESSION : 0);
    qcow2_put_be64(h + QH_COMPATIBLE,
                   o->lazy_refcounts ? QCOW2_COMPAT_LAZY_REFCOUNTS : 0);
    qcow2_put_be32(h + QH_REFCOUNT_ORDER, c->refcount_order);
    qcow2_put_be32(h + QH_HEADER_LENGTH, QH_V3_LENGTH);
    h[QH_COMPRESSION] = o->zstd ? QCOW2_ZSTD : QCOW2_ZLIB;
}

static GByteArray *create_header(const Create *c)
{
    const Qcow2CreateOptions *o = c->o;
    GByteArray *out = g_byte_array_new();
    uint8_t fixed[QH_V3_LENGTH] = {};

    create_fixed(c, fixed);
    g_byte_array_append(out, fixed,
                        o->version < 3 ? QH_V2_LENGTH : QH_V3_LENGTH);
    if (o->backing_name && o->backing_format) {
        create_extension(out, QE_BACKING_FORMAT, o->backing_format,
                         strlen(o->backing_format));
    }
    /* The smallest clusters have no room for names beside a backing file. */
    if (o->version >= 3 && o->cluster_size >= 4096) {
        create_feature_names(out);
    }
    create_extension(out, QE_END, "", 0);
    if (o->backing_name) {
        size_t len = strlen(o->backing_name);
        qcow2_put_be64(out->data + QH_BACKING_OFFSET, out->len);
        qcow2_put_be32(out->data + QH_BACKING_SIZE, len);
        g_byte_array_append(out, (const uint8_t *)o->backing_name, len);
    }
    return out;
}

static int create_refcounts(const Create *c, BlockNode *file)
{
    uint64_t cluster = c->o->cluster_size;
    uint64_t per_block = cluster * 8 / c->o->refcount_bits;
    uint64_t total = 1 + c->table_clusters + c->block_clusters + c->l1_clusters;
    g_autofree uint8_t *table = g_malloc0(c->table_clusters * cluster);
    g_autofree uint8_t *block = g_malloc(cluster);

    for (uint64_t b = 0; b < c->block_clusters; b++) {
        uint64_t off = (1 + c->table_clusters + b) * cluster;
        uint64_t n = MIN(per_block, total - b * per_block);
        qcow2_put_be64(table + b * 8, off);
        memset(block, 0, cluster);
        for (uint64_t i = 0; i < n; i++) {
            qcow2_refcount_encode(c->refcount_order, block, i, 1);
        }
        int ret = node_pwrite(file, off, block, cluster);
        if (ret) {
            return ret;
        }
    }
    return node_pwrite(file, cluster, table, c->table_clusters * cluster);
}

static int create_l1(const Create *c, BlockNode *file)
{
    uint64_t cluster = c->o->cluster_size;
    g_autofree uint8_t *l1 = g_malloc0(c->l1_clusters * cluster);

    return node_pwrite(file,
                       (1 + c->table_clusters + c->block_clusters) * cluster,
                       l1, c->l1_clusters * cluster);
}

static int create_write(const Create *c, BlockNode *file,
                        const GByteArray *header)
{
    int ret = create_refcounts(c, file);

    if (!ret) {
        ret = create_l1(c, file);
    }
    if (!ret) {
        ret = node_flush(file);
    }
    if (!ret) {
        ret = node_pwrite(file, 0, header->data, header->len);
    }
    return ret ? ret : node_flush(file);
}

bool qcow2_create(BlockNode *file, const Qcow2CreateOptions *o, GError **errp)
{
    Create c = { .o = o };

    if (!create_check(o, errp) || !create_plan(&c, errp)) {
        return false;
    }
    g_autoptr(GByteArray) header = create_header(&c);
    if (header->len > o->cluster_size) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "'%s': the name of the backing file does not fit into "
                        "a cluster of %u bytes",
                        file->filename, o->cluster_size);
    }
    int ret = create_write(&c, file, header);
    return !ret ||
           emu_fail_errno(errp, -ret, "could not create '%s'", file->filename);
}
