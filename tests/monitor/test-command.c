/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on the empty board: parsing, answers, completion, and a session
 * over a socket. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <urcu.h>

#include "monitor/monitor.h"
#include "tests/monitor/start.h"

static char *run(Machine *m, const char *line)
{
    GString *out = g_string_new(NULL);

    command_run_line(m, NULL, 0, line, out);
    return g_string_free(out, FALSE);
}

typedef struct CommandCase {
    const char *line;
    const char *answer; /* part of it; "" for none at all */
} CommandCase;

static const CommandCase command_cases[] = {
    { "", "" },
    { "   ", "" },
    { "info status", "VM status: paused (prelaunch)\n" },
    { "info version", "0." },
    { "info name", "box\n" },
    { "info uuid", "12345678-9abc-def0-1234-56789abcdef0\n" },
    { "info kvm", "kvm support: disabled" },
    { "info chardev", "ring: filename=ringbuf" },
    { "info registers", "no processor" },
    { "info nosuch", "unknown command: 'info nosuch'\n" },
    { "info statu", "did you mean 'info status'?" },
    { "info", "info version" },
    { "info balloon", "No balloon device" },
    { "balloon 12", "No balloon device" },
    { "help", "system_powerdown" },
    { "help x", "x /fmt addr" },
    { "help info", "info mtree" },
    { "? quit", "quit|q" },
    { "help nosuch", "unknown command" },
    { "help info status", "info status  -- show the current VM status" },
    { "help info nosuch", "unknown command: 'info nosuch'" },
    { "nosuch", "unknown command: 'nosuch'" },
    { "system_rest", "did you mean 'system_reset'?" },
    { "stop extra", "extraneous characters" },
    { "print 1+2*3", "0x7\n" },
    { "p/d -5", "-5\n" },
    { "p /c 65", "'A'\n" },
    { "p /o 8", "010\n" },
    { "print $eip", "no processor" },
    { "print", "print: expr is missing\nTry \"help print\" for more" },
    { "print 1/0", "division by zero" },
    { "x /zz 0", "invalid char in format: 'z'" },
    { "xp /2xb 0", "Cannot access memory" },
    { "xp /999999999g 0", "at most" },
    { "mce 0 1 2 3 4", "mce: misc is missing" },
    { "mce 0 1 2 3 4 5", "invalid CPU index" },
    { "sendkey ctrl-alt-delet", "did you mean 'delete'?" },
    { "sendkey ctrl-alt-f1", "" },
    { "sendkey a -4", "held for" },
    { "screendump /tmp/x", "no display device" },
    { "eject nosuch", "no drive 'nosuch'" },
    { "change nosuch file", "no drive 'nosuch'" },
    { "change nosuch", "filename is missing" },
    { "device_add nosuch", "device 'nosuch' is unknown" },
    { "system_powerdown", "no power button" },
    { "system_wakeup", "not suspended" },
    { "nmi", "takes no NMI" },
    { "boot_set cd", "no boot order" },
    { "cpu 3", "invalid CPU index" },
    { "ringbuf_write ring \"hello\\n\"", "" },
    { "ringbuf_read ring 100", "hello" },
    { "ringbuf_read nosuch 100", "no chardev 'nosuch'" },
    { "log nosuch_item", "nosuch_item" },
    { "help \"quit", "closing quote" },
};

/* On a PC that has not run yet. */
static const CommandCase command_pc_cases[] = {
    { "info irq", "IRQ statistics for ioapic:\n" },
    { "info irq", "IRQ statistics for isa-i8259:\n" },
    { "info pic", "ioapic0: ver=0x20 id=0x00 sel=0x00\n" },
    { "info pic", "  pin 23 0x0000000000010000 dest=0 vec=0   active-hi edge  "
                  "masked fixed  physical\n  IRR 2\n" },
    { "info pic", "pic0: irr=" },
    { "info roms", "mem=rom name=\"bios-256k.bin\"\n" },
    { "info roms", "/rom@etc/acpi/tables size=0x" },
    { "info pci", "    IDE controller: PCI device 8086:7010\n" },
    { "info pci", "      BAR2: 32 bit memory at 0x" },
    { "info qtree", "addr 00:01.1, pci id 8086:7010 (sub 1af4:1100)\n" },
    { "info qtree", "    addr = 03.0\n" },
    { "info mtree", "(prio -1, i/o): pci\n" },
    { "info cpus", "* CPU #0: thread_id=" },
    { "info registers", "\nCPU#0\nEAX=00000000 " },
    { "info mem", "PG disabled\n" },
    { "info tlb", "PG disabled\n" },
    { "info block", "ide1-cd0: [not inserted]\n    Attached to:      ide.1/0\n"
                    "    Removable device: not locked, tray closed\n" },
    { "info balloon", "balloon: actual=128\n" },
    { "print $eip", "0xfff0\n" },
    { "xp /1i 0xfffffff0", "0xfffffff0:  ea 5b e0 00 f0           ljmpw" },
    { "eject ide1-cd0", "" },
    { "info block", "tray open\n" },
    { "change ide1-cd0 /nonexistent", "/nonexistent" },
    { "boot_set cd", "boot device list now set to cd\n" },
    { "boot_set cde", "no device 'e'" },
};

static void run_cases(Machine *m, const CommandCase *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const CommandCase *c = &cases[i];
        g_autofree char *answer = run(m, c->line);
        bool ok = *c->answer ? strstr(answer, c->answer) != NULL : !*answer;

        if (!ok) {
            g_test_message("%s: %s", c->line, answer);
            g_test_fail();
        }
    }
}

