/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that look into memory and ports. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "monitor/command.h"
#include "monitor/disas.h"
#include "monitor/monitor.h"
#include "target/x86/cpu.h"
#include "util/error.h"

enum {
    DUMP_MAX = 1 << 20, /* bytes that x shows at once */
    INSN_MAX = 15,
};

/* ---- Reading ----------------------------------------------------------- */

typedef struct MemoryRead {
    uint64_t addr;
    uint8_t *buf;
    size_t len;
    size_t got; /* up to the first byte that is not there */
} MemoryRead;

static size_t memory_page_left(uint64_t addr, size_t len)
{
    return MIN(len, PAGE_SIZE - addr % PAGE_SIZE);
}

/* From a device: in pieces of 4 bytes, which all of them take, where the range
 * allows. A register may change by being read; the user asked for it. */
static bool memory_read_device(AddressSpace *as, uint64_t addr, uint8_t *buf,
                               size_t len)
{
    unsigned size = (addr | len) % 4 ? 1 : 4;

    for (size_t at = 0; at < len; at += size) {
        uint64_t value;

        if (space_load(as, addr + at, size, &value) != MEM_OK) {
            return false;
        }
        memcpy(buf + at, &value, size); /* little-endian, as the guest */
    }
    return true;
}

static bool memory_read_physical(AddressSpace *as, uint64_t addr, void *buf,
                                 size_t len)
{
    return space_read(as, addr, buf, len) == MEM_OK ||
           memory_read_device(as, addr, buf, len);
}

static void memory_read_virtual(X86Cpu *cpu, void *opaque)
{
    MemoryRead *r = opaque;

    while (r->got < r->len) {
        uint64_t at = r->addr + r->got;
        size_t part = memory_page_left(at, r->len - r->got);
        hwaddr paddr;

        if (!x86_mmu_peek(cpu, at, &paddr) ||
            !memory_read_physical(cpu->memory, paddr, r->buf + r->got, part)) {
            return;
        }
        r->got += part;
    }
}

static void memory_read_pages(AddressSpace *as, MemoryRead *r)
{
    while (r->got < r->len) {
        size_t part = memory_page_left(r->addr + r->got, r->len - r->got);

        if (!memory_read_physical(as, r->addr + r->got, r->buf + r->got,
                                  part)) {
            return;
        }
        r->got += part;
    }
}

static bool memory_read(CommandCall *call, bool physical, MemoryRead *r,
                        GError **errp)
{
    AddressSpace *as = machine_board(call->machine)->env.memory;

    if (!physical) {
        return command_on_cpu(call, memory_read_virtual, r, errp);
    }
    memory_read_pages(as, r);
    return true;
}

/* ---- Formats ----------------------------------------------------------- */

static uint64_t memory_item(const uint8_t *p, unsigned size)
{
    uint64_t value = 0;

    memcpy(&value, p, size); /* little-endian hosts, as guests are */
    return value;
}

static void memory_print_char(uint8_t c, GString *out)
{
    static const char escapes[][2] = {
        { '\'', '\'' }, { '\\', '\\' }, { '\n', 'n' }, { '\r', 'r' }
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(escapes); i++) {
        if (escapes[i][0] == c) {
            g_string_append_printf(out, "'\\%c'", escapes[i][1]);
            return;
        }
    }
    g_string_append_printf(out, g_ascii_isprint(c) ? "'%c'" : "'\\x%02x'", c);
}

/* wide: pad to the width of the size's largest number. */
static void memory_print_item(uint64_t value, char format, unsigned size,
                              bool wide, GString *out)
{
    unsigned bits = size * 8;
    int64_t sign = (int64_t)(value << (64 - bits)) >> (64 - bits);
    int decimal = wide ? (bits * 10 + 32) / 33 : 0;

    switch (format) {
    case 'd':
        g_string_append_printf(out, "%*" PRId64, decimal, sign);
        break;
    case 'u':
        g_string_append_printf(out, "%*" PRIu64, decimal, value);
        break;
    case 'o':
        g_string_append_printf(out, "%#*" PRIo64,
                               wide ? (int)(bits + 2) / 3 : 0, value);
        break;
    case 'c':
        memory_print_char(value, out);
        break;
    default:
        g_string_append_printf(out, "0x%0*" PRIx64, wide ? (int)bits / 4 : 0,
                               value);
        break;
    }
}

