/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio disk, seen by a driver: every request, requests that make no
 * sense, and requests in flight while the device is reset, saved or out of
 * room. The back end is a real file.
 */
#include "hw/virtio/virtio.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "block/block.h"
#include "tests/hw/virtio-driver.h"

enum {
    T_IN = 0,
    T_OUT = 1,
    T_FLUSH = 4,
    T_GET_ID = 8,
    T_DISCARD = 11,
    T_WRITE_ZEROES = 13,
    S_OK = 0,
    S_IOERR = 1,
    S_UNSUPP = 2,

    SIZE = 16,
    SECTORS = 2048,
    HEADER = VIRT_DATA,
    STATUS = VIRT_DATA + 0x100,
    DATA = VIRT_DATA + 0x1000,
    TABLE = VIRT_DATA + 0x800,
};

typedef struct Fixture {
    Hw *hw;
    Device *dev;
    BlockBackend *blk;
    char *path;
    VirtDriver d;
    VirtRing ring;
    unsigned stops;
} Fixture;

static Fixture *current; /* find_block has no other way to it */

static BlockBackend *find_block(void *machine, const char *id)
{
    return current->blk;
}

static void note_stop(void *opaque, BlockBackend *blk, BlockOp op, int err,
                      BlockErrorPolicy action)
{
    ((Fixture *)opaque)->stops += action == BLOCK_ON_ERROR_STOP;
}

/* Sector n is filled with n + 1. */
static void make_disk(Fixture *f, bool read_only)
{
    g_autofree uint8_t *data = g_malloc(SECTORS * 512);
    g_autoptr(GError) err = NULL;
    BlockOpenOptions o;
    int fd = g_file_open_tmp("emu-blk-XXXXXX", &f->path, NULL);

    for (unsigned n = 0; n < SECTORS; n++) {
        memset(data + n * 512, n + 1, 512);
    }
    g_assert_cmpint(write(fd, data, SECTORS * 512), ==, SECTORS * 512);
    close(fd);
    block_open_options_init(&o);
    o.filename = f->path;
    o.format = "raw";
    o.read_only = read_only;
    o.discard = true;
    f->blk = blk_new("disk", block_open(&o, &err));
    g_assert_no_error(err);
    blk_set_error_hook(f->blk, note_stop, f);
}

static void fixture_start(Fixture *f, uint64_t features)
{
    g_assert_cmphex(virt_negotiate(&f->d, features), ==, 11);
    virt_ring_init(&f->ring, &f->d, 0, SIZE);
    virt_driver_ok(&f->d);
}

static void fixture_setup(Fixture *f, const char *options, bool read_only)
{
    g_autofree char *text =
        g_strdup_printf("virtio-blk-pci,addr=5,drive=disk%s", options);

    *f = (Fixture){ .hw = hw_new() };
    current = f;
    f->hw->env.find_block = find_block;
    make_disk(f, read_only);
    f->dev = hw_device(f->hw, text, NULL);
    virt_init(&f->d, f->hw, false);
    fixture_start(f, VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC);
}

static void fixture_clear(Fixture *f)
{
    hw_remove(f->dev);
    blk_free(f->blk);
    hw_free(f->hw);
    g_unlink(f->path);
    g_free(f->path);
}

/* ---- Requests ---------------------------------------------------------- */

static void put_header(Fixture *f, hwaddr at, uint32_t type, uint64_t sector)
{
    hw_writel(f->hw, at, type);
    hw_writel(f->hw, at + 4, 0);
    hw_writeq(f->hw, at + 8, sector);
    f->hw->ram->host[STATUS] = 0xee;
}

static bool to_device(uint32_t type)
{
    return type == T_OUT || type == T_DISCARD || type == T_WRITE_ZEROES;
}

/* Header, data (if len), status; not kicked. */
static unsigned add(Fixture *f, uint32_t type, uint64_t sector, uint32_t len)
{
    VirtBuffer buf[3] = { { HEADER, 16, false } };
    unsigned n = 1;

    put_header(f, HEADER, type, sector);
    if (len) {
        buf[n++] = (VirtBuffer){ DATA, len, !to_device(type) };
    }
    buf[n++] = (VirtBuffer){ STATUS, 1, true };
    return virt_add(&f->ring, buf, n);
}

