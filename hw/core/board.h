/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A board is what `-machine NAME` builds: memory, processors, chip set and
 * the buses that -device plugs into. One const BoardClass says all there is to
 * know about a model; every board is a line in board_classes[].
 *
 * Life: board_new (fields zero, env filled except memory, io and ram_size) ->
 * init -> the machine plugs -device and -drive devices -> ready -> reset ->
 * vCPUs run
 * -> clear. Every callback runs on the main loop; reset, ready and clear with
 * all vCPUs stopped.
 */
#ifndef HW_CORE_BOARD_H
#define HW_CORE_BOARD_H

#include "hw/core/device.h"

typedef struct Board Board;
typedef struct BoardClass BoardClass;
typedef struct Accel Accel; /* accel/accel.h */

enum { BOARD_SERIAL_PORTS = 4 };

/* What the command line asked for. Strings and objects belong to the machine
 * and outlive the board. */
typedef enum BoardChoice { BOARD_AUTO, BOARD_OFF, BOARD_ON } BoardChoice;

typedef struct BoardConfig {
    const char *const *accels; /* for accel_choose() */
    bool accels_asked;         /* by the user */
    bool chips_leave;          /* kernel-irqchip=on, whatever runs first */
    uint64_t ram_size;         /* bytes, a multiple of PAGE_SIZE */
    uint64_t ram_maxsize;      /* maxmem=; equals ram_size without hot-plug */
    unsigned ram_slots;
    unsigned cpus, maxcpus;                 /* -smp; cpus <= maxcpus */
    unsigned sockets, dies, cores, threads; /* product is maxcpus */
    const char *cpu_model;          /* "MODEL,+feature,..."; NULL: default */
    const char *firmware;           /* -bios; NULL: the board's default */
    const char *const *search_dirs; /* -L and built-in, NULL-terminated */
    const char *kernel, *initrd, *append; /* NULL when not given */
    const char *boot_order; /* letters of a c d n; NULL: the board's default */
    const char *boot_once;  /* the same for the first boot only; or NULL */
    bool boot_menu;
    int boot_menu_timeout_ms; /* splash-time=; -1: not given */
    int boot_retry_ms; /* reboot-timeout=, when nothing boots; -1: never */
    bool boot_strict;
    Chardev *serial[BOARD_SERIAL_PORTS];
    bool serial_present[BOARD_SERIAL_PORTS]; /* a port with chardev NULL is
                                                there but not connected */
    const char *vga;  /* device class name ("VGA"); NULL: no display device */
    const char *name; /* -name; NULL */
    bool nographic;   /* firmware shall use the first serial port, too */
    uint8_t uuid[16];
    bool uuid_set;
    bool acpi, hpet, pit, smbios_defaults;
    BoardChoice smm; /* auto: where the accelerator does it well */
    bool nodefaults;
    GHashTable *props; /* other KEY=VALUE of -machine, char * to char * */
} BoardConfig;

/* A topic of the monitor's `info`. */
typedef struct BoardInfo {
    const char *name;
    const char *help;
    void (*print)(Board *board, GString *out);
} BoardInfo;

/* How -drive if=... without a bus finds its place. */
typedef enum BoardDriveIf {
    BOARD_DRIVE_NONE,
    BOARD_DRIVE_IDE,
    BOARD_DRIVE_VIRTIO,
    BOARD_DRIVE_FLOPPY,
    BOARD_DRIVE_SCSI,
} BoardDriveIf;

struct BoardClass {
    const char *name;
    const char *const *aliases; /* NULL-terminated, or NULL */
    const char *summary;
    bool is_default;
    size_t size; /* of the struct that embeds Board first */
    unsigned max_cpus;
    uint64_t default_ram;       /* bytes when there is no -m */
    const char *default_vga;    /* class name, NULL: none */
    BoardDriveIf default_drive; /* what -hda and a plain -drive mean */
    const char *const *props;   /* further keys of -machine, NULL-terminated */
    const BoardInfo *infos;     /* ended by {}; may be NULL */
    /* Build all of it: sets env.memory, env.io, fills vcpus and buses. A
     * failed init is followed by clear. */
    bool (*init)(Board *board, const BoardConfig *config, GError **errp);
    /* All devices are there: boot order, firmware tables. May be NULL. */
    bool (*ready)(Board *board, GError **errp);
    /* Every device and vCPU to power-on state. */
    void (*reset)(Board *board);
    void (*clear)(Board *board);        /* copes with a half-done init */
    void (*power_button)(Board *board); /* ACPI power button; NULL: none */
    void (*wakeup)(Board *board);       /* leave S3; NULL: not supported */
    void (*nmi)(Board *board);          /* NULL: none */
    /* Could the guest go on under that accelerator, as for the board? With
     * the vCPUs standing; may be NULL: yes. */
    bool (*accepts_accel)(Board *board, Accel *accel, GError **errp);
    /* Another accelerator runs the vCPUs, which stand; may be NULL. */
    void (*accel_changed)(Board *board);
    /* The vCPUs, which all stand, are about to run; they all stand again. May
     * be NULL. */
    void (*go)(Board *board);
    void (*stand)(Board *board);
    /* Boot order from the next reset on (monitor boot_set); may be NULL. */
    bool (*set_boot_order)(Board *board, const char *order, GError **errp);
};

struct Board {
    const BoardClass *class;
    DeviceEnv env; /* machine fills all but memory, io and ram_size */
    const BoardConfig *config;
    GPtrArray *buses;   /* of Bus *, not owned: roots of `info qtree` */
    GPtrArray *devices; /* of Device *, the board's own bus-less ones, not
                           owned */
    Accel *accel;       /* created by init once the spaces are there; owned by
                           the board */
    char *accel_notes;  /* why not another accelerator; NULL: nothing to say */
    GPtrArray *vcpus;   /* of Vcpu * (accel/accel.h), owned by the board */
    /* The machine's: for vcpu_new()'s stopped; why is a VcpuExit. Call it with
     * env.machine, on the vCPU's thread. */
    void (*vcpu_stopped)(void *machine, int why);
    RamBlock *ram; /* main memory (owned by the board), or NULL */
};

/* env is copied. The caller frees with board_free(), which calls clear. */
Board *board_new(const BoardClass *class, const DeviceEnv *env,
                 const BoardConfig *config);
void board_free(Board *board);

/* By name or alias; NULL: none. */
const BoardClass *board_class_find(const char *name);
const BoardClass *board_class_default(void);
extern const BoardClass *const board_classes[]; /* NULL-terminated */

/* The bus of that name anywhere below the board's roots; NULL. */
Bus *board_find_bus(Board *board, const char *name);
/* Every device of the board, depth-first; false: visit said stop. */
bool board_walk(Board *board, bool (*visit)(Device *dev, void *opaque),
                void *opaque);
/* The device with that id; NULL. */
Device *board_find_device(Board *board, const char *id);

#endif
