/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IDE from outside: registers at the legacy ports, bus-master DMA, packets;
 * the back ends are real files.
 */
#include "hw/ide/ide.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hw/ide/piix.h"
#include "tests/hw/harness.h"

enum {
    CMD = 0x1f0,
    CTL = 0x3f6,
    BM = 0xc000,
    IRQ = 40, /* primary; the secondary channel's is the next */
    DISK_SECTORS = 4096,
    CD_SECTORS = 200,
    DEVFN = PCI_DEVFN(1, 1),
    LIST = 0x1000, /* physical region descriptors */
    DATA = 0x10000,
};

typedef struct Fixture {
    Hw *hw;
    Device *ide, *disk, *cd;
    BlockBackend *blk[2];
    char *path[2];
    unsigned stops;
} Fixture;

static Fixture *current; /* find_block has no other way to it */

static BlockBackend *find_block(void *machine, const char *id)
{
    return !strcmp(id, "disk") ? current->blk[0]
           : !strcmp(id, "cd") ? current->blk[1]
                               : NULL;
}

static BlockNode *open_node(const char *path, bool read_only)
{
    g_autoptr(GError) err = NULL;
    BlockOpenOptions o;

    block_open_options_init(&o);
    o.filename = path;
    o.format = "raw";
    o.read_only = read_only;
    o.discard = true;
    BlockNode *node = block_open(&o, &err);
    g_assert_no_error(err);
    return node;
}

/* Sector n is filled with its number. */
static void make_backend(Fixture *f, unsigned i, const char *id, size_t unit,
                         unsigned count)
{
    g_autofree uint8_t *data = g_malloc(unit * count);

    for (unsigned n = 0; n < count; n++) {
        memset(data + n * unit, n * 7 + 1, unit);
        memcpy(data + n * unit, &n, sizeof(n));
    }
    int fd = g_file_open_tmp("emu-ide-XXXXXX", &f->path[i], NULL);
    g_assert_cmpint(write(fd, data, unit * count), ==, unit * count);
    close(fd);
    f->blk[i] = blk_new(id, open_node(f->path[i], i == 1));
}

static Device *plug(Fixture *f, const DeviceClass *class, const char *bus,
                    const char *drive)
{
    Bus *found = NULL;
    Device *dev = device_new(class, &f->hw->env);
    g_autoptr(GError) err = NULL;

    for (guint i = 0; i < f->ide->child_buses->len; i++) {
        Bus *b = f->ide->child_buses->pdata[i];
        found = !strcmp(b->name, bus) ? b : found;
    }
    g_assert_true(device_set_property(dev, "drive", drive, &err));
    device_realize(dev, found, &err);
    g_assert_no_error(err);
    return dev;
}

static void setup(Fixture *f, gconstpointer data)
{
    current = f;
    f->hw = hw_new();
    f->hw->env.find_block = find_block;
    make_backend(f, 0, "disk", 512, DISK_SECTORS);
    make_backend(f, 1, "cd", 2048, CD_SECTORS);
    f->ide = device_new(&piix3_ide_class.device, &f->hw->env);
    piix3_ide_wire(f->ide, &f->hw->io_root, hw_line(f->hw, IRQ),
                   hw_line(f->hw, IRQ + 1));
    g_assert_true(device_set_property(f->ide, "addr", "1.1", NULL));
    g_assert_true(device_realize(f->ide, &f->hw->pci.bus, NULL));
    f->disk = plug(f, &ide_hd_class, "ide.0", "disk");
    f->cd = plug(f, &ide_cd_class, "ide.1", "cd");
    device_reset(f->ide);
    hw_config_write(f->hw, DEVFN, 0x20, 4, BM);
    hw_config_write(f->hw, DEVFN, PCI_COMMAND, 2,
                    PCI_COMMAND_IO | PCI_COMMAND_MASTER);
}

