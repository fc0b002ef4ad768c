/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: what options mean, and what errors say. */
#include <string.h>

#include "system/options.h"

static MachineConfig *parse(const char *line, GError **errp)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    g_autoptr(MachineConfig) c = config_new();

    if (!config_parse(c, (const char *const *)words, errp)) {
        return NULL;
    }
    return g_steal_pointer(&c);
}

/* ---- Errors ------------------------------------------------------------ */

typedef struct BadLine {
    const char *line;
    const char *message; /* part of it */
} BadLine;

static const BadLine bad_lines[] = {
    { "-memry 12", "-memry: unknown option" },
    { "-machin none", "did you mean '-machine'?" },
    { "--machin none", "did you mean '-machine'?" },
    { "-nographics", "did you mean '-nographic'?" },
    { "-zzzzzzzzz", "unknown option" },
    { "-m", "-m: needs an argument" },
    { "-M nnoe", "did you mean 'none'?" },
    { "-M none,usb=on", "usb=on is not implemented" },
    { "-M none,acpi=perhaps", "'perhaps'" },
    { "-M none,acip=off", "did you mean 'acpi'?" },
    { "-m 0", "-m 0: a memory size of 0" },
    { "-m 12Q", "'12Q'" },
    { "-m 1G,maxmem=512M", "maxmem= is smaller" },
    { "-m size=1G,slot=3", "did you mean 'slots'?" },
    { "-smp 0", "cpus=0" },
    { "-smp 4,sockets=3", "do not make" },
    { "-smp 4,maxcpus=2", "do not make" },
    { "-smp 4,soccets=1", "did you mean 'sockets'?" },
    { "-accel tgc", "did you mean 'tcg'?" },
    { "-M none,accel=kvn", "did you mean 'kvm'?" },
    { "-overcommit cpu-pn=on", "did you mean 'cpu-pm'?" },
    { "-overcommit mem-lock=maybe", "'maybe'" },
    { "-boot cc", "given twice" },
    { "-boot order=X", "'X' is not a boot device" },
    { "-boot ordr=c", "did you mean 'order'?" },
    { "-rtc base=yesterday", "base=yesterday" },
    { "-rtc base=2024-02-30", "base=2024-02-30" },
    { "-rtc base=utc,clock=hots", "did you mean 'host'?" },
    { "-uuid 123", "'123'" },
    { "-drive file=x,iff=ide", "did you mean 'if'?" },
    { "-drive file=x,if=vritio", "did you mean 'virtio'?" },
    { "-drive file=x,if=scsi", "SCSI disks are not implemented" },
    { "-drive file=x,media=tape", "'tape'" },
    { "-drive file=x,cache=noen", "did you mean 'none'?" },
    { "-drive file=x,werror=panic", "'panic'" },
    { "-drive file=x,index=1,unit=0", "exclude each other" },
    { "-drive file=x,aio=magic",
      "takes threads or native or io_uring, not 'magic'" },
    { "-drive file=x,readonly=maybe", "'maybe'" },
    { "-blockdev driver=raw,node-name=a", "file.filename=" },
    { "-blockdev driver=raw,file.filename=x", "node-name= is missing" },
    { "-blockdev node-name=a,filename=x", "driver= is missing" },
    { "-net user", "only none is" },
    { "-nic tap", "only none is" },
    { "-netdev user", "-netdev user: not implemented yet" },
    { "-mon chardev=a,mode=other", "neither readline nor control" },
    { "-mon mode=control", "chardev= is missing" },
    { "-mon chardev=a,mode=control,pretty=x", "pretty" },
    { "-mon mode=readline", "chardev= is missing" },
    { "-display sdl,gl=on", "not implemented yet" },
    { "-display gtkk", "did you mean 'gtk'?" },
    { "-device VGA,id=1a", "expects an identifier, not '1a'" },
    { "-drive file=x,id=a:b", "expects an identifier, not 'a:b'" },
    { "-blockdev driver=raw,node-name=,filename=x", "an identifier, not ''" },
    { "-q", "-q: unknown option (" },
    { "-vga stf", "did you mean 'std'?" },
    { "-sandbox on", "not implemented yet" },
    { "-device", "needs an argument" },
    { "-device no-such-device", "device 'no-such-device' is unknown" },
    { "-parallel stdio", "not implemented" },
    { "-echr x", "'x'" },
    { "-d guest_erors", "guest_errors" },
    { "-daemonize -nographic", "exclude each other" },
};