/* What the line says, else what was used last. */
static MemoryFormat memory_format(CommandCall *call)
{
    MemoryFormat fallback = { 1, 'x', 4 };
    MemoryFormat *last =
        call->session ? monitor_format(call->session) : &fallback;
    MemoryFormat f = call->arg[0].format;

    f.count = f.count ? f.count : 1;
    f.format = f.format ? f.format : last->format;
    if (f.format == 'i') {
        last->format = 'i';
        return f;
    }
    f.size = f.format == 'c' ? 1 : f.size ? f.size : last->size;
    last->format = f.format;
    last->size = f.format == 'c' ? last->size : f.size;
    return f;
}

/* ---- x and xp ---------------------------------------------------------- */

static void memory_print_dump(const MemoryRead *r, const MemoryFormat *f,
                              GString *out)
{
    unsigned line = f->size == 1 ? 8 : 16;
    size_t at = 0;

    for (; at + f->size <= r->got; at += f->size) {
        if (at % line == 0) {
            g_string_append_printf(out, "%s%016" PRIx64 ":", at ? "\n" : "",
                                   r->addr + at);
        }
        g_string_append_c(out, ' ');
        memory_print_item(memory_item(r->buf + at, f->size), f->format, f->size,
                          true, out);
    }
    if (at) {
        g_string_append_c(out, '\n');
    }
    if (r->got < r->len) {
        g_string_append_printf(out, "%016" PRIx64 ": Cannot access memory\n",
                               r->addr + at);
    }
}

static void memory_code_bits(X86Cpu *cpu, void *opaque)
{
    unsigned *bits = opaque;

    *bits = 16u << cpu->key.code;
}

static void memory_print_code(const MemoryRead *r, unsigned bits,
                              unsigned count, GString *out)
{
    size_t at = 0;

    while (count) {
        size_t used;
        unsigned n = disas_print(bits, r->addr + at, r->buf + at, r->got - at,
                                 count, &used, out);

        at += used;
        count -= n;
        if (!count) {
            return;
        }
        if (at == r->got) {
            g_string_append_printf(
                out, "0x%08" PRIx64 ": Cannot access memory\n", r->addr + at);
            return;
        }
        g_string_append_printf(out, "0x%08" PRIx64 ":  %02x  (bad)\n",
                               r->addr + at, r->buf[at]);
        at++;
        count--;
    }
}

static bool memory_dump(CommandCall *call, bool physical, GError **errp)
{
    MemoryFormat f = memory_format(call);
    bool code = f.format == 'i';
    uint64_t len = (uint64_t)f.count * (code ? INSN_MAX : f.size);
    g_autofree uint8_t *buf = NULL;
    MemoryRead r = { .addr = call->arg[1].number };
    unsigned bits = 16;

    if (len > DUMP_MAX) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "at most %d bytes are shown at once", DUMP_MAX);
    }
    r.len = len;
    r.buf = buf = g_malloc(len);
    if (!memory_read(call, physical, &r, errp)) {
        return false;
    }
    if (!code) {
        memory_print_dump(&r, &f, call->out);
        return true;
    }
    if (!command_on_cpu(call, memory_code_bits, &bits, errp)) {
        return false;
    }
    memory_print_code(&r, bits, f.count, call->out);
    return true;
}

bool cmd_x(CommandCall *call, GError **errp)
{
    return memory_dump(call, false, errp);
}

bool cmd_xp(CommandCall *call, GError **errp)
{
    return memory_dump(call, true, errp);
}

bool cmd_print(CommandCall *call, GError **errp)
{
    char format = call->arg[0].format.format;

    memory_print_item(call->arg[1].number, format ? format : 'x',
                      format == 'c' ? 1 : 8, false, call->out);
    g_string_append_c(call->out, '\n');
    return true;
}