/* The status; *written gets the used length. */
static uint8_t run(Fixture *f, uint32_t type, uint64_t sector, uint32_t len,
                   uint32_t *written)
{
    unsigned head = add(f, type, sector, len);

    virt_kick(&f->ring);
    *written = virt_wait(&f->ring, head);
    return f->hw->ram->host[STATUS];
}

static void assert_run(Fixture *f, uint32_t type, uint64_t sector, uint32_t len,
                       uint8_t status, uint32_t written)
{
    uint32_t got;

    g_assert_cmphex(run(f, type, sector, len, &got), ==, status);
    g_assert_cmpuint(got, ==, written);
}

static uint8_t *data_at(Fixture *f)
{
    return f->hw->ram->host + DATA;
}

static uint8_t disk_byte(Fixture *f, uint64_t sector)
{
    uint8_t byte[512];

    g_assert_cmpint(blk_read(f->blk, sector * 512, byte, 512), ==, 0);
    return byte[0];
}

static void test_config(void)
{
    Fixture f;

    fixture_setup(&f, ",physical_block_size=4096,queue-size=64", false);
    g_assert_cmpuint(virt_config(&f.d, 0, 4), ==, SECTORS);
    g_assert_cmpuint(virt_config(&f.d, 12, 4), ==, 62);  /* seg_max */
    g_assert_cmpuint(virt_config(&f.d, 20, 4), ==, 512); /* blk_size */
    g_assert_cmpuint(virt_config(&f.d, 24, 1), ==, 3);   /* exponent */
    fixture_clear(&f);
}

static void test_read_write(void)
{
    Fixture f;

    fixture_setup(&f, "", false);
    assert_run(&f, T_IN, 7, 1024, S_OK, 1025);
    g_assert_cmphex(data_at(&f)[0], ==, 8);
    g_assert_cmphex(data_at(&f)[1023], ==, 9);
    memset(data_at(&f), 0xaa, 512);
    assert_run(&f, T_OUT, SECTORS - 1, 512, S_OK, 1);
    g_assert_cmphex(disk_byte(&f, SECTORS - 1), ==, 0xaa);
    assert_run(&f, T_FLUSH, 0, 0, S_OK, 1);
    g_assert_cmphex(disk_byte(&f, SECTORS - 2), ==, (SECTORS - 1) & 0xff);
    fixture_clear(&f);
}

/* The framing is the driver's: header, data and status in any pieces. */
static void test_any_layout(void)
{
    Fixture f;
    VirtBuffer out[] = { { HEADER, 10, false },
                         { HEADER + 10, 6, false },
                         { DATA, 100, false },
                         { DATA + 100, 412, false },
                         { STATUS, 1, true } };
    VirtBuffer in[] = { { HEADER, 16, false },
                        { DATA, 300, true },
                        { DATA + 300, 213, true } }; /* status at its end */

    fixture_setup(&f, "", false);
    memset(data_at(&f), 0x77, 512);
    put_header(&f, HEADER, T_OUT, 3);
    virt_wait(&f.ring, (virt_add(&f.ring, out, 5), virt_kick(&f.ring), 0));
    g_assert_cmphex(f.hw->ram->host[STATUS], ==, S_OK);
    g_assert_cmphex(disk_byte(&f, 3), ==, 0x77);
    memset(data_at(&f), 0, 513);
    put_header(&f, HEADER, T_IN, 3);
    data_at(&f)[512] = 0xee;
    g_assert_cmpuint(
        virt_wait(&f.ring, (virt_add(&f.ring, in, 3), virt_kick(&f.ring), 5)),
        ==, 513);
    g_assert_cmphex(data_at(&f)[511], ==, 0x77);
    g_assert_cmphex(data_at(&f)[512], ==, S_OK);
    fixture_clear(&f);
}