static void teardown(Fixture *f, gconstpointer data)
{
    device_unref(f->disk);
    device_unref(f->cd);
    hw_remove(f->ide);
    for (unsigned i = 0; i < 2; i++) {
        blk_free(f->blk[i]);
        g_unlink(f->path[i]);
        g_free(f->path[i]);
    }
    hw_free(f->hw);
}

/* ---- Driving a channel: base is CMD or CMD - 80h ------------------------ */

static uint8_t wait_ready(Fixture *f, unsigned base)
{
    uint8_t status;

    while ((status = hw_inb(f->hw, base + 7)) & IDE_BSY) {
        g_main_context_iteration(NULL, TRUE);
    }
    return status;
}

static void wait_irq(Fixture *f, unsigned line)
{
    while (!f->hw->levels[line]) {
        g_main_context_iteration(NULL, TRUE);
    }
}

static void set_lba28(Fixture *f, uint32_t lba, uint8_t count)
{
    hw_outb(f->hw, CMD + 2, count);
    hw_outb(f->hw, CMD + 3, lba);
    hw_outb(f->hw, CMD + 4, lba >> 8);
    hw_outb(f->hw, CMD + 5, lba >> 16);
    hw_outb(f->hw, CMD + 6, 0xe0 | lba >> 24);
}

static void set_lba48(Fixture *f, uint64_t lba, uint16_t count)
{
    hw_outb(f->hw, CMD + 2, count >> 8);
    hw_outb(f->hw, CMD + 2, count);
    for (int i = 0; i < 3; i++) {
        hw_outb(f->hw, CMD + 3 + i, lba >> (24 + 8 * i));
        hw_outb(f->hw, CMD + 3 + i, lba >> (8 * i));
    }
    hw_outb(f->hw, CMD + 6, 0x40);
}

static void read_words(Fixture *f, unsigned base, void *buf, size_t len)
{
    uint16_t *w = buf;

    for (size_t i = 0; i < len / 2; i++) {
        w[i] = hw_inw(f->hw, base);
    }
}

static void write_words(Fixture *f, unsigned base, const void *buf, size_t len)
{
    const uint16_t *w = buf;

    for (size_t i = 0; i < len / 2; i++) {
        hw_outw(f->hw, base, w[i]);
    }
}

static void expect_sector(const uint8_t *buf, unsigned n)
{
    unsigned number;

    memcpy(&number, buf, sizeof(number));
    g_assert_cmpuint(number, ==, n);
    g_assert_cmpuint(buf[100], ==, (uint8_t)(n * 7 + 1));
}

/* ---- ATA ---------------------------------------------------------------- */

static void test_signature(Fixture *f, gconstpointer data)
{
    g_assert_cmphex(hw_inb(f->hw, CMD + 7), ==, 0x50);
    g_assert_cmphex(hw_inb(f->hw, CMD + 4), ==, 0);
    g_assert_cmphex(hw_inb(f->hw, CMD - 0x80 + 4), ==, 0x14);
    g_assert_cmphex(hw_inb(f->hw, CMD - 0x80 + 5), ==, 0xeb);
    hw_outb(f->hw, CMD + 6, 0xb0); /* drive 1 is absent */
    g_assert_cmphex(hw_inb(f->hw, CMD + 7), ==, 0);
    hw_outb(f->hw, CMD + 7, 0xec);
    g_assert_cmphex(hw_inb(f->hw, CMD + 7), ==, 0);
    hw_outb(f->hw, CTL, 4);
    g_assert_cmphex(hw_inb(f->hw, CTL) & 0x80, ==, 0);
    hw_outb(f->hw, CTL, 0);
    g_assert_cmphex(hw_inb(f->hw, CMD + 7), ==, 0x50);
    g_assert_cmphex(hw_inb(f->hw, CMD + 1), ==, 1);
}

