/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder by itself: known answers with operands, the prefix rules, and
 * that every row of every map is reached.
 */
#include "target/x86/decode/decode.h"
#include "target/x86/features.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

/* ---- Operands as text --------------------------------------------------- */

static const char *const reg_names[16] = {
    "ax", "cx", "dx", "bx", "sp", "bp", "si", "di",
    "8",  "9",  "10", "11", "12", "13", "14", "15",
};
static const char *const seg_names[] = { "es", "cs", "ss", "ds", "fs", "gs" };

static void print_mem(GString *s, const X86Insn *i)
{
    g_string_append_printf(s, "%s:[", seg_names[i->mem.seg]);
    if (i->mem.rip) {
        g_string_append(s, "rip");
    }
    if (i->mem.base != X86_NO_REG) {
        g_string_append(s, reg_names[i->mem.base]);
    }
    if (i->mem.index != X86_NO_REG) {
        g_string_append_printf(s, "+%s*%d", reg_names[i->mem.index],
                               1 << i->mem.scale);
    }
    if (i->mem.disp) {
        g_string_append_printf(s, "%+" PRId64, i->mem.disp);
    }
    g_string_append_printf(s, "]/%u", i->mem_bytes);
}

static void print_operand(GString *s, const X86Insn *i, const X86Operand *op)
{
    static const char *const kinds[] = {
        [OPERAND_GPR] = "r",          [OPERAND_SEG] = "seg",
        [OPERAND_CR] = "cr",          [OPERAND_DR] = "dr",
        [OPERAND_MMX] = "mm",         [OPERAND_VEC] = "v",
        [OPERAND_ST] = "st",          [OPERAND_MASK] = "k",
        [OPERAND_STRING_SI] = "[si]", [OPERAND_STRING_DI] = "[di]",
    };

    switch (op->kind) {
    case OPERAND_MEM:
        print_mem(s, i);
        break;
    case OPERAND_IMM:
    case OPERAND_REL:
        g_string_append_printf(s, "%" PRId64, i->imm);
        break;
    case OPERAND_IMM2:
        g_string_append_printf(s, "%" PRId64, i->imm2);
        break;
    case OPERAND_FAR:
        g_string_append_printf(s, "%" PRIx64 ":%" PRIx64, i->imm2, i->imm);
        break;
    case OPERAND_GPR:
        g_string_append_printf(s, "r%s%s/%u", reg_names[op->reg],
                               op->high ? "h" : "", op->size);
        break;
    case OPERAND_STRING_SI:
    case OPERAND_STRING_DI:
        g_string_append_printf(s, "%s/%u", kinds[op->kind], op->size);
        break;
    default:
        g_string_append_printf(s, "%s%u/%u", kinds[op->kind], op->reg,
                               op->size);
    }
}

static char *print_insn(const X86Insn *i)
{
    GString *s = g_string_new(x86_mnemonic_name(i->mnemonic));

    for (unsigned n = 0; n < i->op_count; n++) {
        g_string_append(s, n ? ", " : " ");
        print_operand(s, i, &i->op[n]);
    }
    return g_string_free(s, FALSE);
}

/* Hexadecimal text, any spaces. */
static size_t parse_bytes(const char *hex, uint8_t *out)
{
    size_t n = 0;

    while (*hex) {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        out[n++] =
            g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]);
        hex += 2;
    }
    return n;
}

/* ---- Known answers ------------------------------------------------------ */

typedef struct Answer {
    X86CodeSize code;
    const char *bytes;
    const char *text; /* NULL: invalid */
} Answer;

