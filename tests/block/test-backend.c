/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BlockBackend from outside: completions arrive on the main loop, errors
 * follow the policy, an empty drive copes.
 */
#include "block/block.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "block/node.h"
#include "block/qcow2.h"

#define DISK_SIZE (1024 * 1024)

typedef struct Fixture {
    char *path;
    BlockBackend *blk;
} Fixture;

static BlockNode *open_raw(const char *path, bool snapshot)
{
    g_autoptr(GError) err = NULL;
    BlockOpenOptions o;

    block_open_options_init(&o);
    o.filename = path;
    o.format = "raw";
    o.snapshot = snapshot;
    BlockNode *node = block_open(&o, &err);
    g_assert_no_error(err);
    g_assert_nonnull(node);
    return node;
}

static void fixture_set_up(Fixture *f, gconstpointer data)
{
    int fd = g_file_open_tmp("emu-test-XXXXXX", &f->path, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, DISK_SIZE), ==, 0);
    close(fd);
    f->blk = blk_new("drive0", open_raw(f->path, data != NULL));
}

static void fixture_tear_down(Fixture *f, gconstpointer data)
{
    blk_free(f->blk);
    g_unlink(f->path);
    g_free(f->path);
}

typedef struct Result {
    int calls;
    int ret;
    GThread *thread;
} Result;

static void on_done(void *opaque, int ret)
{
    Result *r = opaque;

    r->calls++;
    r->ret = ret;
    r->thread = g_thread_self();
}

static void submit(Fixture *f, BlockOp op, uint64_t off, void *buf,
                   uint64_t len, Result *r)
{
    struct iovec iov[2] = { { buf, len / 2 },
                            { (char *)buf + len / 2, len - len / 2 } };

    *r = (Result){};
    blk_submit(f->blk, op, off, len, iov, 2, 0, on_done, r);
}

static int run(Fixture *f, BlockOp op, uint64_t off, void *buf, uint64_t len)
{
    Result r;

    submit(f, op, off, buf, len, &r);
    while (!r.calls) {
        g_main_context_iteration(NULL, TRUE);
    }
    g_assert_cmpint(r.calls, ==, 1);
    g_assert_true(r.thread == g_thread_self());
    return r.ret;
}

static void test_write_read(Fixture *f, gconstpointer data)
{
    char out[3000], in[3000];

    memset(out, 0x5a, sizeof(out));
    g_assert_cmpint(run(f, BLOCK_WRITE, 1000, out, sizeof(out)), ==, 0);
    g_assert_cmpint(run(f, BLOCK_READ, 1000, in, sizeof(in)), ==, 0);
    g_assert_cmpmem(in, sizeof(in), out, sizeof(out));
    g_assert_cmpint(run(f, BLOCK_FLUSH, 0, NULL, 0), ==, 0);
    g_assert_cmpint(run(f, BLOCK_WRITE_ZEROES, 1000, NULL, 1000), ==, 0);
    memset(out, 0, 1000);
    g_assert_cmpint(run(f, BLOCK_READ, 1000, in, sizeof(in)), ==, 0);
    g_assert_cmpmem(in, sizeof(in), out, sizeof(out));
    g_assert_cmpint(run(f, BLOCK_DISCARD, 0, NULL, DISK_SIZE), ==, 0);
}

static void test_out_of_range(Fixture *f, gconstpointer data)
{
    char buf[1024];

    g_assert_cmpint(run(f, BLOCK_READ, DISK_SIZE, buf, 1024), ==, -EIO);
    g_assert_cmpint(run(f, BLOCK_READ, DISK_SIZE - 512, buf, 1024), ==, -EIO);
    g_assert_cmpint(run(f, BLOCK_WRITE, UINT64_MAX - 511, buf, 1024), ==, -EIO);
    g_assert_cmpint(run(f, BLOCK_DISCARD, 1, NULL, UINT64_MAX), ==, -EIO);
}