static void test_identify(Fixture *f, gconstpointer data)
{
    uint16_t id[256];

    hw_outb(f->hw, CMD + 6, 0xa0);
    hw_outb(f->hw, CMD + 7, 0xec);
    g_assert_true(f->hw->levels[IRQ]);
    g_assert_cmphex(hw_inb(f->hw, CMD + 7), ==, 0x58);
    g_assert_false(f->hw->levels[IRQ]); /* the status read took it */
    read_words(f, CMD, id, 512);
    g_assert_cmphex(hw_inb(f->hw, CMD + 7), ==, 0x50);
    g_assert_cmpuint(id[60] | id[61] << 16, ==, DISK_SECTORS);
    g_assert_cmpuint(id[100], ==, DISK_SECTORS);
    g_assert_cmphex(id[27], ==, 'Q' << 8 | 'E');
    g_assert_cmphex(id[10], ==, 'Q' << 8 | 'M');
    g_assert_cmphex(id[83] & 1 << 10, !=, 0);
    hw_outb(f->hw, CMD - 0x80 + 7, 0xec); /* not of a packet device */
    g_assert_cmphex(hw_inb(f->hw, CMD - 0x80 + 7) & IDE_ERR, !=, 0);
    g_assert_cmphex(hw_inb(f->hw, CMD - 0x80 + 5), ==, 0xeb);
    hw_outb(f->hw, CMD - 0x80 + 7, 0xa1);
    read_words(f, CMD - 0x80, id, 512);
    g_assert_cmphex(id[0], ==, 0x85c0);
}

static void test_pio_read(Fixture *f, gconstpointer data)
{
    uint8_t buf[512];

    set_lba28(f, 1000, 3);
    hw_outb(f->hw, CMD + 7, 0x20);
    for (unsigned i = 0; i < 3; i++) {
        wait_irq(f, IRQ);
        g_assert_cmphex(wait_ready(f, CMD), ==, 0x58);
        if (i == 1) {
            hw_reload(f->disk); /* in the middle of a transfer */
            hw_reload(f->ide);
        }
        read_words(f, CMD, buf, 512);
        expect_sector(buf, 1000 + i);
    }
    g_assert_cmphex(wait_ready(f, CMD), ==, 0x50);
}

static void test_pio_write(Fixture *f, gconstpointer data)
{
    uint8_t buf[2048], back[2048];

    for (unsigned i = 0; i < sizeof(buf); i++) {
        buf[i] = i / 3;
    }
    hw_outb(f->hw, CMD + 2, 2); /* SET MULTIPLE */
    hw_outb(f->hw, CMD + 7, 0xc6);
    set_lba48(f, DISK_SECTORS - 4, 4);
    hw_outb(f->hw, CMD + 7, 0x39); /* WRITE MULTIPLE EXT */
    for (unsigned i = 0; i < 2; i++) {
        g_assert_cmphex(wait_ready(f, CMD), ==, 0x58);
        write_words(f, CMD, buf + i * 1024, 1024);
    }
    g_assert_cmphex(wait_ready(f, CMD), ==, 0x50);
    hw_outb(f->hw, CMD + 7, 0xea); /* FLUSH CACHE EXT */
    g_assert_cmphex(wait_ready(f, CMD), ==, 0x50);
    g_assert_cmpint(blk_read(f->blk[0], (DISK_SECTORS - 4) * 512, back, 2048),
                    ==, 0);
    g_assert_cmpmem(buf, 2048, back, 2048);
}

static void test_chs(Fixture *f, gconstpointer data)
{
    uint8_t buf[512];

    hw_outb(f->hw, CMD + 2, 1);
    hw_outb(f->hw, CMD + 3, 5); /* sector */
    hw_outb(f->hw, CMD + 4, 1); /* cylinder */
    hw_outb(f->hw, CMD + 5, 0);
    hw_outb(f->hw, CMD + 6, 0xa2); /* head 2 */
    hw_outb(f->hw, CMD + 7, 0x20);
    g_assert_cmphex(wait_ready(f, CMD), ==, 0x58);
    read_words(f, CMD, buf, 512);
    expect_sector(buf, (1 * 16 + 2) * 63 + 4);
}