static void test_indirect(void)
{
    Fixture f;
    VirtBuffer buf[] = { { HEADER, 16, false },
                         { DATA, 512, true },
                         { STATUS, 1, true } };

    fixture_setup(&f, "", false);
    put_header(&f, HEADER, T_IN, 40);
    virt_wait(&f.ring, (virt_add_indirect(&f.ring, TABLE, buf, 3),
                        virt_kick(&f.ring), 0));
    g_assert_cmphex(data_at(&f)[0], ==, 41);
    fixture_clear(&f);
}

static void test_get_id(void)
{
    Fixture f;

    fixture_setup(&f, ",serial=abcdefghijklmnopqrstuvwxyz", false);
    assert_run(&f, T_GET_ID, 0, 20, S_OK, 21);
    g_assert_cmpmem(data_at(&f), 20, "abcdefghijklmnopqrst", 20);
    assert_run(&f, T_GET_ID, 0, 4, S_OK, 5);
    fixture_clear(&f);
}

static void put_range(Fixture *f, uint64_t sector, uint32_t count,
                      uint32_t flags)
{
    hw_writeq(f->hw, DATA, sector);
    hw_writel(f->hw, DATA + 8, count);
    hw_writel(f->hw, DATA + 12, flags);
}

static void test_discard_and_zero(void)
{
    Fixture f;

    fixture_setup(&f, "", false);
    put_range(&f, 16, 8, 0);
    assert_run(&f, T_WRITE_ZEROES, 0, 16, S_OK, 1);
    put_range(&f, 64, 8, 1); /* may unmap */
    assert_run(&f, T_WRITE_ZEROES, 0, 16, S_OK, 1);
    g_assert_cmphex(disk_byte(&f, 15), ==, 16);
    g_assert_cmphex(disk_byte(&f, 16), ==, 0);
    g_assert_cmphex(disk_byte(&f, 23), ==, 0);
    g_assert_cmphex(disk_byte(&f, 24), ==, 25);
    g_assert_cmphex(disk_byte(&f, 64), ==, 0);
    put_range(&f, 128, 128, 0);
    assert_run(&f, T_DISCARD, 0, 16, S_OK, 1);
    g_assert_cmphex(disk_byte(&f, 127), ==, 128);
    g_assert_cmphex(disk_byte(&f, 256), ==, 1);
    /* No such flags, no room, no range. */
    put_range(&f, 0, 8, 1);
    assert_run(&f, T_DISCARD, 0, 16, S_UNSUPP, 1);
    put_range(&f, 0, 8, 2);
    assert_run(&f, T_WRITE_ZEROES, 0, 16, S_UNSUPP, 1);
    put_range(&f, SECTORS - 1, 2, 0);
    assert_run(&f, T_WRITE_ZEROES, 0, 16, S_IOERR, 1);
    put_range(&f, UINT64_MAX, 2, 0);
    assert_run(&f, T_DISCARD, 0, 16, S_IOERR, 1);
    put_range(&f, 0, 0, 0);
    assert_run(&f, T_DISCARD, 0, 16, S_IOERR, 1);
    put_range(&f, 0, UINT32_MAX, 0);
    assert_run(&f, T_DISCARD, 0, 16, S_UNSUPP, 1);
    assert_run(&f, T_DISCARD, 0, 15, S_UNSUPP, 1);
    assert_run(&f, T_DISCARD, 0, 32, S_UNSUPP, 1);
    g_assert_cmphex(disk_byte(&f, 0), ==, 1);
    fixture_clear(&f);
}

/* ---- Requests that make no sense --------------------------------------- */

static void test_bad_requests(void)
{
    Fixture f;

    fixture_setup(&f, "", false);
    assert_run(&f, T_IN, SECTORS, 512, S_IOERR, 1);
    assert_run(&f, T_IN, SECTORS - 1, 1024, S_IOERR, 1);
    assert_run(&f, T_OUT, UINT64_MAX, 512, S_IOERR, 1);
    assert_run(&f, T_OUT, UINT64_MAX / 512, 1024, S_IOERR, 1);
    assert_run(&f, T_IN, 0, 511, S_IOERR, 1);
    assert_run(&f, T_IN, 0, 513, S_IOERR, 1);
    assert_run(&f, T_IN, 0, 0, S_IOERR, 1);
    assert_run(&f, T_OUT, 0, 0, S_IOERR, 1);
    assert_run(&f, 99, 0, 512, S_UNSUPP, 1);
    assert_run(&f, UINT32_MAX, 0, 0, S_UNSUPP, 1);
    assert_run(&f, T_GET_ID, 0, 0, S_OK, 1);
    assert_run(&f, T_IN, 0, 512, S_OK, 513); /* and it lives */
    fixture_clear(&f);
}

