/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Direct boot, the host's half: recognises the kernel's format, decides where
 * everything goes, and leaves it in fw_cfg for the option ROM (hw/rom/boot.S).
 *
 * Formats: Linux/x86 boot protocol 2.00 and later (Documentation/x86/boot.rst),
 * Multiboot 0.6.96, and Xen's PVH entry as an ELF note
 * (xen/include/public/arch-x86/hvm/start_info.h).
 */
#include "hw/pc/boot.h"

#include "hw/rom/boot-rom.h"
#include "util/span.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum {
    FW_BOOT = FW_CFG_ARCH_LOCAL + 0x10,

    LINUX_REAL_ADDR = 0x10000,
    LINUX_CMDLINE_ADDR = 0x20000,
    LINUX_KERNEL_ADDR = 0x100000,
    LINUX_HEAP = 0xfe00,

    START_ADDR = 0x9000, /* Multiboot or PVH start structure, and the map */
    START_MAP = 0x9400,
    START_CMDLINE = 0x20000,
    CMDLINE_MAX = 0x10000,
    MODULES_MAX = 16,
};
/* Firmware keeps its tables in the last part of low RAM. */
#define BOOT_RAM_RESERVED (UINT64_C(1) << 17)
#define PVH_NOTE_TYPE 18 /* XEN_ELFNOTE_PHYS32_ENTRY */

/* What the option ROM does once everything is loaded; layout as there. */
typedef struct BootPlan {
    uint32_t protected;
    uint32_t entry;
    uint32_t eax, ebx;
    uint32_t map, count, unit, lead;
    uint32_t stack;
} BootPlan;

typedef struct Boot {
    FwCfg *cfg;
    const BoardConfig *config;
    uint64_t ram;        /* below 4 GiB */
    const uint8_t *data; /* the kernel file */
    size_t len;
    const char *cmdline;
} Boot;

/* A part that the ROM loads: its address, size and data items. */
typedef struct BootPart {
    uint16_t addr, size, data;
} BootPart;

static const BootPart boot_setup_part = { FW_CFG_SETUP_ADDR, FW_CFG_SETUP_SIZE,
                                          FW_CFG_SETUP_DATA };
static const BootPart boot_cmdline_part = { FW_CFG_CMDLINE_ADDR,
                                            FW_CFG_CMDLINE_SIZE,
                                            FW_CFG_CMDLINE_DATA };
static const BootPart boot_kernel_part = { FW_CFG_KERNEL_ADDR,
                                           FW_CFG_KERNEL_SIZE,
                                           FW_CFG_KERNEL_DATA };
static const BootPart boot_initrd_part = { FW_CFG_INITRD_ADDR,
                                           FW_CFG_INITRD_SIZE,
                                           FW_CFG_INITRD_DATA };

static void boot_put(FwCfg *cfg, const BootPart *part, uint32_t addr,
                     const void *data, uint32_t len)
{
    fw_cfg_set32(cfg, part->addr, addr);
    fw_cfg_set32(cfg, part->size, len);
    fw_cfg_set(cfg, part->data, data, len);
}

static uint32_t boot_get32(const uint8_t *p)
{
    uint32_t val;

    memcpy(&val, p, sizeof(val));
    return GUINT32_FROM_LE(val);
}

static void boot_set32(uint8_t *p, uint32_t val)
{
    val = GUINT32_TO_LE(val);
    memcpy(p, &val, sizeof(val));
}

/* Install the plan and the ROM. */
static bool boot_finish(const Boot *boot, const BootPlan *plan, GError **errp)
{
    uint32_t words[sizeof(*plan) / 4];

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        words[i] = GUINT32_TO_LE(((const uint32_t *)plan)[i]);
    }
    fw_cfg_set(boot->cfg, FW_BOOT, words, sizeof(words));
    return fw_cfg_set_file(boot->cfg, "genroms/boot.rom", boot_rom,
                           sizeof(boot_rom), false, errp);
}

static GMappedFile *boot_map(const char *path, const char *what, GError **errp)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    GMappedFile *file =
        fd < 0 ? NULL : g_mapped_file_new_from_fd(fd, FALSE, NULL);
    int err = errno;

    if (fd >= 0) {
        close(fd);
    }
    if (!file) {
        emu_fail_errno(errp, err, "could not read %s '%s'", what, path);
        return NULL;
    }
    if (g_mapped_file_get_length(file) >= UINT32_MAX) {
        emu_fail(errp, EMU_ERROR_INVALID, "%s '%s' is larger than 4 GiB", what,
                 path);
        g_mapped_file_unref(file);
        return NULL;
    }
    return file;
}

