/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emu-img map: which file holds which part of the disk. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/img/img.h"

typedef struct MapArgs {
    const char *format, *path;
    bool json, share;
    uint64_t start, max;
} MapArgs;

typedef struct MapEntry {
    uint64_t start, len, off;
    unsigned depth;
    bool present, zero, data, has_off;
    const char *file;
} MapEntry;

static bool map_parse(int argc, char **argv, MapArgs *a, GError **errp)
{
    static const struct option longs[] = {
        { "output", required_argument, 0, IMG_OPT_OUTPUT },
        { "force-share", no_argument, 0, 'U' },
        { "format", required_argument, 0, 'f' },
        { "start-offset", required_argument, 0, 's' },
        { "max-length", required_argument, 0, 'l' },
        {},
    };
    int c;

    while ((c = getopt_long(argc, argv, "f:s:l:U", longs, NULL)) != -1) {
        bool ok = true;
        switch (c) {
        case 'f':
            a->format = optarg;
            break;
        case 'U':
            a->share = true;
            break;
        case 's':
            ok = keyval_parse_size(optarg, 1, &a->start);
            break;
        case 'l':
            ok = keyval_parse_size(optarg, 1, &a->max);
            break;
        case IMG_OPT_OUTPUT:
            if (!img_output_is_json(optarg, &a->json, errp)) {
                return false;
            }
            break;
        default:
            ok = false;
        }
        if (!ok) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "map: wrong options; try 'emu-img --help'");
        }
    }
    if (optind != argc - 1) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "map: expecting one image file name");
    }
    a->path = argv[optind];
    return true;
}

static int map_entry(BlockNode *node, uint64_t off, uint64_t len, MapEntry *m)
{
    BlockExtent e;
    int ret = node_extent(node, NULL, off, len, true, &e);
    bool data =
        e.run.kind == BLOCK_RUN_DATA || e.run.kind == BLOCK_RUN_COMPRESSED;

    if (ret) {
        return ret;
    }
    *m = (MapEntry){
        .start = off,
        .len = e.run.len,
        .off = e.run.off,
        .has_off = e.run.has_off,
        .depth = e.depth,
        .present = e.run.kind != BLOCK_RUN_BACKING,
        .zero = !data,
        .data = data,
        .file = e.owner->file ? e.owner->file->filename : e.owner->filename,
    };
    return 0;
}

static bool map_continues(const MapEntry *a, const MapEntry *b)
{
    return a->depth == b->depth && a->present == b->present &&
           a->zero == b->zero && a->data == b->data &&
           a->has_off == b->has_off && !strcmp(a->file, b->file) &&
           (!a->has_off || a->off + a->len == b->off);
}

static bool map_print_human(const MapEntry *m, GError **errp)
{
    if (!m->data) {
        return true;
    }
    if (!m->has_off) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "File contains external, encrypted or compressed "
                        "clusters.");
    }
    printf("%#-16" PRIx64 "%#-16" PRIx64 "%#-16" PRIx64 "%s\n", m->start,
           m->len, m->off, m->file);
    return true;
}

static void map_print_json(const MapEntry *m, bool first)
{
    printf("%s{ \"start\": %" PRIu64 ", \"length\": %" PRIu64
           ", \"depth\": %u, \"present\": %s, \"zero\": %s, \"data\": %s",
           first ? "" : ",\n", m->start, m->len, m->depth,
           m->present ? "true" : "false", m->zero ? "true" : "false",
           m->data ? "true" : "false");
    if (m->has_off) {
        printf(", \"offset\": %" PRIu64, m->off);
    }
    printf("}");
}

static bool map_print(const MapArgs *a, const MapEntry *m, bool first,
                      GError **errp)
{
    if (a->json) {
        map_print_json(m, first);
        return true;
    }
    return map_print_human(m, errp);
}

static bool map_all(const MapArgs *a, BlockNode *node, GError **errp)
{
    uint64_t size = node_size(node);
    uint64_t end =
        a->max < size - MIN(size, a->start) ? a->start + a->max : size;
    MapEntry pending = {}, next;
    bool first = true;

    for (uint64_t off = a->start; off < end; off += next.len) {
        int ret = map_entry(node, off, end - off, &next);
        if (ret) {
            return emu_fail_errno(errp, -ret, "Failed to read image metadata");
        }
        if (pending.len && map_continues(&pending, &next)) {
            pending.len += next.len;
            continue;
        }
        if (pending.len) {
            if (!map_print(a, &pending, first, errp)) {
                return false;
            }
            first = false;
        }
        pending = next;
    }
    return !pending.len || map_print(a, &pending, first, errp);
}

int img_map(int argc, char **argv)
{
    MapArgs a = { .max = UINT64_MAX };
    g_autoptr(GError) err = NULL;

    if (!map_parse(argc, argv, &a, &err)) {
        return img_gerror(err);
    }
    g_autoptr(BlockNode) node =
        img_open(a.path, a.format, false, a.share, NULL, &err);
    if (!node) {
        return img_gerror(err);
    }
    if (a.json) {
        printf("[");
    } else {
        printf("%-16s%-16s%-16s%s\n", "Offset", "Length", "Mapped to", "File");
    }
    bool ok = map_all(&a, node, &err);
    if (a.json) {
        printf("]\n");
    }
    return ok ? 0 : img_gerror(err);
}