static void check_breaks(Fixture *f, const VirtBuffer *buf, unsigned n)
{
    virt_add(&f->ring, buf, n);
    virt_kick(&f->ring);
    g_assert_cmphex(virt_status(&f->d), ==, 15 | 64);
    fixture_start(f, VIRTIO_F_VERSION_1);
    assert_run(f, T_IN, 0, 512, S_OK, 513);
}

static void test_bad_chains(void)
{
    Fixture f;
    const VirtBuffer no_status[] = { { HEADER, 16, false } };
    const VirtBuffer no_header[] = { { DATA, 512, true } };
    const VirtBuffer short_header[] = { { HEADER, 15, false },
                                        { STATUS, 1, true } };
    const VirtBuffer outside[] = { { HEADER, 16, false },
                                   { HW_RAM_SIZE - 256, 512, true },
                                   { STATUS, 1, true } };

    fixture_setup(&f, "", false);
    put_header(&f, HEADER, T_IN, 0);
    check_breaks(&f, no_status, 1);
    check_breaks(&f, no_header, 1);
    check_breaks(&f, short_header, 2);
    check_breaks(&f, outside, 3);
    fixture_clear(&f);
}

static void test_read_only(void)
{
    Fixture f;

    fixture_setup(&f, "", true);
    g_assert_true(virt_offered(&f.d) & (1 << 5));
    g_assert_false(virt_offered(&f.d) & (3 << 13));
    assert_run(&f, T_OUT, 0, 512, S_IOERR, 1);
    put_range(&f, 0, 8, 0);
    assert_run(&f, T_WRITE_ZEROES, 0, 16, S_IOERR, 1);
    assert_run(&f, T_DISCARD, 0, 16, S_IOERR, 1);
    assert_run(&f, T_FLUSH, 0, 0, S_OK, 1);
    assert_run(&f, T_IN, 0, 512, S_OK, 513);
    g_assert_cmphex(data_at(&f)[0], ==, 1);
    fixture_clear(&f);
}

/* ---- Interrupts -------------------------------------------------------- */

static void test_event_index(void)
{
    Fixture f;

    fixture_setup(&f, "", false);
    fixture_start(&f, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX);
    assert_run(&f, T_GET_ID, 0, 20, S_OK, 21);
    g_assert_cmphex(virt_read_isr(&f.d), ==, 1);
    virt_ram16_set(f.hw, f.ring.avail + 4 + 2 * SIZE, 2);
    assert_run(&f, T_GET_ID, 0, 20, S_OK, 21);
    g_assert_cmphex(virt_read_isr(&f.d), ==, 0);
    assert_run(&f, T_GET_ID, 0, 20, S_OK, 21);
    g_assert_cmphex(virt_read_isr(&f.d), ==, 1);
    g_assert_cmpuint(virt_ram16(f.hw, f.ring.used + 4 + 8 * SIZE), ==, 3);
    fixture_clear(&f);
}

static void select_vector(Fixture *f, uint16_t vector)
{
    space_store(f->hw->env.memory, f->d.common + 0x16, 2, 0);
    space_store(f->hw->env.memory, f->d.common + 0x1a, 2, vector);
}