static void test_errors(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(bad_lines); i++) {
        g_autoptr(GError) err = NULL;
        g_autoptr(MachineConfig) c = parse(bad_lines[i].line, &err);

        if (c || !err || !strstr(err->message, bad_lines[i].message)) {
            g_test_message("%s: %s", bad_lines[i].line,
                           err ? err->message : "accepted");
            g_test_fail();
        }
    }
}

/* ---- Meanings ---------------------------------------------------------- */

typedef struct MemoryCase {
    const char *line;
    uint64_t size, max;
} MemoryCase;

static const MemoryCase memory_cases[] = {
    { "-m 2048", UINT64_C(2) << 30, UINT64_C(2) << 30 },
    { "-m 2G", UINT64_C(2) << 30, UINT64_C(2) << 30 },
    { "-m 512m", 512 << 20, 512 << 20 },
    { "-m 1024K", 1 << 20, 1 << 20 },
    { "--m size=1G,maxmem=4G,slots=2", 1 << 30, UINT64_C(4) << 30 },
    { "-m 1G -m 2G", UINT64_C(2) << 30, UINT64_C(2) << 30 },
};

static void test_memory(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(memory_cases); i++) {
        g_autoptr(MachineConfig) c = parse(memory_cases[i].line, NULL);

        g_assert_nonnull(c);
        g_assert_cmpuint(c->board.ram_size, ==, memory_cases[i].size);
        g_assert_cmpuint(c->board.ram_maxsize, ==, memory_cases[i].max);
    }
}

static void test_machine(void)
{
    g_autoptr(MachineConfig) c =
        parse("-machine none,accel=kvm:tcg,acpi=off -no-hpet -nodefaults "
              "-name box,process=p -uuid 12345678-9abc-def0-1234-56789abcdef0 "
              "-boot order=dc,menu=on,splash-time=5 -kernel k -append a -S "
              "-overcommit mem-lock=on,cpu-pm=on "
              "-no-reboot -rtc base=2024-02-29T12:30:00,clock=vm -L /x",
              NULL);

    g_assert_nonnull(c);
    g_assert_cmpstr(c->board_class->name, ==, "none");
    g_assert_cmpstr(c->board.accels[0], ==, "kvm");
    g_assert_cmpstr(c->board.accels[1], ==, "tcg");
    g_assert_null(c->board.accels[2]);
    g_assert_false(c->board.acpi);
    g_assert_false(c->board.hpet);
    g_assert_cmpstr(c->board.name, ==, "box");
    g_assert_cmpuint(c->board.uuid[0], ==, 0x12);
    g_assert_cmpuint(c->board.uuid[15], ==, 0xf0);
    g_assert_cmpstr(c->board.boot_order, ==, "dc");
    g_assert_true(c->board.boot_menu);
    g_assert_cmpint(c->board.boot_menu_timeout_ms, ==, 5);
    g_assert_true(c->start_paused);
    g_assert_true(c->no_reboot);
    g_assert_true(c->mem_lock);
    g_assert_cmpint(c->rtc.date_s, ==, 1709209800);
    g_assert_cmpint(c->rtc.clock, ==, RTC_CLOCK_VM);
    g_assert_cmpstr(c->board.search_dirs[0], ==, "/x");
}

typedef struct SmpCase {
    const char *line;
    unsigned cpus, maxcpus, sockets, cores, threads, dies;
} SmpCase;

