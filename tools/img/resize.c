/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emu-img resize. */
#include <stdio.h>
#include <string.h>

#include "tools/img/img.h"

typedef struct ResizeArgs {
    const char *format, *path, *size;
    bool quiet, shrink;
} ResizeArgs;

static bool resize_parse(int argc, char **argv, ResizeArgs *a, GError **errp)
{
    static const struct option longs[] = {
        { "shrink", no_argument, 0, IMG_OPT_LONG },
        { "format", required_argument, 0, 'f' },
        {},
    };
    int c;

    /* The size may begin with a minus, so it is taken off first. */
    a->size = argc > 2 ? argv[--argc] : NULL;
    while ((c = getopt_long(argc, argv, "f:q", longs, NULL)) != -1) {
        switch (c) {
        case 'f':
            a->format = optarg;
            break;
        case 'q':
            a->quiet = true;
            break;
        case IMG_OPT_LONG:
            a->shrink = true;
            break;
        default:
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "resize: wrong options; try 'emu-img --help'");
        }
    }
    if (!a->size || optind != argc - 1) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "resize: expecting image file name and size");
    }
    a->path = argv[optind];
    return true;
}

static bool resize_target(const char *text, uint64_t now, uint64_t *size,
                          GError **errp)
{
    bool relative = *text == '+' || *text == '-';
    uint64_t n;

    if (!keyval_parse_size(text + relative, 1, &n)) {
        return emu_fail(errp, EMU_ERROR_INVALID, "Invalid image size '%s'",
                        text);
    }
    *size = *text == '+' ? now + n : *text == '-' ? now - n : n;
    if ((*text == '-' && n >= now) || *size > INT64_MAX || !*size) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "New image size must be positive");
    }
    if (*size % BLOCK_SECTOR) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "The new size must be a multiple of 512");
    }
    return true;
}

static bool resize_run(const ResizeArgs *a, GError **errp)
{
    uint64_t size = 0;
    g_autoptr(BlockNode) node =
        img_open(a->path, a->format, true, false, NULL, errp);

    if (!node || !resize_target(a->size, node_size(node), &size, errp)) {
        return false;
    }
    if (size < node_size(node) && !a->shrink) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "Use the --shrink option to perform a shrink "
                        "operation.\nShrinking an image deletes all data "
                        "beyond the new end; make sure there is none that "
                        "matters.");
    }
    return node_truncate(node, size, errp);
}

int img_resize(int argc, char **argv)
{
    ResizeArgs a = {};
    g_autoptr(GError) err = NULL;

    if (!resize_parse(argc, argv, &a, &err) || !resize_run(&a, &err)) {
        return img_gerror(err);
    }
    if (!a.quiet) {
        printf("Image resized.\n");
    }
    return 0;
}