static void test_out_of_range(Fixture *f, gconstpointer data)
{
    set_lba28(f, DISK_SECTORS - 1, 2);
    hw_outb(f->hw, CMD + 7, 0x20);
    g_assert_cmphex(wait_ready(f, CMD) & (IDE_ERR | IDE_DRQ), ==, IDE_ERR);
    g_assert_cmphex(hw_inb(f->hw, CMD + 1) & IDE_ERROR_IDNF, !=, 0);
    set_lba48(f, UINT64_C(0xffffffffffff), 0);
    hw_outb(f->hw, CMD + 7, 0x24);
    g_assert_cmphex(wait_ready(f, CMD) & (IDE_ERR | IDE_DRQ), ==, IDE_ERR);
    hw_outb(f->hw, CMD + 7, 0xff);
    g_assert_cmphex(hw_inb(f->hw, CMD + 1), ==, IDE_ERROR_ABRT);
}

/* ---- Bus master --------------------------------------------------------- */

static void put_prd(Fixture *f, unsigned i, uint32_t addr, uint32_t len,
                    bool last)
{
    hw_writel(f->hw, LIST + i * 8, addr);
    hw_writel(f->hw, LIST + i * 8 + 4, (len & 0xffff) | (uint32_t)last << 31);
}

static uint8_t run_dma(Fixture *f, unsigned channel, bool to_memory)
{
    unsigned bm = BM + channel * 8;

    hw_outb(f->hw, bm, to_memory ? 8 : 0);
    hw_outl(f->hw, bm + 4, LIST);
    hw_outb(f->hw, bm + 2, 0x66);
    hw_outb(f->hw, bm, to_memory ? 9 : 1);
    wait_irq(f, IRQ + channel);
    uint8_t status = hw_inb(f->hw, bm + 2);
    hw_outb(f->hw, bm, to_memory ? 8 : 0);
    return status;
}

static void test_dma_read(Fixture *f, gconstpointer data)
{
    put_prd(f, 0, DATA, 700, false); /* pieces that are no sectors */
    put_prd(f, 1, DATA + 4096, 1348, true);
    set_lba28(f, 77, 4);
    hw_outb(f->hw, CMD + 7, 0xc8);
    g_assert_cmphex(run_dma(f, 0, true) & 7, ==, 4);
    g_assert_cmphex(wait_ready(f, CMD), ==, 0x50);
    expect_sector(f->hw->ram->host + DATA, 77);
    expect_sector(f->hw->ram->host + DATA + 4096 + 3 * 512 - 700, 80);
}

/* More than one piece of the engine's, and 64 KiB descriptors. */
static void test_dma_large(Fixture *f, gconstpointer data)
{
    for (unsigned i = 0; i < 8; i++) {
        put_prd(f, i, DATA + i * 65536, 0, i == 7);
    }
    set_lba48(f, 100, 1024);
    hw_outb(f->hw, CMD + 7, 0x25);
    g_assert_cmphex(run_dma(f, 0, true) & 7, ==, 4);
    for (unsigned i = 0; i < 1024; i++) {
        expect_sector(f->hw->ram->host + DATA + i * 512, 100 + i);
    }
}

static void test_dma_write(Fixture *f, gconstpointer data)
{
    uint8_t back[1024];

    memset(f->hw->ram->host + DATA, 0xab, 1024);
    put_prd(f, 0, DATA, 1024, true);
    set_lba28(f, 9, 2);
    hw_outb(f->hw, CMD + 7, 0xca);
    g_assert_cmphex(run_dma(f, 0, false) & 7, ==, 4);
    g_assert_cmpint(blk_read(f->blk[0], 9 * 512, back, 1024), ==, 0);
    g_assert_cmpmem(back, 1024, f->hw->ram->host + DATA, 1024);
}

