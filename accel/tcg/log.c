/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -d in_asm,op,op_opt,out_asm,cpu,exec: each stage of a translation as text,
 * and what is run. exec sees the blocks that the run loop enters: all of them
 * with -d nochain. */
#include "util/log.h"
#include "accel/tcg/engine.h"

#include <capstone/capstone.h>
#include <inttypes.h>
#include <unistd.h>

static cs_mode log_capstone_mode(uint32_t bits)
{
    static const cs_mode modes[4] = { [X86_CODE16] = CS_MODE_16,
                                      [X86_CODE32] = CS_MODE_32,
                                      [X86_CODE64] = CS_MODE_64,
                                      [3] = CS_MODE_64 };
    const X86Key key = { .bits = bits };
    return modes[key.code];
}

static void log_disassemble(GString *out, const uint8_t *bytes, size_t size,
                            uint64_t pc, cs_mode mode)
{
    csh handle;
    cs_insn *insns;

    if (cs_open(CS_ARCH_X86, mode, &handle) != CS_ERR_OK) {
        return;
    }
    size_t n = cs_disasm(handle, bytes, size, pc, 0, &insns);
    for (size_t i = 0; i < n; i++) {
        g_string_append_printf(out, "0x%08" PRIx64 ":  ", insns[i].address);
        for (unsigned k = 0; k < insns[i].size; k++) {
            g_string_append_printf(out, "%02x", insns[i].bytes[k]);
        }
        g_string_append_printf(out, "  %s %s\n", insns[i].mnemonic,
                               insns[i].op_str);
    }
    cs_free(insns, n);
    cs_close(&handle);
}

void log_block_in(const TcgBlock *b, const uint8_t *bytes)
{
    if (!log_on(LOG_IN_ASM)) {
        return;
    }
    g_autoptr(GString) out = g_string_new("----------------\nIN:\n");
    unsigned left = PAGE_SIZE - ((uintptr_t)bytes & (PAGE_SIZE - 1));
    /* An instruction that reaches into the next page is not shown. */
    log_disassemble(out, bytes, MIN(b->size, left), b->key.pc,
                    log_capstone_mode(b->key.bits));
    log_printf("%s\n", out->str);
}

void log_block_ir(const TcgEngine *e, LogItem item, const char *title)
{
    if (!log_on(item)) {
        return;
    }
    g_autoptr(GString) out = g_string_new(NULL);
    ir_print(&e->ir, out);
    log_printf("%s:\n%s\n", title, out->str);
}

void log_block_out(TcgEngine *e, const TcgBlock *b)
{
    if (!log_on(LOG_OUT_ASM)) {
        return;
    }
    g_autoptr(GString) out = g_string_new(NULL);
    e->ctx.backend->print(&e->ctx, &b->code, out);
    log_printf("OUT: [size=%u]\n%s\n", b->code.size, out->str);
}

/* Address, size, name (tools/perf/Documentation/jit-interface.txt): a block is
 * named after its guest pc. perf reads the file when it is done, so what the
 * buffer held before it was emptied is named wrongly. */
void log_perf_map(TcgEngine *e, const TcgBlock *b)
{
    const uint8_t *code = b->code.entry;

    if (!e->perf_map) {
        g_autofree char *path = g_strdup_printf("/tmp/perf-%d.map", getpid());
        e->perf_map = fopen(path, "we");
        if (!e->perf_map) {
            log_printf("perfmap: cannot write %s\n", path);
            e->perfmap = false;
            return;
        }
        setvbuf(e->perf_map, NULL, _IOLBF, 0);
    }
    fprintf(e->perf_map, "%" PRIxPTR " %x guest_%" PRIx64 "\n", (uintptr_t)code,
            b->code.size, b->key.pc);
}

void log_exec(X86Cpu *cpu, const TcgBlock *b)
{
    if (log_on(LOG_EXEC)) {
        log_printf("Trace %u: %p [%016x/%016" PRIx64 "/%08x]\n", cpu->index,
                   (const void *)b->code.entry, b->key.cs_base, b->key.pc,
                   b->key.bits);
    }
    if (log_on(LOG_CPU)) {
        g_autoptr(GString) out = g_string_new(NULL);
        x86_cpu_print(cpu, out);
        log_printf("%s\n", out->str);
    }
}