static const SmpCase smp_cases[] = {
    { "-smp 1", 1, 1, 1, 1, 1, 1 },
    { "-smp cpus=1,sockets=1", 1, 1, 1, 1, 1, 1 },
    { "-smp sockets=1,cores=1,threads=1", 1, 1, 1, 1, 1, 1 },
    { "-smp 1,maxcpus=4", 1, 4, 1, 4, 1, 1 },
    { "-smp 1,maxcpus=8,threads=2", 1, 8, 1, 4, 2, 1 },
    { "-smp 1,maxcpus=8,sockets=2", 1, 8, 2, 4, 1, 1 },
    { "-smp 1,maxcpus=8,cores=2", 1, 8, 4, 2, 1, 1 },
    { "-smp 1,maxcpus=16,sockets=2,dies=2", 1, 16, 2, 4, 1, 2 },
};

/* -machine's word holds where -accel says nothing, in any order. */
static void test_irqchip(void)
{
    g_autoptr(MachineConfig) some =
        parse("-accel kvm,step=off -accel kvm,kernel-irqchip=off -accel tcg "
              "-machine kernel-irqchip=on",
              NULL);
    g_autoptr(MachineConfig) none =
        parse("-machine kernel-irqchip=split", NULL);
    const char *const *accels = some->board.accels;

    g_assert_cmpstr(accels[0], ==, "kvm,step=off,kernel-irqchip=on");
    g_assert_cmpstr(accels[1], ==, "kvm,kernel-irqchip=off");
    g_assert_cmpstr(accels[2], ==, "tcg");
    g_assert_true(some->board.accels_asked);
    g_assert_true(some->board.chips_leave);
    g_assert_cmpstr(none->board.accels[0], ==, "kvm,kernel-irqchip=split");
    g_assert_cmpstr(none->board.accels[1], ==, "tcg");
    g_assert_false(none->board.accels_asked);
    g_assert_false(none->board.chips_leave);
}

static void test_smp(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(smp_cases); i++) {
        const SmpCase *want = &smp_cases[i];
        g_autofree char *line = g_strdup_printf("-M none %s", want->line);
        g_autoptr(MachineConfig) c = parse(line, NULL);

        g_assert_nonnull(c);
        g_assert_cmpuint(c->board.cpus, ==, want->cpus);
        g_assert_cmpuint(c->board.maxcpus, ==, want->maxcpus);
        g_assert_cmpuint(c->board.sockets, ==, want->sockets);
        g_assert_cmpuint(c->board.cores, ==, want->cores);
        g_assert_cmpuint(c->board.threads, ==, want->threads);
        g_assert_cmpuint(c->board.dies, ==, want->dies);
    }
}

/* ---- Drives ------------------------------------------------------------ */

typedef struct DriveCase {
    const char *line;
    const char *ids[4]; /* after placing, in order of writing */
} DriveCase;

static const DriveCase drive_cases[] = {
    { "-hda a -cdrom b", { "ide0-hd0", "ide1-cd0" } },
    { "disk.img", { "ide0-hd0" } },
    { "-drive file=a -drive file=b -drive file=c",
      { "ide0-hd0", "ide0-hd1", "ide1-hd0" } },
    { "-drive a -hdb b -drive file=c", { "ide0-hd0", "ide0-hd1", "ide1-hd0" } },
    { "-drive file=a,if=virtio -drive file=b,if=virtio",
      { "virtio0", "virtio1" } },
    { "-drive file=a,if=none,id=x -drive file=b,if=ide,index=3,media=cdrom",
      { "x", "ide1-cd1" } },
    { "-drive file=a,bus=1,unit=1", { "ide1-hd1" } },
    { "-drive file=a,bus=1", { "ide1-hd0" } },
};