static void test_many(Fixture *f, gconstpointer data)
{
    enum { N = 256 };
    g_autofree char *buf = g_malloc(N * 4096);
    g_autofree char *back = g_malloc(N * 4096);
    Result r[N];
    BlockStats stats;

    for (int i = 0; i < N; i++) {
        memset(buf + i * 4096, i, 4096);
        submit(f, BLOCK_WRITE, i * 4096, buf + i * 4096, 4096, &r[i]);
    }
    blk_drain(f->blk);
    for (int i = 0; i < N; i++) {
        g_assert_cmpint(r[i].calls, ==, 1);
        g_assert_cmpint(r[i].ret, ==, 0);
    }
    g_assert_cmpint(blk_read(f->blk, 0, back, N * 4096), ==, 0);
    g_assert_cmpmem(back, N * 4096, buf, N * 4096);
    blk_stats(f->blk, &stats);
    g_assert_cmpuint(stats.ops[BLOCK_WRITE], ==, N);
    g_assert_cmpuint(stats.bytes[BLOCK_WRITE], ==, N * 4096);
}

static void test_snapshot_keeps_base(Fixture *f, gconstpointer data)
{
    g_autofree char *base = NULL;
    char buf[5000], in[5000];
    gsize len;

    memset(buf, 7, sizeof(buf));
    g_assert_cmpint(blk_write(f->blk, 65000, buf, sizeof(buf)), ==, 0);
    g_assert_cmpint(blk_read(f->blk, 65000, in, sizeof(in)), ==, 0);
    g_assert_cmpmem(in, sizeof(in), buf, sizeof(buf));
    g_assert_true(g_file_get_contents(f->path, &base, &len, NULL));
    g_assert_cmpuint(len, ==, DISK_SIZE);
    for (gsize i = 0; i < len; i++) {
        g_assert_cmpint(base[i], ==, 0);
    }
}

static void on_stop(void *opaque, BlockBackend *blk, BlockOp op, int err,
                    BlockErrorPolicy action)
{
    g_assert_cmpint(action, ==, BLOCK_ON_ERROR_STOP);
    *(int *)opaque = err;
}

/* A failed request waits, and is tried again once the cause is gone. */
static void test_stop_and_resume(Fixture *f, gconstpointer data)
{
    Result r;
    int stopped = 0;
    char buf[512] = "x";

    blk_set_error_hook(f->blk, on_stop, &stopped);
    blk_set_error_policy(f->blk, BLOCK_ON_ERROR_STOP, BLOCK_ON_ERROR_STOP);
    submit(f, BLOCK_WRITE, DISK_SIZE - 256, buf, 512, &r);
    while (!stopped) {
        g_main_context_iteration(NULL, TRUE);
    }
    g_assert_cmpint(stopped, ==, EIO);
    g_assert_cmpint(r.calls, ==, 0);
    g_autoptr(GError) err = NULL;
    g_assert_true(node_truncate(blk_node(f->blk), DISK_SIZE * 2, &err));
    blk_resume(f->blk);
    blk_drain(f->blk);
    g_assert_cmpint(r.calls, ==, 1);
    g_assert_cmpint(r.ret, ==, 0);
}

static void note_action(void *opaque, BlockBackend *blk, BlockOp op, int err,
                        BlockErrorPolicy action)
{
    g_assert_cmpint(err, ==, EIO);
    *(BlockErrorPolicy *)opaque = action;
}

static void check_policy(Fixture *f, BlockErrorPolicy policy, int ret)
{
    BlockErrorPolicy action = BLOCK_ON_ERROR_ENOSPC;
    char buf[512] = "x";
    Result r;

    blk_set_error_hook(f->blk, note_action, &action);
    blk_set_error_policy(f->blk, policy, BLOCK_ON_ERROR_STOP);
    submit(f, BLOCK_READ, DISK_SIZE - 256, buf, 512, &r);
    blk_drain(f->blk);
    g_assert_cmpint(r.calls, ==, 1);
    g_assert_cmpint(r.ret, ==, ret);
    g_assert_cmpint(action, ==, policy);
}

static void test_report_and_ignore(Fixture *f, gconstpointer data)
{
    check_policy(f, BLOCK_ON_ERROR_REPORT, -EIO);
    check_policy(f, BLOCK_ON_ERROR_IGNORE, 0);
}

