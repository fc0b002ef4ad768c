/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 over an image in memory: random requests against a shadow copy, a
 * crash at every write, a full disk, and damaged images.
 */
#include "block/qcow2.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "tests/block/memnode.h"

typedef struct Config {
    const char *name;
    uint64_t size;
    unsigned version;
    uint32_t cluster_size;
    unsigned refcount_bits;
    bool lazy, backing, discard;
} Config;

static const Config configs[] = {
    { "v3-64k", 3 << 20, 3, 65536, 16, false, false, false },
    { "v3-64k-backing", 3 << 20, 3, 65536, 16, false, true, true },
    { "v3-512", 1 << 20, 3, 512, 16, false, false, true },
    { "v3-512-backing", (1 << 20) + 512, 3, 512, 64, false, true, false },
    { "v3-4k-1bit", 2 << 20, 3, 4096, 1, false, true, false },
    { "v3-4k-2bit-lazy", 2 << 20, 3, 4096, 2, true, true, false },
    { "v3-1k-32bit", (2 << 20) + 1536, 3, 1024, 32, false, false, false },
    { "v3-64k-lazy", 3 << 20, 3, 65536, 16, true, false, true },
    { "v2-64k", 3 << 20, 2, 65536, 16, false, false, true },
    { "v2-4k-backing", 2 << 20, 2, 4096, 16, false, true, true },
    { "v3-2m", 12 << 20, 3, 2 << 20, 8, false, true, false },
};

/* ---- Making images ------------------------------------------------------ */

static BlockNode *backing_new(const Config *c)
{
    uint64_t len = c->size / 2 + 700;
    g_autofree uint8_t *data = g_malloc(len);
    g_autoptr(GError) err = NULL;
    BlockOpenOptions o;

    for (uint64_t i = 0; i < len; i++) {
        data[i] = i / 512 * 7 + 1;
    }
    block_open_options_init(&o);
    o.format = "raw";
    BlockNode *raw =
        block_open_over(&mem_node_new(data, len)->node, &o, false, &err);
    g_assert_no_error(err);
    return raw;
}

static GByteArray *image_new(const Config *c)
{
    g_autoptr(GError) err = NULL;
    Qcow2CreateOptions o;
    MemNode *m = mem_node_new(NULL, 0);

    qcow2_create_options_init(&o);
    o.size = c->size;
    o.version = c->version;
    o.cluster_size = c->cluster_size;
    o.refcount_bits = c->refcount_bits;
    o.lazy_refcounts = c->lazy;
    qcow2_create(&m->node, &o, &err);
    g_assert_no_error(err);
    GByteArray *image = g_byte_array_ref(m->data);
    block_node_unref(&m->node);
    return image;
}

static BlockNode *image_try_open(MemNode *m, const Config *c, bool read_only,
                                 bool check, GError **errp)
{
    BlockOpenOptions o;

    block_open_options_init(&o);
    o.format = "qcow2";
    o.check = check;
    o.discard = c->discard;
    m->node.read_only = read_only;
    BlockNode *node = block_open_over(&m->node, &o, false, errp);
    if (node && c->backing) {
        node->backing = backing_new(c);
    }
    return node;
}

static BlockNode *image_open(MemNode *m, const Config *c, bool check)
{
    g_autoptr(GError) err = NULL;
    BlockNode *node = image_try_open(m, c, false, check, &err);

    g_assert_no_error(err);
    return node;
}

/* Checks a copy of the image. */
static void image_check(const GByteArray *image, const Config *c,
                        BlockCheck *result)
{
    g_autoptr(GError) err = NULL;
    MemNode *m = mem_node_new(image->data, image->len);
    g_autoptr(BlockNode) node = image_open(m, c, true);
    g_autoptr(GString) log = g_string_new(NULL);

    *result = (BlockCheck){ .log = log };
    g_assert_true(node->driver->check(node, result, &err));
    g_assert_no_error(err);
    if (result->corruptions) {
        g_test_message("%s", log->str);
    }
    result->log = NULL;
}