static void test_dma_nonsense(Fixture *f, gconstpointer data)
{
    put_prd(f, 0, 0xf0000000, 512, true); /* not memory */
    set_lba28(f, 0, 1);
    hw_outb(f->hw, CMD + 7, 0xc8);
    g_assert_cmphex(run_dma(f, 0, true) & 3, ==, 2);
    g_assert_cmphex(wait_ready(f, CMD) & IDE_ERR, !=, 0);
    /* Too short a list: the engine stops without an interrupt; a reset helps.
     */
    put_prd(f, 0, DATA, 256, true);
    set_lba28(f, 0, 1);
    hw_outb(f->hw, CMD + 7, 0xc8);
    hw_outl(f->hw, BM + 4, LIST);
    hw_outb(f->hw, BM, 9);
    g_assert_cmphex(hw_inb(f->hw, BM + 2) & 1, ==, 0);
    g_assert_false(f->hw->levels[IRQ]);
    hw_outb(f->hw, CTL, 4);
    hw_outb(f->hw, CTL, 0);
    g_assert_cmphex(wait_ready(f, CMD), ==, 0x50);
}

/* A reset while the back end works waits for it, then takes new commands. */
static void test_reset_in_flight(Fixture *f, gconstpointer data)
{
    uint8_t buf[512];

    set_lba28(f, 5, 1);
    hw_outb(f->hw, CMD + 7, 0x20);
    hw_outb(f->hw, CTL, 4);
    hw_outb(f->hw, CTL, 0);
    g_assert_cmphex(hw_inb(f->hw, CTL) & IDE_BSY, !=, 0);
    g_assert_cmphex(wait_ready(f, CMD), ==, 0x50);
    set_lba28(f, 6, 1);
    hw_outb(f->hw, CMD + 7, 0x20);
    g_assert_cmphex(wait_ready(f, CMD), ==, 0x58);
    read_words(f, CMD, buf, 512);
    expect_sector(buf, 6);
}

/* ---- A full host disk --------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

static void note_stop(void *opaque, BlockBackend *blk, BlockOp op, int err,
                      BlockErrorPolicy action)
{
    ((Fixture *)opaque)->stops += action == BLOCK_ON_ERROR_STOP;
}

/* Start a write of two sectors, for which there is no room. */
static void fill_disk(Fixture *f, bool dma)
{
    uint8_t *ram = f->hw->ram->host;

    signal(SIGXFSZ, SIG_IGN);
    limit_files(1 << 20);
    blk_set_error_hook(f->blk[0], note_stop, f);
    memset(ram + DATA, 0xcd, 1024);
    set_lba28(f, 3000, 2);
    if (dma) {
        put_prd(f, 0, DATA, 1024, true);
        hw_outb(f->hw, CMD + 7, 0xca);
        hw_outl(f->hw, BM + 4, LIST);
        hw_outb(f->hw, BM, 1);
    } else {
        hw_outb(f->hw, CMD + 7, 0x30);
        g_assert_cmphex(wait_ready(f, CMD), ==, 0x58);
        write_words(f, CMD, ram + DATA, 512);
    }
    while (!f->stops) {
        g_main_context_iteration(NULL, TRUE);
    }
    g_assert_cmphex(hw_inb(f->hw, CTL) & IDE_ERR, ==, 0);
}

static void make_room(Fixture *f)
{
    limit_files(RLIM_INFINITY);
    blk_resume(f->blk[0]);
}

static void test_full_dma(Fixture *f, gconstpointer data)
{
    uint8_t back[1024];

    fill_disk(f, true);
    make_room(f);
    wait_irq(f, IRQ);
    g_assert_cmphex(wait_ready(f, CMD), ==, 0x50);
    g_assert_cmpint(blk_read(f->blk[0], 3000 * 512, back, 1024), ==, 0);
    g_assert_cmpmem(back, 1024, f->hw->ram->host + DATA, 1024);
}

static void test_full_pio(Fixture *f, gconstpointer data)
{
    uint8_t back[1024];

    fill_disk(f, false);
    make_room(f);
    g_assert_cmphex(wait_ready(f, CMD), ==, 0x58);
    write_words(f, CMD, f->hw->ram->host + DATA, 512);
    g_assert_cmphex(wait_ready(f, CMD), ==, 0x50);
    g_assert_cmpint(blk_read(f->blk[0], 3000 * 512, back, 1024), ==, 0);
    g_assert_cmpmem(back, 1024, f->hw->ram->host + DATA, 1024);
}