/* After the device's reset nothing of what it asked before is tried again. */
static void test_cancel_held(Fixture *f, gconstpointer data)
{
    Result held, late;
    int stopped = 0;
    char buf[512] = "x";

    blk_set_error_hook(f->blk, on_stop, &stopped);
    blk_set_error_policy(f->blk, BLOCK_ON_ERROR_STOP, BLOCK_ON_ERROR_STOP);
    submit(f, BLOCK_WRITE, DISK_SIZE - 256, buf, 512, &held);
    while (!stopped) {
        g_main_context_iteration(NULL, TRUE);
    }
    blk_set_error_hook(f->blk, note_action, &(BlockErrorPolicy){ 0 });
    submit(f, BLOCK_WRITE, DISK_SIZE - 256, buf, 512, &late);
    blk_cancel_held(f->blk);
    g_assert_cmpint(held.calls, ==, 0);
    blk_drain(f->blk);
    g_assert_cmpint(held.calls, ==, 1);
    g_assert_cmpint(held.ret, ==, -EIO);
    g_assert_cmpint(late.calls, ==, 1);
    g_assert_cmpint(late.ret, ==, -EIO);
    blk_resume(f->blk);
    blk_drain(f->blk);
    g_assert_cmpint(held.calls, ==, 1);
}

static void test_empty(void)
{
    char buf[512];
    Result r = {};

    g_assert_cmpint(blk_read(NULL, 0, buf, 512), ==, -ENOMEDIUM);
    g_assert_cmpuint(blk_size(NULL), ==, 0);
    g_assert_false(blk_present(NULL));
    g_assert_cmpstr(blk_id(NULL), ==, "");
    blk_submit(NULL, BLOCK_FLUSH, 0, 0, NULL, 0, 0, on_done, &r);
    g_assert_cmpint(r.calls, ==, 0);
    while (!r.calls) {
        g_main_context_iteration(NULL, TRUE);
    }
    g_assert_cmpint(r.ret, ==, -ENOMEDIUM);
    BlockBackend *blk = blk_new("cd", NULL);
    g_assert_cmpint(blk_read(blk, 0, buf, 512), ==, -ENOMEDIUM);
    g_autoptr(GString) text = g_string_new(NULL);
    blk_print(blk, true, text);
    g_assert_cmpstr(text->str, ==, "cd: [not inserted]\n");
    blk_free(blk);
}

/* A guest must not turn a probed raw image into a qcow2 one. */
static void test_probe_guard(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    BlockOpenOptions o;
    char sector[512] = "KDMV";

    blk_set_node(f->blk, NULL);
    block_open_options_init(&o);
    o.filename = f->path;
    BlockNode *node = block_open(&o, &err);
    g_assert_no_error(err);
    blk_set_node(f->blk, node);
    g_assert_cmpint(blk_write(f->blk, 0, sector, 512), ==, -EPERM);
    g_assert_cmpint(blk_write(f->blk, 512, sector, 512), ==, 0);
    g_assert_cmpint(blk_write(f->blk, 1, sector + 1, 511), ==, 0);
    g_assert_cmpint(blk_write(f->blk, 0, sector, 1), ==, -EPERM);
}

/* ---- Many requests at once on qcow2 ------------------------------------- */

enum { STRESS_SLOTS = 64, STRESS_SLOT = 7 * 512, STRESS_SIZE = 4 << 20 };

/* Every slot rewrites places of its own, which share clusters with others'. */
typedef struct StressSlot {
    struct Stress *stress;
    unsigned number, round;
    uint64_t off;
    uint8_t buf[STRESS_SLOT];
} StressSlot;

typedef struct Stress {
    BlockBackend *blk;
    unsigned left;
    uint8_t *shadow;
    StressSlot slots[STRESS_SLOTS];
} Stress;

static void stress_done(void *opaque, int ret);

static void stress_next(StressSlot *s)
{
    struct iovec iov = { s->buf, STRESS_SLOT };
    unsigned places = STRESS_SIZE / STRESS_SLOT / STRESS_SLOTS;
    unsigned place = g_test_rand_int_range(0, places);
    BlockOp op = g_test_rand_int_range(0, 8) ? BLOCK_WRITE : BLOCK_WRITE_ZEROES;

    s->off = (place * STRESS_SLOTS + s->number) * (uint64_t)STRESS_SLOT;
    memset(s->buf, op == BLOCK_WRITE ? g_test_rand_int_range(1, 256) : 0,
           STRESS_SLOT);
    memcpy(s->stress->shadow + s->off, s->buf, STRESS_SLOT);
    if (!g_test_rand_int_range(0, 40)) {
        blk_submit(s->stress->blk, BLOCK_FLUSH, 0, 0, NULL, 0, 0, stress_done,
                   NULL);
    }
    blk_submit(s->stress->blk, op, s->off, STRESS_SLOT, &iov, 1,
               op == BLOCK_WRITE_ZEROES ? BLOCK_REQ_MAY_UNMAP : 0, stress_done,
               s);
}

