/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of options and what each does to the config, see options.h. */
#include "system/options.h"

#include <string.h>

#include "chardev/chardev.h"
#include "system/devices.h"
#include "system/profile/profile.h"
#include "system/values.h"
#include "system/version.h"
#include "util/error.h"
#include "util/log.h"

/* ---- Handlers: the machine --------------------------------------------- */

static bool option_accel(MachineConfig *c, const char *arg, GError **errp)
{
    return values_parse_accel(c, arg, errp);
}

static bool option_enable_kvm(MachineConfig *c, const char *arg, GError **errp)
{
    return values_parse_accel(c, "kvm", errp);
}

static bool option_cpu(MachineConfig *c, const char *arg, GError **errp)
{
    c->board.cpu_model = config_keep(c, arg);
    if (!strcmp(arg, "help") || !strcmp(arg, "?")) {
        devices_print_cpu_help(c->output);
        c->done = true;
        return true;
    }
    return devices_check_cpu(arg, errp);
}

static bool option_name(MachineConfig *c, const char *arg, GError **errp)
{
    static const KeyValKey keys[] = {
        { "guest", "TEXT", "name of the guest" },
        { "process", "TEXT", "name of the process" },
        { "debug-threads", "on|off", "accepted" },
        {},
    };
    g_autoptr(KeyVal) kv = keyval_parse(arg, "guest", errp);

    if (!kv || !keyval_check(kv, "name", keys, errp)) {
        return false;
    }
    c->board.name = config_keep(c, keyval_get(kv, "guest"));
    g_free(c->process_name);
    c->process_name = g_strdup(keyval_get(kv, "process"));
    return true;
}

static bool option_bios(MachineConfig *c, const char *arg, GError **errp)
{
    c->board.firmware = config_keep(c, arg);
    return true;
}

static bool option_search_dir(MachineConfig *c, const char *arg, GError **errp)
{
    if (!strcmp(arg, "help")) {
        for (unsigned i = 0; version_data_dirs[i]; i++) {
            g_string_append_printf(c->output, "%s\n", version_data_dirs[i]);
        }
        c->done = true;
        return true;
    }
    g_ptr_array_add(c->search_dirs, (void *)config_keep(c, arg));
    return true;
}

static bool option_kernel(MachineConfig *c, const char *arg, GError **errp)
{
    c->board.kernel = config_keep(c, arg);
    return true;
}

static bool option_initrd(MachineConfig *c, const char *arg, GError **errp)
{
    c->board.initrd = config_keep(c, arg);
    return true;
}

static bool option_append(MachineConfig *c, const char *arg, GError **errp)
{
    c->board.append = config_keep(c, arg);
    return true;
}

static bool option_no_acpi(MachineConfig *c, const char *arg, GError **errp)
{
    c->board.acpi = false;
    return true;
}

static bool option_no_hpet(MachineConfig *c, const char *arg, GError **errp)
{
    c->board.hpet = false;
    return true;
}

/* ---- Handlers: devices and drives -------------------------------------- */

static bool option_device(MachineConfig *c, const char *arg, GError **errp)
{
    KeyVal *opts = keyval_parse(arg, "driver", errp);
    DeviceConfig *dev;

    if (!opts) {
        return false;
    }
    if (devices_print_help(opts, c->output)) {
        keyval_free(opts);
        c->done = true;
        return true;
    }
    dev = g_new0(DeviceConfig, 1);
    dev->opts = opts;
    dev->text = g_strdup(arg);
    g_ptr_array_add(c->devices, dev);
    return devices_check(opts, errp);
}

static bool option_object(MachineConfig *c, const char *arg, GError **errp)
{
    KeyVal *opts = keyval_parse(arg, "qom-type", errp);
    ObjectConfig *object;

    if (!opts) {
        return false;
    }
    if (objects_print_help(opts, c->output)) {
        keyval_free(opts);
        c->done = true;
        return true;
    }
    object = object_config_new(opts, arg, errp);
    if (!object) {
        return false;
    }
    g_ptr_array_add(c->objects, object);
    return true;
}

