/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making new images: one table of options a format, see create.h. */
#include "block/create.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "block/qcow2.h"

static const KeyValKey create_raw_keys[] = {
    { "preallocation", "off|falloc|full", "give the file its blocks now" },
    { "size", "SIZE", "virtual disk size" },
    {},
};

static const KeyValKey create_qcow2_keys[] = {
    { "backing_file", "PATH", "file name of a base image" },
    { "backing_fmt", "FORMAT", "image format of the base image" },
    { "cluster_size", "SIZE", "512 to 2M, a power of two" },
    { "compat", "0.10|1.1", "version 2 or 3 of the format" },
    { "compression_type", "zlib|zstd", "for compressed clusters" },
    { "extended_l2", "on|off", "subclusters; not supported" },
    { "lazy_refcounts", "on|off", "postpone refcount updates" },
    { "preallocation", "off|metadata|falloc|full", "give clusters now" },
    { "refcount_bits", "N", "width of a reference count, 1 to 64" },
    { "size", "SIZE", "virtual disk size" },
    {},
};

const KeyValKey *block_create_keys(const char *format)
{
    return !strcmp(format, "raw")     ? create_raw_keys
           : !strcmp(format, "qcow2") ? create_qcow2_keys
                                      : NULL;
}

/* ---- Options ------------------------------------------------------------ */

typedef enum Preallocation {
    PREALLOC_OFF,
    PREALLOC_METADATA,
    PREALLOC_FALLOC,
    PREALLOC_FULL,
} Preallocation;

static bool create_choice(const KeyVal *kv, const char *key,
                          const char *const *names, unsigned *out,
                          GError **errp)
{
    const char *value = keyval_get(kv, key);

    if (!value) {
        return true;
    }
    for (unsigned i = 0; names[i]; i++) {
        if (!strcmp(names[i], value)) {
            *out = i;
            return true;
        }
    }
    return emu_fail(errp, EMU_ERROR_INVALID, "Invalid parameter '%s' for %s",
                    value, key);
}

static bool create_preallocation(const KeyVal *kv, Preallocation *out,
                                 GError **errp)
{
    static const char *const names[] = { "off", "metadata", "falloc", "full",
                                         NULL };
    unsigned value = PREALLOC_OFF;

    if (!create_choice(kv, "preallocation", names, &value, errp)) {
        return false;
    }
    *out = value;
    return true;
}

static bool create_version(const KeyVal *kv, unsigned *version, GError **errp)
{
    static const char *const names[] = { "0.10", "v2", "1.1", "v3", NULL };
    unsigned value = 3;

    if (!create_choice(kv, "compat", names, &value, errp)) {
        return false;
    }
    *version = value < 2 ? 2 : 3;
    return true;
}

static bool create_qcow2_options(const KeyVal *kv, Qcow2CreateOptions *o,
                                 GError **errp)
{
    static const char *const types[] = { "zlib", "zstd", NULL };
    uint64_t cluster = o->cluster_size, bits = o->refcount_bits;
    unsigned type = 0;
    bool extended = false;

    if (!create_version(kv, &o->version, errp) ||
        !create_choice(kv, "compression_type", types, &type, errp) ||
        !keyval_get_size(kv, "cluster_size", 1, &cluster, errp) ||
        !keyval_get_uint(kv, "refcount_bits", 64, &bits, errp) ||
        !keyval_get_bool(kv, "lazy_refcounts", &o->lazy_refcounts, errp) ||
        !keyval_get_bool(kv, "extended_l2", &extended, errp)) {
        return false;
    }
    if (extended) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "extended L2 entries are not supported");
    }
    o->cluster_size = MIN(cluster, UINT32_MAX);
    o->refcount_bits = bits;
    o->zstd = type;
    o->backing_name = keyval_get(kv, "backing_file");
    o->backing_format = keyval_get(kv, "backing_fmt");
    return true;
}

/* ---- Size and backing file ---------------------------------------------- */

static bool create_look_at_backing(const char *path, const KeyVal *kv,
                                   uint64_t *size, GError **errp)
{
    g_autofree char *backing =
        block_path_join(path, keyval_get(kv, "backing_file"));
    BlockOpenOptions o;

    block_open_options_init(&o);
    o.filename = backing;
    o.format = keyval_get(kv, "backing_fmt");
    o.read_only = true;
    g_autoptr(BlockNode) node = block_open(&o, errp);
    if (!node) {
        g_prefix_error(errp, "could not open backing file: ");
        return false;
    }
    if (!o.format) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "backing file specified without backing format "
                        "(detected format of %s)",
                        node->driver->name);
    }
    *size = node_size(node);
    return true;
}