static const Answer answers[] = {
    { X86_CODE64, "01 d8", "add rax/4, rbx/4" },
    { X86_CODE64, "48 01 d8", "add rax/8, rbx/8" },
    { X86_CODE64, "66 01 d8", "add rax/2, rbx/2" },
    { X86_CODE16, "01 d8", "add rax/2, rbx/2" },
    { X86_CODE16, "66 01 d8", "add rax/4, rbx/4" },
    { X86_CODE64, "00 e3", "add rbx/1, raxh/1" },
    { X86_CODE64, "40 00 e3", "add rbx/1, rsp/1" },
    { X86_CODE64, "f0 01 18", "add ds:[ax]/4, rbx/4" },
    { X86_CODE64, "f0 01 d8", NULL },
    { X86_CODE64, "f0 03 18", NULL },
    { X86_CODE64, "f0 89 18", NULL },
    { X86_CODE64, "8b 05 10 00 00 00", "mov rax/4, ds:[rip+16]/4" },
    { X86_CODE32, "8b 05 10 00 00 00", "mov rax/4, ds:[+16]/4" },
    { X86_CODE64, "8b 45 f0", "mov rax/4, ss:[bp-16]/4" },
    { X86_CODE64, "41 8b 45 f0", "mov rax/4, ds:[13-16]/4" },
    { X86_CODE64, "43 8b 44 a5 01", "mov rax/4, ds:[13+12*4+1]/4" },
    { X86_CODE64, "64 8b 04 24", "mov rax/4, fs:[sp]/4" },
    { X86_CODE64, "64 2e 8b 04 24", "mov rax/4, fs:[sp]/4" },
    { X86_CODE32, "64 2e 8b 04 24", "mov rax/4, cs:[sp]/4" },
    { X86_CODE64, "2e 8b 04 24", "mov rax/4, ss:[sp]/4" },
    { X86_CODE16, "8b 42 fe", "mov rax/2, ss:[bp+si*1-2]/2" },
    { X86_CODE16, "8b 0e 34 12", "mov rcx/2, ds:[+4660]/2" },
    { X86_CODE16, "67 8b 04 8a", "mov rax/2, ds:[dx+cx*4]/2" },
    { X86_CODE64, "a1 88 77 66 55 44 33 22 11",
      "mov rax/4, ds:[+1234605616436508552]/4" },
    { X86_CODE64, "67 a1 44 33 22 11", "mov rax/4, ds:[+287454020]/4" },
    { X86_CODE64, "48 b8 88 77 66 55 44 33 22 11",
      "mov rax/8, 1234605616436508552" },
    { X86_CODE64, "48 c7 c0 ff ff ff ff", "mov rax/8, -1" },
    { X86_CODE64, "83 c0 ff", "add rax/4, -1" },
    { X86_CODE64, "80 c0 ff", "add rax/1, 255" },
    { X86_CODE32, "82 c0 01", "add rax/1, 1" },
    { X86_CODE64, "82 c0 01", NULL },
    { X86_CODE32, "d6", "salc" },
    { X86_CODE64, "d6", NULL },
    { X86_CODE64, "f1", "int1" },
    { X86_CODE64, "c0 f0 03", "shl rax/1, 3" },
    { X86_CODE64, "f6 c8 03", "test rax/1, 3" },
    { X86_CODE64, "d1 e0", "shl rax/4, 1" },
    { X86_CODE64, "48 d3 e0", "shl rax/8, rcx/1" },
    { X86_CODE64, "e8 00 00 00 10", "call 268435456" },
    { X86_CODE64, "66 e8 00 00 00 10", "call 268435456" },
    { X86_CODE32, "66 e8 00 10", "call 4096" },
    { X86_CODE64, "50", "push rax/8" },
    { X86_CODE64, "41 50", "push r8/8" },
    { X86_CODE64, "66 50", "push rax/2" },
    { X86_CODE64, "6a ff", "push -1" },
    { X86_CODE64, "06", NULL },
    { X86_CODE32, "06", "push seg0/4" },
    { X86_CODE32, "9a 78 56 34 12 cd ab", "call abcd:12345678" },
    { X86_CODE64, "ff 1d 00 00 00 00", "call ds:[rip]/6" },
    { X86_CODE64, "c8 10 00 02", "enter 16, 2" },
    { X86_CODE64, "f3 48 a5", "movs [di]/8, [si]/8" },
    { X86_CODE64, "48 f3 a5", "movs [di]/4, [si]/4" }, /* REX dropped */
    { X86_CODE64, "90", "nop" },
    { X86_CODE64, "f3 90", "pause" },
    { X86_CODE64, "41 90", "xchg r8/4, rax/4" },
    { X86_CODE64, "8e c8", NULL }, /* MOV CS */
    { X86_CODE64, "8e f0", NULL },
    { X86_CODE64, "8c d8", "mov rax/4, seg3/2" },
    { X86_CODE64, "8c 18", "mov ds:[ax]/2, seg3/2" },
    { X86_CODE64, "0f 22 c0", "mov cr0/8, rax/8" },
    { X86_CODE64, "44 0f 20 c0", "mov rax/8, cr8/8" },
    { X86_CODE32, "0f 20 00", "mov rax/4, cr0/4" }, /* mod is ignored */
    { X86_CODE64, "0f 20 c8", NULL },               /* CR1 */
    { X86_CODE64, "0f b6 c4", "movzx rax/4, raxh/1" },
    { X86_CODE64, "63 c8", "movsxd rcx/4, rax/4" },
    { X86_CODE32, "63 c8", "arpl rax/2, rcx/2" },
    { X86_CODE64, "0f c7 08", "cmpxchg8b ds:[ax]/8" },
    { X86_CODE64, "48 0f c7 08", "cmpxchg16b ds:[ax]/16" },
    { X86_CODE64, "0f c7 c8", NULL },
    { X86_CODE64, "f3 0f b8 c1", "popcnt rax/4, rcx/4" },
    { X86_CODE64, "0f b8 c1", NULL },
    { X86_CODE64, "f3 0f bc c1", "tzcnt rax/4, rcx/4" },
    { X86_CODE64, "66 0f bc c1", "bsf rax/2, rcx/2" },
    { X86_CODE64, "66 f2 0f 38 f1 c1", "crc32 rax/4, rcx/2" },
    { X86_CODE64, "0f 1f 44 00 00", "nop ds:[ax+ax*1]/0" },
    { X86_CODE64, "f3 0f 1e fa", "endbr64" },
    { X86_CODE64, "0f 0b", "ud2" },
    { X86_CODE64, "0f ff c0", "ud0 rax/4, rax/4" },
    { X86_CODE64, "0f 01 d9", "vmmcall" },
    { X86_CODE64, "0f 01 10", "lgdt ds:[ax]/10" },
    { X86_CODE32, "0f 01 10", "lgdt ds:[ax]/6" },
    { X86_CODE64, "0f ae 00", "fxsave ds:[ax]/512" },
    { X86_CODE64, "d9 30", "fnstenv ds:[ax]/28" },
    { X86_CODE64, "66 d9 30", "fnstenv ds:[ax]/14" },
    { X86_CODE64, "dd 30", "fnsave ds:[ax]/108" },
    { X86_CODE64, "db 28", "fld ds:[ax]/10" },
    { X86_CODE64, "dc e1", "fsubr st1/10, st0/10" },
    { X86_CODE64, "de e9", "fsubp st1/10, st0/10" },
    { X86_CODE64, "df c1", "ffreep st1/10" },
    { X86_CODE64, "d9 d9", "fstp st1/10" },
    { X86_CODE64, "dc d1", "fcom st0/10, st1/10" },
    { X86_CODE64, "df e0", "fnstsw rax/2" },
    { X86_CODE64, "0f 58 c1", "addps v0/16, v1/16" },
    { X86_CODE64, "66 0f 58 c1", "addpd v0/16, v1/16" },
    { X86_CODE64, "f3 0f 58 c1", "addss v0/4, v1/4" },
    { X86_CODE64, "66 f2 0f 58 c1", "addsd v0/8, v1/8" },
    { X86_CODE64, "f2 66 0f 58 c1", "addsd v0/8, v1/8" },
    { X86_CODE64, "f3 f2 0f 58 c1", "addsd v0/8, v1/8" },
    { X86_CODE64, "f3 0f 28 c1", NULL },
    { X86_CODE64, "0f fc c1", "paddb mm0/8, mm1/8" },
    { X86_CODE64, "41 0f fc c1", "paddb mm0/8, mm1/8" },
    { X86_CODE64, "66 48 0f 6e c0", "movd v0/16, rax/8" },
    { X86_CODE64, "66 0f 3a 20 00 01", "pinsrb v0/16, ds:[ax]/1, 1" },
    { X86_CODE64, "c5 f4 58 c2", "addps v0/32, v1/32, v2/32" },
    { X86_CODE64, "c5 f0 58 c2", "addps v0/16, v1/16, v2/16" },
    { X86_CODE64, "c5 f8 28 c2", "movaps v0/16, v2/16" },
    { X86_CODE64, "c5 f0 28 c2", NULL },    /* vvvv must be 1111 */
    { X86_CODE64, "66 c5 f8 28 c2", NULL }, /* no prefix before VEX */
    { X86_CODE32, "c5 00", "lds rax/4, ds:[ax]/6" },
    { X86_CODE64, "c4 e3 75 4a c2 30", "blendvps v0/32, v1/32, v2/32, v3/32" },
    { X86_CODE64, "c4 e2 f3 f6 c2", "mulx rax/8, rcx/8, rdx/8" },
    { X86_CODE64, "c4 e2 71 90 04 00", NULL }, /* registers overlap */
    { X86_CODE64, "c4 e2 71 90 04 10",
      "vpgatherdd v0/16, ds:[ax+dx*1]/4, v1/16" },
    { X86_CODE64, "c5 fc 77", "vzeroall" },
    { X86_CODE64, "8f e8 78 c0 c0 01", NULL }, /* XOP */
    { X86_CODE64, "0f 0f c1 9e", NULL },       /* 3DNow! */
    { X86_CODE32, "62 00", "bound rax/4, ds:[ax]/8" },
    { X86_CODE64, "62 f1 7c 48 58 c1", "addps v0/64, v0/64, v1/64" },
};