/* ---- Other ------------------------------------------------------------- */

/* BSD's 16-bit rotating checksum. */
bool cmd_sum(CommandCall *call, GError **errp)
{
    AddressSpace *as = machine_board(call->machine)->env.memory;
    uint64_t addr = call->arg[0].number;
    uint16_t sum = 0;

    if (call->arg[1].number < 0 || call->arg[1].number > UINT32_MAX) {
        return emu_fail(errp, EMU_ERROR_INVALID, "the size is out of range");
    }
    for (int64_t i = 0; i < call->arg[1].number; i++) {
        uint8_t byte = 0;

        space_read(as, addr + i, &byte, 1);
        sum = (uint16_t)((sum >> 1 | sum << 15) + byte);
    }
    g_string_append_printf(call->out, "%05d\n", sum);
    return true;
}

static bool memory_save(CommandCall *call, bool physical, GError **errp)
{
    uint64_t addr = call->arg[0].number;
    uint64_t left = call->arg[1].number;
    const char *path = call->arg[2].text;
    FILE *file = fopen(path, "wbe");
    bool ok = true;

    if (!file) {
        return emu_fail_errno(errp, errno, "cannot create '%s'", path);
    }
    while (ok && left) {
        uint8_t buf[4096];
        MemoryRead r = { .addr = addr, .buf = buf };

        r.len = memory_page_left(addr, left);
        ok = memory_read(call, physical, &r, errp);
        if (ok && r.got < r.len) {
            ok = emu_fail(errp, EMU_ERROR_INVALID, "invalid addr 0x%016" PRIx64,
                          addr + r.got);
        }
        if (ok && fwrite(buf, 1, r.len, file) != r.len) {
            ok = emu_fail_errno(errp, errno, "cannot write '%s'", path);
        }
        addr += r.len;
        left -= r.len;
    }
    if (fclose(file) && ok) {
        ok = emu_fail_errno(errp, errno, "cannot write '%s'", path);
    }
    return ok;
}

bool cmd_memsave(CommandCall *call, GError **errp)
{
    return memory_save(call, false, errp);
}

bool cmd_pmemsave(CommandCall *call, GError **errp)
{
    return memory_save(call, true, errp);
}

typedef struct MemoryPeek {
    uint64_t addr;
    hwaddr paddr;
    bool ok;
} MemoryPeek;

static void memory_peek(X86Cpu *cpu, void *opaque)
{
    MemoryPeek *peek = opaque;

    peek->ok = x86_mmu_peek(cpu, peek->addr, &peek->paddr);
}

bool cmd_gva2gpa(CommandCall *call, GError **errp)
{
    MemoryPeek peek = { .addr = call->arg[0].number };

    if (!command_on_cpu(call, memory_peek, &peek, errp)) {
        return false;
    }
    if (peek.ok) {
        g_string_append_printf(call->out, "gpa: 0x%" PRIx64 "\n", peek.paddr);
    } else {
        g_string_append(call->out, "Unmapped\n");
    }
    return true;
}

/* ---- Ports ------------------------------------------------------------- */

static unsigned memory_port_size(const CommandCall *call)
{
    unsigned size = call->arg[0].format.size;

    return size == 2 || size == 4 ? size : 1;
}

bool cmd_in(CommandCall *call, GError **errp)
{
    unsigned size = memory_port_size(call);
    uint16_t port = call->arg[1].number;
    uint64_t value = 0;

    space_load(machine_board(call->machine)->env.io, port, size, &value);
    g_string_append_printf(call->out, "port%c[0x%04x] = 0x%0*" PRIx64 "\n",
                           size == 4   ? 'l'
                           : size == 2 ? 'w'
                                       : 'b',
                           port, (int)size * 2, value);
    return true;
}

bool cmd_out(CommandCall *call, GError **errp)
{
    space_store(machine_board(call->machine)->env.io,
                (uint16_t)call->arg[1].number, memory_port_size(call),
                call->arg[2].number);
    return true;
}
