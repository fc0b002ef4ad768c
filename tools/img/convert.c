/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * emu-img convert: walk the sources' extents, hand out pieces of them as jobs
 * that read, look for zeroes and write. Plain images are written in order by
 * one worker, compressed ones (and -W) by several.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "block/create.h"
#include "block/vec.h"
#include "tools/img/img.h"

enum {
    CONVERT_CHUNK = 2 << 20,
    CONVERT_SPARSE = 4096, /* zeroes in a row that become a hole */
    CONVERT_WORKERS = 4,
    CONVERT_WORKERS_MAX = 16,
};

typedef struct ConvertArgs {
    const char *src_format, *out_format, *out_path;
    const char *cache, *src_cache;
    char **src_paths;
    int src_count;
    KeyVal *options;
    uint64_t sparse, workers;
    bool compress, quiet, no_create, share, unordered, zero_target, help;
    ImgProgress progress;
} ConvertArgs;

typedef struct ConvertSource {
    BlockNode *node;
    uint64_t start; /* in the target */
} ConvertSource;

typedef struct Convert {
    const ConvertArgs *args;
    GArray *sources; /* of ConvertSource */
    BlockNode *target;
    uint64_t size;
    bool target_is_zero;

    GMutex lock; /* guards what follows */
    GCond changed;
    unsigned jobs;
    uint64_t done;
    GError *error; /* the first one */
} Convert;

typedef struct ConvertJob {
    const ConvertSource *source;
    uint64_t off, len; /* in the target */
    bool zero;         /* reads as zeroes: no need to look */
} ConvertJob;

/* ---- Moving data -------------------------------------------------------- */

static int convert_zero(Convert *c, uint64_t off, uint64_t len)
{
    if (c->target_is_zero) {
        return 0;
    }
    return node_write_zeroes(c->target, off, len, BLOCK_REQ_MAY_UNMAP);
}

/* Length of the run at buf that is all zero, or all not, in units of the
 * sparse size. */
static uint64_t convert_run(const uint8_t *buf, uint64_t off, uint64_t len,
                            uint64_t unit, bool *zero)
{
    uint64_t n = MIN(len, unit - off % unit);

    *zero = block_buffer_is_zero(buf, n);
    while (n < len) {
        uint64_t step = MIN(len - n, unit);
        if (block_buffer_is_zero(buf + n, step) != *zero) {
            break;
        }
        n += step;
    }
    return n;
}

static int convert_write_sparse(Convert *c, const uint8_t *buf, uint64_t off,
                                uint64_t len)
{
    uint64_t unit = c->args->sparse;

    for (uint64_t done = 0, n; done < len; done += n) {
        bool zero = false;
        n = unit ? convert_run(buf + done, off + done, len - done, unit, &zero)
                 : len;
        int ret = zero ? convert_zero(c, off + done, n)
                       : node_pwrite(c->target, off + done, buf + done, n);
        if (ret) {
            return ret;
        }
    }
    return 0;
}

static int convert_write_packed(Convert *c, const uint8_t *buf, uint64_t off,
                                uint64_t len)
{
    uint64_t cluster = c->target->cluster_size;

    for (uint64_t done = 0, n; done < len; done += n) {
        n = MIN(len - done, cluster);
        int ret =
            block_buffer_is_zero(buf + done, n)
                ? convert_zero(c, off + done, n)
                : node_write_compressed(c->target, off + done, buf + done, n);
        if (ret) {
            return ret;
        }
    }
    return 0;
}

/* Fills buf with the disk at off, from as many sources as it takes. */
static int convert_read(Convert *c, uint8_t *buf, uint64_t off, uint64_t len)
{
    for (unsigned i = 0; i < c->sources->len && len; i++) {
        const ConvertSource *s = &g_array_index(c->sources, ConvertSource, i);
        uint64_t end = s->start + node_size(s->node);
        if (off >= end) {
            continue;
        }
        uint64_t n = MIN(len, end - off);
        int ret = node_pread(s->node, off - s->start, buf, n);
        if (ret) {
            return ret;
        }
        off += n;
        buf += n;
        len -= n;
    }
    return 0;
}