static void image_check_clean(const GByteArray *image, const Config *c)
{
    BlockCheck result;

    image_check(image, c, &result);
    g_assert_cmpuint(result.corruptions, ==, 0);
    g_assert_cmpuint(result.errors, ==, 0);
    g_assert_cmpuint(result.leaks, ==, 0);
}

/* ---- The shadow --------------------------------------------------------- */

typedef struct Shadow {
    const Config *c;
    uint8_t *data;
    uint64_t size;
    uint8_t stamp;
} Shadow;

static void shadow_init(Shadow *s, const Config *c, BlockNode *node)
{
    *s = (Shadow){ .c = c, .size = c->size, .stamp = 1 };
    s->data = g_malloc0(c->size);
    g_assert_cmpint(node_pread(node, 0, s->data, c->size), ==, 0);
}

static void shadow_compare(const Shadow *s, BlockNode *node)
{
    g_autofree uint8_t *now = g_malloc(s->size);

    g_assert_cmpint(node_pread(node, 0, now, s->size), ==, 0);
    g_assert_true(!memcmp(now, s->data, s->size));
}

static void shadow_range(const Shadow *s, uint64_t *off, uint64_t *len)
{
    uint64_t most = MIN(s->size, 6ull * s->c->cluster_size + 3000);

    *off = g_test_rand_int_range(0, s->size / 512) * 512ull;
    *len = g_test_rand_int_range(1, most / 512 + 1) * 512ull;
    if (g_test_rand_bit()) { /* whole clusters */
        *off = *off / s->c->cluster_size * s->c->cluster_size;
        *len = (*len / s->c->cluster_size + 1) * s->c->cluster_size;
    }
    *len = MIN(*len, s->size - *off);
}

/* Content that no other write has, sector by sector. */
static void shadow_fill(Shadow *s, uint64_t off, uint64_t len)
{
    for (uint64_t i = 0; i < len; i++) {
        s->data[off + i] = (off + i) / 512 * 31 + s->stamp;
    }
    s->stamp += 2;
}

/* What a discarded range holds is not fixed: take what is there. */
static void shadow_discard(Shadow *s, BlockNode *node, uint64_t off,
                           uint64_t len)
{
    g_assert_cmpint(node_discard(node, off, len), ==, 0);
    g_assert_cmpint(node_pread(node, off, s->data + off, len), ==, 0);
}

static void shadow_step(Shadow *s, BlockNode *node)
{
    uint64_t off, len;

    shadow_range(s, &off, &len);
    switch (g_test_rand_int_range(0, 10)) {
    case 0:
    case 1:
        memset(s->data + off, 0, len);
        g_assert_cmpint(
            node_write_zeroes(node, off, len,
                              g_test_rand_bit() ? BLOCK_REQ_MAY_UNMAP : 0),
            ==, 0);
        break;
    case 2:
        shadow_discard(s, node, off, len);
        break;
    default:
        shadow_fill(s, off, len);
        g_assert_cmpint(node_pwrite(node, off, s->data + off, len), ==, 0);
    }
}

/* ---- Random requests ---------------------------------------------------- */

static void test_random(gconstpointer data)
{
    const Config *c = data;
    g_autoptr(GByteArray) image = image_new(c);
    Shadow s = {};

    image_check_clean(image, c);
    for (int round = 0; round < 4; round++) {
        MemNode *m = mem_node_new(image->data, image->len);
        BlockNode *node = image_open(m, c, false);
        if (!round) {
            shadow_init(&s, c, node);
        }
        shadow_compare(&s, node);
        for (int i = 0; i < 60; i++) {
            shadow_step(&s, node);
            if (!g_test_rand_int_range(0, 15)) {
                g_assert_cmpint(node_flush(node), ==, 0);
            }
        }
        shadow_compare(&s, node);
        block_node_ref(&m->node);
        block_node_unref(node);
        g_byte_array_unref(image);
        image = g_byte_array_ref(m->data);
        block_node_unref(&m->node);
        image_check_clean(image, c);
    }
    g_free(s.data);
}