static void test_answers(void)
{
    for (size_t n = 0; n < G_N_ELEMENTS(answers); n++) {
        const Answer *a = &answers[n];
        uint8_t bytes[16];
        size_t len = parse_bytes(a->bytes, bytes);
        X86Insn i;
        X86DecodeResult r = x86_decode(&i, bytes, len, a->code);

        g_test_message("%s", a->bytes);
        if (!a->text) {
            g_assert_cmpint(r, ==, X86_DECODE_INVALID);
            continue;
        }
        g_autofree char *text = print_insn(&i);
        g_assert_cmpint(r, ==, X86_DECODE_OK);
        g_assert_cmpstr(text, ==, a->text);
        g_assert_cmpuint(i.len, ==, len);
        /* Any shorter is SHORT, never a read beyond the end. */
        for (size_t cut = 0; cut < len; cut++) {
            g_autofree uint8_t *part = g_memdup2(bytes, cut);
            g_assert_cmpint(x86_decode(&i, part, cut, a->code), !=,
                            X86_DECODE_LONG);
        }
    }
}

/* ---- Rules -------------------------------------------------------------- */

static void test_length_limit(void)
{
    uint8_t bytes[16];
    X86Insn i;

    memset(bytes, 0x2e, sizeof(bytes));
    bytes[14] = 0x90;
    g_assert_cmpint(x86_decode(&i, bytes, 15, X86_CODE64), ==, X86_DECODE_OK);
    g_assert_cmpuint(i.len, ==, 15);
    bytes[14] = 0x2e;
    bytes[15] = 0x90;
    g_assert_cmpint(x86_decode(&i, bytes, 16, X86_CODE64), ==, X86_DECODE_LONG);
    g_assert_cmpint(x86_decode(&i, bytes, 14, X86_CODE64), ==,
                    X86_DECODE_SHORT);
}