/* ---- Linux
 * ---------------------------------------------------------------------- */

enum { /* Offsets of the setup header. */
       LINUX_SETUP_SECTS = 0x1f1,
       LINUX_VID_MODE = 0x1fa,
       LINUX_MAGIC = 0x202, /* "HdrS" */
       LINUX_VERSION = 0x206,
       LINUX_LOADER = 0x210,
       LINUX_LOADFLAGS = 0x211,
       LINUX_RAMDISK = 0x218,
       LINUX_HEAP_END = 0x224,
       LINUX_CMDLINE = 0x228,
       LINUX_INITRD_MAX = 0x22c,
       LINUX_HEADER_END = 0x268,

       LINUX_LOADED_HIGH = 1 << 0,
       LINUX_CAN_USE_HEAP = 1 << 7,
};

static bool linux_probe(const Boot *boot)
{
    return boot->len > 0x400 && !memcmp(boot->data + LINUX_MAGIC, "HdrS", 4);
}

/* "vga=" of the command line: the video mode field. */
static uint16_t linux_video_mode(const char *cmdline)
{
    const char *vga = strstr(cmdline, "vga=");

    if (!vga) {
        return 0xffff;
    }
    vga += 4;
    return g_str_has_prefix(vga, "normal") ? 0xffff
           : g_str_has_prefix(vga, "ext")  ? 0xfffe
           : g_str_has_prefix(vga, "ask")  ? 0xfffd
                                           : strtoul(vga, NULL, 0);
}

static bool linux_initrd(const Boot *boot, uint8_t *setup, uint64_t kernel_end,
                         GError **errp)
{
    uint16_t version = setup[LINUX_VERSION] | setup[LINUX_VERSION + 1] << 8;
    uint64_t max =
        version >= 0x203 ? boot_get32(setup + LINUX_INITRD_MAX) : 0x37ffffff;

    if (!boot->config->initrd) {
        boot_put(boot->cfg, &boot_initrd_part, 0, NULL, 0);
        return true;
    }
    g_autoptr(GMappedFile) file =
        boot_map(boot->config->initrd, "initrd", errp);

    if (!file) {
        return false;
    }
    uint64_t len = g_mapped_file_get_length(file);
    uint64_t top = MIN(max + 1, boot->ram - BOOT_RAM_RESERVED);

    if (len > top || ((top - len) & ~UINT64_C(4095)) < kernel_end) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "initrd '%s' (%" PRIu64 " MiB) does not fit into "
                        "guest memory beside the kernel",
                        boot->config->initrd, len >> 20);
    }
    uint32_t addr = (top - len) & ~UINT64_C(4095);

    boot_set32(setup + LINUX_RAMDISK, addr);
    boot_set32(setup + LINUX_RAMDISK + 4, len);
    boot_put(boot->cfg, &boot_initrd_part, addr,
             g_mapped_file_get_contents(file), len);
    return true;
}

static bool linux_load(const Boot *boot, GError **errp)
{
    unsigned sectors = boot->data[LINUX_SETUP_SECTS];
    size_t setup_len = ((sectors ? sectors : 4) + 1) * 512;
    uint16_t version = boot->data[LINUX_VERSION] | boot->data[LINUX_VERSION + 1]
                                                       << 8;

    if (version < 0x202 || !(boot->data[LINUX_LOADFLAGS] & LINUX_LOADED_HIGH)) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "kernel '%s': boot protocol %u.%02u, a zImage; "
                        "2.02 and later are supported",
                        boot->config->kernel, version >> 8, version & 0xff);
    }
    if (setup_len >= boot->len || setup_len > 0x8000) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "kernel '%s' is truncated or its header is damaged",
                        boot->config->kernel);
    }
    size_t kernel_len = boot->len - setup_len;
    g_autofree uint8_t *setup = g_memdup2(boot->data, setup_len);
    uint16_t mode = linux_video_mode(boot->cmdline);
    BootPlan plan = {
        .entry = (uint32_t)(LINUX_REAL_ADDR / 16 + 0x20) << 16,
        .stack = LINUX_HEAP - 16,
    };

    if (LINUX_KERNEL_ADDR + kernel_len > boot->ram) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "kernel '%s' does not fit into guest memory",
                        boot->config->kernel);
    }
    setup[LINUX_VID_MODE] = mode;
    setup[LINUX_VID_MODE + 1] = mode >> 8;
    setup[LINUX_LOADER] = 0xb0;
    setup[LINUX_LOADFLAGS] |= LINUX_CAN_USE_HEAP;
    setup[LINUX_HEAP_END] = (LINUX_HEAP - 0x200) & 0xff;
    setup[LINUX_HEAP_END + 1] = (LINUX_HEAP - 0x200) >> 8;
    boot_set32(setup + LINUX_CMDLINE, LINUX_CMDLINE_ADDR);
    if (!linux_initrd(boot, setup, LINUX_KERNEL_ADDR + kernel_len, errp)) {
        return false;
    }
    boot_put(boot->cfg, &boot_setup_part, LINUX_REAL_ADDR, setup, setup_len);
    boot_put(boot->cfg, &boot_cmdline_part, LINUX_CMDLINE_ADDR, boot->cmdline,
             strlen(boot->cmdline) + 1);
    boot_put(boot->cfg, &boot_kernel_part, LINUX_KERNEL_ADDR,
             boot->data + setup_len, kernel_len);
    return boot_finish(boot, &plan, errp);
}