static bool create_size(const char *path, const KeyVal *kv, bool unsafe,
                        uint64_t *size, GError **errp)
{
    uint64_t backing_size = UINT64_MAX;

    *size = UINT64_MAX;
    if (keyval_has(kv, "backing_file") && !unsafe &&
        !create_look_at_backing(path, kv, &backing_size, errp)) {
        return false;
    }
    if (!keyval_get_size(kv, "size", 1, size, errp)) {
        return false;
    }
    if (*size == UINT64_MAX) {
        *size = backing_size;
    }
    if (*size == UINT64_MAX) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "%s: image creation needs a size parameter", path);
    }
    if (*size > INT64_MAX - BLOCK_SECTOR) {
        return emu_fail(errp, EMU_ERROR_INVALID, "%s: the size is too large",
                        path);
    }
    *size = (*size + BLOCK_SECTOR - 1) / BLOCK_SECTOR * BLOCK_SECTOR;
    return true;
}

/* ---- Files -------------------------------------------------------------- */

/* Made if it is missing, locked, then emptied. */
static BlockNode *create_file(const char *path, GError **errp)
{
    BlockOpenOptions o;

    if (access(path, F_OK)) {
        int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        if (fd < 0) {
            emu_fail_errno(errp, errno, "could not create '%s'", path);
            return NULL;
        }
        close(fd);
    }
    block_open_options_init(&o);
    o.filename = path;
    g_autoptr(BlockNode) file = block_open_file(&o, errp);
    if (!file || (file->zero_beyond_end && !node_truncate(file, 0, errp))) {
        return NULL;
    }
    return g_steal_pointer(&file);
}

static bool create_fill_file(BlockNode *file, uint64_t from, uint64_t size,
                             Preallocation how, GError **errp)
{
    g_autofree uint8_t *zeroes = g_malloc0(1 << 20);
    int ret = 0;

    if (how == PREALLOC_FALLOC) {
        ret = node_write_zeroes(file, from, size - from, 0);
    }
    for (uint64_t off = from; how == PREALLOC_FULL && off < size && !ret;) {
        uint64_t n = MIN(size - off, 1 << 20);
        ret = node_pwrite(file, off, zeroes, n);
        off += n;
    }
    return !ret || emu_fail_errno(errp, -ret, "could not preallocate '%s'",
                                  file->filename);
}

static bool create_raw(BlockNode *file, const KeyVal *kv, uint64_t size,
                       GError **errp)
{
    Preallocation how;

    if (!create_preallocation(kv, &how, errp)) {
        return false;
    }
    if (how == PREALLOC_METADATA) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "raw images have no metadata to preallocate");
    }
    return node_truncate(file, size, errp) &&
           create_fill_file(file, 0, size, how, errp);
}

bool node_preallocate(BlockNode *node, GError **errp)
{
    uint64_t size = node_size(node), end = 0, off = 0;

    while (off < size) {
        BlockAlloc a = {};
        int ret = node->driver->allocate(node, off, size - off, &a);
        if (!ret) {
            ret = node->driver->commit(node, &a);
        }
        if (ret) {
            return emu_fail_errno(errp, -ret, "could not preallocate '%s'",
                                  node->filename);
        }
        off = a.start + a.len;
        end = MAX(end, a.off + a.len);
    }
    return node_size(node->file) >= end || node_truncate(node->file, end, errp);
}

static bool create_qcow2_fill(BlockNode *file, Preallocation how, GError **errp)
{
    BlockOpenOptions o;
    uint64_t from = node_size(file);

    block_open_options_init(&o);
    o.format = "qcow2";
    g_autoptr(BlockNode) node =
        block_open_over(block_node_ref(file), &o, false, errp);
    return node && node_preallocate(node, errp) &&
           create_fill_file(file, from, node_size(file), how, errp);
}

static bool create_qcow2(BlockNode *file, const KeyVal *kv, uint64_t size,
                         GError **errp)
{
    Qcow2CreateOptions o;
    Preallocation how;

    qcow2_create_options_init(&o);
    o.size = size;
    if (!create_qcow2_options(kv, &o, errp) ||
        !create_preallocation(kv, &how, errp)) {
        return false;
    }
    if (how != PREALLOC_OFF && o.backing_name) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "a backing file and preallocation do not go together");
    }
    return qcow2_create(file, &o, errp) &&
           (how == PREALLOC_OFF || create_qcow2_fill(file, how, errp));
}

bool block_create(const char *path, const char *format, const KeyVal *options,
                  bool unsafe, GError **errp)
{
    const KeyValKey *keys = block_create_keys(format);
    uint64_t size;

    if (!keys) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "%s: unknown image format '%s'", path, format);
    }
    if (!keyval_check(options, format, keys, errp) ||
        !create_size(path, options, unsafe, &size, errp)) {
        return false;
    }
    g_autoptr(BlockNode) file = create_file(path, errp);
    if (!file) {
        return false;
    }
    return !strcmp(format, "raw") ? create_raw(file, options, size, errp)
                                  : create_qcow2(file, options, size, errp);
}
