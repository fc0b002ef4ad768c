/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options with a grammar of their own, see values.h. */
#include "system/values.h"

#include "accel/accel.h"

#include <stdio.h>
#include <string.h>

#include "util/error.h"

/* ---- -m ---------------------------------------------------------------- */

static const KeyValKey memory_keys[] = {
    { "size", "SIZE", "memory at start; plain numbers are MiB" },
    { "maxmem", "SIZE", "limit for hot-plugged memory" },
    { "slots", "N", "slots for hot-plugged memory" },
    {},
};

bool values_parse_memory(MachineConfig *c, const char *text, GError **errp)
{
    g_autoptr(KeyVal) kv = keyval_parse(text, "size", errp);
    uint64_t size = c->board.ram_size;
    uint64_t slots = 0;
    uint64_t max;

    if (!kv || !keyval_check(kv, "memory", memory_keys, errp) ||
        !keyval_get_size(kv, "size", 1 << 20, &size, errp) ||
        !keyval_get_uint(kv, "slots", 256, &slots, errp)) {
        return false;
    }
    if (!size || size > UINT64_C(1) << 46) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "a memory size of %s is not possible",
                        keyval_get(kv, "size"));
    }
    size = (size + PAGE_SIZE - 1) & -PAGE_SIZE;
    max = size;
    if (!keyval_get_size(kv, "maxmem", 1 << 20, &max, errp)) {
        return false;
    }
    if (max < size) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "maxmem= is smaller than the memory at start");
    }
    c->board.ram_size = size;
    c->board.ram_maxsize = max & -PAGE_SIZE;
    c->board.ram_slots = slots;
    c->ram_given = true;
    return true;
}

/* ---- -smp -------------------------------------------------------------- */

static const KeyValKey smp_keys[] = {
    { "cpus", "N", "processors at start" },
    { "maxcpus", "N", "with those to be plugged in later" },
    { "sockets", "N", "sockets" },
    { "dies", "N", "dies a socket" },
    { "cores", "N", "cores a die" },
    { "threads", "N", "threads a core" },
    {},
};

enum { SMP_MAX = 1024 };

typedef struct SmpValues {
    uint64_t cpus, maxcpus, sockets, dies, cores, threads; /* 0: not given */
} SmpValues;

/* What was not given follows: threads and dies 1, then cores take up what the
 * sockets leave, as QEMU does since 6.2. */
static void smp_complete(SmpValues *v)
{
    uint64_t total = v->maxcpus ? v->maxcpus : v->cpus;

    v->threads = v->threads ? v->threads : 1;
    v->dies = v->dies ? v->dies : 1;
    if (!total) {
        v->sockets = v->sockets ? v->sockets : 1;
        v->cores = v->cores ? v->cores : 1;
        total = v->sockets * v->dies * v->cores * v->threads;
    } else if (!v->cores) {
        v->sockets = v->sockets ? v->sockets : 1;
        v->cores = total / (v->sockets * v->dies * v->threads);
    } else if (!v->sockets) {
        v->sockets = total / (v->dies * v->cores * v->threads);
    }
    v->maxcpus = total;
    v->cpus = v->cpus ? v->cpus : total;
}

static bool smp_get(const KeyVal *kv, const char *key, uint64_t *out,
                    GError **errp)
{
    if (!keyval_get_uint(kv, key, SMP_MAX, out, errp)) {
        return false;
    }
    if (keyval_has(kv, key) && !*out) {
        return emu_fail(errp, EMU_ERROR_INVALID, "%s=0 makes no sense", key);
    }
    return true;
}