/* ---- ELF
 * ---------------------------------------------------------------------------
 */

/* Both classes' headers in one form. */
typedef struct BootElf {
    bool is64;
    uint64_t entry, phoff;
    unsigned phentsize, phnum;
} BootElf;

typedef struct BootSegment {
    uint32_t type;
    uint64_t offset, paddr, filesz, memsz, align;
} BootSegment;

static bool elf_open(const Boot *boot, BootElf *elf)
{
    const Elf32_Ehdr *e32 = (const void *)boot->data;
    const Elf64_Ehdr *e64 = (const void *)boot->data;

    if (boot->len < sizeof(*e64) || memcmp(boot->data, ELFMAG, SELFMAG)) {
        return false;
    }
    elf->is64 = boot->data[EI_CLASS] == ELFCLASS64;
    elf->entry = elf->is64 ? e64->e_entry : e32->e_entry;
    elf->phoff = elf->is64 ? e64->e_phoff : e32->e_phoff;
    elf->phentsize = elf->is64 ? e64->e_phentsize : e32->e_phentsize;
    elf->phnum = elf->is64 ? e64->e_phnum : e32->e_phnum;
    return elf->phentsize >=
               (elf->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) &&
           span_fits(elf->phoff, (uint64_t)elf->phentsize * elf->phnum,
                     boot->len);
}

static bool elf_segment(const Boot *boot, const BootElf *elf, unsigned n,
                        BootSegment *s)
{
    const uint8_t *at = boot->data + elf->phoff + (uint64_t)n * elf->phentsize;

    if (elf->is64) {
        Elf64_Phdr p;

        memcpy(&p, at, sizeof(p));
        *s = (BootSegment){ p.p_type,   p.p_offset, p.p_paddr,
                            p.p_filesz, p.p_memsz,  p.p_align };
    } else {
        Elf32_Phdr p;

        memcpy(&p, at, sizeof(p));
        *s = (BootSegment){ p.p_type,   p.p_offset, p.p_paddr,
                            p.p_filesz, p.p_memsz,  p.p_align };
    }
    return span_fits(s->offset, s->filesz, boot->len) && s->filesz <= s->memsz;
}

/* All PT_LOAD segments as one block of memory from *low. */
static GByteArray *elf_image(const Boot *boot, const BootElf *elf,
                             uint64_t *low, GError **errp)
{
    uint64_t start = UINT64_MAX;
    uint64_t end = 0;
    BootSegment s;

    for (unsigned n = 0; n < elf->phnum; n++) {
        if (!elf_segment(boot, elf, n, &s) ||
            !span_fits(s.paddr, s.memsz, boot->ram)) {
            if (s.type != PT_LOAD) {
                continue;
            }
            emu_fail(errp, EMU_ERROR_INVALID,
                     "kernel '%s': segment %u lies outside the file or guest "
                     "memory",
                     boot->config->kernel, n);
            return NULL;
        }
        if (s.type == PT_LOAD && s.memsz) {
            start = MIN(start, s.paddr);
            end = MAX(end, s.paddr + s.memsz);
        }
    }
    if (start >= end) {
        emu_fail(errp, EMU_ERROR_INVALID, "kernel '%s' has nothing to load",
                 boot->config->kernel);
        return NULL;
    }
    GByteArray *image = g_byte_array_sized_new(end - start);

    g_byte_array_set_size(image, end - start);
    memset(image->data, 0, image->len);
    for (unsigned n = 0; n < elf->phnum; n++) {
        elf_segment(boot, elf, n, &s);
        if (s.type == PT_LOAD) {
            memcpy(image->data + (s.paddr - start), boot->data + s.offset,
                   s.filesz);
        }
    }
    *low = start;
    return image;
}