static bool option_drive(MachineConfig *c, const char *arg, GError **errp)
{
    DriveConfig *drive;

    if (!strcmp(arg, "help")) {
        keyval_print_keys(drive_keys, c->output);
        c->done = true;
        return true;
    }
    drive = drive_config_parse(arg, errp);
    if (!drive) {
        return false;
    }
    g_ptr_array_add(c->drives, drive);
    return true;
}

static bool option_blockdev(MachineConfig *c, const char *arg, GError **errp)
{
    BlockNodeConfig *node = block_node_config_parse(arg, errp);

    if (!node) {
        return false;
    }
    g_ptr_array_add(c->nodes, node);
    return true;
}

static bool option_disk(MachineConfig *c, const char *option, const char *file,
                        int index)
{
    g_ptr_array_add(c->drives, drive_config_new(option, file, index, false));
    return true;
}

static bool option_hda(MachineConfig *c, const char *arg, GError **errp)
{
    return option_disk(c, "-hda", arg, 0);
}

static bool option_hdb(MachineConfig *c, const char *arg, GError **errp)
{
    return option_disk(c, "-hdb", arg, 1);
}

static bool option_hdc(MachineConfig *c, const char *arg, GError **errp)
{
    return option_disk(c, "-hdc", arg, 2);
}

static bool option_hdd(MachineConfig *c, const char *arg, GError **errp)
{
    return option_disk(c, "-hdd", arg, 3);
}

static bool option_cdrom(MachineConfig *c, const char *arg, GError **errp)
{
    g_ptr_array_add(c->drives, drive_config_new("-cdrom", arg, 2, true));
    return true;
}

static bool option_snapshot(MachineConfig *c, const char *arg, GError **errp)
{
    c->snapshot = true;
    return true;
}

static bool option_net(MachineConfig *c, const char *arg, GError **errp)
{
    if (!strcmp(arg, "none")) {
        return true;
    }
    return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                    "networks are not implemented yet; only none is");
}

/* ---- Handlers: display and character devices --------------------------- */

static bool option_nographic(MachineConfig *c, const char *arg, GError **errp)
{
    c->nographic = true;
    return true;
}

static bool option_display(MachineConfig *c, const char *arg, GError **errp)
{
    static const char *const names[] = { "none", "curses",      "dbus",
                                         "gtk",  "sdl",         "spice-app",
                                         "vnc",  "egl-headless" };
    g_autofree char *name = g_strndup(arg, strcspn(arg, ",="));

    if (!strcmp(arg, "none")) {
        c->display_given = true;
        return true;
    }
    if (!strcmp(arg, "help")) {
        g_string_append(c->output, "Available display backend types:\nnone\n");
        c->done = true;
        return true;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(name, names[i])) {
            continue;
        }
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "displays are not implemented yet; there are -display "
                        "none, -nographic and the monitor's screendump");
    }
    return keyval_fail_unknown(errp, "display", name, names,
                               G_N_ELEMENTS(names));
}

typedef struct VgaName {
    const char *name;
    const char *class; /* device class, NULL: none */
} VgaName;

static const VgaName vga_names[] = { { "std", "VGA" }, { "none", NULL } };

static bool option_vga(MachineConfig *c, const char *arg, GError **errp)
{
    const char *names[G_N_ELEMENTS(vga_names)];

    for (unsigned i = 0; i < G_N_ELEMENTS(vga_names); i++) {
        names[i] = vga_names[i].name;
        if (!strcmp(arg, names[i])) {
            c->board.vga = vga_names[i].class;
            c->vga_given = true;
            return true;
        }
    }
    if (!strcmp(arg, "help")) {
        g_string_append(c->output, "none   no graphic card\n"
                                   "std    standard VGA (default)\n");
        c->done = true;
        return true;
    }
    return keyval_fail_unknown(errp, "graphic card", arg, names,
                               G_N_ELEMENTS(names));
}

static bool option_chardev(MachineConfig *c, const char *arg, GError **errp)
{
    g_autofree char *backend = g_strndup(arg, strcspn(arg, ","));

    if (!strcmp(arg, "help") || g_str_has_suffix(arg, ",help")) {
        chardev_help(backend, c->output);
        c->done = true;
        return true;
    }
    g_ptr_array_add(c->chardevs, g_strdup(arg));
    return true;
}