bool values_parse_smp(MachineConfig *c, const char *text, GError **errp)
{
    g_autoptr(KeyVal) kv = keyval_parse(text, "cpus", errp);
    SmpValues v = {};

    if (!kv || !keyval_check(kv, "smp", smp_keys, errp) ||
        !smp_get(kv, "cpus", &v.cpus, errp) ||
        !smp_get(kv, "maxcpus", &v.maxcpus, errp) ||
        !smp_get(kv, "sockets", &v.sockets, errp) ||
        !smp_get(kv, "dies", &v.dies, errp) ||
        !smp_get(kv, "cores", &v.cores, errp) ||
        !smp_get(kv, "threads", &v.threads, errp)) {
        return false;
    }
    smp_complete(&v);
    if (v.sockets * v.dies * v.cores * v.threads != v.maxcpus ||
        v.cpus > v.maxcpus) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "sockets (%u) * dies (%u) * cores (%u) * threads (%u) "
                        "do not make %u processors",
                        (unsigned)v.sockets, (unsigned)v.dies,
                        (unsigned)v.cores, (unsigned)v.threads,
                        (unsigned)MAX(v.maxcpus, v.cpus));
    }
    c->board.cpus = v.cpus;
    c->board.maxcpus = v.maxcpus;
    c->board.sockets = v.sockets;
    c->board.dies = v.dies;
    c->board.cores = v.cores;
    c->board.threads = v.threads;
    return true;
}

/* ---- -rtc -------------------------------------------------------------- */

static const KeyValKey rtc_keys[] = {
    { "base", "utc|localtime|DATE", "what the clock shows at start (utc)" },
    { "clock", "host|rt|vm", "what moves it (host)" },
    { "driftfix", "none|slew", "accepted" },
    {},
};

static bool rtc_parse_date(const char *text, int64_t *out)
{
    int v[6] = { 0 };
    int used = 0;
    int n = sscanf(text, "%4d-%2d-%2d%nT%2d:%2d:%2d%n", &v[0], &v[1], &v[2],
                   &used, &v[3], &v[4], &v[5], &used);
    g_autoptr(GDateTime) date = NULL;

    if ((n != 3 && n != 6) || text[used]) {
        return false;
    }
    date = g_date_time_new_utc(v[0], v[1], v[2], v[3], v[4], v[5]);
    if (!date) {
        return false;
    }
    *out = g_date_time_to_unix(date);
    return true;
}

static bool rtc_parse_base(RtcConfig *rtc, const char *base, GError **errp)
{
    if (!base || !strcmp(base, "utc")) {
        rtc->base = RTC_BASE_UTC;
    } else if (!strcmp(base, "localtime")) {
        rtc->base = RTC_BASE_LOCAL;
    } else if (rtc_parse_date(base, &rtc->date_s)) {
        rtc->base = RTC_BASE_DATE;
    } else {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "base=%s is not utc, localtime, YYYY-MM-DD or "
                        "YYYY-MM-DDThh:mm:ss",
                        base);
    }
    return true;
}

static bool rtc_parse_clock(RtcConfig *rtc, const char *clock, GError **errp)
{
    static const char *const names[] = { "host", "rt", "vm" };

    for (unsigned i = 0; clock && i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(clock, names[i])) {
            rtc->clock = (RtcClock)i;
            return true;
        }
    }
    return !clock || keyval_fail_unknown(errp, "clock", clock, names,
                                         G_N_ELEMENTS(names));
}

bool values_parse_rtc(MachineConfig *c, const char *text, GError **errp)
{
    g_autoptr(KeyVal) kv = keyval_parse(text, NULL, errp);

    return kv && keyval_check(kv, "rtc", rtc_keys, errp) &&
           rtc_parse_base(&c->rtc, keyval_get(kv, "base"), errp) &&
           rtc_parse_clock(&c->rtc, keyval_get(kv, "clock"), errp);
}

/* ---- -boot ------------------------------------------------------------- */

static const KeyValKey boot_keys[] = {
    { "order", "LETTERS", "a: floppy, c: disk, d: CD-ROM, n: network" },
    { "once", "LETTERS", "the same, for the first boot only" },
    { "menu", "on|off", "firmware's boot menu (off)" },
    { "splash-time", "MILLISECONDS", "how long the menu waits" },
    { "reboot-timeout", "MILLISECONDS",
      "reboot so long after nothing could be booted; -1: never (-1)" },
    { "strict", "on|off", "try nothing beyond the order (off)" },
    {},
};

