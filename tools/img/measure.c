/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emu-img measure: how large will the file get? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "block/create.h"
#include "tools/img/img.h"

typedef struct MeasureArgs {
    const char *format, *out_format;
    uint64_t size;
    KeyVal *options;
    bool json, share, has_size;
} MeasureArgs;

typedef struct Measure {
    uint64_t required, full;
} Measure;

/* Bytes of header, tables and refcounts around data_clusters of a disk. */
static uint64_t measure_qcow2_tables(uint64_t size, uint64_t data,
                                     uint64_t cluster, uint64_t refcount_bits)
{
    uint64_t entries = (size + cluster - 1) / cluster;
    uint64_t l2s = (entries * 8 + cluster - 1) / cluster;
    uint64_t l1 = MAX(1, (l2s * 8 + cluster - 1) / cluster);
    uint64_t per_block = cluster * 8 / refcount_bits;
    uint64_t clusters = 1 + l1 + l2s + data, blocks = 0, table = 0, was;

    do {
        was = blocks + table;
        blocks = (clusters + was + per_block - 1) / per_block;
        table = (blocks * 8 + cluster - 1) / cluster;
    } while (blocks + table != was);
    return (1 + l1 + l2s + blocks + table) * cluster;
}

static uint64_t measure_used(BlockNode *node, uint64_t cluster, GError **errp)
{
    uint64_t size = node_size(node), used = 0, last = UINT64_MAX;

    for (uint64_t off = 0; off < size;) {
        BlockExtent e;
        int ret = node_extent(node, NULL, off, size - off, true, &e);
        if (ret) {
            emu_fail_errno(errp, -ret, "could not read '%s'", node->filename);
            return 0;
        }
        uint64_t first = off / cluster, end = (off + e.run.len - 1) / cluster;
        if (!extent_reads_zero(&e)) {
            used += end - first + (first != last);
            last = end;
        }
        off += e.run.len;
    }
    return used;
}

static bool measure_qcow2(const MeasureArgs *a, BlockNode *node, uint64_t size,
                          Measure *m, GError **errp)
{
    uint64_t cluster = 65536, bits = 16;
    GError *err = NULL;

    if (!keyval_check(a->options, "qcow2", block_create_keys("qcow2"), errp) ||
        !keyval_get_size(a->options, "cluster_size", 1, &cluster, errp) ||
        !keyval_get_uint(a->options, "refcount_bits", 64, &bits, errp)) {
        return false;
    }
    if (cluster < 512 || cluster > 2 << 20 || cluster & (cluster - 1) ||
        !bits || bits & (bits - 1)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "wrong cluster_size or refcount_bits");
    }
    uint64_t all = (size + cluster - 1) / cluster;
    uint64_t used = node ? measure_used(node, cluster, &err) : 0;
    if (err) {
        g_propagate_error(errp, err);
        return false;
    }
    uint64_t tables = measure_qcow2_tables(size, all, cluster, bits);
    m->full = tables + all * cluster;
    m->required = tables + used * cluster;
    return true;
}

static bool measure_run(const MeasureArgs *a, const char *path, Measure *m,
                        GError **errp)
{
    g_autoptr(BlockNode) node =
        path ? img_open(path, a->format, false, a->share, NULL, errp) : NULL;

    if (path && !node) {
        return false;
    }
    uint64_t size = node ? node_size(node) : a->size;
    if (!strcmp(a->out_format, "qcow2")) {
        return measure_qcow2(a, node, size, m, errp);
    }
    if (strcmp(a->out_format, "raw")) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED, "Unknown file format '%s'",
                        a->out_format);
    }
    m->required = m->full = size;
    return true;
}

static bool measure_parse(int argc, char **argv, MeasureArgs *a, GError **errp)
{
    static const struct option longs[] = {
        { "output", required_argument, 0, IMG_OPT_OUTPUT },
        { "size", required_argument, 0, 's' },
        { "force-share", no_argument, 0, 'U' },
        {},
    };
    int c;

    while ((c = getopt_long(argc, argv, "f:O:o:U", longs, NULL)) != -1) {
        bool ok = true;
        switch (c) {
        case 'f':
            a->format = optarg;
            break;
        case 'O':
            a->out_format = optarg;
            break;
        case 'o':
            if (!img_add_options(a->options, optarg, errp)) {
                return false;
            }
            break;
        case 'U':
            a->share = true;
            break;
        case 's':
            ok = keyval_parse_size(optarg, 1, &a->size);
            a->has_size = true;
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
                            "measure: wrong options; try 'emu-img --help'");
        }
    }
    return (a->has_size ? optind == argc : optind == argc - 1) ||
           emu_fail(errp, EMU_ERROR_INVALID,
                    "Either --size N or one filename must be specified.");
}

static void measure_print(const MeasureArgs *a, const Measure *m)
{
    bool qcow2 = !strcmp(a->out_format, "qcow2");

    if (a->json) {
        g_autoptr(GString) out = g_string_new(NULL);
        ImgJson j = { .text = out, .first = true };
        img_json_open(&j, NULL, '{');
        if (qcow2) {
            img_json_uint(&j, "bitmaps", 0);
        }
        img_json_uint(&j, "required", m->required);
        img_json_uint(&j, "fully-allocated", m->full);
        img_json_close(&j, '}');
        printf("%s\n", out->str);
        return;
    }
    printf("required size: %" PRIu64 "\nfully allocated size: %" PRIu64 "\n%s",
           m->required, m->full, qcow2 ? "bitmaps size: 0\n" : "");
}

int img_measure(int argc, char **argv)
{
    g_autoptr(KeyVal) options = keyval_new();
    MeasureArgs a = { .out_format = "raw", .options = options };
    g_autoptr(GError) err = NULL;
    Measure m = {};

    if (!measure_parse(argc, argv, &a, &err) ||
        !measure_run(&a, a.has_size ? NULL : argv[optind], &m, &err)) {
        return img_gerror(err);
    }
    measure_print(&a, &m);
    return 0;
}
