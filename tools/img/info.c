/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emu-img info. */
#include <stdio.h>
#include <string.h>

#include "tools/img/img.h"

typedef struct InfoArgs {
    const char *format;
    bool json, chain, share;
} InfoArgs;

static void info_json_snapshots(ImgJson *j, const BlockInfo *info)
{
    if (!info->snapshots->len) {
        return;
    }
    img_json_open(j, "snapshots", '[');
    for (unsigned i = 0; i < info->snapshots->len; i++) {
        const BlockSnapshot *s =
            &g_array_index(info->snapshots, BlockSnapshot, i);
        img_json_open(j, NULL, '{');
        if (s->icount >= 0) {
            img_json_uint(j, "icount", s->icount);
        }
        img_json_uint(j, "vm-clock-nsec", s->vm_clock_ns % 1000000000);
        img_json_string(j, "name", s->name);
        img_json_uint(j, "date-sec", s->date_s);
        img_json_uint(j, "date-nsec", s->date_ns);
        img_json_uint(j, "vm-clock-sec", s->vm_clock_ns / 1000000000);
        img_json_string(j, "id", s->id);
        img_json_uint(j, "vm-state-size", s->vm_state_size);
        img_json_close(j, '}');
    }
    img_json_close(j, ']');
}

static void info_json_details(ImgJson *j, const BlockNode *node,
                              const BlockInfo *info)
{
    if (!info->details->len) {
        return;
    }
    img_json_open(j, "format-specific", '{');
    img_json_string(j, "type", node->driver->name);
    img_json_open(j, "data", '{');
    for (unsigned i = 0; i < info->details->len; i++) {
        const BlockDetail *d = &g_array_index(info->details, BlockDetail, i);
        if (d->is_string) {
            img_json_string(j, d->json_name, d->value);
        } else {
            img_json_raw(j, d->json_name, d->value);
        }
    }
    img_json_close(j, '}');
    img_json_close(j, '}');
}

static void info_json(ImgJson *j, BlockNode *node)
{
    g_autofree char *backing = block_backing_path(node);
    g_auto(BlockInfo) info = {};

    block_info_get(node, &info);
    img_json_open(j, NULL, '{');
    info_json_snapshots(j, &info);
    if (node->backing_format) {
        img_json_string(j, "backing-filename-format", node->backing_format);
    }
    img_json_uint(j, "virtual-size", node_size(node));
    img_json_string(j, "filename", node->filename);
    if (info.cluster_size) {
        img_json_uint(j, "cluster-size", info.cluster_size);
    }
    img_json_string(j, "format", node->driver->name);
    img_json_uint(j, "actual-size", block_file_disk_size(node->filename));
    info_json_details(j, node, &info);
    if (backing) {
        img_json_string(j, "full-backing-filename", backing);
        img_json_string(j, "backing-filename", node->backing_name);
    }
    img_json_bool(j, "dirty-flag", info.dirty);
    img_json_close(j, '}');
}

/* One layer alone: a missing backing file does not matter. */
static BlockNode *info_open_layer(const char *path, const InfoArgs *a,
                                  GError **errp)
{
    BlockOpenOptions o;

    block_open_options_init(&o);
    o.filename = path;
    o.format = a->format;
    o.read_only = true;
    o.force_share = a->share;
    if (a->chain) {
        return block_open(&o, errp);
    }
    BlockNode *file = block_open_file(&o, errp);
    return file ? block_open_over(file, &o, false, errp) : NULL;
}

static void info_print_json(BlockNode *node, bool chain, GString *out)
{
    ImgJson j = { .text = out, .first = true };

    if (!chain) {
        info_json(&j, node);
        g_string_append_c(out, '\n');
        return;
    }
    img_json_open(&j, NULL, '[');
    for (BlockNode *n = node; n; n = n->backing) {
        info_json(&j, n);
    }
    img_json_close(&j, ']');
    g_string_append_c(out, '\n');
}

static void info_print(BlockNode *node, bool chain, GString *out)
{
    for (BlockNode *n = node; n; n = chain ? n->backing : NULL) {
        block_info_print(n, out);
        if (chain && n->backing) {
            g_string_append_c(out, '\n');
        }
    }
}

static bool info_parse(int argc, char **argv, InfoArgs *a, GError **errp)
{
    static const struct option longs[] = {
        { "output", required_argument, 0, IMG_OPT_OUTPUT },
        { "backing-chain", no_argument, 0, IMG_OPT_LONG },
        { "force-share", no_argument, 0, 'U' },
        { "format", required_argument, 0, 'f' },
        {},
    };
    int c;

    while ((c = getopt_long(argc, argv, "f:U", longs, NULL)) != -1) {
        switch (c) {
        case 'f':
            a->format = optarg;
            break;
        case 'U':
            a->share = true;
            break;
        case IMG_OPT_OUTPUT:
            if (!img_output_is_json(optarg, &a->json, errp)) {
                return false;
            }
            break;
        case IMG_OPT_LONG:
            a->chain = true;
            break;
        default:
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "info: wrong options; try 'emu-img --help'");
        }
    }
    return true;
}

int img_info(int argc, char **argv)
{
    InfoArgs a = {};
    g_autoptr(GError) err = NULL;
    g_autoptr(GString) out = g_string_new(NULL);

    if (!info_parse(argc, argv, &a, &err)) {
        return img_gerror(err);
    }
    if (optind != argc - 1) {
        return img_error("info: expecting one image file name");
    }
    g_autoptr(BlockNode) node = info_open_layer(argv[optind], &a, &err);
    if (!node) {
        return img_gerror(err);
    }
    if (a.json) {
        info_print_json(node, a.chain, out);
    } else {
        info_print(node, a.chain, out);
    }
    fputs(out->str, stdout);
    return 0;
}