static bool option_serial(MachineConfig *c, const char *arg, GError **errp)
{
    if (c->serials->len == BOARD_SERIAL_PORTS) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "there are %d serial ports at most",
                        BOARD_SERIAL_PORTS);
    }
    g_ptr_array_add(c->serials, g_strdup(arg));
    return true;
}

static bool option_parallel(MachineConfig *c, const char *arg, GError **errp)
{
    if (strcmp(arg, "none") && strcmp(arg, "null")) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "parallel ports are not implemented; only none is");
    }
    return true;
}

static bool option_debugcon(MachineConfig *c, const char *arg, GError **errp)
{
    g_ptr_array_add(c->debugcons, g_strdup(arg));
    return true;
}

static MonitorConfig *option_add_monitor(MachineConfig *c)
{
    MonitorConfig *mon = g_new0(MonitorConfig, 1);

    c->monitor_given = true;
    g_ptr_array_add(c->monitors, mon);
    return mon;
}

/* On "none" there is none. */
static bool option_place_monitor(MachineConfig *c, const char *place,
                                 MonitorMode mode, bool pretty)
{
    c->monitor_given = true;
    if (strcmp(place, "none")) {
        MonitorConfig *mon = option_add_monitor(c);

        mon->shorthand = g_strdup(place);
        mon->mode = mode;
        mon->pretty = pretty;
    }
    return true;
}

static bool option_monitor(MachineConfig *c, const char *arg, GError **errp)
{
    return option_place_monitor(c, arg, MONITOR_READLINE, false);
}

static bool option_qmp(MachineConfig *c, const char *arg, GError **errp)
{
    return option_place_monitor(c, arg, MONITOR_CONTROL, false);
}

static bool option_qmp_pretty(MachineConfig *c, const char *arg, GError **errp)
{
    return option_place_monitor(c, arg, MONITOR_CONTROL, true);
}

static bool option_mon(MachineConfig *c, const char *arg, GError **errp)
{
    static const KeyValKey keys[] = {
        { "chardev", "ID", "chardev to talk on" },
        { "mode", "readline|control", "for people or programs (readline)" },
        { "pretty", "on|off", "control: indented (off)" },
        {},
    };
    g_autoptr(KeyVal) kv = keyval_parse(arg, "chardev", errp);
    const char *mode;
    bool pretty = false;

    if (!kv || !keyval_check(kv, "mon", keys, errp) ||
        !keyval_get_bool(kv, "pretty", &pretty, errp)) {
        return false;
    }
    mode = keyval_get(kv, "mode");
    bool control = !g_strcmp0(mode, "control");

    if (mode && !control && strcmp(mode, "readline")) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "mode=%s is neither readline nor control", mode);
    }
    if (!keyval_has(kv, "chardev")) {
        return emu_fail(errp, EMU_ERROR_INVALID, "chardev= is missing");
    }
    MonitorConfig *mon = option_add_monitor(c);

    mon->chardev = g_strdup(keyval_get(kv, "chardev"));
    mon->mode = control ? MONITOR_CONTROL : MONITOR_READLINE;
    mon->pretty = pretty;
    return true;
}

static bool option_echr(MachineConfig *c, const char *arg, GError **errp)
{
    char *end;
    guint64 value = g_ascii_strtoull(arg, &end, 0);

    if (!*arg || *end || !value || value > 255) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "'%s' is not the number of a character", arg);
    }
    c->mux_escape = value;
    return true;
}

/* ---- Handlers: running ------------------------------------------------- */

static bool option_no_reboot(MachineConfig *c, const char *arg, GError **errp)
{
    c->no_reboot = true;
    return true;
}

static bool option_no_shutdown(MachineConfig *c, const char *arg, GError **errp)
{
    c->no_shutdown = true;
    return true;
}

static bool option_paused(MachineConfig *c, const char *arg, GError **errp)
{
    c->start_paused = true;
    return true;
}

