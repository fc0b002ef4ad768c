/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every command of the monitor, a row each; the topics of `info` are in
 * cmd-info.c. */
#include "monitor/command.h"

#define WORD(n, ...)                                                           \
    {                                                                          \
        .name = (n), .kind = ARG_STRING, __VA_ARGS__                           \
    }
#define REST(n, ...)                                                           \
    {                                                                          \
        .name = (n), .kind = ARG_REST, __VA_ARGS__                             \
    }
#define NUMBER(n, ...)                                                         \
    {                                                                          \
        .name = (n), .kind = ARG_NUMBER, __VA_ARGS__                           \
    }
#define FLAG(n, c)                                                             \
    {                                                                          \
        .name = (n), .kind = ARG_FLAG, .optional = true, .flag = (c)           \
    }
#define FORMAT                                                                 \
    {                                                                          \
        .name = "format", .kind = ARG_FORMAT, .optional = true                 \
    }
#define OPTIONAL .optional = true

/* clang-format off */
const Command command_table[] = {
    { "help", "?", "[command]", "show the help",
      { WORD("command", OPTIONAL, .complete = COMPLETE_COMMAND), WORD("topic", OPTIONAL) }, cmd_help },
    { "info", NULL, "[topic]", "show various information about the system state",
      { REST("topic", OPTIONAL, .complete = COMPLETE_INFO) }, cmd_info },

    { "stop", "s", "", "stop emulation", {}, cmd_stop },
    { "cont", "c", "", "resume emulation", {}, cmd_cont },
    { "quit", "q", "", "quit the emulator", {}, cmd_quit },
    { "system_reset", NULL, "", "reset the system", {}, cmd_system_reset },
    { "system_powerdown", NULL, "", "send system power down event", {}, cmd_system_powerdown },
    { "system_wakeup", NULL, "", "wakeup guest from suspend", {}, cmd_system_wakeup },
    { "nmi", NULL, "", "inject an NMI", {}, cmd_nmi },
    { "mce", NULL, "[-b] cpu bank status mcgstatus addr misc", "report a machine-check error on a CPU (-b: tell all others)",
      { FLAG("broadcast", 'b'), NUMBER("cpu"), NUMBER("bank"), NUMBER("status"), NUMBER("mcgstatus"), NUMBER("addr"), NUMBER("misc") }, cmd_mce },
    { "boot_set", NULL, "bootdevice", "define new values for the boot device list",
      { WORD("bootdevice") }, cmd_boot_set },
    { "accel", NULL, "name[,options]", "go on under another accelerator (kvm|tcg)",
      { WORD("name") }, cmd_accel },
    { "cpu", NULL, "index", "set the default CPU", { NUMBER("index") }, cmd_cpu },

    { "x", NULL, "/fmt addr", "virtual memory dump starting at 'addr'",
      { FORMAT, NUMBER("addr") }, cmd_x },
    { "xp", NULL, "/fmt addr", "physical memory dump starting at 'addr'",
      { FORMAT, NUMBER("addr") }, cmd_xp },
    { "print", "p", "/fmt expr", "print expression value (use $reg for CPU register access)",
      { FORMAT, NUMBER("expr") }, cmd_print },
    { "sum", NULL, "addr size", "compute the checksum of a memory region",
      { NUMBER("addr"), NUMBER("size") }, cmd_sum },
    { "memsave", NULL, "addr size file", "save to disk virtual memory dump starting at 'addr' of size 'size'",
      { NUMBER("addr"), NUMBER("size"), WORD("file", .complete = COMPLETE_FILE) }, cmd_memsave },
    { "pmemsave", NULL, "addr size file", "save to disk physical memory dump starting at 'addr' of size 'size'",
      { NUMBER("addr"), NUMBER("size"), WORD("file", .complete = COMPLETE_FILE) }, cmd_pmemsave },
    { "gva2gpa", NULL, "addr", "print the guest physical address corresponding to a guest virtual address",
      { NUMBER("addr") }, cmd_gva2gpa },
    { "i", NULL, "/fmt addr", "I/O port read", { FORMAT, NUMBER("addr") }, cmd_in },
    { "o", NULL, "/fmt addr value", "I/O port write", { FORMAT, NUMBER("addr"), NUMBER("value") }, cmd_out },

    { "sendkey", NULL, "keys [hold_ms]", "send keys to the VM (e.g. 'sendkey ctrl-alt-f1', default hold time=100 ms)",
      { WORD("keys", .complete = COMPLETE_KEY), NUMBER("hold_ms", OPTIONAL) }, cmd_sendkey },
    { "mouse_move", NULL, "dx dy [dz]", "send mouse move events",
      { NUMBER("dx"), NUMBER("dy"), NUMBER("dz", OPTIONAL) }, cmd_mouse_move },
    { "mouse_button", NULL, "state", "change mouse button state (1=L, 2=M, 4=R)",
      { NUMBER("state") }, cmd_mouse_button },
    { "screendump", NULL, "filename [-f format]", "save screen into image 'filename' in format PPM or PNG",
      { WORD("filename", .complete = COMPLETE_FILE), FLAG("formatted", 'f'), WORD("format", OPTIONAL) }, cmd_screendump },

    { "balloon", NULL, "target", "request VM to change its memory allocation (in MB)",
      { NUMBER("target") }, cmd_balloon },
    { "eject", NULL, "[-f] device", "eject a removable medium (use -f to force it)",
      { FLAG("force", 'f'), WORD("device", .complete = COMPLETE_BLOCK) }, cmd_eject },
    { "change", NULL, "device [-f] filename [format]", "change a removable medium, optional format, use -f to force the operation",
      { WORD("device", .complete = COMPLETE_BLOCK), FLAG("force", 'f'),
        WORD("filename", .complete = COMPLETE_FILE), WORD("format", OPTIONAL) }, cmd_change },
    { "device_add", NULL, "driver[,prop=value][,...]", "add device, like -device on the command line",
      { REST("device", .complete = COMPLETE_DRIVER) }, cmd_device_add },
    { "ringbuf_write", NULL, "device data", "write to a ring buffer character device",
      { WORD("device", .complete = COMPLETE_CHARDEV), REST("data") }, cmd_ringbuf_write },
    { "ringbuf_read", NULL, "device size", "read from a ring buffer character device",
      { WORD("device", .complete = COMPLETE_CHARDEV), NUMBER("size") }, cmd_ringbuf_read },

    { "profile", NULL, "start [hz]|stop|report [file]", "sample what the guest does; report as a table, or as folded stacks and file.svg",
      { WORD("action"), WORD("argument", OPTIONAL, .complete = COMPLETE_FILE) }, cmd_profile },
    { "log", NULL, "item1[,...]", "activate logging of the specified items",
      { WORD("items") }, cmd_log },
    { "logfile", NULL, "filename", "output logs to 'filename'",
      { WORD("filename", .complete = COMPLETE_FILE) }, cmd_logfile },
    { "trace-event", NULL, "name on", "show the trace points that match name (a pattern)",
      { WORD("name"), WORD("on") }, cmd_trace_event },
    {},
};
/* clang-format on */
