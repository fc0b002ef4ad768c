/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host files: locks between users, direct I/O with any alignment, and clear
 * refusals.
 */
#include "block/node.h"
#include "block/vec.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_SIZE 100000

typedef struct Fixture {
    char *path;
    BlockOpenOptions o;
} Fixture;

static void fixture_set_up(Fixture *f, gconstpointer data)
{
    /* O_DIRECT does not work on tmpfs, so not in /tmp. */
    f->path = g_strdup("/var/tmp/emu-test-XXXXXX");
    int fd = g_mkstemp(f->path);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, FILE_SIZE), ==, 0);
    close(fd);
    block_open_options_init(&f->o);
    f->o.filename = f->path;
    f->o.format = "raw";
}

static void fixture_tear_down(Fixture *f, gconstpointer data)
{
    g_unlink(f->path);
    g_free(f->path);
}

static void test_locks(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(BlockNode) writer = block_open(&f->o, &err);
    g_assert_nonnull(writer);

    g_assert_null(block_open(&f->o, &err));
    g_assert_error(err, EMU_ERROR, EMU_ERROR_BUSY);
    g_assert_nonnull(strstr(err->message, "Failed to get \"write\" lock"));
    g_assert_nonnull(
        strstr(err->message, "Is another process using the image ["));
    g_clear_error(&err);

    f->o.read_only = true;
    g_assert_null(block_open(&f->o, &err));
    g_assert_nonnull(strstr(err->message, "Failed to get shared \"write\""));
    g_clear_error(&err);

    f->o.force_share = true;
    g_autoptr(BlockNode) peek = block_open(&f->o, &err);
    g_assert_nonnull(peek);
}

static void test_readers_share(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;

    f->o.read_only = true;
    g_autoptr(BlockNode) one = block_open(&f->o, &err);
    g_autoptr(BlockNode) two = block_open(&f->o, &err);
    g_assert_nonnull(one);
    g_assert_nonnull(two);
    f->o.read_only = false;
    g_assert_null(block_open(&f->o, &err));
    g_assert_nonnull(strstr(err->message, "Failed to get \"write\" lock"));
}

/* Random pieces of any alignment against a shadow copy. */
static void check_random(BlockNode *node, unsigned rounds)
{
    uint64_t size = node_size(node);
    g_autofree uint8_t *shadow = g_malloc0(size);
    g_autofree uint8_t *buf = g_malloc(size);

    for (unsigned i = 0; i < rounds; i++) {
        uint64_t off = g_test_rand_int_range(0, size);
        uint64_t len = g_test_rand_int_range(1, MIN(size - off, 20000) + 1);
        if (g_test_rand_bit()) {
            memset(shadow + off, i, len);
            g_assert_cmpint(node_pwrite(node, off, shadow + off, len), ==, 0);
        } else {
            g_assert_cmpint(node_pread(node, off, buf, len), ==, 0);
            g_assert_cmpmem(buf, len, shadow + off, len);
        }
    }
    g_assert_cmpint(node_pread(node, 0, buf, size), ==, 0);
    g_assert_cmpmem(buf, size, shadow, size);
}

static void test_random(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;

    f->o.cache_direct = data != NULL;
    g_autoptr(BlockNode) node = block_open(&f->o, &err);
    if (!node && g_error_matches(err, EMU_ERROR, EMU_ERROR_UNSUPPORTED)) {
        g_test_skip("no O_DIRECT here");
        return;
    }
    g_assert_no_error(err);
    check_random(node, 300);
    /* The odd end of the file rounds up to a sector, not to a block. */
    g_assert_cmpuint(node_size(node->file), <=, (FILE_SIZE + 511) / 512 * 512);
}

static void test_refusals(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *name, *format, *text;
    } cases[] = {
        { "/nonexistent/x", "raw", "No such file or directory" },
        { "/", "raw", "" },
        { "nbd://host/x", "raw", "protocol 'nbd' is not supported" },
        { "json:{}", NULL, "protocol 'json' is not supported" },
        { "/dev/null", "raw", "neither a regular file nor a block device" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) err = NULL;
        f->o.filename = cases[i].name;
        f->o.format = cases[i].format;
        g_assert_null(block_open(&f->o, &err));
        g_assert_nonnull(err);
        g_assert_nonnull(strstr(err->message, cases[i].text));
    }
}

static void test_unknown_format(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;

    f->o.format = "rwa";
    g_assert_null(block_open(&f->o, &err));
    g_assert_nonnull(strstr(err->message, "did you mean 'raw'"));
}

static void test_foreign_format(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;

    g_assert_true(g_file_set_contents(f->path, "vhdxfile", 8, NULL));
    f->o.format = NULL;
    g_assert_null(block_open(&f->o, &err));
    g_assert_nonnull(strstr(err->message, "'vhdx', which is not supported"));
}

/* Leave no zeros that a forgotten initialisation could live on. */
static void __attribute__((noinline)) stack_dirty(void)
{
    volatile char junk[4096];

    for (unsigned i = 0; i < sizeof(junk); i++) {
        junk[i] = 0xa5;
    }
}

/* What is missing behind the host file's end reads as zeros. */
static void test_read_across_end(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(BlockNode) node = block_open(&f->o, &err);
    g_autofree char *buf = g_malloc(FILE_SIZE);
    struct iovec iov = { buf, FILE_SIZE };

    g_assert_nonnull(node);
    g_assert_cmpint(truncate(f->path, FILE_SIZE / 2), ==, 0);
    for (unsigned len = 1; len <= FILE_SIZE; len = len * 3 + 1) {
        memset(buf, 0xa5, FILE_SIZE);
        iov.iov_len = len;
        stack_dirty();
        g_assert_cmpint(node_preadv(node, FILE_SIZE - len, len, &iov, 1), ==,
                        0);
        g_assert_true(block_buffer_is_zero(buf, len));
    }
}

#define ADD(name, func, data)                                                  \
    g_test_add("/block/file/" name, Fixture, data, fixture_set_up, func,       \
               fixture_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("locks", test_locks, NULL);
    ADD("readers-share", test_readers_share, NULL);
    ADD("random", test_random, NULL);
    ADD("random-direct", test_random, "direct");
    ADD("read-across-end", test_read_across_end, NULL);
    ADD("refusals", test_refusals, NULL);
    ADD("unknown-format", test_unknown_format, NULL);
    ADD("foreign-format", test_foreign_format, NULL);
    return g_test_run();
}