static bool option_nodefaults(MachineConfig *c, const char *arg, GError **errp)
{
    c->nodefaults = true;
    return true;
}

static bool option_pidfile(MachineConfig *c, const char *arg, GError **errp)
{
    g_free(c->pidfile);
    c->pidfile = g_strdup(arg);
    return true;
}

static bool option_daemonize(MachineConfig *c, const char *arg, GError **errp)
{
    c->daemonize = true;
    return true;
}

static bool option_log(MachineConfig *c, const char *arg, GError **errp)
{
    return log_set_items(arg, &c->done, errp);
}

static bool option_log_file(MachineConfig *c, const char *arg, GError **errp)
{
    return log_set_file(arg, errp);
}

static bool option_trace(MachineConfig *c, const char *arg, GError **errp)
{
    static const KeyValKey keys[] = {
        { "enable", "PATTERN", "trace points to show" },
        { "file", "PATH", "where to, instead of stderr" },
        {},
    };
    g_autoptr(KeyVal) kv = keyval_parse(arg, "enable", errp);

    if (!kv || !keyval_check(kv, "trace", keys, errp)) {
        return false;
    }
    if (keyval_has(kv, "enable")) {
        log_enable_trace(keyval_get(kv, "enable"));
    }
    return !keyval_has(kv, "file") ||
           log_set_file(keyval_get(kv, "file"), errp);
}

static bool option_profile(MachineConfig *c, const char *arg, GError **errp)
{
    static const KeyValKey keys[] = {
        { "file", "PATH", "folded stacks; the flame graph is PATH.svg" },
        { "hz", "N", "samples a second (249)" },
        {},
    };
    g_autoptr(KeyVal) kv = keyval_parse(arg, "file", errp);
    uint64_t hz = PROFILE_HZ;

    if (!kv || !keyval_check(kv, "profile", keys, errp) ||
        !keyval_get_uint(kv, "hz", PROFILE_HZ_MAX, &hz, errp)) {
        return false;
    }
    if (!keyval_has(kv, "file") || hz == 0) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "-profile needs a file, and hz of 1 to %d",
                        PROFILE_HZ_MAX);
    }
    g_free(c->profile);
    /* -daemonize leaves the working folder. */
    c->profile = g_canonicalize_filename(keyval_get(kv, "file"), NULL);
    c->profile_hz = hz;
    return true;
}

static bool option_sandbox(MachineConfig *c, const char *arg, GError **errp)
{
    if (!strcmp(arg, "off")) {
        return true;
    }
    return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                    "the sandbox is not implemented yet");
}

static bool option_accepted(MachineConfig *c, const char *arg, GError **errp)
{
    return true;
}

static bool option_unsupported(MachineConfig *c, const char *arg, GError **errp)
{
    return emu_fail(errp, EMU_ERROR_UNSUPPORTED, "not implemented yet");
}

static bool option_help(MachineConfig *c, const char *arg, GError **errp)
{
    options_print_help(c->output);
    c->done = true;
    return true;
}

static bool option_version(MachineConfig *c, const char *arg, GError **errp)
{
    g_string_append_printf(c->output, "emu version %s\n", version_text);
    c->done = true;
    return true;
}

/* Only beside -version: the libraries of this build. */
static bool option_verbose(MachineConfig *c, const char *arg, GError **errp)
{
    version_print_libraries(c->output);
    c->done = true;
    return true;
}

/* ---- The table --------------------------------------------------------- */

#define HEADING(text)                                                          \
    {                                                                          \
        .help = (text)                                                         \
    }
#define LATER(n, a)                                                            \
    {                                                                          \
        n, NULL, a, NULL, option_unsupported                                   \
    }