/* The 32-bit entry point of a Xen PVH note; 0: there is none. */
static uint32_t elf_pvh_entry(const Boot *boot, const BootElf *elf)
{
    BootSegment s;

    for (unsigned n = 0; n < elf->phnum; n++) {
        if (!elf_segment(boot, elf, n, &s) || s.type != PT_NOTE) {
            continue;
        }
        uint64_t at = s.offset;
        uint64_t end = s.offset + s.filesz;

        while (at + 12 <= end) {
            uint64_t name_len = boot_get32(boot->data + at);
            uint64_t desc_len = boot_get32(boot->data + at + 4);
            uint64_t name = at + 12;
            uint64_t desc = name + ((name_len + 3) & ~UINT64_C(3));
            uint64_t next = desc + ((desc_len + 3) & ~UINT64_C(3));

            if (desc + desc_len > end) {
                break;
            }
            if (boot_get32(boot->data + at + 8) == PVH_NOTE_TYPE &&
                name_len == 4 && !memcmp(boot->data + name, "Xen", 4) &&
                desc_len >= 4) {
                return boot_get32(boot->data + desc);
            }
            at = next;
        }
    }
    return 0;
}

/* ---- Modules: -initrd for Multiboot and PVH
 * ------------------------------------------- */

typedef struct BootModule {
    uint32_t start, end;
    char *cmdline;
} BootModule;

static void boot_module_clear(void *p)
{
    g_free(((BootModule *)p)->cmdline);
}

/* "FILE ARGS,FILE ARGS,...": one block above the kernel, pages apart. */
static bool boot_modules(const Boot *boot, uint64_t addr, GArray *modules,
                         GError **errp)
{
    g_autoptr(GByteArray) block = g_byte_array_new();
    g_auto(GStrv) list =
        g_strsplit(boot->config->initrd ? boot->config->initrd : "", ",", -1);

    addr = (addr + 4095) & ~UINT64_C(4095);
    for (char **text = list; *text; text++) {
        g_autofree char *path = g_strndup(*text, strcspn(*text, " "));
        g_autoptr(GMappedFile) file = boot_map(path, "module", errp);

        if (!file) {
            return false;
        }
        uint64_t len = g_mapped_file_get_length(file);

        if (modules->len == MODULES_MAX ||
            addr + block->len + len > boot->ram - BOOT_RAM_RESERVED) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "module '%s' does not fit into guest memory", path);
        }
        BootModule m = { .start = addr + block->len,
                         .end = addr + block->len + len,
                         .cmdline = g_strdup(*text) };
        guint before = block->len;

        g_array_append_val(modules, m);
        g_byte_array_set_size(block, (before + len + 4095) & ~4095u);
        memcpy(block->data + before, g_mapped_file_get_contents(file), len);
    }
    boot_put(boot->cfg, &boot_initrd_part, addr, block->data, block->len);
    return true;
}

/* Append text to the command-line block; gives its guest address. */
static uint32_t boot_add_text(GByteArray *lines, const char *text)
{
    uint32_t addr = START_CMDLINE + lines->len;

    g_byte_array_append(lines, (const guint8 *)text, strlen(text) + 1);
    return addr;
}

/* ---- PVH
 * ---------------------------------------------------------------------------------
 */

