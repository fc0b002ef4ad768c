/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emu-img create. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "block/create.h"
#include "tools/img/img.h"

typedef struct CreateArgs {
    const char *format;
    KeyVal *options;
    bool quiet, unsafe, help;
} CreateArgs;

static bool create_parse(int argc, char **argv, CreateArgs *a, GError **errp)
{
    static const struct option longs[] = {
        { "help", no_argument, 0, 'h' },
        {},
    };
    int c;

    while ((c = getopt_long(argc, argv, "hf:b:F:o:qu", longs, NULL)) != -1) {
        switch (c) {
        case 'f':
            a->format = optarg;
            break;
        case 'b':
            keyval_set(a->options, "backing_file", optarg);
            break;
        case 'F':
            keyval_set(a->options, "backing_fmt", optarg);
            break;
        case 'o':
            a->help |= !strcmp(optarg, "help") || !strcmp(optarg, "?");
            if (!a->help && !img_add_options(a->options, optarg, errp)) {
                return false;
            }
            break;
        case 'q':
            a->quiet = true;
            break;
        case 'u':
            a->unsafe = true;
            break;
        default:
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "create: wrong options; try 'emu-img --help'");
        }
    }
    return true;
}

static int create_help(const char *format)
{
    const KeyValKey *keys = block_create_keys(format);
    g_autoptr(GString) text = g_string_new(NULL);

    if (!keys) {
        return img_error("Unknown file format '%s'", format);
    }
    keyval_print_keys(keys, text);
    printf("Supported %s options:\n%s", format, text->str);
    return 0;
}

/* What was made, with the defaults that matter. */
static void create_report(const char *path, const CreateArgs *a)
{
    g_autoptr(BlockNode) node = NULL;
    BlockOpenOptions o;

    block_open_options_init(&o);
    o.filename = path;
    g_autoptr(BlockNode) file = NULL;
    o.format = a->format;
    o.read_only = true;
    file = block_open_file(&o, NULL);
    node =
        file ? block_open_over(g_steal_pointer(&file), &o, false, NULL) : NULL;
    printf("Formatting '%s', fmt=%s", path, a->format);
    if (node) {
        g_auto(BlockInfo) info = {};
        block_info_get(node, &info);
        if (info.cluster_size) {
            printf(" cluster_size=%" PRIu64, info.cluster_size);
        }
        printf(" size=%" PRIu64, node_size(node));
    }
    for (unsigned i = 0; i < keyval_count(a->options); i++) {
        const char *key = keyval_key_at(a->options, i);
        if (strcmp(key, "size") && strcmp(key, "cluster_size")) {
            printf(" %s=%s", key, keyval_value_at(a->options, i));
        }
    }
    printf("\n");
}

static int create_run(int argc, char **argv, CreateArgs *a)
{
    g_autoptr(GError) err = NULL;

    if (!create_parse(argc, argv, a, &err)) {
        return img_gerror(err);
    }
    if (a->help) {
        return create_help(a->format);
    }
    if (optind == argc || argc - optind > 2) {
        return img_error("create: expecting a file name and perhaps a size");
    }
    const char *path = argv[optind];
    if (argc - optind == 2) {
        keyval_set(a->options, "size", argv[optind + 1]);
    }
    if (!block_create(path, a->format, a->options, a->unsafe, &err)) {
        return img_gerror(err);
    }
    if (!a->quiet) {
        create_report(path, a);
    }
    return 0;
}

int img_create(int argc, char **argv)
{
    g_autoptr(KeyVal) options = keyval_new();
    CreateArgs a = { .format = "raw", .options = options };

    return create_run(argc, argv, &a);
}