static void test_vectors(void)
{
    Fixture f;
    uint64_t got;

    fixture_setup(&f, ",vectors=3", false);
    virt_enable_msix(&f.d);
    fixture_start(&f, VIRTIO_F_VERSION_1);
    assert_run(&f, T_GET_ID, 0, 20, S_OK, 21);
    g_assert_cmpuint(f.hw->msis, ==, 1);
    g_assert_cmphex(f.hw->msi_data, ==, 0x41);
    select_vector(&f, 2);
    assert_run(&f, T_GET_ID, 0, 20, S_OK, 21);
    g_assert_cmphex(f.hw->msi_data, ==, 0x42);
    select_vector(&f, 3); /* there is none */
    space_load(f.hw->env.memory, f.d.common + 0x1a, 2, &got);
    g_assert_cmphex(got, ==, VIRTIO_NO_VECTOR);
    assert_run(&f, T_GET_ID, 0, 20, S_OK, 21);
    g_assert_cmpuint(f.hw->msis, ==, 2);
    fixture_clear(&f);
}

/* ---- In flight --------------------------------------------------------- */

static void settle(Fixture *f)
{
    blk_drain(f->blk);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

static void test_reset_in_flight(void)
{
    Fixture f;
    uint32_t head, len;

    fixture_setup(&f, "", false);
    for (unsigned i = 0; i < 3; i++) {
        add(&f, T_IN, i, 512);
    }
    virt_kick(&f.ring);
    virt_set_status(&f.d, 0);
    g_assert_cmphex(virt_status(&f.d), !=, 0); /* it waits */
    settle(&f);
    g_assert_cmphex(virt_status(&f.d), ==, 0);
    g_assert_false(virt_used(&f.ring, &head, &len));
    fixture_start(&f, VIRTIO_F_VERSION_1);
    assert_run(&f, T_IN, 5, 512, S_OK, 513);
    g_assert_cmphex(data_at(&f)[0], ==, 6);
    fixture_clear(&f);
}

static void test_unplug_in_flight(void)
{
    Fixture f;

    fixture_setup(&f, "", false);
    add(&f, T_IN, 0, 512);
    virt_kick(&f.ring);
    fixture_clear(&f);
}

/* What the device had when it was saved is done after the load. */
static void test_reload_in_flight(void)
{
    Fixture f;
    unsigned head;
    uint32_t got, len;

    fixture_setup(&f, "", false);
    assert_run(&f, T_IN, 1, 512, S_OK, 513);
    memset(data_at(&f), 0x5a, 512);
    head = add(&f, T_OUT, 9, 512);
    virt_kick(&f.ring);
    hw_reload(f.dev);
    settle(&f);
    g_assert_false(virt_used(&f.ring, &got, &len)); /* of the life before */
    f.hw->ram->host[STATUS] = 0xee;
    hw_advance(f.hw, 1);
    g_assert_cmpuint(virt_wait(&f.ring, head), ==, 1);
    g_assert_cmphex(f.hw->ram->host[STATUS], ==, S_OK);
    g_assert_cmphex(disk_byte(&f, 9), ==, 0x5a);
    assert_run(&f, T_IN, 1, 512, S_OK, 513);
    fixture_clear(&f);
}

/* ---- A full host disk -------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

static unsigned fill_disk(Fixture *f)
{
    unsigned head;

    limit_files(1024 * 512);
    memset(data_at(f), 0x33, 512);
    head = add(f, T_OUT, SECTORS - 4, 512);
    virt_kick(&f->ring);
    while (!f->stops) {
        g_main_context_iteration(NULL, TRUE);
    }
    settle(f);
    return head;
}

static void test_full(void)
{
    Fixture f;
    unsigned head;
    uint32_t got, len;

    fixture_setup(&f, "", false); /* enospc, as the drive has it */
    head = fill_disk(&f);
    g_assert_false(virt_used(&f.ring, &got, &len));
    blk_resume(f.blk); /* still full */
    settle(&f);
    g_assert_cmpuint(f.stops, ==, 2);
    limit_files(RLIM_INFINITY);
    blk_resume(f.blk);
    g_assert_cmpuint(virt_wait(&f.ring, head), ==, 1);
    g_assert_cmphex(f.hw->ram->host[STATUS], ==, S_OK);
    g_assert_cmphex(disk_byte(&f, SECTORS - 4), ==, 0x33);
    fixture_clear(&f);
}