static bool pvh_load(const Boot *boot, const BootElf *elf, uint32_t entry,
                     GError **errp)
{
    uint64_t low;
    g_autoptr(GByteArray) image = elf_image(boot, elf, &low, errp);
    g_autoptr(GByteArray) lines = g_byte_array_new();
    g_autoptr(GArray) modules = g_array_new(FALSE, FALSE, sizeof(BootModule));
    uint8_t info[START_MAP - START_ADDR] = { 0 };
    const uint32_t list = START_ADDR + 64;
    BootPlan plan = {
        .protected = 1,
        .entry = entry,
        .ebx = START_ADDR,
        .map = START_MAP,
        .count = START_ADDR + 48, /* memmap_entries */
        .unit = 1,
    };

    g_array_set_clear_func(modules, boot_module_clear);
    if (!image || !boot_modules(boot, low + image->len, modules, errp)) {
        return false;
    }
    boot_set32(info, 0x336ec578); /* hvm_start_info magic */
    boot_set32(info + 4, 1);      /* version */
    boot_set32(info + 12, modules->len);
    boot_set32(info + 16, modules->len ? list : 0);
    boot_set32(info + 24, boot_add_text(lines, boot->cmdline));
    boot_set32(info + 40, START_MAP);
    for (guint i = 0; i < modules->len; i++) {
        const BootModule *m = &g_array_index(modules, BootModule, i);
        uint8_t *e = info + 64 + 32 * i;

        boot_set32(e, m->start);
        boot_set32(e + 8, m->end - m->start);
        boot_set32(e + 16, boot_add_text(lines, m->cmdline));
    }
    boot_put(boot->cfg, &boot_setup_part, START_ADDR, info, sizeof(info));
    boot_put(boot->cfg, &boot_cmdline_part, START_CMDLINE, lines->data,
             lines->len);
    boot_put(boot->cfg, &boot_kernel_part, low, image->data, image->len);
    return boot_finish(boot, &plan, errp);
}

/* ---- Multiboot
 * ------------------------------------------------------------------------------
 */

enum {
    MULTIBOOT_MAGIC = 0x1badb002,
    MULTIBOOT_SEARCH = 8192,
    MULTIBOOT_HAS_ADDRESSES = 1 << 16,

    MBI_MEMORY = 1 << 0,
    MBI_CMDLINE = 1 << 2,
    MBI_MODULES = 1 << 3,
    MBI_MAP = 1 << 6,
    MBI_LOADER = 1 << 9,
    MBI_SIZE = 128, /* the module list follows */
};

/* Offset of the header; -1: not a Multiboot image. */
static int multiboot_find(const Boot *boot)
{
    for (size_t at = 0; at + 12 <= MIN(boot->len, MULTIBOOT_SEARCH); at += 4) {
        uint32_t flags = boot_get32(boot->data + at + 4);

        if (boot_get32(boot->data + at) == MULTIBOOT_MAGIC &&
            MULTIBOOT_MAGIC + flags + boot_get32(boot->data + at + 8) == 0) {
            return at;
        }
    }
    return -1;
}

/* An image whose header says where it goes. 3.1.3 */
static GByteArray *multiboot_flat(const Boot *boot, int at, uint64_t *low,
                                  uint32_t *entry, GError **errp)
{
    const uint8_t *h = boot->data + at;
    GByteArray *image;

    if ((size_t)at + 32 > boot->len) {
        emu_fail(errp, EMU_ERROR_INVALID, "kernel '%s' is truncated",
                 boot->config->kernel);
        return NULL;
    }
    uint64_t load = boot_get32(h + 16);
    uint64_t load_end = boot_get32(h + 20);
    uint64_t bss_end = boot_get32(h + 24);
    uint64_t off = at - (boot_get32(h + 12) - load);

    *low = load;
    *entry = boot_get32(h + 28);
    if (off > boot->len) {
        emu_fail(errp, EMU_ERROR_INVALID,
                 "kernel '%s': bad addresses in its Multiboot header",
                 boot->config->kernel);
        return NULL;
    }
    uint64_t len = load_end ? load_end - load : boot->len - off;
    uint64_t total = MAX(bss_end > load ? bss_end - load : 0, len);

    if (!span_fits(off, len, boot->len) || !span_fits(load, total, boot->ram)) {
        emu_fail(errp, EMU_ERROR_INVALID,
                 "kernel '%s' lies outside its file or guest memory",
                 boot->config->kernel);
        return NULL;
    }
    image = g_byte_array_sized_new(total);
    g_byte_array_set_size(image, total);
    memset(image->data, 0, total);
    memcpy(image->data, boot->data + off, len);
    return image;
}

static GByteArray *multiboot_image(const Boot *boot, int at, uint64_t *low,
                                   uint32_t *entry, GError **errp)
{
    BootElf elf;

    if (boot_get32(boot->data + at + 4) & MULTIBOOT_HAS_ADDRESSES) {
        return multiboot_flat(boot, at, low, entry, errp);
    }
    if (!elf_open(boot, &elf) || elf.is64) {
        emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                 "kernel '%s': a Multiboot kernel must be a 32-bit ELF file",
                 boot->config->kernel);
        return NULL;
    }
    *entry = elf.entry;
    return elf_image(boot, &elf, low, errp);
}