/* ---- Crashes ------------------------------------------------------------ */

typedef struct Flushed {
    unsigned at; /* length of the log when the flush had returned */
    uint8_t *data;
} Flushed;

typedef struct CrashRun {
    const Config *c;
    GByteArray *start;
    GArray *log;
    GArray *flushed; /* of Flushed */
    GArray *touched; /* uint64_t pairs (log position, sector) */
} CrashRun;

static void crash_note(CrashRun *r, unsigned at, const uint8_t *was,
                       const Shadow *s)
{
    for (uint64_t i = 0; i < s->size; i += 512) {
        if (memcmp(was + i, s->data + i, 512)) {
            uint64_t pair[2] = { at, i };
            g_array_append_vals(r->touched, pair, 2);
        }
    }
}

static void crash_record(CrashRun *r)
{
    MemNode *m = mem_node_new(r->start->data, r->start->len);
    Shadow s;

    mem_node_start_log(m);
    r->log = g_array_ref(m->log);
    BlockNode *node = image_open(m, r->c, false);
    shadow_init(&s, r->c, node);
    Flushed first = { 0, g_memdup2(s.data, s.size) };
    g_array_append_val(r->flushed, first);
    for (int i = 0; i < 30; i++) {
        g_autofree uint8_t *was = g_memdup2(s.data, s.size);
        unsigned at = m->log->len;
        shadow_step(&s, node);
        crash_note(r, at, was, &s);
        if (!g_test_rand_int_range(0, 6)) {
            g_assert_cmpint(node_flush(node), ==, 0);
            Flushed f = { m->log->len, g_memdup2(s.data, s.size) };
            g_array_append_val(r->flushed, f);
        }
    }
    block_node_unref(node);
    g_free(s.data);
}

/* Sectors that were not touched since the last flush before `at` hold what
 * they held then. A discard counts as a touch even if it changed nothing. */
static void crash_check_data(const CrashRun *r, unsigned at, BlockNode *node)
{
    const Flushed *f = NULL;
    g_autofree uint8_t *now = g_malloc(r->c->size);
    g_autofree bool *touched = g_new0(bool, r->c->size / 512 + 1);

    for (unsigned i = 0; i < r->flushed->len; i++) {
        const Flushed *g = &g_array_index(r->flushed, Flushed, i);
        f = g->at <= at ? g : f;
    }
    for (unsigned i = 0; i < r->touched->len; i += 2) {
        if (g_array_index(r->touched, uint64_t, i) >= f->at) {
            touched[g_array_index(r->touched, uint64_t, i + 1) / 512] = true;
        }
    }
    g_assert_cmpint(node_pread(node, 0, now, r->c->size), ==, 0);
    for (uint64_t i = 0; i < r->c->size; i += 512) {
        uint64_t n = MIN(512, r->c->size - i);
        g_assert_true(touched[i / 512] || !memcmp(now + i, f->data + i, n));
    }
}

/* The disk after a crash: the log up to n, less what skip names. */
static void crash_at(const CrashRun *r, unsigned n, const bool *skip)
{
    GByteArray *image = g_byte_array_new();
    BlockCheck result;

    g_byte_array_append(image, r->start->data, r->start->len);
    mem_log_replay(r->log, n, skip, image);
    if (!r->c->lazy) {
        image_check(image, r->c, &result);
        g_assert_cmpuint(result.corruptions, ==, 0);
        g_assert_cmpuint(result.errors, ==, 0);
    }
    MemNode *m = mem_node_new(image->data, image->len);
    BlockNode *node = image_open(m, r->c, false);
    crash_check_data(r, n, node);
    block_node_ref(&m->node);
    block_node_unref(node);
    image_check(m->data, r->c, &result);
    g_assert_cmpuint(result.corruptions, ==, 0);
    block_node_unref(&m->node);
    g_byte_array_unref(image);
}