static void test_full_report(void)
{
    Fixture f;

    fixture_setup(&f, ",werror=report", false);
    limit_files(1024 * 512);
    assert_run(&f, T_OUT, SECTORS - 4, 512, S_IOERR, 1);
    limit_files(RLIM_INFINITY);
    g_assert_cmpuint(f.stops, ==, 0);
    fixture_clear(&f);
    fixture_setup(&f, ",werror=ignore", false);
    limit_files(1024 * 512);
    assert_run(&f, T_OUT, SECTORS - 4, 512, S_OK, 1);
    limit_files(RLIM_INFINITY);
    fixture_clear(&f);
}

/* Reset, saved or unplugged while a request waits for room. */
static void test_full_reset(void)
{
    Fixture f;

    fixture_setup(&f, "", false);
    fill_disk(&f);
    virt_set_status(&f.d, 0);
    settle(&f);
    limit_files(RLIM_INFINITY);
    g_assert_cmphex(virt_status(&f.d), ==, 0);
    blk_resume(f.blk);
    settle(&f);
    g_assert_cmphex(disk_byte(&f, SECTORS - 4), !=, 0x33);
    fixture_start(&f, VIRTIO_F_VERSION_1);
    assert_run(&f, T_IN, 0, 512, S_OK, 513);
    fixture_clear(&f);
}

static void test_full_reload(void)
{
    Fixture f;
    unsigned head;

    fixture_setup(&f, "", false);
    head = fill_disk(&f);
    hw_reload(f.dev);
    limit_files(RLIM_INFINITY);
    f.hw->ram->host[STATUS] = 0xee;
    hw_advance(f.hw, 1);
    g_assert_cmpuint(virt_wait(&f.ring, head), ==, 1);
    g_assert_cmphex(f.hw->ram->host[STATUS], ==, S_OK);
    fixture_clear(&f);
}

static void test_full_unplug(void)
{
    Fixture f;

    fixture_setup(&f, "", false);
    fill_disk(&f);
    limit_files(RLIM_INFINITY);
    fixture_clear(&f);
}

static void test_bad_properties(void)
{
    Fixture f;
    g_autofree char *error = NULL;

    fixture_setup(&f, "", false);
    error =
        hw_device_error(f.hw, "virtio-blk-pci,drive=disk,rerror=enospc", NULL);
    g_assert_nonnull(strstr(error, "rerror"));
    g_free(error);
    error = hw_device_error(f.hw, "virtio-blk-pci,drive=disk", NULL);
    g_assert_nonnull(strstr(error, "in use"));
    g_free(error);
    error =
        hw_device_error(f.hw, "virtio-blk-pci,drive=disk,werror=maybe", NULL);
    g_assert_nonnull(strstr(error, "werror"));
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGXFSZ, SIG_IGN);
    g_test_add_func("/virtio-blk/config", test_config);
    g_test_add_func("/virtio-blk/read-write", test_read_write);
    g_test_add_func("/virtio-blk/any-layout", test_any_layout);
    g_test_add_func("/virtio-blk/indirect", test_indirect);
    g_test_add_func("/virtio-blk/get-id", test_get_id);
    g_test_add_func("/virtio-blk/discard-and-zero", test_discard_and_zero);
    g_test_add_func("/virtio-blk/bad-requests", test_bad_requests);
    g_test_add_func("/virtio-blk/bad-chains", test_bad_chains);
    g_test_add_func("/virtio-blk/read-only", test_read_only);
    g_test_add_func("/virtio-blk/event-index", test_event_index);
    g_test_add_func("/virtio-blk/vectors", test_vectors);
    g_test_add_func("/virtio-blk/reset-in-flight", test_reset_in_flight);
    g_test_add_func("/virtio-blk/unplug-in-flight", test_unplug_in_flight);
    g_test_add_func("/virtio-blk/reload-in-flight", test_reload_in_flight);
    g_test_add_func("/virtio-blk/full", test_full);
    g_test_add_func("/virtio-blk/full-report", test_full_report);
    g_test_add_func("/virtio-blk/full-reset", test_full_reset);
    g_test_add_func("/virtio-blk/full-reload", test_full_reload);
    g_test_add_func("/virtio-blk/full-unplug", test_full_unplug);
    g_test_add_func("/virtio-blk/bad-properties", test_bad_properties);
    return g_test_run();
}