/* clang-format off */
const OptionRow option_rows[] = {
    HEADING("Standard options"),
    { "help", "h", NULL, "print this help and end", option_help },
    { "version", NULL, NULL, "print the version (-v: and the libraries)", option_version },
    { "v", NULL, NULL, NULL, option_verbose },
    { "machine", "M", "[type=]NAME[,key=value...]", "board to build (-machine help)", values_parse_machine },
    { "cpu", NULL, "MODEL[,+FEATURE|,-FEATURE...]", "processor model (-cpu help)", option_cpu },
    { "accel", NULL, "NAME[,key=value...]", "accelerator (-accel help)", option_accel },
    { "enable-kvm", NULL, NULL, "the same as -accel kvm", option_enable_kvm },
    { "smp", NULL, "[cpus=]N[,maxcpus=][,sockets=][,dies=][,cores=][,threads=]", "number of processors", values_parse_smp },
    { "m", NULL, "[size=]SIZE[,slots=N,maxmem=SIZE]", "guest memory; plain numbers are MiB", values_parse_memory },
    { "overcommit", NULL, "[mem-lock=on|off][,cpu-pm=on|off]", "keep the process in memory; cpu-pm is accepted", values_parse_overcommit },
    { "name", NULL, "TEXT[,process=TEXT]", "name of the guest", option_name },
    { "uuid", NULL, "UUID", "UUID of the machine", values_parse_uuid },
    { "boot", NULL, "[order=]LETTERS[,once=][,menu=on][,strict=on]", "boot order: c disk, d CD-ROM, n network", values_parse_boot },
    { "rtc", NULL, "[base=utc|localtime|DATE][,clock=host|rt|vm]", "real-time clock", values_parse_rtc },
    { "device", NULL, "DRIVER[,key=value...]", "add a device (-device help, -device NAME,help)", option_device },
    { "object", NULL, "TYPE,id=ID[,key=value...]", "add an object for a device (-object help)", option_object },

    HEADING("Disks"),
    { "hda", NULL, "FILE", "image of the first disk (-hdb, -hdc, -hdd the others)", option_hda },
    { "hdb", NULL, "FILE", NULL, option_hdb },
    { "hdc", NULL, "FILE", NULL, option_hdc },
    { "hdd", NULL, "FILE", NULL, option_hdd },
    { "cdrom", NULL, "FILE", "image in the CD-ROM drive", option_cdrom },
    { "drive", NULL, "[file=]FILE[,if=][,format=][,media=][,key=value...]", "add a drive (-drive help)", option_drive },
    { "blockdev", NULL, "driver=FORMAT,node-name=NAME,file.filename=FILE", "add an image for -device drive=NAME", option_blockdev },
    { "snapshot", NULL, NULL, "keep all writes in temporary files", option_snapshot },

    HEADING("Display, serial ports, monitor"),
    { "nographic", NULL, NULL, "no window; serial port and monitor on the terminal", option_nographic },
    { "display", NULL, "none", "no window", option_display },
    { "vga", NULL, "std|none", "graphic card", option_vga },
    { "chardev", NULL, "BACKEND,id=ID[,key=value...]", "character device (-chardev help)", option_chardev },
    { "serial", NULL, "DEV", "where a serial port goes: stdio, pty, unix:PATH, ...", option_serial },
    { "parallel", NULL, "none", "there are no parallel ports", option_parallel },
    { "debugcon", NULL, "DEV", "where the debug console (port E9h) goes", option_debugcon },
    { "monitor", NULL, "DEV", "where the monitor goes", option_monitor },
    { "mon", NULL, "[chardev=]ID[,mode=readline|control]", "monitor, or QMP, on a character device", option_mon },
    { "qmp", NULL, "DEV", "where QMP goes, for programs", option_qmp },
    { "qmp-pretty", NULL, "DEV", "the same, with its answers indented", option_qmp_pretty },
    { "echr", NULL, "NUMBER", "escape character instead of Ctrl-A", option_echr },
    { "k", NULL, "LANGUAGE", "accepted: there is no window yet", option_accepted },

    HEADING("Networks"),
    { "nic", NULL, "none", "no network (there is none yet)", option_net },
    { "net", NULL, "none", "the same", option_net },
    LATER("netdev", "TYPE"),

    HEADING("Firmware and direct boot"),
    { "bios", NULL, "FILE", "firmware instead of SeaBIOS", option_bios },
    { "L", NULL, "DIR", "look for firmware here first (-L help)", option_search_dir },
    { "kernel", NULL, "FILE", "kernel to boot: bzImage, ELF with PVH, multiboot", option_kernel },
    { "initrd", NULL, "FILE", "its initial RAM disk", option_initrd },
    { "append", NULL, "TEXT", "its command line", option_append },
    { "no-acpi", NULL, NULL, "no ACPI", option_no_acpi },
    { "no-hpet", NULL, NULL, "no HPET", option_no_hpet },

    HEADING("Running and debugging"),
    { "S", NULL, NULL, "start paused (monitor: cont)", option_paused },
    { "no-reboot", NULL, NULL, "end instead of rebooting", option_no_reboot },
    { "no-shutdown", NULL, NULL, "pause instead of ending at power-off", option_no_shutdown },
    { "nodefaults", NULL, NULL, "no devices but those asked for", option_nodefaults },
    { "no-user-config", NULL, NULL, "accepted: no configuration files are read", option_accepted },
    { "nodefconfig", NULL, NULL, NULL, option_accepted },
    { "pidfile", NULL, "FILE", "write the process id", option_pidfile },
    { "daemonize", NULL, NULL, "go to the background once the machine stands", option_daemonize },
    { "sandbox", NULL, "off", "there is no sandbox yet", option_sandbox },
    { "d", NULL, "ITEM[,ITEM...]", "log items (-d help)", option_log },
    { "D", NULL, "FILE", "log into a file instead of stderr", option_log_file },
    { "profile", NULL, "FILE[,hz=N]", "sample the guest; folded stacks and FILE.svg, a flame graph", option_profile },
    { "trace", "T", "[enable=]PATTERN[,file=FILE]", "show trace points", option_trace },

    LATER("incoming", "URI"), LATER("loadvm", "TAG"),
    LATER("gdb", "DEV"), LATER("s", NULL), LATER("vnc", "DISPLAY"),
    LATER("spice", "OPTIONS"), LATER("full-screen", NULL), LATER("usb", NULL),
    LATER("usbdevice", "NAME"), LATER("audiodev", "DRIVER"), LATER("audio", "DRIVER"),
    LATER("soundhw", "NAME"), LATER("fda", "FILE"), LATER("fdb", "FILE"),
    LATER("pflash", "FILE"), LATER("sd", "FILE"), LATER("mtdblock", "FILE"),
    LATER("smbios", "OPTIONS"), LATER("acpitable", "OPTIONS"), LATER("fw_cfg", "OPTIONS"),
    LATER("numa", "OPTIONS"), LATER("global", "OPTIONS"), LATER("set", "OPTIONS"),
    LATER("readconfig", "FILE"), LATER("writeconfig", "FILE"), LATER("icount", "OPTIONS"),
    LATER("watchdog", "NAME"), LATER("watchdog-action", "ACTION"), LATER("action", "OPTIONS"),
    LATER("tpmdev", "OPTIONS"), LATER("fsdev", "OPTIONS"), LATER("virtfs", "OPTIONS"),
    LATER("virtiocon", "DEV"), LATER("mem-path", "PATH"), LATER("mem-prealloc", NULL),
    LATER("msg", "OPTIONS"), LATER("only-migratable", NULL),
    LATER("runas", "USER"), LATER("chroot", "DIR"), LATER("run-with", "OPTIONS"),
    LATER("plugin", "FILE"), LATER("semihosting", NULL), LATER("preconfig", NULL),
    LATER("option-rom", "FILE"), LATER("dtb", "FILE"), LATER("add-fd", "OPTIONS"),
    LATER("compat", "OPTIONS"), LATER("xen-domid", "ID"), LATER("win2k-hack", NULL),
    LATER("no-fd-bootchk", NULL), LATER("singlestep", NULL), LATER("tb-size", "N"),
    {},
};
/* clang-format on */

