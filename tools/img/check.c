/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * emu-img check. Exit: 0 clean, 1 the check did not complete, 2 corrupt, 3
 * leaks only, 63 the format has no check.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/img/img.h"

enum {
    CHECK_CLEAN = 0,
    CHECK_FAILED = 1,
    CHECK_CORRUPT = 2,
    CHECK_LEAKS = 3,
    CHECK_UNSUPPORTED = 63,
};

typedef struct CheckArgs {
    const char *format, *path;
    bool json, quiet, share, leaks, all;
} CheckArgs;

static bool check_parse(int argc, char **argv, CheckArgs *a, GError **errp)
{
    static const struct option longs[] = {
        { "output", required_argument, 0, IMG_OPT_OUTPUT },
        { "repair", required_argument, 0, 'r' },
        { "force-share", no_argument, 0, 'U' },
        { "format", required_argument, 0, 'f' },
        {},
    };
    int c;

    while ((c = getopt_long(argc, argv, "f:r:qUT:", longs, NULL)) != -1) {
        switch (c) {
        case 'f':
            a->format = optarg;
            break;
        case 'r':
            a->all = !strcmp(optarg, "all");
            a->leaks = a->all || !strcmp(optarg, "leaks");
            if (!a->leaks) {
                return emu_fail(errp, EMU_ERROR_INVALID,
                                "-r expects 'leaks' or 'all'");
            }
            break;
        case 'q':
            a->quiet = true;
            break;
        case 'U':
            a->share = true;
            break;
        case 'T':
            break;
        case IMG_OPT_OUTPUT:
            if (!img_output_is_json(optarg, &a->json, errp)) {
                return false;
            }
            break;
        default:
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "check: wrong options; try 'emu-img --help'");
        }
    }
    if (optind != argc - 1) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "check: expecting one image file name");
    }
    a->path = argv[optind];
    return true;
}

static BlockNode *check_open(const CheckArgs *a, GError **errp)
{
    BlockOpenOptions o;

    block_open_options_init(&o);
    o.filename = a->path;
    o.format = a->format;
    o.read_only = !a->leaks;
    o.force_share = a->share;
    o.check = true;
    BlockNode *file = block_open_file(&o, errp);
    return file ? block_open_over(file, &o, false, errp) : NULL;
}

static void check_print_json(const CheckArgs *a, const BlockNode *node,
                             const BlockCheck *r)
{
    const struct {
        const char *name;
        uint64_t value;
    } optional[] = {
        { "corruptions", r->corruptions },
        { "leaks", r->leaks },
        { "corruptions-fixed", r->corruptions_fixed },
        { "leaks-fixed", r->leaks_fixed },
        { "allocated-clusters", r->allocated },
        { "fragmented-clusters", r->fragmented },
        { "compressed-clusters", r->compressed },
    };
    g_autoptr(GString) out = g_string_new(NULL);
    ImgJson j = { .text = out, .first = true };

    img_json_open(&j, NULL, '{');
    img_json_uint(&j, "image-end-offset", r->image_end);
    img_json_uint(&j, "total-clusters", r->clusters);
    img_json_uint(&j, "check-errors", r->errors);
    for (size_t i = 0; i < G_N_ELEMENTS(optional); i++) {
        if (optional[i].value) {
            img_json_uint(&j, optional[i].name, optional[i].value);
        }
    }
    img_json_string(&j, "filename", a->path);
    img_json_string(&j, "format", node->driver->name);
    img_json_close(&j, '}');
    printf("%s\n", out->str);
}

static void check_print(const BlockCheck *r)
{
    if (!r->corruptions && !r->leaks && !r->errors) {
        printf("No errors were found on the image.\n");
    }
    if (r->corruptions) {
        printf("\n%" PRIu64 " errors were found on the image.\n"
               "Data may be corrupted, or further writes to the image may "
               "corrupt it.\n",
               r->corruptions);
    }
    if (r->leaks) {
        printf("\n%" PRIu64 " leaked clusters were found on the image.\n"
               "This means waste of disk space, but no harm to data.\n",
               r->leaks);
    }
    if (r->errors) {
        printf("\n%" PRIu64 " internal errors have occurred during the check."
               "\n",
               r->errors);
    }
    if (r->clusters && r->allocated) {
        printf("%" PRIu64 "/%" PRIu64 " = %0.2f%% allocated, %0.2f%% "
               "fragmented, %0.2f%% compressed clusters\n",
               r->allocated, r->clusters, r->allocated * 100.0 / r->clusters,
               r->fragmented * 100.0 / r->allocated,
               r->compressed * 100.0 / r->allocated);
    }
    if (r->image_end) {
        printf("Image end offset: %" PRIu64 "\n", r->image_end);
    }
}

static bool check_once(const CheckArgs *a, BlockNode *node, BlockCheck *r,
                       GError **errp)
{
    g_autoptr(GString) log = g_string_new(NULL);

    r->log = log;
    bool ok = node->driver->check(node, r, errp);
    if (!a->quiet) {
        fputs(log->str, stderr);
    }
    r->log = NULL;
    return ok;
}

/* After a repair, what is left is what counts. */
static bool check_again(const CheckArgs *a, BlockNode *node, BlockCheck *r,
                        GError **errp)
{
    BlockCheck again = {};
    uint64_t corruptions = r->corruptions_fixed, leaks = r->leaks_fixed;

    if (!corruptions && !leaks) {
        return true;
    }
    if (!a->quiet && !a->json) {
        printf("The following inconsistencies were found and repaired:\n\n"
               "    %" PRIu64 " leaked clusters\n    %" PRIu64
               " corruptions\n\nDouble checking the fixed image now...\n",
               leaks, corruptions);
    }
    if (!check_once(a, node, &again, errp)) {
        return false;
    }
    again.corruptions_fixed = corruptions;
    again.leaks_fixed = leaks;
    *r = again;
    return true;
}

static int check_status(const BlockCheck *r)
{
    return r->corruptions ? CHECK_CORRUPT
           : r->leaks     ? CHECK_LEAKS
           : r->errors    ? CHECK_FAILED
                          : CHECK_CLEAN;
}

int img_check(int argc, char **argv)
{
    CheckArgs a = {};
    BlockCheck r = {};
    g_autoptr(GError) err = NULL;

    if (!check_parse(argc, argv, &a, &err)) {
        return img_gerror(err);
    }
    g_autoptr(BlockNode) node = check_open(&a, &err);
    if (!node) {
        return img_gerror(err);
    }
    if (!node->driver->check) {
        img_error("This image format does not support checks");
        return CHECK_UNSUPPORTED;
    }
    r.fix_leaks = a.leaks;
    r.fix_errors = a.all;
    if (!check_once(&a, node, &r, &err) || !check_again(&a, node, &r, &err)) {
        img_gerror(err);
        return CHECK_FAILED;
    }
    if (a.json) {
        check_print_json(&a, node, &r);
    } else if (!a.quiet) {
        check_print(&r);
    }
    return check_status(&r);
}