/* Writes since the last flush may have reached the disk in any order. */
static void crash_reordered(const CrashRun *r, unsigned n)
{
    g_autofree bool *skip = g_new0(bool, n + 1);

    for (unsigned i = n; i > 0; i--) {
        if (!g_array_index(r->log, MemWrite, i - 1).data) {
            break;
        }
        skip[i - 1] = g_test_rand_bit();
    }
    crash_at(r, n, skip);
}

static void test_crash(gconstpointer data)
{
    CrashRun r = { .c = data };

    r.start = image_new(r.c);
    r.flushed = g_array_new(FALSE, FALSE, sizeof(Flushed));
    r.touched = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    crash_record(&r);
    unsigned step = MAX(1, r.log->len / 30);
    for (unsigned n = 0; n <= r.log->len; n += step) {
        crash_at(&r, n, NULL);
        crash_reordered(&r, n);
    }
    for (unsigned i = 0; i < r.flushed->len; i++) {
        g_free(g_array_index(r.flushed, Flushed, i).data);
    }
    g_array_unref(r.flushed);
    g_array_unref(r.touched);
    g_array_unref(r.log);
    g_byte_array_unref(r.start);
}

/* ---- Full disk ---------------------------------------------------------- */

static void test_full_disk(gconstpointer data)
{
    const Config *c = data;
    g_autoptr(GByteArray) image = image_new(c);
    MemNode *m = mem_node_new(image->data, image->len);
    BlockNode *node = image_open(m, c, false);
    g_autofree uint8_t *buf = g_malloc(c->size);
    g_autofree uint8_t *back = g_malloc(c->size);
    unsigned failed = 0;

    memset(buf, 0x77, c->size);
    m->limit = image->len + c->size / 2;
    for (uint64_t off = 0; off < c->size; off += 20480) {
        uint64_t len = MIN(20480, c->size - off);
        int ret = node_pwrite(node, off, buf + off, len);
        g_assert_true(ret == 0 || ret == -ENOSPC);
        failed += ret != 0;
    }
    g_assert_cmpuint(failed, >, 0);
    m->limit = UINT64_MAX; /* somebody made room */
    g_assert_cmpint(node_pwrite(node, 0, buf, c->size), ==, 0);
    g_assert_cmpint(node_flush(node), ==, 0);
    g_assert_cmpint(node_pread(node, 0, back, c->size), ==, 0);
    g_assert_true(!memcmp(buf, back, c->size));
    block_node_ref(&m->node);
    block_node_unref(node);
    image_check_clean(m->data, c);
    block_node_unref(&m->node);
}

/* ---- Repair ------------------------------------------------------------- */

/* An image with all its refcounts wrong is mended, and keeps its content. */
static void test_repair(gconstpointer data)
{
    const Config *c = data;
    g_autoptr(GByteArray) image = image_new(c);
    g_autoptr(GError) err = NULL;
    MemNode *m = mem_node_new(image->data, image->len);
    BlockNode *node = image_open(m, c, false);
    Shadow s;

    shadow_init(&s, c, node);
    for (int i = 0; i < 30; i++) {
        shadow_step(&s, node);
    }
    block_node_ref(&m->node);
    block_node_unref(node);
    /* The first refcount block stands behind the one-cluster table. */
    uint64_t block = 2 * c->cluster_size;
    for (uint32_t i = 0; i < c->cluster_size; i++) {
        m->data->data[block + i] ^= g_test_rand_int_range(0, 4) ? 0 : 1;
    }
    node = image_open(m, c, true);
    BlockCheck result = { .fix_leaks = true, .fix_errors = true };
    g_assert_true(node->driver->check(node, &result, &err));
    g_assert_no_error(err);
    block_node_ref(&m->node);
    block_node_unref(node);
    image_check_clean(m->data, c);
    node = image_open(m, c, false);
    shadow_compare(&s, node);
    block_node_unref(node);
    g_free(s.data);
}

/* ---- Damaged images ----------------------------------------------------- */

static void poke64(GByteArray *image, uint64_t off, uint64_t value)
{
    value = GUINT64_TO_BE(value);
    memcpy(image->data + off, &value, 8);
}