static void stress_done(void *opaque, int ret)
{
    StressSlot *s = opaque;

    g_assert_cmpint(ret, ==, 0);
    if (!s) {
        return;
    }
    if (++s->round < 40) {
        stress_next(s);
    } else {
        s->stress->left--;
    }
}

static BlockNode *stress_image(const char *path, uint32_t cluster_size,
                               bool threads)
{
    g_autoptr(GError) err = NULL;
    Qcow2CreateOptions co;
    BlockOpenOptions o;

    block_open_options_init(&o);
    o.filename = path;
    BlockNode *file = block_open_file(&o, &err);
    g_assert_no_error(err);
    g_assert_true(node_truncate(file, 0, &err));
    qcow2_create_options_init(&co);
    co.size = STRESS_SIZE;
    co.cluster_size = cluster_size;
    qcow2_create(file, &co, &err);
    g_assert_no_error(err);
    block_node_unref(file);
    o.format = "qcow2";
    o.discard = true;
    o.aio_threads = threads;
    BlockNode *node = block_open(&o, &err);
    g_assert_no_error(err);
    return node;
}

static void stress_check(const char *path, const uint8_t *shadow)
{
    g_autofree uint8_t *back = g_malloc(STRESS_SIZE);
    g_autoptr(GError) err = NULL;
    BlockCheck check = {};
    BlockOpenOptions o;

    block_open_options_init(&o);
    o.filename = path;
    o.read_only = true;
    g_autoptr(BlockNode) node = block_open(&o, &err);
    g_assert_no_error(err);
    g_assert_cmpint(node_pread(node, 0, back, STRESS_SIZE), ==, 0);
    g_assert_true(!memcmp(back, shadow, STRESS_SIZE));
    g_assert_true(node->driver->check(node, &check, &err));
    g_assert_cmpuint(check.corruptions + check.leaks + check.errors, ==, 0);
}

static void test_stress(Fixture *f, gconstpointer data)
{
    g_autofree Stress *s = g_new0(Stress, 1);

    s->shadow = g_malloc0(STRESS_SIZE);
    s->left = STRESS_SLOTS;
    blk_set_node(f->blk, NULL);
    unsigned cluster = GPOINTER_TO_UINT(data);
    blk_set_node(f->blk, stress_image(f->path, cluster & ~1u, cluster & 1));
    s->blk = f->blk;
    for (unsigned i = 0; i < STRESS_SLOTS; i++) {
        s->slots[i].stress = s;
        s->slots[i].number = i;
        stress_next(&s->slots[i]);
    }
    while (s->left) {
        g_main_context_iteration(NULL, TRUE);
    }
    blk_set_node(f->blk, NULL);
    stress_check(f->path, s->shadow);
    g_free(s->shadow);
}

#define ADD(name, func, data)                                                  \
    g_test_add("/block/backend/" name, Fixture, data, fixture_set_up, func,    \
               fixture_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("write-read", test_write_read, NULL);
    ADD("overlay/write-read", test_write_read, "snapshot");
    ADD("out-of-range", test_out_of_range, NULL);
    ADD("many", test_many, NULL);
    ADD("overlay/many", test_many, "snapshot");
    ADD("overlay/keeps-base", test_snapshot_keeps_base, "snapshot");
    ADD("stop-and-resume", test_stop_and_resume, NULL);
    ADD("report-and-ignore", test_report_and_ignore, NULL);
    ADD("cancel-held", test_cancel_held, NULL);
    ADD("probe-guard", test_probe_guard, NULL);
    ADD("qcow2/stress-64k", test_stress, GUINT_TO_POINTER(65536));
    ADD("qcow2/stress-512", test_stress, GUINT_TO_POINTER(512));
    ADD("qcow2/stress-64k-threads", test_stress, GUINT_TO_POINTER(65536 | 1));
    g_test_add_func("/block/backend/empty", test_empty);
    return g_test_run();
}