static bool multiboot_load(const Boot *boot, int at, GError **errp)
{
    uint64_t low;
    uint32_t entry;
    g_autoptr(GByteArray) image = multiboot_image(boot, at, &low, &entry, errp);
    g_autoptr(GByteArray) lines = g_byte_array_new();
    g_autoptr(GArray) modules = g_array_new(FALSE, FALSE, sizeof(BootModule));
    g_autofree char *cmdline =
        g_strdup_printf("%s %s", boot->config->kernel, boot->cmdline);
    uint8_t info[START_MAP - START_ADDR] = { 0 };

    g_array_set_clear_func(modules, boot_module_clear);
    if (!image || !boot_modules(boot, low + image->len, modules, errp)) {
        return false;
    }
    BootPlan plan = {
        .protected = 1,
        .entry = entry,
        .eax = 0x2badb002,
        .ebx = START_ADDR,
        .map = START_MAP,
        .count = START_ADDR + 44, /* mmap_length */
        .unit = 24,
        .lead = 4,
    };

    boot_set32(info,
               MBI_MEMORY | MBI_CMDLINE | MBI_MODULES | MBI_MAP | MBI_LOADER);
    boot_set32(info + 4, 640);
    boot_set32(info + 8, (boot->ram >> 10) - 1024);
    boot_set32(info + 16, boot_add_text(lines, cmdline));
    boot_set32(info + 20, modules->len);
    boot_set32(info + 24, START_ADDR + MBI_SIZE);
    boot_set32(info + 48, START_MAP);
    boot_set32(info + 64, boot_add_text(lines, "emu"));
    for (guint i = 0; i < modules->len; i++) {
        const BootModule *m = &g_array_index(modules, BootModule, i);
        uint8_t *e = info + MBI_SIZE + 16 * i;

        boot_set32(e, m->start);
        boot_set32(e + 4, m->end);
        boot_set32(e + 8, boot_add_text(lines, m->cmdline));
    }
    boot_put(boot->cfg, &boot_setup_part, START_ADDR, info, sizeof(info));
    boot_put(boot->cfg, &boot_cmdline_part, START_CMDLINE, lines->data,
             lines->len);
    boot_put(boot->cfg, &boot_kernel_part, low, image->data, image->len);
    return boot_finish(boot, &plan, errp);
}

/* ---- Entry
 * ------------------------------------------------------------------------------------
 */

static bool boot_load(const Boot *boot, GError **errp)
{
    BootElf elf;
    int at = multiboot_find(boot);

    if (at >= 0) {
        return multiboot_load(boot, at, errp);
    }
    if (elf_open(boot, &elf)) {
        uint32_t entry = elf_pvh_entry(boot, &elf);

        if (!entry) {
            return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                            "kernel '%s': ELF file without a PVH note",
                            boot->config->kernel);
        }
        return pvh_load(boot, &elf, entry, errp);
    }
    if (linux_probe(boot)) {
        return linux_load(boot, errp);
    }
    return emu_fail(errp, EMU_ERROR_INVALID,
                    "kernel '%s' is no Linux bzImage, no Multiboot image and "
                    "no ELF file with a PVH note",
                    boot->config->kernel);
}

bool pc_boot_setup(FwCfg *cfg, const BoardConfig *config, uint64_t ram,
                   GError **errp)
{
    if (!config->kernel) {
        if (config->initrd || config->append) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "%s only allowed with -kernel",
                            config->initrd ? "-initrd" : "-append");
        }
        return true;
    }
    g_autoptr(GMappedFile) file = boot_map(config->kernel, "kernel", errp);

    if (!file) {
        return false;
    }
    Boot boot = {
        .cfg = cfg,
        .config = config,
        .ram = ram,
        .data = (const uint8_t *)g_mapped_file_get_contents(file),
        .len = g_mapped_file_get_length(file),
        .cmdline = config->append ? config->append : "",
    };

    if (strlen(boot.cmdline) >= CMDLINE_MAX) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "-append: the command line is longer than %d bytes",
                        CMDLINE_MAX - 1);
    }
    return boot_load(&boot, errp);
}