/* What was not written before a reset stays unwritten. */
static void test_full_reset(Fixture *f, gconstpointer data)
{
    uint8_t back[512];

    fill_disk(f, false);
    hw_outb(f->hw, CTL, 4);
    hw_outb(f->hw, CTL, 0);
    g_assert_cmphex(wait_ready(f, CMD), ==, 0x50);
    make_room(f);
    blk_drain(f->blk[0]);
    g_assert_cmpint(blk_read(f->blk[0], 3000 * 512, back, 512), ==, 0);
    expect_sector(back, 3000);
}

/* Taken away while a request waits. */
static void test_full_unplug(Fixture *f, gconstpointer data)
{
    fill_disk(f, true);
    limit_files(RLIM_INFINITY);
}

static void test_trim(Fixture *f, gconstpointer data)
{
    uint8_t back[512];

    memset(f->hw->ram->host + DATA, 0, 512);
    f->hw->ram->host[DATA] = 16;
    f->hw->ram->host[DATA + 6] = 8; /* 8 sectors from 16 */
    put_prd(f, 0, DATA, 512, true);
    hw_outb(f->hw, CMD + 1, 1);
    set_lba48(f, 0, 1);
    hw_outb(f->hw, CMD + 7, 0x06);
    g_assert_cmphex(run_dma(f, 0, false) & 7, ==, 4);
    g_assert_cmphex(wait_ready(f, CMD), ==, 0x50);
    g_assert_cmpint(blk_read(f->blk[0], 16 * 512, back, 512), ==, 0);
    g_assert_cmpuint(back[100], ==, 0);
}

/* ---- ATAPI -------------------------------------------------------------- */

enum { CD = CMD - 0x80, CD_IRQ = IRQ + 1 };

static void send_packet(Fixture *f, const uint8_t *packet, uint16_t limit,
                        bool dma)
{
    hw_outb(f->hw, CD + 1, dma);
    hw_outb(f->hw, CD + 4, limit);
    hw_outb(f->hw, CD + 5, limit >> 8);
    hw_outb(f->hw, CD + 7, 0xa0);
    g_assert_cmphex(hw_inb(f->hw, CD + 7) & IDE_DRQ, !=, 0);
    g_assert_cmphex(hw_inb(f->hw, CD + 2) & 3, ==, IDE_REASON_CD);
    write_words(f, CD, packet, 12);
}

/* All pieces of a reply; returns its length. */
static size_t read_reply(Fixture *f, uint8_t *buf)
{
    size_t len = 0;
    uint8_t status;

    while ((status = wait_ready(f, CD)) & IDE_DRQ) {
        size_t n = hw_inb(f->hw, CD + 4) | hw_inb(f->hw, CD + 5) << 8;
        g_assert_cmphex(hw_inb(f->hw, CD + 2) & 3, ==, IDE_REASON_IO);
        read_words(f, CD, buf + len, n);
        len += n;
    }
    g_assert_cmphex(hw_inb(f->hw, CD + 2) & 3, ==, 3);
    return status & IDE_ERR ? SIZE_MAX : len;
}

static size_t packet(Fixture *f, const uint8_t *p, uint8_t *reply)
{
    send_packet(f, p, 0xfffe, false);
    return read_reply(f, reply);
}

static void test_inquiry(Fixture *f, gconstpointer data)
{
    uint8_t r[256];

    g_assert_cmpuint(packet(f, (uint8_t[12]){ 0x12, 0, 0, 0, 36 }, r), ==, 36);
    g_assert_cmphex(r[0], ==, 5);
    g_assert_cmpmem(r + 16, 11, "QEMU DVD-ROM", 11);
    g_assert_cmpuint(packet(f, (uint8_t[12]){ 0x12, 0, 0, 0, 8 }, r), ==, 8);
    g_assert_cmpuint(packet(f, (uint8_t[12]){ 0xff }, r), ==, SIZE_MAX);
    g_assert_cmpuint(packet(f, (uint8_t[12]){ 3, 0, 0, 0, 18 }, r), ==, 18);
    g_assert_cmphex(r[2], ==, 5);
    g_assert_cmphex(r[12], ==, 0x20);
}

