/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening an image: the host file, its format, then the chain of backing
 * files, bounded in depth and checked for loops. Only local files; names with
 * a protocol are refused by name.
 */
#include "block/node.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* The files above the one being opened. */
typedef struct OpenChain {
    const struct OpenChain *above;
    dev_t dev;
    ino_t ino;
    unsigned depth;
} OpenChain;

void block_open_options_init(BlockOpenOptions *o)
{
    *o = (BlockOpenOptions){ .cache_writeback = true };
}

/* ---- Names -------------------------------------------------------------- */

/* "nbd" of "nbd://host", NULL for a plain path: a colon before any slash. */
static char *path_protocol(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789+-.");

    return n && name[n] == ':' ? g_strndup(name, n) : NULL;
}

/* The host path that name stands for. */
static const char *path_plain(const char *name, GError **errp)
{
    g_autofree char *protocol = path_protocol(name);
    struct stat st;

    if (!protocol || !stat(name, &st)) {
        return name;
    }
    if (!strcmp(protocol, "file")) {
        return name + strlen("file:");
    }
    emu_fail(errp, EMU_ERROR_UNSUPPORTED,
             "'%s': protocol '%s' is not supported", name, protocol);
    return NULL;
}

char *block_path_join(const char *path, const char *name)
{
    g_autofree char *protocol = path_protocol(name);

    if (g_path_is_absolute(name) || protocol) {
        return g_strdup(name);
    }
    g_autofree char *dir = g_path_get_dirname(path);
    return strchr(path, '/') ? g_build_filename(dir, name, NULL)
                             : g_strdup(name);
}

char *block_backing_path(const BlockNode *node)
{
    return node->backing_name
               ? block_path_join(node->filename, node->backing_name)
               : NULL;
}

/* ---- Layers ------------------------------------------------------------- */

BlockNode *block_open_file(const BlockOpenOptions *o, GError **errp)
{
    const char *path = path_plain(o->filename, errp);

    if (!path) {
        return NULL;
    }
    g_autoptr(BlockNode) node = block_node_new(&file_driver, path);
    node->read_only = o->read_only;
    node->cache_direct = o->cache_direct;
    node->cache_no_flush = o->cache_no_flush;
    return node->driver->open(node, o, errp) ? g_steal_pointer(&node) : NULL;
}

static const BlockDriver *open_choose(BlockNode *file, const char *format,
                                      GError **errp)
{
    const char *names[8] = {};
    size_t n = 0;

    if (!format) {
        return block_probe(file, errp);
    }
    const BlockDriver *driver = block_format_find(format);
    if (driver) {
        return driver;
    }
    for (; n < G_N_ELEMENTS(names) && block_formats[n]; n++) {
        names[n] = block_formats[n]->name;
    }
    const char *near = emu_nearest(format, names, n);
    emu_fail(errp, EMU_ERROR_UNSUPPORTED,
             "'%s': unknown image format '%s'%s%s%s", file->filename, format,
             near ? " (did you mean '" : "", near ? near : "",
             near ? "'?)" : "");
    return NULL;
}

/* One format layer, no backing file. Takes file. */
static BlockNode *open_layer(BlockNode *file, const BlockOpenOptions *o,
                             GError **errp)
{
    g_autoptr(BlockNode) owned = file;
    const BlockDriver *driver = open_choose(file, o->format, errp);

    if (!driver) {
        return NULL;
    }
    g_autoptr(BlockNode) node = block_node_new(driver, file->filename);
    node->file = g_steal_pointer(&owned);
    node->read_only = file->read_only;
    node->cache_direct = file->cache_direct;
    node->cache_no_flush = file->cache_no_flush;
    node->cache_writethrough = !o->cache_writeback;
    node->discard = o->discard;
    node->aio_threads = o->aio_threads;
    node->probed = !o->format;
    if (!driver->open(node, o, errp)) {
        return NULL;
    }
    return g_steal_pointer(&node);
}

static bool open_backing(BlockNode *node, const BlockOpenOptions *o,
                         const OpenChain *above, GError **errp);

static BlockNode *open_with_backing(BlockNode *file, const BlockOpenOptions *o,
                                    const OpenChain *above, GError **errp)
{
    g_autoptr(BlockNode) node = open_layer(file, o, errp);

    if (!node || (node->backing_name && !open_backing(node, o, above, errp))) {
        return NULL;
    }
    return g_steal_pointer(&node);
}

static bool chain_enter(OpenChain *chain, const OpenChain *above,
                        const char *path, GError **errp)
{
    struct stat st = {};

    *chain =
        (OpenChain){ .above = above, .depth = above ? above->depth + 1 : 0 };
    if (chain->depth > BLOCK_CHAIN_MAX) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "'%s': more than %d backing files below one another",
                        path, BLOCK_CHAIN_MAX);
    }
    if (stat(path, &st)) {
        return true; /* the open will say it */
    }
    chain->dev = st.st_dev;
    chain->ino = st.st_ino;
    for (const OpenChain *c = above; c; c = c->above) {
        if (c->ino == st.st_ino && c->dev == st.st_dev) {
            return emu_fail(errp, EMU_ERROR_CORRUPT,
                            "'%s' is its own backing file", path);
        }
    }
    return true;
}

static BlockNode *open_chain(const BlockOpenOptions *o, const OpenChain *above,
                             GError **errp)
{
    const char *path = path_plain(o->filename, errp);
    OpenChain chain;

    if (!path || !chain_enter(&chain, above, path, errp)) {
        return NULL;
    }
    BlockNode *file = block_open_file(o, errp);
    return file ? open_with_backing(file, o, &chain, errp) : NULL;
}

static bool open_backing(BlockNode *node, const BlockOpenOptions *o,
                         const OpenChain *above, GError **errp)
{
    g_autofree char *path = block_backing_path(node);
    BlockOpenOptions below = *o;

    below.filename = path;
    below.format = node->backing_format;
    below.read_only = true;
    below.snapshot = false;
    node->backing = open_chain(&below, above, errp);
    if (!node->backing) {
        g_prefix_error(errp, "backing file of '%s': ", node->filename);
        return false;
    }
    return true;
}

BlockNode *block_open_over(BlockNode *file, const BlockOpenOptions *o,
                           bool with_backing, GError **errp)
{
    OpenChain chain = {};

    if (!with_backing) {
        return open_layer(file, o, errp);
    }
    if (!chain_enter(&chain, NULL, file->filename, errp)) {
        block_node_unref(file);
        return NULL;
    }
    return open_with_backing(file, o, &chain, errp);
}

BlockNode *block_open(const BlockOpenOptions *o, GError **errp)
{
    BlockOpenOptions own = *o;

    own.read_only |= o->snapshot;
    BlockNode *node = open_chain(&own, NULL, errp);
    return node && o->snapshot ? block_overlay_new(node, errp) : node;
}