static uint64_t peek64(const GByteArray *image, uint64_t off)
{
    uint64_t value;

    memcpy(&value, image->data + off, 8);
    return GUINT64_FROM_BE(value);
}

static void expect_refused(GByteArray *image, const Config *c, const char *text)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GByteArray) before = g_byte_array_new();
    MemNode *m = mem_node_new(image->data, image->len);

    block_node_ref(&m->node);
    g_assert_null(image_try_open(m, c, false, false, &err));
    g_assert_nonnull(err);
    g_test_message("%s", err->message);
    g_assert_nonnull(strstr(err->message, text));
    g_assert_cmpmem(m->data->data, m->data->len, image->data, image->len);
    block_node_unref(&m->node);
}

static void test_refusals(void)
{
    const Config *c = &configs[0];
    static const struct {
        uint64_t off, value;
        const char *text;
    } cases[] = {
        { 0, 0x514649fb00000004, "version 4 is not supported" },
        { 16, 8, "cluster bits" },
        { 16, 30, "cluster bits" },
        { 24, UINT64_MAX, "disk size" },
        { 24, 1ull << 50, "L1 table is too small" },
        { 32, 0x0000000100000001, "encrypted" },
        { 40, 0x10, "L1 table offset" },
        { 40, 1ull << 40, "L1 table at 0x10000000000 lies outside" },
        { 48, 3 << 16, "overlaps" },
        { 48, 1ull << 40, "outside" },
        { 56, 0xffffffff00000000, "refcount table is too large" },
        { 56, 0x0000000100ffffff, "too many snapshots" },
        { 56, 0x0000000100000001, "snapshot table entry" },
        { 72, 2, "marked corrupt" },
        { 72, 4, "external data file" },
        { 72, 16, "extended L2" },
        { 72, 1ull << 40, "qcow2 feature '40'" },
        { 72, 8, "compression type" },
        { 96, 0x0000000700000070, "refcount order" },
        { 96, 0x00000004ffffffff, "header length" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) image = image_new(c);
        poke64(image, cases[i].off, cases[i].value);
        expect_refused(image, c, cases[i].text);
    }
}

/* An L2 entry that points at a table: the write is refused, the bit is set,
 * the tables stay as they are. */
static void test_no_write_through(void)
{
    const Config *c = &configs[0];
    g_autoptr(GByteArray) image = image_new(c);
    uint8_t buf[512] = { 1 };
    MemNode *m = mem_node_new(image->data, image->len);
    BlockNode *node = image_open(m, c, false);

    g_assert_cmpint(node_pwrite(node, 0, buf, 512), ==, 0);
    block_node_ref(&m->node);
    block_node_unref(node);
    uint64_t l1 = peek64(m->data, 40);
    uint64_t l2 = peek64(m->data, l1) & ~(1ull << 63);
    for (uint64_t target = 0; target <= l2; target += 65536) {
        MemNode *bad = mem_node_new(m->data->data, m->data->len);
        poke64(bad->data, l2, target | 1ull << 63);
        poke64(bad->data, l2 + 8, 1ull << 40 | 1ull << 63);
        block_node_ref(&bad->node);
        node = image_open(bad, c, false);
        if (target) {
            g_assert_cmpint(node_pwrite(node, 0, buf, 512), ==, -EIO);
        }
        g_assert_cmpint(node_pwrite(node, 65536, buf, 512), ==, -EIO);
        g_assert_cmpint(node_pwrite(node, 200000, buf, 512), ==, -EIO);
        g_assert_cmpint(node_flush(node), ==, -EIO);
        block_node_unref(node);
        g_assert_cmpuint(peek64(bad->data, 72) & 2, ==, 2);
        g_assert_cmpint(
            memcmp(bad->data->data + 80, m->data->data + 80, l2 - 80), ==, 0);
        block_node_unref(&bad->node);
    }
    block_node_unref(&m->node);
}