static void test_cd_read(Fixture *f, gconstpointer data)
{
    g_autofree uint8_t *r = g_malloc(100 * 2352);
    const uint8_t read10[12] = { 0x28, 0, 0, 0, 0, 3, 0, 0, 60 };
    const uint8_t raw[12] = { 0xbe, 0, 0, 0, 0, 9, 0, 0, 30, 0xf8 };

    g_assert_cmpuint(packet(f, (uint8_t[12]){ 0x25 }, r), ==, 8);
    g_assert_cmpuint(r[3], ==, CD_SECTORS - 1);
    g_assert_cmphex(r[6] << 8 | r[7], ==, 2048);
    send_packet(f, read10, 3001, false); /* an odd limit: even pieces */
    g_assert_cmpuint(read_reply(f, r), ==, 60 * 2048);
    for (unsigned i = 0; i < 60; i++) {
        expect_sector(r + i * 2048, 3 + i);
    }
    g_assert_cmpuint(packet(f, raw, r), ==, 30 * 2352);
    expect_sector(r + 29 * 2352 + 16, 9 + 29);
    g_assert_cmpuint(
        packet(f, (uint8_t[12]){ 0x28, 0, 0, 0, 0, CD_SECTORS, 0, 0, 1 }, r),
        ==, SIZE_MAX);
}

static void test_cd_dma(Fixture *f, gconstpointer data)
{
    const uint8_t read12[12] = { 0xa8, 0, 0, 0, 0, 1, 0, 0, 0, 40 };

    put_prd(f, 0, DATA, 0, false);
    put_prd(f, 1, DATA + 65536, 40 * 2048 - 65536, true);
    send_packet(f, read12, 0, true);
    g_assert_cmphex(run_dma(f, 1, true) & 7, ==, 4);
    g_assert_cmphex(wait_ready(f, CD), ==, 0x50);
    for (unsigned i = 0; i < 40; i++) {
        expect_sector(f->hw->ram->host + DATA + i * 2048, 1 + i);
    }
    put_prd(f, 0, DATA, 36, true); /* a reply by DMA */
    send_packet(f, (uint8_t[12]){ 0x12, 0, 0, 0, 36 }, 0, true);
    g_assert_cmphex(run_dma(f, 1, true) & 7, ==, 4);
    g_assert_cmphex(f->hw->ram->host[DATA], ==, 5);
}

static void test_cd_toc(Fixture *f, gconstpointer data)
{
    uint8_t r[256];

    g_assert_cmpuint(
        packet(f, (uint8_t[12]){ 0x43, 0, 0, 0, 0, 0, 0, 0, 100 }, r), ==, 20);
    g_assert_cmpuint(r[14], ==, 0xaa);
    g_assert_cmpuint(r[19], ==, CD_SECTORS);
    g_assert_cmpuint(
        packet(f, (uint8_t[12]){ 0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 100 }, r), ==,
        28);
    g_assert_cmpuint(
        packet(f, (uint8_t[12]){ 0x46, 0, 0, 0, 0, 0, 0, 0, 100 }, r), ==, 40);
    g_assert_cmphex(r[7], ==, 8);
}