static void test_answers(void)
{
    Machine *m = machine_start(
        "-M none -nodefaults -name box -chardev ringbuf,id=ring,size=64 -uuid "
        "12345678-9abc-def0-1234-56789abcdef0");

    run_cases(m, command_cases, G_N_ELEMENTS(command_cases));
    machine_free(m);
}

static void test_pc_answers(void)
{
    if (!g_file_test("/usr/share/seabios/bios-256k.bin", G_FILE_TEST_EXISTS)) {
        g_test_skip("there is no SeaBIOS");
        return;
    }
    Machine *m = machine_start("-M pc -accel tcg,backend=interp -display none "
                               "-serial none -monitor none -S");

    run_cases(m, command_pc_cases, G_N_ELEMENTS(command_pc_cases));
    machine_free(m);
}

typedef struct CompleteCase {
    const char *line;
    size_t start;
    const char *words; /* joined by blanks */
} CompleteCase;

static const CompleteCase complete_cases[] = {
    { "sys", 0, "system_powerdown system_reset system_wakeup" },
    { "info st", 5, "status" },
    { "info m", 5, "mem mtree" },
    { "help boo", 5, "boot_set" },
    { "sendkey ctrl-alt-pg", 8, "ctrl-alt-pgdn ctrl-alt-pgup" },
    { "ringbuf_read r", 13, "ring" },
    { "eject -f d", 9, "disk" },
    { "screendump /de", 11, "/dev/" },
    { "nosuch x", 7, "" },
    { "stop x", 5, "" },
};

static void test_complete(void)
{
    Machine *m =
        machine_start("-M none -nodefaults -chardev "
                      "ringbuf,id=ring,size=64 -drive if=none,id=disk");

    for (unsigned i = 0; i < G_N_ELEMENTS(complete_cases); i++) {
        const CompleteCase *c = &complete_cases[i];
        size_t start;
        GPtrArray *words = command_complete(m, c->line, &start);
        g_autofree char *joined = NULL;

        g_ptr_array_add(words, NULL);
        joined = g_strjoinv(" ", (char **)words->pdata);
        g_assert_cmpstr(joined, ==, c->words);
        g_assert_cmpuint(start, ==, c->start);
        g_ptr_array_unref(words);
    }
    machine_free(m);
}

/* Every row: a handler, help, and no required argument behind an optional
 * word. */
static void check_table(const Command *table)
{
    for (; table->name; table++) {
        bool optional = false;

        g_assert_nonnull(table->run);
        g_assert_nonnull(table->help);
        for (const CommandArg *a = table->args; a->name; a++) {
            bool word = a->kind != ARG_FLAG && a->kind != ARG_FORMAT;

            g_assert_false(word && optional && !a->optional);
            optional |= word && a->optional;
        }
    }
}

static void test_tables(void)
{
    check_table(command_table);
    check_table(info_table);
}

static void wait_for(int fd, GString *got, const char *what)
{
    int64_t end = g_get_monotonic_time() + 2 * G_USEC_PER_SEC;

    while (!strstr(got->str, what)) {
        char buf[256];
        ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

        g_assert_cmpint(g_get_monotonic_time(), <, end);
        if (n > 0) {
            g_string_append_len(got, buf, n);
        }
        g_main_context_iteration(NULL, FALSE);
    }
}

static void test_session(void)
{
    int fds[2];
    g_autofree char *line = NULL;
    GString *got = g_string_new(NULL);
    Machine *m;
    Monitor *mon;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    line = g_strdup_printf("-M none -nodefaults -chardev socket,id=c,fd=%d "
                           "-mon c",
                           fds[0]);
    m = machine_start(line);
    g_assert_cmpuint(machine_monitors(m)->len, ==, 1);
    const MachineMonitor *place = machine_monitors(m)->pdata[0];

    mon = monitor_new(m, place->chr, NULL);
    wait_for(fds[1], got, "type 'help' for more information\r\n(qemu) ");
    g_assert_cmpint(write(fds[1], "info stat\t\rinfo history\n", 24), ==, 24);
    wait_for(fds[1], got, "VM status: paused (prelaunch)\r\n(qemu) ");
    wait_for(fds[1], got, "0: 'info status '\r\n");
    g_assert_cmpint(write(fds[1], "x\np\n", 4), ==, 4);
    wait_for(fds[1], got, "Error: x: addr is missing");
    close(fds[1]);
    monitor_free(mon);
    machine_free(m);
    g_string_free(got, TRUE);
}

/* quit ends the main loop with status 0. */
static void test_quit(void)
{
    Machine *m = machine_start("-M none -nodefaults");
    g_autofree char *answer = run(m, "quit");

    g_assert_cmpint(machine_run(m), ==, 0);
    machine_free(m);
}

int main(int argc, char **argv)
{
    int status;

    rcu_register_thread();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/monitor/command/answers", test_answers);
    g_test_add_func("/monitor/command/pc-answers", test_pc_answers);
    g_test_add_func("/monitor/command/complete", test_complete);
    g_test_add_func("/monitor/command/tables", test_tables);
    g_test_add_func("/monitor/command/session", test_session);
    g_test_add_func("/monitor/command/quit", test_quit);
    status = g_test_run();
    rcu_unregister_thread();
    return status;
}