static int convert_job(Convert *c, const ConvertJob *job)
{
    if (job->zero && c->args->sparse) {
        return convert_zero(c, job->off, job->len);
    }
    g_autoptr(BlockBuffer) buf = block_buffer_new(job->len);
    if (!buf) {
        return -ENOMEM;
    }
    int ret = convert_read(c, buf, job->off, job->len);
    if (ret) {
        return ret;
    }
    return c->args->compress ? convert_write_packed(c, buf, job->off, job->len)
                             : convert_write_sparse(c, buf, job->off, job->len);
}

static void convert_worker(void *data, void *opaque)
{
    g_autofree ConvertJob *job = data;
    Convert *c = opaque;

    g_mutex_lock(&c->lock);
    bool stop = c->error;
    g_mutex_unlock(&c->lock);
    int ret = stop ? 0 : convert_job(c, job);
    g_mutex_lock(&c->lock);
    if (ret && !c->error) {
        emu_fail_errno(&c->error, -ret,
                       "error while converting at offset %" PRIu64, job->off);
    }
    c->jobs--;
    c->done += job->len;
    g_cond_signal(&c->changed);
    g_mutex_unlock(&c->lock);
}

/* ---- Walking the sources ------------------------------------------------ */

static const ConvertSource *convert_source_at(const Convert *c, uint64_t off)
{
    for (unsigned i = c->sources->len; i > 0; i--) {
        const ConvertSource *s =
            &g_array_index(c->sources, ConvertSource, i - 1);
        if (off >= s->start) {
            return s;
        }
    }
    return NULL;
}

/* The next piece from off; *skip: it is the backing file's and stays so. */
static bool convert_next(Convert *c, uint64_t off, ConvertJob *job, bool *skip,
                         GError **errp)
{
    const ConvertSource *s = convert_source_at(c, off);
    bool keep_backing = c->target->backing_name;
    uint64_t left = s->start + node_size(s->node) - off;
    BlockExtent e;
    int ret = node_extent(s->node, keep_backing ? s->node->backing : NULL,
                          off - s->start, left, true, &e);

    if (ret) {
        return emu_fail_errno(errp, -ret, "error while reading '%s'",
                              s->node->filename);
    }
    *skip = keep_backing && e.run.kind == BLOCK_RUN_BACKING && s->node->backing;
    *job = (ConvertJob){ .source = s,
                         .off = off,
                         .len = e.run.len,
                         .zero = extent_reads_zero(&e) && !*skip };
    return true;
}

/* The packer wants whole clusters: cut what is skipped or zero down to chunk
 * boundaries, and take data together with what follows it. */
static void convert_cut_packed(const Convert *c, ConvertJob *job, bool *skip)
{
    uint64_t end = job->off + job->len;

    if (end < c->size) {
        end -= end % CONVERT_CHUNK;
    }
    if ((*skip || job->zero) && end > job->off) {
        job->len = end - job->off;
        return;
    }
    *skip = job->zero = false;
    job->len =
        MIN(c->size - job->off, CONVERT_CHUNK - job->off % CONVERT_CHUNK);
}

/* Known zeroes go in one piece, data in chunks. */
static void convert_cut(const Convert *c, ConvertJob *job, bool *skip)
{
    if (c->args->compress) {
        convert_cut_packed(c, job, skip);
    } else if (!*skip && !(job->zero && c->args->sparse)) {
        job->len = MIN(job->len, CONVERT_CHUNK - job->off % CONVERT_CHUNK);
    }
}

static bool convert_push(Convert *c, GThreadPool *pool, const ConvertJob *job,
                         unsigned most)
{
    g_mutex_lock(&c->lock);
    while (c->jobs >= most) {
        g_cond_wait(&c->changed, &c->lock);
    }
    bool ok = !c->error;
    c->jobs++;
    g_mutex_unlock(&c->lock);
    g_thread_pool_push(pool, g_memdup2(job, sizeof(*job)), NULL);
    return ok;
}