void options_print_help(GString *out)
{
    g_string_append_printf(out,
                           "emu version %s\n"
                           "usage: emu [options] [disk image]\n",
                           version_text);
    for (const OptionRow *row = option_rows; row->name || row->help; row++) {
        if (!row->name) {
            g_string_append_printf(out, "\n%s:\n", row->help);
            continue;
        }
        if (!row->help) {
            continue;
        }
        g_string_append_printf(out, "-%s", row->name);
        if (row->alias) {
            g_string_append_printf(out, " or -%s", row->alias);
        }
        if (row->arg) {
            g_string_append_printf(out, " %s", row->arg);
        }
        g_string_append_printf(out, "\n                %s\n", row->help);
    }
}

/* ---- Parsing ----------------------------------------------------------- */

static const OptionRow *option_find(const char *name)
{
    for (const OptionRow *row = option_rows; row->name || row->help; row++) {
        if (row->name &&
            (!strcmp(row->name, name) || !g_strcmp0(row->alias, name))) {
            return row;
        }
    }
    return NULL;
}

static bool option_fail_unknown(const char *arg, const char *name,
                                GError **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *nearest;

    for (const OptionRow *row = option_rows; row->name || row->help; row++) {
        if (row->name && row->handle != option_unsupported) {
            g_ptr_array_add(names, (void *)row->name);
        }
    }
    nearest = emu_nearest(name, (const char *const *)names->pdata, names->len);
    if (!nearest) {
        return emu_fail(errp, EMU_ERROR_NOT_FOUND,
                        "%s: unknown option (-help lists them)", arg);
    }
    return emu_fail(errp, EMU_ERROR_NOT_FOUND,
                    "%s: unknown option; did you mean '-%s'?", arg, nearest);
}

