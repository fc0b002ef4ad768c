/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host code as text, for -d out_asm and the tests' golden listings. */
#include "tcg/x86_64/emit.h"

#include <capstone/capstone.h>

static const char *print_thunk_name(const X86State *st, const uint8_t *x)
{
    for (unsigned t = 0; t < THUNK_WIDE; t++) {
        if (st->thunk[t] == x) {
            return emit_thunk_names[t];
        }
    }
    return x >= st->exec && x < st->thunks_end ? "mem" : NULL;
}

static uint32_t print_offset(const X86State *st, const SideBlock *b,
                             const void *x)
{
    return side_offset(b, (const uint8_t *)x - st->exec);
}

static bool print_is_inside(const X86State *st, const SideBlock *b,
                            const uint8_t *x)
{
    size_t at = x - st->exec;

    return at - b->hot < b->hot_size || at - b->cold < b->cold_size;
}

/* Targets of jumps and calls by name, or as offset in the block. */
static void print_target(const X86State *st, const SideBlock *b,
                         uint64_t target, GString *out)
{
    const uint8_t *x = (const uint8_t *)(uintptr_t)target;
    const char *thunk = print_thunk_name(st, x);

    if (thunk) {
        g_string_append_printf(out, "<%s>", thunk);
    } else if (print_is_inside(st, b, x)) {
        g_string_append_printf(out, "%03x", print_offset(st, b, x));
    } else if (x >= st->regions_start && x < st->regions_end) {
        g_string_append_printf(out, "<block %p>", (const void *)x);
    } else {
        g_string_append_printf(out, "%#" G_GINT64_MODIFIER "x", target);
    }
}

static bool print_is_branch(csh cs, const cs_insn *i)
{
    return (cs_insn_group(cs, i, CS_GRP_JUMP) ||
            cs_insn_group(cs, i, CS_GRP_CALL)) &&
           g_str_has_prefix(i->op_str, "0x");
}

static void print_insn(csh cs, const X86State *st, const SideBlock *b,
                       const cs_insn *i, GString *out)
{
    const void *at = (const void *)(uintptr_t)i->address;

    g_string_append_printf(out, "%03x  %s", print_offset(st, b, at),
                           i->mnemonic);
    if (i->op_str[0]) {
        g_string_append_c(out, ' ');
    }
    if (print_is_branch(cs, i)) {
        print_target(st, b, g_ascii_strtoull(i->op_str, NULL, 16), out);
    } else {
        g_string_append(out, i->op_str);
    }
    g_string_append_c(out, '\n');
}

/* The exit whose stub's head is at p, or -1. */
static int print_exit_at(const TcgCode *code, const uint8_t *p)
{
    for (int n = 0; n < IR_EXITS; n++) {
        const uint8_t *stub = (const uint8_t *)code->entry + code->exit[n].stub;
        if (code->exit[n].used && p + STUB_HEAD == stub) {
            return n;
        }
    }
    return -1;
}

/* A slow part's call: behind the jump after it is its MemDesc. */
static bool print_is_slow_part(const X86State *st, const cs_insn *i)
{
    if (i->id != X86_INS_CALL || !g_str_has_prefix(i->op_str, "0x")) {
        return false;
    }
    const uint8_t *target =
        (const uint8_t *)(uintptr_t)g_ascii_strtoull(i->op_str, NULL, 16);

    return target > st->thunk[THUNK_MEM_SLOW] && target < st->thunks_end;
}

static const uint8_t *print_desc(const uint8_t *p, GString *out)
{
    MemDesc desc;

    memcpy(&desc, p, sizeof(desc));
    bool leads = (desc >> MEM_DESC_KIND & 7) == MEM_LEADER;
    g_string_append_printf(
        out, "     slot %u mode %u, %u bytes%s%s\n", desc & (TCG_SLOTS - 1),
        (desc & 0xff) / TCG_SLOTS, desc >> MEM_DESC_SIZE & 1023,
        desc & MEM_DESC_WRITE ? ", write" : "", leads ? ", group" : "");
    return p + sizeof(desc) + (desc & MEM_DESC_MASKED ? 4 : 0) +
           (leads ? sizeof(MemLead) : 0);
}

static const uint8_t *print_skip_padding(const uint8_t *p)
{
    while (*p == 0xcc) {
        p++;
    }
    return p;
}

static void print_range(csh cs, const X86State *st, const TcgCode *code,
                        const SideBlock *b, const uint8_t *p,
                        const uint8_t *end, GString *out)
{
    const uint8_t *desc = NULL;
    cs_insn *i = cs_malloc(cs);

    while (p < end) {
        uint64_t address = (uintptr_t)p;
        size_t left = end - p;

        if (p == code->entry) {
            g_string_append(out, "entry:\n");
        }
        if (print_exit_at(code, p) >= 0) {
            g_string_append_printf(out, "exit %d:\n", print_exit_at(code, p));
            p += STUB_HEAD;
        } else if (p == desc) {
            p = print_desc(p, out);
        } else if (cs_disasm_iter(cs, &p, &left, &address, i)) {
            print_insn(cs, st, b, i, out);
            if (print_is_slow_part(st, i)) {
                desc = p + 5;
            }
        } else {
            break;
        }
    }
    cs_free(i, 1);
}

void x86_64_print(TcgContext *ctx, const TcgCode *code, GString *out)
{
    const X86State *st = ctx->state;
    const SideBlock *b = side_find(ctx, code->entry);
    csh cs;

    if (!b || cs_open(CS_ARCH_X86, CS_MODE_64, &cs) != CS_ERR_OK) {
        return;
    }
    const uint8_t *hot = st->exec + b->hot, *cold = st->exec + b->cold;

    cs_option(cs, CS_OPT_DETAIL, CS_OPT_ON);
    print_range(cs, st, code, b, print_skip_padding(hot), hot + b->hot_size,
                out);
    print_range(cs, st, code, b, cold, cold + b->cold_size, out);
    cs_close(&cs);
}