static X86Insn decode_hex(X86CodeSize code, const char *hex)
{
    uint8_t bytes[16];
    size_t len = parse_bytes(hex, bytes);
    X86Insn i;

    g_assert_cmpint(x86_decode(&i, bytes, len, code), ==, X86_DECODE_OK);
    return i;
}

static void test_fields(void)
{
    X86Insn i = decode_hex(X86_CODE64, "f3 a4");
    g_assert_true(i.rep && !i.repne);
    i = decode_hex(X86_CODE64, "f2 f3 a6");
    g_assert_true(i.rep && !i.repne);
    i = decode_hex(X86_CODE64, "f3 0f 58 c1");
    g_assert_true(!i.rep && i.pp == 2);
    i = decode_hex(X86_CODE64, "66 41 0f 6f c1");
    g_assert_true(i.pp == 1 && i.rex == 0x41 && i.rm == 9);
    i = decode_hex(X86_CODE64, "74 10");
    g_assert_true(i.mnemonic == X86_JCC && (i.opcode & 15) == 4 && i.imm == 16);
    i = decode_hex(X86_CODE64, "67 f3 ac");
    g_assert_cmpuint(i.addr_size, ==, 4);
    i = decode_hex(X86_CODE64, "64 d7"); /* XLAT's segment */
    g_assert_cmpuint(i.mem.seg, ==, X86_FS);
    i = decode_hex(X86_CODE64, "c4 e1 f9 6e c0");
    g_assert_true(i.vex == 1 && i.vex_w && i.op[1].size == 8);
}

/* ---- Every row is reached ----------------------------------------------- */

static void reach(GHashTable *rows, const uint8_t *bytes)
{
    for (X86CodeSize code = X86_CODE16; code <= X86_CODE64; code++) {
        X86Insn i;
        if (x86_decode(&i, bytes, X86_INSN_MAX, code) == X86_DECODE_OK) {
            g_hash_table_add(rows, (void *)i.row);
        }
    }
}