bool values_check_boot_order(const char *order, GError **errp)
{
    uint32_t seen = 0;

    for (const char *p = order; *p; p++) {
        if (*p < 'a' || *p > 'p') {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "'%c' is not a boot device", *p);
        }
        if (seen & 1u << (*p - 'a')) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "boot device '%c' is given twice", *p);
        }
        seen |= 1u << (*p - 'a');
    }
    return true;
}

static bool boot_parse_order(MachineConfig *c, const KeyVal *kv,
                             const char *key, const char **out, GError **errp)
{
    const char *order = keyval_get(kv, key);

    if (!order) {
        return true;
    }
    *out = config_keep(c, order);
    return values_check_boot_order(order, errp);
}

static bool boot_parse_retry(MachineConfig *c, const KeyVal *kv, GError **errp)
{
    uint64_t retry = 0;

    if (!keyval_has(kv, "reboot-timeout") ||
        !strcmp(keyval_get(kv, "reboot-timeout"), "-1")) {
        return true;
    }
    if (!keyval_get_uint(kv, "reboot-timeout", 65535, &retry, errp)) {
        return false;
    }
    c->board.boot_retry_ms = retry;
    return true;
}

bool values_parse_boot(MachineConfig *c, const char *text, GError **errp)
{
    g_autoptr(KeyVal) kv = keyval_parse(text, "order", errp);
    uint64_t timeout = 0;

    if (!kv || !keyval_check(kv, "boot", boot_keys, errp) ||
        !boot_parse_order(c, kv, "order", &c->board.boot_order, errp) ||
        !boot_parse_order(c, kv, "once", &c->board.boot_once, errp) ||
        !keyval_get_bool(kv, "menu", &c->board.boot_menu, errp) ||
        !keyval_get_bool(kv, "strict", &c->board.boot_strict, errp) ||
        !boot_parse_retry(c, kv, errp) ||
        !keyval_get_uint(kv, "splash-time", 65535, &timeout, errp)) {
        return false;
    }
    if (keyval_has(kv, "splash-time")) {
        c->board.boot_menu_timeout_ms = timeout;
    }
    return true;
}

/* ---- -overcommit -------------------------------------------------------- */

static const KeyValKey overcommit_keys[] = {
    { "mem-lock", "on|off", "keep all of the process in memory (off)" },
    { "cpu-pm", "on|off",
      "accepted: a processor that waits gives up its thread all the same" },
    {},
};

bool values_parse_overcommit(MachineConfig *c, const char *text, GError **errp)
{
    g_autoptr(KeyVal) kv = keyval_parse(text, NULL, errp);
    bool cpu_pm;

    return kv && keyval_check(kv, "overcommit", overcommit_keys, errp) &&
           keyval_get_bool(kv, "mem-lock", &c->mem_lock, errp) &&
           keyval_get_bool(kv, "cpu-pm", &cpu_pm, errp);
}

/* ---- -uuid ------------------------------------------------------------- */

bool values_parse_uuid(MachineConfig *c, const char *text, GError **errp)
{
    const char *p = text;

    if (!g_uuid_string_is_valid(text)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "'%s' does not have the form "
                        "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
                        text);
    }
    for (unsigned i = 0; i < 16; i++) {
        p += *p == '-';
        c->board.uuid[i] =
            g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]);
        p += 2;
    }
    c->board.uuid_set = true;
    return true;
}

/* ---- -accel ------------------------------------------------------------ */

static void accel_print_help(MachineConfig *c)
{
    g_string_append(c->output, "Accelerators supported:\n");
    for (unsigned i = 0; accel_classes[i]; i++) {
        g_string_append_printf(c->output, "%-5s %s\n", accel_classes[i]->name,
                               accel_classes[i]->summary);
    }
    c->done = true;
}

/* The first one that works is taken. */
bool values_parse_accel(MachineConfig *c, const char *text, GError **errp)
{
    g_autofree char *name = g_strndup(text, strcspn(text, ","));
    const char *options = text + strlen(name);

    if (!strcmp(name, "help") || !strcmp(name, "?")) {
        accel_print_help(c);
        return true;
    }
    const AccelClass *class = accel_class_find(name, errp);

    if (class && !strcmp(options, ",help")) {
        class->help(c->output);
        c->done = true;
    } else if (class) {
        g_ptr_array_add(c->accels, (void *)config_keep(c, text));
    }
    return class != NULL;
}