static void test_cd_change(Fixture *f, gconstpointer data)
{
    uint8_t r[256];
    const uint8_t events[12] = { 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8 };

    g_assert_cmpuint(packet(f, (uint8_t[12]){ 0 }, r), ==, 0);
    g_assert_cmpuint(packet(f, (uint8_t[12]){ 0x1e, 0, 0, 0, 1 }, r), ==, 0);
    g_assert_cmpuint(packet(f, (uint8_t[12]){ 0x1b, 0, 0, 0, 2 }, r), ==,
                     SIZE_MAX);
    /* A locked tray: the host asks, the guest hears of it and lets go. */
    g_assert_false(blk_request_eject(f->blk[1], NULL));
    g_assert_cmpuint(packet(f, events, r), ==, 8);
    g_assert_cmphex(r[4] << 8 | r[5], ==, 0x102);
    g_assert_cmpuint(packet(f, (uint8_t[12]){ 0x1e }, r), ==, 0);
    g_assert_true(blk_request_eject(f->blk[1], NULL));
    blk_set_node(f->blk[1], NULL);
    g_assert_cmpuint(packet(f, (uint8_t[12]){ 0 }, r), ==, SIZE_MAX);
    g_assert_cmpuint(packet(f, (uint8_t[12]){ 3, 0, 0, 0, 18 }, r), ==, 18);
    g_assert_cmphex(r[2] << 8 | r[12], ==, 0x23a);
    blk_set_node(f->blk[1], open_node(f->path[1], true));
    g_assert_cmpuint(packet(f, (uint8_t[12]){ 0 }, r), ==, SIZE_MAX);
    g_assert_cmpuint(packet(f, (uint8_t[12]){ 3, 0, 0, 0, 18 }, r), ==, 18);
    g_assert_cmphex(r[2] << 8 | r[12], ==, 0x628); /* medium may have changed */
    g_assert_cmpuint(packet(f, (uint8_t[12]){ 0 }, r), ==, 0);
    g_assert_cmpuint(packet(f, events, r), ==, 8);
    g_assert_cmphex(r[4] << 8 | r[5], ==, 0x202);
    g_assert_cmpuint(packet(f, events, r), ==, 8);
    g_assert_cmphex(r[4], ==, 0);
}

/* ---- Anything ----------------------------------------------------------- */

static void test_random(Fixture *f, gconstpointer data)
{
    for (unsigned i = 0; i < 200000; i++) {
        static const uint16_t ports[] = { CMD, CD, BM, BM + 8 };
        uint16_t port =
            ports[g_test_rand_int_range(0, 4)] + g_test_rand_int_range(0, 8);
        switch (g_test_rand_int_range(0, 8)) {
        case 0:
            hw_inb(f->hw, port);
            break;
        case 1:
            hw_inl(f->hw, port & ~7);
            break;
        case 2:
            hw_outl(f->hw, port & ~7, g_test_rand_int());
            break;
        case 3:
            hw_outb(f->hw, g_test_rand_bit() ? CTL : CTL - 0x80,
                    g_test_rand_int_range(0, 16) ? 0 : 4);
            break;
        case 4:
            hw_outl(f->hw, BM + 4, LIST + g_test_rand_int_range(0, 4096));
            break;
        case 5:
            g_main_context_iteration(NULL, FALSE);
            break;
        default:
            hw_outb(f->hw, port, g_test_rand_int());
            break;
        }
    }
    blk_drain(f->blk[0]);
    blk_drain(f->blk[1]);
}

#define ADD(name, func)                                                        \
    g_test_add("/hw/ide/" name, Fixture, NULL, setup, func, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("signature", test_signature);
    ADD("identify", test_identify);
    ADD("pio-read", test_pio_read);
    ADD("pio-write", test_pio_write);
    ADD("chs", test_chs);
    ADD("out-of-range", test_out_of_range);
    ADD("dma-read", test_dma_read);
    ADD("dma-large", test_dma_large);
    ADD("dma-write", test_dma_write);
    ADD("dma-nonsense", test_dma_nonsense);
    ADD("reset-in-flight", test_reset_in_flight);
    ADD("full-dma", test_full_dma);
    ADD("full-pio", test_full_pio);
    ADD("full-reset", test_full_reset);
    ADD("full-unplug", test_full_unplug);
    ADD("trim", test_trim);
    ADD("atapi/inquiry", test_inquiry);
    ADD("atapi/read", test_cd_read);
    ADD("atapi/dma", test_cd_dma);
    ADD("atapi/toc", test_cd_toc);
    ADD("atapi/change", test_cd_change);
    ADD("random", test_random);
    return g_test_run();
}