static void convert_walk(Convert *c, GThreadPool *pool, unsigned workers,
                         ImgProgress *progress)
{
    GError *err = NULL;
    uint64_t off = 0;
    bool ok = true;

    while (off < c->size && ok) {
        ConvertJob job;
        bool skip = false;
        ok = convert_next(c, off, &job, &skip, &err);
        if (!ok) {
            break;
        }
        convert_cut(c, &job, &skip);
        ok = skip || convert_push(c, pool, &job, workers * 2);
        off += job.len;
        img_progress(progress, off * 100.0 / MAX(c->size, 1));
    }
    g_mutex_lock(&c->lock);
    while (c->jobs) {
        g_cond_wait(&c->changed, &c->lock);
    }
    if (err && !c->error) {
        c->error = g_steal_pointer(&err);
    }
    g_mutex_unlock(&c->lock);
    g_clear_error(&err);
}

/* ---- Opening ------------------------------------------------------------ */

static void convert_source_clear(void *data)
{
    block_node_unref(((ConvertSource *)data)->node);
}

static bool convert_open_sources(Convert *c, GError **errp)
{
    const ConvertArgs *a = c->args;

    for (int i = 0; i < a->src_count; i++) {
        ConvertSource s = { .start = c->size };
        s.node = img_open(a->src_paths[i], a->src_format, false, a->share,
                          a->src_cache, errp);
        if (!s.node) {
            return false;
        }
        g_array_append_val(c->sources, s);
        c->size += node_size(s.node);
    }
    return true;
}

static bool convert_create_target(Convert *c, GError **errp)
{
    const ConvertArgs *a = c->args;
    g_autofree char *size = g_strdup_printf("%" PRIu64, c->size);

    if (!keyval_has(a->options, "size")) {
        keyval_set(a->options, "size", size);
    }
    if (!block_create(a->out_path, a->out_format, a->options, false, errp)) {
        return false;
    }
    c->target_is_zero = !keyval_has(a->options, "backing_file");
    return true;
}

static bool convert_check_target(Convert *c, GError **errp)
{
    const ConvertArgs *a = c->args;

    if (node_size(c->target) < c->size) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "output file is smaller than input file");
    }
    if (a->compress && !c->target->driver->write_compressed) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "Compression not supported for this file format");
    }
    if (c->target->backing_name && c->sources->len > 1) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "Having a backing file for the target makes no sense "
                        "when concatenating multiple input images");
    }
    return true;
}

static bool convert_open_target(Convert *c, GError **errp)
{
    const ConvertArgs *a = c->args;
    bool device = a->no_create || !block_create_keys(a->out_format);

    if (!device && !convert_create_target(c, errp)) {
        return false;
    }
    c->target_is_zero |= a->zero_target;
    c->target = img_open(a->out_path, a->out_format, true, false,
                         a->cache ? a->cache : "unsafe", errp);
    if (!c->target) {
        return false;
    }
    if (c->target->file && !c->target->file->zero_beyond_end) {
        c->target_is_zero = a->zero_target; /* a host device */
    }
    return convert_check_target(c, errp);
}

/* ---- The command -------------------------------------------------------- */

static bool convert_all(Convert *c, ImgProgress *progress, GError **errp)
{
    bool many = c->args->compress || c->args->unordered;
    unsigned workers = many ? c->args->workers : 1;

    if (!convert_open_sources(c, errp) || !convert_open_target(c, errp)) {
        return false;
    }
    GThreadPool *pool =
        g_thread_pool_new(convert_worker, c, workers, FALSE, NULL);
    convert_walk(c, pool, workers, progress);
    g_thread_pool_free(pool, FALSE, TRUE);
    if (c->error) {
        g_propagate_error(errp, g_steal_pointer(&c->error));
        return false;
    }
    int ret = node_flush(c->target);
    if (ret) {
        return emu_fail_errno(errp, -ret, "could not flush '%s'",
                              c->args->out_path);
    }
    img_progress_end(progress);
    return true;
}