/* What -machine says of an accelerator, unless -accel did. */
static const char *accel_complete(MachineConfig *c, const char *spec)
{
    g_autofree char *name = g_strndup(spec, strcspn(spec, ","));

    if (!c->kernel_irqchip || strcmp(name, "kvm") ||
        strstr(spec, ",kernel-irqchip=")) {
        return spec;
    }
    g_autofree char *all =
        g_strdup_printf("%s,kernel-irqchip=%s", spec, c->kernel_irqchip);

    return config_keep(c, all);
}

void values_finish_accel(MachineConfig *c)
{
    GPtrArray *specs = c->accels;

    c->board.accels_asked = specs->len > 0;
    for (unsigned i = 0; !c->board.accels_asked && accel_classes[i]; i++) {
        g_ptr_array_add(specs, (void *)accel_classes[i]->name);
    }
    for (unsigned i = 0; i < specs->len; i++) {
        specs->pdata[i] = (void *)accel_complete(c, specs->pdata[i]);
    }
    g_ptr_array_add(specs, NULL);
    c->board.accels = (const char *const *)specs->pdata;
    c->board.chips_leave = !g_strcmp0(c->kernel_irqchip, "on");
}

/* "kvm:tcg": the first that works. */
static bool accel_parse_list(MachineConfig *c, const char *list, GError **errp)
{
    g_auto(GStrv) names = g_strsplit(list, ":", -1);

    for (unsigned i = 0; names[i]; i++) {
        if (!values_parse_accel(c, names[i], errp)) {
            return false;
        }
    }
    return true;
}

/* ---- -machine ---------------------------------------------------------- */

static const KeyValKey machine_keys[] = {
    { "type", "NAME", "the board, see -machine help" },
    { "accel", "NAME", "the accelerator, see -accel help" },
    { "kernel-irqchip", "on|off|split", "as of -accel kvm" },
    { "acpi", "on|off", "ACPI tables and power management (on)" },
    { "hpet", "on|off", "HPET (on)" },
    { "pit", "on|off", "8254 timer (on)" },
    { "usb", "off", "there is no USB yet" },
    { "vmport", "off|auto", "there is no VMware port" },
    { "smm", "on|off|auto",
      "system management mode (auto: if the accelerator has it)" },
    { "graphics", "on|off", "accepted" },
    { "mem-merge", "on|off", "accepted" },
    { "dump-guest-core", "on|off", "accepted" },
    { "firmware", "PATH", "as -bios" },
    { "kernel", "PATH", "as -kernel" },
    { "initrd", "PATH", "as -initrd" },
    { "append", "TEXT", "as -append" },
    {},
};

/* What a script may switch off that is not there anyway. */
static const char *const machine_absent[] = { "usb", "vmport" };

static void machine_print_help(MachineConfig *c)
{
    g_string_append(c->output, "Supported machines are:\n");
    for (unsigned i = 0; board_classes[i]; i++) {
        const BoardClass *b = board_classes[i];

        for (unsigned a = 0; b->aliases && b->aliases[a]; a++) {
            g_string_append_printf(c->output, "%-20s %s (alias of %s)\n",
                                   b->aliases[a], b->summary, b->name);
        }
        g_string_append_printf(c->output, "%-20s %s%s\n", b->name, b->summary,
                               b->is_default ? " (default)" : "");
    }
    c->done = true;
}

static bool machine_parse_type(MachineConfig *c, const char *name,
                               GError **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    if (!name) {
        return true;
    }
    c->board_class = board_class_find(name);
    if (c->board_class) {
        return true;
    }
    for (unsigned i = 0; board_classes[i]; i++) {
        const BoardClass *b = board_classes[i];

        g_ptr_array_add(names, (void *)b->name);
        for (unsigned a = 0; b->aliases && b->aliases[a]; a++) {
            g_ptr_array_add(names, (void *)b->aliases[a]);
        }
    }
    return keyval_fail_unknown(errp, "machine", name,
                               (const char *const *)names->pdata, names->len);
}