/* One option; *used: the arguments it took, itself counted. */
static bool option_parse_one(MachineConfig *c, const char *const *args,
                             unsigned *used, GError **errp)
{
    const char *name = args[0] + 1 + (args[0][1] == '-');
    const OptionRow *row = option_find(name);
    const char *arg;

    if (!row) {
        return option_fail_unknown(args[0], name, errp);
    }
    arg = row->arg ? args[1] : NULL;
    if (row->arg && !arg) {
        return emu_fail(errp, EMU_ERROR_INVALID, "%s: needs an argument: %s",
                        args[0], row->arg);
    }
    *used = row->arg ? 2 : 1;
    if (!row->handle(c, arg, errp)) {
        g_prefix_error(errp, "%s%s%s: ", args[0], arg ? " " : "",
                       arg ? arg : "");
        return false;
    }
    return true;
}

static bool config_finish(MachineConfig *c, GError **errp)
{
    values_finish_accel(c);
    if (!c->board_class) {
        c->board_class = board_class_default();
    }
    if (!c->ram_given) {
        c->board.ram_size = c->board.ram_maxsize = c->board_class->default_ram;
    }
    if (!c->nographic && !c->display_given && !c->daemonize) {
        c->nographic = c->nographic_implied = true; /* there is no window */
    }
    if (!c->vga_given && !c->nodefaults) {
        c->board.vga = c->board_class->default_vga;
    }
    c->board.nodefaults = c->nodefaults;
    c->board.nographic = c->nographic;
    for (unsigned i = 0; version_data_dirs[i]; i++) {
        g_ptr_array_add(c->search_dirs, (void *)version_data_dirs[i]);
    }
    g_ptr_array_add(c->search_dirs, NULL);
    c->board.search_dirs = (const char *const *)c->search_dirs->pdata;
    if (c->board.cpus > c->board_class->max_cpus) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "-smp: machine '%s' takes %u processor%s at most",
                        c->board_class->name, c->board_class->max_cpus,
                        c->board_class->max_cpus == 1 ? "" : "s");
    }
    return !c->daemonize || !c->nographic ||
           emu_fail(errp, EMU_ERROR_INVALID,
                    "-daemonize and -nographic exclude each other");
}

bool config_parse(MachineConfig *c, const char *const *args, GError **errp)
{
    unsigned used;

    for (; *args; args += used) {
        used = 1;
        if (args[0][0] != '-' || !args[0][1]) {
            option_disk(c, "", args[0], 0);
        } else if (!option_parse_one(c, args, &used, errp)) {
            return false;
        }
        if (c->done && g_strcmp0(args[used], "-v")) {
            return true;
        }
    }
    return c->done || config_finish(c, errp);
}