static bool convert_number(const char *text, uint64_t max, uint64_t *out)
{
    return keyval_parse_size(text, 1, out) && *out <= max;
}

static bool convert_option(int c, ConvertArgs *a, GError **errp)
{
    switch (c) {
    case 'f':
        a->src_format = optarg;
        return true;
    case 'O':
        a->out_format = optarg;
        return true;
    case 'B':
        keyval_set(a->options, "backing_file", optarg);
        return true;
    case 'F':
        keyval_set(a->options, "backing_fmt", optarg);
        return true;
    case 'o':
        a->help |= !strcmp(optarg, "help");
        return a->help || img_add_options(a->options, optarg, errp);
    case 'S':
        if (!convert_number(optarg, CONVERT_CHUNK, &a->sparse) ||
            a->sparse % BLOCK_SECTOR) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "Invalid buffer size for sparse output specified: "
                            "%s",
                            optarg);
        }
        return true;
    case 'm':
        return (convert_number(optarg, CONVERT_WORKERS_MAX, &a->workers) &&
                a->workers) ||
               emu_fail(errp, EMU_ERROR_INVALID,
                        "Invalid number of coroutines. Allowed number of "
                        "coroutines is between 1 and %d",
                        CONVERT_WORKERS_MAX);
    case 't':
        a->cache = optarg;
        return true;
    case 'T':
        a->src_cache = optarg;
        return true;
    default:
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "convert: wrong options; try 'emu-img --help'");
    }
}

static bool convert_parse(int argc, char **argv, ConvertArgs *a, GError **errp)
{
    static const struct option longs[] = {
        { "target-is-zero", no_argument, 0, IMG_OPT_LONG },
        { "force-share", no_argument, 0, 'U' },
        {},
    };
    const struct {
        int letter;
        bool *flag;
    } flags[] = {
        { 'c', &a->compress },
        { 'p', &a->progress.on },
        { 'q', &a->quiet },
        { 'n', &a->no_create },
        { 'U', &a->share },
        { 'W', &a->unordered },
        { IMG_OPT_LONG, &a->zero_target },
    };
    int c;

    while ((c = getopt_long(argc, argv, "f:O:B:F:o:S:m:t:T:cpqnUW", longs,
                            NULL)) != -1) {
        size_t i = 0;
        while (i < G_N_ELEMENTS(flags) && flags[i].letter != c) {
            i++;
        }
        if (i < G_N_ELEMENTS(flags)) {
            *flags[i].flag = true;
        } else if (!convert_option(c, a, errp)) {
            return false;
        }
    }
    if (a->help) {
        return true;
    }
    if (argc - optind < 2) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "Must specify image file name");
    }
    a->src_paths = argv + optind;
    a->src_count = argc - optind - 1;
    a->out_path = argv[argc - 1];
    return true;
}

static int convert_main(int argc, char **argv, ConvertArgs *a)
{
    g_autoptr(GError) err = NULL;
    Convert c = { .args = a };

    if (!convert_parse(argc, argv, a, &err)) {
        return img_gerror(err);
    }
    if (!block_format_find(a->out_format)) {
        return img_error("Unknown file format '%s'", a->out_format);
    }
    if (a->help) {
        g_autoptr(GString) text = g_string_new(NULL);
        keyval_print_keys(block_create_keys(a->out_format), text);
        printf("Supported %s options:\n%s", a->out_format, text->str);
        return 0;
    }
    c.sources = g_array_new(FALSE, FALSE, sizeof(ConvertSource));
    g_array_set_clear_func(c.sources, convert_source_clear);
    bool ok = convert_all(&c, &a->progress, &err);
    g_array_unref(c.sources);
    block_node_unref(c.target);
    return ok ? 0 : img_gerror(err);
}

int img_convert(int argc, char **argv)
{
    g_autoptr(KeyVal) options = keyval_new();
    ConvertArgs a = {
        .out_format = "raw",
        .options = options,
        .sparse = CONVERT_SPARSE,
        .workers = CONVERT_WORKERS,
    };

    return convert_main(argc, argv, &a);
}