static bool machine_check_absent(const KeyVal *kv, GError **errp)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(machine_absent); i++) {
        const char *value = keyval_get(kv, machine_absent[i]);
        bool on = false;

        if (value && strcmp(value, "auto") &&
            (!keyval_get_bool(kv, machine_absent[i], &on, errp) || on)) {
            return on ? emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                                 "%s=on is not implemented yet",
                                 machine_absent[i])
                      : false;
        }
    }
    return true;
}

static bool machine_take_smm(MachineConfig *c, const KeyVal *kv, GError **errp)
{
    const char *value = keyval_get(kv, "smm");
    bool on = false;

    if (!value || !strcmp(value, "auto")) {
        c->board.smm = BOARD_AUTO;
        return true;
    }
    if (!keyval_get_bool(kv, "smm", &on, errp)) {
        return false;
    }
    c->board.smm = on ? BOARD_ON : BOARD_OFF;
    return true;
}

static bool machine_take_irqchip(MachineConfig *c, const KeyVal *kv,
                                 GError **errp)
{
    static const char *const values[] = { "on", "off", "split", NULL };
    const char *value = keyval_get(kv, "kernel-irqchip");

    if (value && !g_strv_contains(values, value)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "kernel-irqchip=%s: on, off or split", value);
    }
    c->kernel_irqchip = value ? config_keep(c, value) : c->kernel_irqchip;
    return true;
}

static void machine_take_text(MachineConfig *c, const KeyVal *kv,
                              const char *key, const char **out)
{
    const char *value = keyval_get(kv, key);

    if (value) {
        *out = config_keep(c, value);
    }
}

/* Keys that only the board knows. */
static bool machine_take_props(MachineConfig *c, const KeyVal *kv,
                               GError **errp)
{
    const BoardClass *board =
        c->board_class ? c->board_class : board_class_default();
    g_autoptr(GArray) keys = g_array_new(TRUE, FALSE, sizeof(KeyValKey));

    for (const KeyValKey *k = machine_keys; k->name; k++) {
        g_array_append_val(keys, *k);
    }
    for (unsigned i = 0; board->props && board->props[i]; i++) {
        const char *name = board->props[i];
        KeyValKey key = { name, "VALUE", "" };

        g_array_append_val(keys, key);
        if (keyval_has(kv, name)) {
            g_hash_table_insert(c->board.props, (void *)name,
                                (void *)config_keep(c, keyval_get(kv, name)));
        }
    }
    return keyval_check(kv, "machine", (const KeyValKey *)keys->data, errp);
}

bool values_parse_machine(MachineConfig *c, const char *text, GError **errp)
{
    g_autoptr(KeyVal) kv = keyval_parse(text, "type", errp);
    const char *accel;

    if (!kv) {
        return false;
    }
    if (!strcmp(text, "help") || !strcmp(text, "?")) {
        machine_print_help(c);
        return true;
    }
    if (!machine_parse_type(c, keyval_get(kv, "type"), errp) ||
        !machine_take_props(c, kv, errp) || !machine_check_absent(kv, errp) ||
        !machine_take_smm(c, kv, errp) || !machine_take_irqchip(c, kv, errp) ||
        !keyval_get_bool(kv, "acpi", &c->board.acpi, errp) ||
        !keyval_get_bool(kv, "hpet", &c->board.hpet, errp) ||
        !keyval_get_bool(kv, "pit", &c->board.pit, errp)) {
        return false;
    }
    machine_take_text(c, kv, "firmware", &c->board.firmware);
    machine_take_text(c, kv, "kernel", &c->board.kernel);
    machine_take_text(c, kv, "initrd", &c->board.initrd);
    machine_take_text(c, kv, "append", &c->board.append);
    accel = keyval_get(kv, "accel");
    return !accel || accel_parse_list(c, accel, errp);
}