static void reach_legacy(GHashTable *rows, const char *prefix, const char *map)
{
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        for (unsigned modrm = 0; modrm < 256; modrm++) {
            uint8_t bytes[X86_INSN_MAX] = { 0 };
            size_t n = parse_bytes(prefix, bytes);
            n += parse_bytes(map, bytes + n);
            bytes[n] = opcode;
            bytes[n + 1] = modrm;
            reach(rows, bytes);
        }
    }
}

static void reach_vex(GHashTable *rows, uint8_t map, uint8_t wlpp, uint8_t vvvv)
{
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        for (unsigned modrm = 0; modrm < 256; modrm++) {
            uint8_t bytes[X86_INSN_MAX] = {
                0xc4, 0xe0 | map, wlpp | (~vvvv & 15) << 3, opcode, modrm, 0x10
            };
            reach(rows, bytes);
        }
    }
}

static void reach_evex(GHashTable *rows, uint8_t map, unsigned bits)
{
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        for (unsigned modrm = 0; modrm < 256; modrm++) {
            uint8_t bytes[X86_INSN_MAX] = { 0x62,   0xf0 | map,
                                            bits,   0x08 | (bits & 0x60),
                                            opcode, modrm,
                                            0x10 };
            bytes[2] = (bits & 0x83) | 0x7c;
            reach(rows, bytes);
            bytes[2] ^= 0x08; /* with vvvv */
            reach(rows, bytes);
            bytes[2] ^= 0x08;
            bytes[3] |= 1; /* with a mask */
            reach(rows, bytes);
        }
    }
}

static GHashTable *reach_all(void)
{
    static const char *const prefixes[] = { "", "66", "f3", "f2", "48", "41" };
    static const char *const maps[] = { "", "0f", "0f38", "0f3a" };
    GHashTable *rows = g_hash_table_new(NULL, NULL);

    for (size_t p = 0; p < G_N_ELEMENTS(prefixes); p++) {
        for (size_t m = 0; m < G_N_ELEMENTS(maps); m++) {
            reach_legacy(rows, prefixes[p], maps[m]);
        }
    }
    for (unsigned map = 1; map < 4; map++) {
        for (unsigned wlpp = 0; wlpp < 16; wlpp++) {
            uint8_t bits = (wlpp & 7) | (wlpp & 8) << 4;
            reach_vex(rows, map, bits, 0);
            reach_vex(rows, map, bits, 1);
            reach_evex(rows, map, bits & 0x83);
            reach_evex(rows, map, (bits & 0x83) | 0x20);
            reach_evex(rows, map, (bits & 0x83) | 0x40);
        }
    }
    return rows;
}

static void test_rows(void)
{
    g_autoptr(GHashTable) reached = reach_all();
    g_autoptr(GHashTable) known = g_hash_table_new(NULL, NULL);
    const X86Row *row;

    for (size_t n = 0; (row = x86_decode_row(n)); n++) {
        g_assert_cmpuint(row->mnemonic, !=, X86_INVALID);
        g_assert_cmpuint(row->mnemonic, <, X86_MNEMONIC_COUNT);
        g_assert_cmpuint(row->feature, <, FEATURE_COUNT);
        /* What is undefined is written. */
        g_assert_cmphex(row->flags_undef & ~row->flags_out, ==, 0);
        g_hash_table_add(known, (void *)row);
        if (!g_hash_table_contains(reached, row)) {
            g_error("row %zu (%s) is never reached", n,
                    x86_mnemonic_name(row->mnemonic));
        }
    }
    g_assert_cmpuint(g_hash_table_size(known), >, 1500);
    GHashTableIter it;
    g_hash_table_iter_init(&it, reached);
    while (g_hash_table_iter_next(&it, (void **)&row, NULL)) {
        g_assert_true(g_hash_table_contains(known, row));
    }
}

static void test_features(void)
{
    for (unsigned a = 1; a < FEATURE_COUNT; a++) {
        const X86FeatureBit *fa = &x86_feature_bits[a];
        g_assert_nonnull(fa->name);
        for (unsigned b = 1; b < a; b++) {
            const X86FeatureBit *fb = &x86_feature_bits[b];
            g_assert_cmpstr(fa->name, !=, fb->name);
            g_assert_false(fa->leaf == fb->leaf && fa->subleaf == fb->subleaf &&
                           fa->reg == fb->reg && fa->bit == fb->bit);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/decode/answers", test_answers);
    g_test_add_func("/decode/length-limit", test_length_limit);
    g_test_add_func("/decode/fields", test_fields);
    g_test_add_func("/decode/rows", test_rows);
    g_test_add_func("/decode/features", test_features);
    return g_test_run();
}