static void test_drives(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(drive_cases); i++) {
        const DriveCase *want = &drive_cases[i];
        g_autoptr(MachineConfig) c = parse(want->line, NULL);

        g_assert_nonnull(c);
        g_assert_true(drive_place(c->drives, BOARD_DRIVE_IDE, NULL));
        for (unsigned d = 0; d < c->drives->len; d++) {
            const DriveConfig *drive = c->drives->pdata[d];

            g_assert_cmpstr(drive->id, ==, want->ids[d]);
        }
    }
}

static void test_drive_conflicts(void)
{
    static const char *const lines[] = {
        "-hda a -hda b",
        "-drive file=a,index=1 -hdb b",
        "-drive file=a,if=none,id=x -drive file=b,if=none,id=x",
        "-drive file=a,bus=0,unit=0 -hda x",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(MachineConfig) c = parse(lines[i], NULL);
        g_autoptr(GError) err = NULL;

        g_assert_nonnull(c);
        g_assert_false(drive_place(c->drives, BOARD_DRIVE_IDE, &err));
        g_assert_nonnull(err);
    }
}

static void test_drive_options(void)
{
    g_autoptr(MachineConfig) c =
        parse("-drive a,,b.img,cache=none,werror=stop,serial=S1,readonly "
              "-drive file=x,media=cdrom,cache=unsafe,discard=unmap",
              NULL);
    const DriveConfig *a;
    const DriveConfig *b;

    g_assert_nonnull(c);
    a = c->drives->pdata[0];
    b = c->drives->pdata[1];
    g_assert_cmpstr(a->filename, ==, "a,b.img");
    g_assert_true(a->open.cache_direct && a->open.cache_writeback);
    g_assert_true(a->open.read_only);
    g_assert_cmpint(a->on_write, ==, BLOCK_ON_ERROR_STOP);
    g_assert_cmpstr(a->serial, ==, "S1");
    g_assert_true(b->cdrom && b->open.read_only);
    g_assert_true(b->open.cache_no_flush && b->open.discard);
    g_assert_cmpint(b->on_write, ==, BLOCK_ON_ERROR_ENOSPC);
}

/* ---- Help -------------------------------------------------------------- */

static void test_help(void)
{
    static const BadLine lines[] = {
        { "-help", "-nographic" },
        { "-h", "usage: emu" },
        { "--help -no-such-option", "usage: emu" },
        { "-version", "emu version" },
        { "-version -v", "glib" },
        { "-machine help", "none" },
        { "-M ?", "none" },
        { "-accel help", "tcg" },
        { "-chardev help", "socket" },
        { "-chardev socket,help", "telnet" },
        { "-drive help", "werror" },
        { "-vga help", "std" },
        { "-L help", "/usr/share/seabios" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(MachineConfig) c = parse(lines[i].line, NULL);

        g_assert_nonnull(c);
        g_assert_true(c->done);
        if (!strstr(c->output->str, lines[i].message)) {
            g_test_message("%s: %s", lines[i].line, c->output->str);
            g_test_fail();
        }
    }
}

/* Every row of the table can be found under its name and has a handler. */
static void test_table(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (const OptionRow *row = option_rows; row->name || row->help; row++) {
        if (!row->name) {
            continue;
        }
        g_assert_nonnull(row->handle);
        g_assert_true(g_hash_table_add(seen, (void *)row->name));
        if (row->alias) {
            g_assert_true(g_hash_table_add(seen, (void *)row->alias));
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/system/options/errors", test_errors);
    g_test_add_func("/system/options/memory", test_memory);
    g_test_add_func("/system/options/machine", test_machine);
    g_test_add_func("/system/options/irqchip", test_irqchip);
    g_test_add_func("/system/options/smp", test_smp);
    g_test_add_func("/system/options/drives", test_drives);
    g_test_add_func("/system/options/drive-conflicts", test_drive_conflicts);
    g_test_add_func("/system/options/drive-options", test_drive_options);
    g_test_add_func("/system/options/help", test_help);
    g_test_add_func("/system/options/table", test_table);
    return g_test_run();
}
