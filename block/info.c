/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image says of itself, collected and as text. */
#include "block/node.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

static void info_detail_clear(void *data)
{
    g_free(((BlockDetail *)data)->value);
}

static void info_snapshot_clear(void *data)
{
    BlockSnapshot *s = data;

    g_free(s->id);
    g_free(s->name);
}

void block_info_get(BlockNode *node, BlockInfo *info)
{
    *info = (BlockInfo){
        .details = g_array_new(FALSE, TRUE, sizeof(BlockDetail)),
        .snapshots = g_array_new(FALSE, TRUE, sizeof(BlockSnapshot)),
    };
    g_array_set_clear_func(info->details, info_detail_clear);
    g_array_set_clear_func(info->snapshots, info_snapshot_clear);
    if (node->driver->info) {
        node->driver->info(node, info);
    }
}

void block_info_clear(BlockInfo *info)
{
    g_clear_pointer(&info->details, g_array_unref);
    g_clear_pointer(&info->snapshots, g_array_unref);
}

void block_info_add(BlockInfo *info, const char *json_name, const char *label,
                    bool is_string, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    BlockDetail d = { .json_name = json_name,
                      .label = label,
                      .value = g_strdup_vprintf(fmt, ap),
                      .is_string = is_string };
    va_end(ap);
    g_array_append_vals(info->details, &d, 1);
}

char *block_size_text(uint64_t bytes)
{
    static const char *const units[] = {
        "", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    };
    int exponent;

    /* The next unit is taken from 1000 on, so that three digits do. */
    frexp(bytes / (1000.0 / 1024.0), &exponent);
    int unit = exponent > 0 ? (exponent - 1) / 10 : 0;
    return g_strdup_printf("%0.3g %sB", (double)bytes / (1ull << (unit * 10)),
                           units[unit]);
}

static void info_print_backing(const BlockNode *node, GString *out)
{
    g_autofree char *path = block_backing_path(node);

    if (!path) {
        return;
    }
    g_string_append_printf(out, "backing file: %s", node->backing_name);
    if (strcmp(path, node->backing_name)) {
        g_string_append_printf(out, " (actual path: %s)", path);
    }
    g_string_append_c(out, '\n');
    if (node->backing_format) {
        g_string_append_printf(out, "backing file format: %s\n",
                               node->backing_format);
    }
}

static void info_print_snapshot(const BlockSnapshot *s, GString *out)
{
    g_autofree char *size = block_size_text(s->vm_state_size);
    g_autofree char *icount =
        s->icount < 0 ? g_strdup("") : g_strdup_printf("%" PRId64, s->icount);
    uint64_t secs = s->vm_clock_ns / 1000000000;
    time_t date = s->date_s;
    struct tm tm = {};
    char when[32] = "";
    char clock[48];

    localtime_r(&date, &tm);
    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
    g_snprintf(clock, sizeof(clock), "%02d:%02d:%02d.%03d", (int)(secs / 3600),
               (int)(secs / 60 % 60), (int)(secs % 60),
               (int)(s->vm_clock_ns / 1000000 % 1000));
    g_string_append_printf(out, "%-10s%-17s %8s %20s%13s%11s\n", s->id, s->name,
                           size, when, clock, icount);
}

static void info_print_snapshots(const BlockInfo *info, GString *out)
{
    if (!info->snapshots->len) {
        return;
    }
    g_string_append(out, "Snapshot list:\n");
    g_string_append_printf(out, "%-10s%-17s%8s%20s%13s%11s\n", "ID", "TAG",
                           "VM SIZE", "DATE", "VM CLOCK", "ICOUNT");
    for (unsigned i = 0; i < info->snapshots->len; i++) {
        info_print_snapshot(&g_array_index(info->snapshots, BlockSnapshot, i),
                            out);
    }
}

static void info_print_details(const BlockInfo *info, GString *out)
{
    if (!info->details->len) {
        return;
    }
    g_string_append(out, "Format specific information:\n");
    for (unsigned i = 0; i < info->details->len; i++) {
        const BlockDetail *d = &g_array_index(info->details, BlockDetail, i);
        g_string_append_printf(out, "    %s: %s\n", d->label, d->value);
    }
}

void block_info_print(BlockNode *node, GString *out)
{
    g_auto(BlockInfo) info = {};
    g_autofree char *size = block_size_text(node_size(node));
    g_autofree char *disk =
        block_size_text(block_file_disk_size(node->filename));

    block_info_get(node, &info);
    g_string_append_printf(out,
                           "image: %s\nfile format: %s\n"
                           "virtual size: %s (%" PRIu64 " bytes)\n"
                           "disk size: %s\n",
                           node->filename, node->driver->name, size,
                           node_size(node), disk);
    if (info.cluster_size) {
        g_string_append_printf(out, "cluster_size: %" PRIu64 "\n",
                               info.cluster_size);
    }
    if (info.dirty) {
        g_string_append(out, "cleanly shut down: no\n");
    }
    info_print_backing(node, out);
    info_print_snapshots(&info, out);
    info_print_details(&info, out);
}
