/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the command line asked for, parsed and checked but with nothing opened
 * or started yet. A Machine is built from it.
 */
#ifndef SYSTEM_CONFIG_H
#define SYSTEM_CONFIG_H

#include "hw/core/board.h"
#include "system/drive.h"
#include "system/objects.h"
#include "util/keyval.h"

typedef enum RtcBase { RTC_BASE_UTC, RTC_BASE_LOCAL, RTC_BASE_DATE } RtcBase;
typedef enum RtcClock { RTC_CLOCK_HOST, RTC_CLOCK_RT, RTC_CLOCK_VM } RtcClock;

typedef struct RtcConfig {
    RtcBase base;
    int64_t date_s; /* RTC_BASE_DATE: seconds since 1970, UTC */
    RtcClock clock;
} RtcConfig;

typedef enum MonitorMode { MONITOR_READLINE, MONITOR_CONTROL } MonitorMode;

typedef struct MonitorConfig {
    char *chardev;   /* id, or NULL: */
    char *shorthand; /* "stdio", "mon:stdio", ... */
    MonitorMode mode;
    bool pretty;
} MonitorConfig;

/* A -device and whether it stands in for a default one. */
typedef struct DeviceConfig {
    KeyVal *opts;
    char *text; /* as written, for errors */
} DeviceConfig;

typedef struct MachineConfig {
    /* board.* points into strings below. */
    const BoardClass *board_class;
    BoardConfig board;
    GPtrArray *strings; /* owner of what board.* points to */
    KeyVal *machine_opts;
    bool ram_given, vga_given;

    GPtrArray *accels;          /* of char *, ends with NULL once finished */
    const char *kernel_irqchip; /* of -machine; NULL */
    GPtrArray *search_dirs;     /* of char *, ends with NULL once finished */
    GPtrArray *chardevs;        /* of char *: text of -chardev */
    GPtrArray *serials;         /* of char * */
    GPtrArray *parallels;       /* of char * */
    GPtrArray *debugcons;       /* of char * */
    GPtrArray *monitors;        /* of MonitorConfig * */
    GPtrArray *devices;         /* of DeviceConfig * */
    GPtrArray *drives;          /* of DriveConfig * */
    GPtrArray *nodes;           /* of BlockNodeConfig *: -blockdev */
    GPtrArray *objects;         /* of ObjectConfig * */
    RtcConfig rtc;
    bool input_counted; /* input_prepare() */
    unsigned input_shift;

    bool nographic, nographic_implied, display_given, monitor_given;
    bool no_reboot, no_shutdown, start_paused, snapshot, daemonize;
    bool nodefaults;
    bool mem_lock;
    uint8_t mux_escape; /* 0: Ctrl-A */
    char *pidfile;
    char *profile; /* where to; NULL: not asked for */
    unsigned profile_hz;
    char *process_name;

    /* An option that prints and ends was among them. */
    bool done;
    GString *output;
} MachineConfig;

MachineConfig *config_new(void);
void config_free(MachineConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MachineConfig, config_free)

/* Parse a whole command line without the program's name. On success either
 * config->done is set and config->output is to be printed, or the config is
 * complete. Errors name the option. */
bool config_parse(MachineConfig *config, const char *const *args,
                  GError **errp);
/* A copy of text that lives as long as config. */
const char *config_keep(MachineConfig *config, const char *text);

#endif
