/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emu-img compare. Exit: 0 the same content, 1 different, 2 and more errors. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "block/vec.h"
#include "tools/img/img.h"

#define COMPARE_CHUNK (2u << 20)

enum { COMPARE_SAME = 0, COMPARE_DIFFERENT = 1, COMPARE_ERROR = 2 };

typedef struct CompareArgs {
    const char *format[2];
    const char *cache;
    bool quiet, strict, share;
    ImgProgress progress;
} CompareArgs;

typedef struct Compare {
    const CompareArgs *args;
    BlockNode *node[2];
    uint8_t *buf[2];
} Compare;

static bool compare_parse(int argc, char **argv, CompareArgs *a, GError **errp)
{
    int c;

    while ((c = getopt(argc, argv, "f:F:T:pqsU")) != -1) {
        switch (c) {
        case 'f':
            a->format[0] = optarg;
            break;
        case 'F':
            a->format[1] = optarg;
            break;
        case 'T':
            a->cache = optarg;
            break;
        case 'p':
            a->progress.on = true;
            break;
        case 'q':
            a->quiet = true;
            break;
        case 's':
            a->strict = true;
            break;
        case 'U':
            a->share = true;
            break;
        default:
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "compare: wrong options; try 'emu-img --help'");
        }
    }
    return optind == argc - 2 ||
           emu_fail(errp, EMU_ERROR_INVALID,
                    "compare: expecting two image file names");
}

static int compare_read(Compare *c, unsigned i, uint64_t off, uint64_t n)
{
    int ret = node_pread(c->node[i], off, c->buf[i], n);

    if (ret) {
        img_error("Error while reading offset %" PRIu64 " of %s: %s", off,
                  c->node[i]->filename, g_strerror(-ret));
    }
    return ret;
}

static int compare_mismatch(Compare *c, uint64_t off, uint64_t n,
                            const uint8_t *other)
{
    uint64_t i = 0;

    while (i < n && c->buf[0][i] == (other ? other[i] : 0)) {
        i++;
    }
    if (!c->args->quiet) {
        printf("Content mismatch at offset %" PRIu64 "!\n", off + i);
    }
    return COMPARE_DIFFERENT;
}

/* A piece that both have. */
static int compare_piece(Compare *c, uint64_t off, uint64_t *n)
{
    BlockExtent e[2];

    for (unsigned i = 0; i < 2; i++) {
        if (node_extent(c->node[i], NULL, off, *n, true, &e[i])) {
            return COMPARE_ERROR;
        }
        *n = MIN(*n, e[i].run.len);
    }
    if (extent_reads_zero(&e[0]) && extent_reads_zero(&e[1])) {
        return COMPARE_SAME;
    }
    *n = MIN(*n, COMPARE_CHUNK);
    if (compare_read(c, 0, off, *n) || compare_read(c, 1, off, *n)) {
        return COMPARE_ERROR;
    }
    return memcmp(c->buf[0], c->buf[1], *n)
               ? compare_mismatch(c, off, *n, c->buf[1])
               : COMPARE_SAME;
}

static int compare_common(Compare *c, uint64_t size, ImgProgress *p)
{
    uint64_t n;

    for (uint64_t off = 0; off < size; off += n) {
        n = size - off;
        int ret = compare_piece(c, off, &n);
        if (ret) {
            return ret;
        }
        img_progress(p, off * 100.0 / size);
    }
    return COMPARE_SAME;
}

/* The longer one must go on with zeroes. */
static int compare_rest(Compare *c, uint64_t from)
{
    if (node_size(c->node[0]) < node_size(c->node[1])) {
        BlockNode *n = c->node[0];
        c->node[0] = c->node[1];
        c->node[1] = n;
    }
    uint64_t size = node_size(c->node[0]);
    for (uint64_t off = from, n; off < size; off += n) {
        n = MIN(size - off, COMPARE_CHUNK);
        if (compare_read(c, 0, off, n)) {
            return COMPARE_ERROR;
        }
        if (block_buffer_is_zero(c->buf[0], n)) {
            continue;
        }
        return compare_mismatch(c, off, n, NULL);
    }
    return COMPARE_SAME;
}

static int compare_run(Compare *c, ImgProgress *p)
{
    uint64_t a = node_size(c->node[0]), b = node_size(c->node[1]);
    bool quiet = c->args->quiet;

    if (a != b && c->args->strict) {
        if (!quiet) {
            printf("Strict mode: Image size mismatch!\n");
        }
        return COMPARE_DIFFERENT;
    }
    int ret = compare_common(c, MIN(a, b), p);
    if (!ret && a != b) {
        if (!quiet) {
            printf("Warning: Image size mismatch!\n");
        }
        ret = compare_rest(c, MIN(a, b));
    }
    if (!ret && !quiet) {
        printf("Images are identical.\n");
    }
    return ret;
}

static int compare_open_and_run(char **paths, CompareArgs *a)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(BlockNode) one =
        img_open(paths[0], a->format[0], false, a->share, a->cache, &err);
    g_autoptr(BlockNode) two =
        one ? img_open(paths[1], a->format[1], false, a->share, a->cache, &err)
            : NULL;
    g_autoptr(BlockBuffer) x = block_buffer_new(COMPARE_CHUNK);
    g_autoptr(BlockBuffer) y = block_buffer_new(COMPARE_CHUNK);

    if (!two) {
        img_gerror(err);
        return COMPARE_ERROR;
    }
    Compare c = { .args = a, .node = { one, two }, .buf = { x, y } };
    return compare_run(&c, &a->progress);
}

int img_compare(int argc, char **argv)
{
    CompareArgs a = {};
    g_autoptr(GError) err = NULL;

    if (!compare_parse(argc, argv, &a, &err)) {
        img_gerror(err);
        return COMPARE_ERROR;
    }
    return compare_open_and_run(argv + optind, &a);
}