/* Whatever is in the tables: no crash, no endless loop. */
static void test_fuzz(gconstpointer data)
{
    const Config *c = data;
    g_autoptr(GByteArray) start = image_new(c);
    MemNode *m = mem_node_new(start->data, start->len);
    BlockNode *node = image_open(m, c, false);
    Shadow s;

    shadow_init(&s, c, node);
    for (int i = 0; i < 20; i++) {
        shadow_step(&s, node);
    }
    block_node_ref(&m->node);
    block_node_unref(node);
    g_autoptr(GByteArray) image = g_byte_array_ref(m->data);
    block_node_unref(&m->node);
    for (int round = 0; round < 60; round++) {
        MemNode *bad = mem_node_new(image->data, image->len);
        unsigned n = g_test_rand_int_range(1, 6);
        bool anywhere = g_test_rand_bit();
        while (n--) {
            uint64_t area =
                anywhere ? image->len : MIN(image->len, 6ull * c->cluster_size);
            uint64_t at = g_test_rand_int_range(0, area);
            at = g_test_rand_bit() ? at % 112 : at;
            bad->data->data[at] = g_test_rand_int();
        }
        bad->limit = 256 << 20;
        block_node_ref(&bad->node);
        node = image_try_open(bad, c, round % 4 == 0, round % 3 == 0, NULL);
        if (node && node_size(node) >= 1 << 20 && round % 3) {
            uint8_t buf[3000] = { 5 };
            for (int i = 0; i < 20; i++) {
                uint64_t off = g_test_rand_int_range(0, (1 << 20) - 3000);
                node_pwrite(node, off, buf, 3000);
                node_pread(node, off, buf, 3000);
                node_write_zeroes(node, off, 3000, 0);
            }
            node_flush(node);
        } else if (node) {
            BlockCheck result = { .fix_errors = round % 4 != 0,
                                  .fix_leaks = round % 4 != 0 };
            node->driver->check(node, &result, NULL);
        }
        block_node_unref(node);
        block_node_unref(&bad->node);
    }
    g_free(s.data);
}

/* ---- Resize ------------------------------------------------------------- */

static void test_resize(gconstpointer data)
{
    const Config *c = data;
    g_autoptr(GByteArray) image = image_new(c);
    g_autoptr(GError) err = NULL;
    MemNode *m = mem_node_new(image->data, image->len);
    BlockNode *node = image_open(m, c, false);
    uint64_t large = c->size * 3 + 512;
    uint64_t small = c->size / 1024 * 512 + 512;
    g_autofree uint8_t *buf = g_malloc(large);

    memset(buf, 0xee, c->size);
    g_assert_cmpint(node_pwrite(node, 0, buf, c->size), ==, 0);
    g_assert_true(node_truncate(node, small, &err));
    g_assert_true(node_truncate(node, large, &err));
    g_assert_no_error(err);
    block_node_ref(&m->node);
    block_node_unref(node);
    image_check_clean(m->data, c);
    node = image_open(m, c, false);
    g_assert_cmpuint(node_size(node), ==, large);
    g_assert_cmpint(node_pread(node, 0, buf, large), ==, 0);
    for (uint64_t i = 0; i < large; i++) {
        g_assert_cmpuint(buf[i], ==, i < small ? 0xee : 0);
    }
    block_node_unref(node);
}

static void add(const char *kind, const Config *c, GTestDataFunc func)
{
    g_autofree char *path =
        g_strdup_printf("/block/qcow2/%s/%s", kind, c->name);

    g_test_add_data_func(path, c, func);
}

int main(int argc, char **argv)
{
    /* Images come and go by the thousand: keep their memory. */
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(configs); i++) {
        add("random", &configs[i], test_random);
        if (configs[i].cluster_size <= 65536) {
            add("crash", &configs[i], test_crash);
        }
        add("full-disk", &configs[i], test_full_disk);
        add("resize", &configs[i], test_resize);
        add("fuzz", &configs[i], test_fuzz);
        if (configs[i].cluster_size >= 4096) {
            add("repair", &configs[i], test_repair);
        }
    }
    g_test_add_func("/block/qcow2/refusals", test_refusals);
    g_test_add_func("/block/qcow2/no-write-through", test_no_write_through);
    return g_test_run();
}
