/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder against two independent disassemblers: for systematic and random
 * bytes in the three modes, validity, length and mnemonic are those of Zydis
 * or of capstone (each has mistakes of its own), or the difference is listed
 * below with its reason.
 */
#include "target/x86/decode/decode.h"

#include <Zydis/Zydis.h>
#include <capstone/capstone.h>
#include <glib.h>
#include <string.h>

typedef struct Peers {
    ZydisDecoder zydis[3];
    csh capstone[3];
    cs_insn *insn;
    GRand *rand;
    unsigned long checked;
    unsigned failures;
} Peers;

typedef struct Alias {
    const char *theirs, *ours;
} Alias;

/* Names that say the operand size, a width or a condition. */
static const Alias aliases[] = {
    { "movsb", "movs" },
    { "movsw", "movs" },
    { "movsq", "movs" },
    { "cmpsb", "cmps" },
    { "cmpsw", "cmps" },
    { "cmpsq", "cmps" },
    { "stosb", "stos" },
    { "stosw", "stos" },
    { "stosd", "stos" },
    { "stosq", "stos" },
    { "lodsb", "lods" },
    { "lodsw", "lods" },
    { "lodsd", "lods" },
    { "lodsq", "lods" },
    { "scasb", "scas" },
    { "scasw", "scas" },
    { "scasd", "scas" },
    { "scasq", "scas" },
    { "insb", "ins" },
    { "insw", "ins" },
    { "insd", "ins" },
    { "outsb", "outs" },
    { "outsw", "outs" },
    { "outsd", "outs" },
    { "cwde", "cbw" },
    { "cdqe", "cbw" },
    { "cdq", "cwd" },
    { "cqo", "cwd" },
    { "pushad", "pusha" },
    { "popad", "popa" },
    { "pushfd", "pushf" },
    { "pushfq", "pushf" },
    { "popfd", "popf" },
    { "popfq", "popf" },
    { "iretd", "iret" },
    { "iretq", "iret" },
    { "jecxz", "jcxz" },
    { "jrcxz", "jcxz" },
    { "ret", "retf" },
    { "sysretq", "sysret" },
    { "sysexitq", "sysexit" },
    { "fxsave64", "fxsave" },
    { "xsave64", "xsave" },
    { "fxrstor64", "fxrstor" },
    { "xrstor64", "xrstor" },
    { "xsavec64", "xsavec" },
    { "xsaves64", "xsaves" },
    { "xsaveopt64", "xsaveopt" },
    { "xrstors64", "xrstors" },
    { "pextrq", "pextrd" },
    { "pinsrq", "pinsrd" },
    { "movq", "movd" },
    { "movsd", "movs" },
    { "cmpsd", "cmps" },
    { "incsspd", "incssp" },
    { "incsspq", "incssp" },
    { "wrssd", "wrss" },
    { "wrssq", "wrss" },
    { "wrussd", "wruss" },
    { "wrussq", "wruss" },
    { "fstpnce", "fstp" },
    { "feni8087_nop", "fneni" },
    { "fdisi8087_nop", "fndisi" },
    { "fsetpm287_nop", "fnsetpm" },
    /* Shadow stacks, MPX, CLDEMOTE: the hint space as long as not offered. */
    { "rdsspd", "nop" },
    { "rdsspq", "nop" },
    { "bndmov", "nop" },
    { "bndmk", "nop" },
    { "bndcl", "nop" },
    { "bndcu", "nop" },
    { "bndcn", "nop" },
    { "bndldx", "nop" },
    { "bndstx", "nop" },
    { "cldemote", "nop" },
    /* WBNOINVD is WBINVD on processors that do not know it. */
    { "wbinvd", "wbnoinvd" },
    /* F3 with REX.B is XCHG, not PAUSE: APM 3 XCHG. */
    { "pause", "xchg" },
};

static bool name_is_condition(const char *name, const char *ours)
{
    return (name[0] == 'j' && !strcmp(ours, "jcc")) ||
           (g_str_has_prefix(name, "set") && !strcmp(ours, "setcc")) ||
           (g_str_has_prefix(name, "cmov") && !strcmp(ours, "cmovcc"));
}

static bool name_agrees(const X86Insn *i, const char *name)
{
    const char *ours = x86_mnemonic_name(i->mnemonic);

    if (!strcmp(name, ours) || name_is_condition(name, ours)) {
        return true;
    }
    for (size_t n = 0; n < G_N_ELEMENTS(aliases); n++) {
        if (!strcmp(name, aliases[n].theirs) &&
            !strcmp(ours, aliases[n].ours)) {
            return true;
        }
    }
    /* VADDPS is ADDPS with a VEX prefix, KANDW and KANDQ are KAND. */
    if (i->vex && name[0] == 'v' && ours[0] != 'v') {
        return name_agrees(i, name + 1);
    }
    return i->row->attr & X86_A_AVX512 && g_str_has_prefix(name, ours);
}

/* Half precision, and what only Xeon Phi has. */
static bool zydis_only_set(ZydisISASet set)
{
    static const ZydisISASet sets[] = {
        ZYDIS_ISA_SET_AVX512_FP16_128,    ZYDIS_ISA_SET_AVX512_FP16_128N,
        ZYDIS_ISA_SET_AVX512_FP16_256,    ZYDIS_ISA_SET_AVX512_FP16_512,
        ZYDIS_ISA_SET_AVX512_FP16_SCALAR, ZYDIS_ISA_SET_AVX512ER_512,
        ZYDIS_ISA_SET_AVX512ER_SCALAR,    ZYDIS_ISA_SET_AVX512PF_512,
        ZYDIS_ISA_SET_AVX512_4FMAPS_512,  ZYDIS_ISA_SET_AVX512_4FMAPS_SCALAR,
        ZYDIS_ISA_SET_AVX512_4VNNIW_512,
    };

    for (size_t n = 0; n < G_N_ELEMENTS(sets); n++) {
        if (set == sets[n]) {
            return true;
        }
    }
    return false;
}

/* Instructions that we do not have: #UD as on processors without them. */
static bool zydis_only(const ZydisDecodedInstruction *z)
{
    static const ZydisISAExt exts[] = {
        ZYDIS_ISA_EXT_AMD3DNOW,  ZYDIS_ISA_EXT_XOP,
        ZYDIS_ISA_EXT_TBM,       ZYDIS_ISA_EXT_FMA4,
        ZYDIS_ISA_EXT_AMX_BF16,  ZYDIS_ISA_EXT_AMX_INT8,
        ZYDIS_ISA_EXT_AMX_TILE,  ZYDIS_ISA_EXT_KNC,
        ZYDIS_ISA_EXT_KNCE,      ZYDIS_ISA_EXT_KNCV,
        ZYDIS_ISA_EXT_KEYLOCKER, ZYDIS_ISA_EXT_KEYLOCKER_WIDE,
        ZYDIS_ISA_EXT_PADLOCK,   ZYDIS_ISA_EXT_SNP,
        ZYDIS_ISA_EXT_TDX,       ZYDIS_ISA_EXT_TSX_LDTRK,
        ZYDIS_ISA_EXT_UINTR,     ZYDIS_ISA_EXT_HRESET,
        ZYDIS_ISA_EXT_MCOMMIT,   ZYDIS_ISA_EXT_AMD_INVLPGB,
    };

    for (size_t n = 0; n < G_N_ELEMENTS(exts); n++) {
        if (z->meta.isa_ext == exts[n]) {
            return true;
        }
    }
    return z->encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX ||
           zydis_only_set(z->meta.isa_set);
}

/* Valid here, and in the manuals, but not for Zydis. */
static bool ours_only(const X86Insn *i)
{
    return i->mnemonic == X86_NOP ||       /* 0F18..0F1F: SDM 2B table 4-12 */
           i->mnemonic == X86_GETSEC ||    /* 66 is ignored */
           i->mnemonic == X86_PCMPESTRI || /* vvvv is checked elsewhere */
           i->mnemonic == X86_PCMPESTRM;
}

static bool zydis_agrees(Peers *p, const uint8_t *bytes, X86CodeSize code,
                         X86DecodeResult r, const X86Insn *i)
{
    ZydisDecodedInstruction z;
    bool ok = ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(
        &p->zydis[code], NULL, bytes, X86_INSN_MAX, &z));

    if (!ok || r != X86_DECODE_OK) {
        return ok ? zydis_only(&z) : r != X86_DECODE_OK || ours_only(i);
    }
    return z.length == i->len &&
           name_agrees(i, ZydisMnemonicGetString(z.mnemonic));
}

static bool capstone_agrees(Peers *p, const uint8_t *bytes, X86CodeSize code,
                            X86DecodeResult r, const X86Insn *i)
{
    size_t len = X86_INSN_MAX;
    uint64_t addr = 0;
    bool ok = cs_disasm_iter(p->capstone[code], &bytes, &len, &addr, p->insn);

    if (!ok || r != X86_DECODE_OK) {
        return !ok && r != X86_DECODE_OK;
    }
    return p->insn->size == i->len && name_agrees(i, p->insn->mnemonic);
}

static void check(Peers *p, const uint8_t *bytes, X86CodeSize code)
{
    X86Insn i;
    X86DecodeResult r = x86_decode(&i, bytes, X86_INSN_MAX, code);

    p->checked++;
    if (zydis_agrees(p, bytes, code, r, &i) ||
        capstone_agrees(p, bytes, code, r, &i) || p->failures++ > 20) {
        return;
    }
    GString *hex = g_string_new(NULL);
    for (unsigned n = 0; n < X86_INSN_MAX; n++) {
        g_string_append_printf(hex, " %02x", bytes[n]);
    }
    g_test_message("mode %d, result %d, length %u, %s:%s", code, r, i.len,
                   x86_mnemonic_name(i.mnemonic), hex->str);
    g_test_fail();
    g_string_free(hex, TRUE);
}

static void fill(Peers *p, uint8_t *bytes)
{
    for (unsigned n = 0; n < X86_INSN_MAX; n++) {
        bytes[n] = g_rand_int(p->rand);
    }
}

/* Every opcode and ModRM of the four legacy maps behind some prefixes. */
static void check_legacy(Peers *p, X86CodeSize code, const char *prefix)
{
    static const char *const maps[] = { "", "\x0f", "\x0f\x38", "\x0f\x3a" };

    for (unsigned n = 0; n < 4 * 65536; n++) {
        const char *map = maps[n >> 16];
        uint8_t bytes[X86_INSN_MAX];

        fill(p, bytes);
        size_t len = strlen(prefix), map_len = strlen(map);
        memcpy(bytes, prefix, len);
        memcpy(bytes + len, map, map_len);
        bytes[len + map_len] = n >> 8;
        bytes[len + map_len + 1] = n;
        check(p, bytes, code);
    }
}

static void check_vex(Peers *p, X86CodeSize code)
{
    for (unsigned n = 0; n < 3 * 16 * 65536; n++) {
        unsigned wlpp = (n >> 16) & 15;
        uint8_t bytes[X86_INSN_MAX];

        fill(p, bytes);
        bytes[0] = 0xc4;
        bytes[1] = 0xe1 + (n >> 20);
        bytes[2] = (wlpp & 8) << 4 | (wlpp & 7) | 0x78;
        if (n & 1) {
            bytes[2] ^= g_rand_int(p->rand) & 0x38;
        }
        bytes[3] = n >> 8;
        bytes[4] = n;
        check(p, bytes, code);
    }
}

/* W, prefix, map, opcode and most of ModRM in turn, the rest at random. */
static void check_evex(Peers *p, X86CodeSize code)
{
    for (unsigned n = 0; n < 3 * 8 * 65536; n++) {
        unsigned wpp = (n >> 16) & 7;
        uint8_t bytes[X86_INSN_MAX];

        fill(p, bytes);
        bytes[0] = 0x62;
        bytes[1] = (bytes[1] & (code == X86_CODE64 ? 0xf0 : 0x30)) |
                   (code == X86_CODE64 ? 0 : 0xc0) | (1 + (n >> 19));
        bytes[2] =
            (wpp & 4) << 5 | 4 | (wpp & 3) | (n & 1 ? 0x78 : bytes[2] & 0x78);
        bytes[3] |= n & 1 ? 8 : 0;
        bytes[3] &= n & 2 ? 0x6f : 0xff;
        bytes[4] = n >> 8;
        bytes[5] = n;
        check(p, bytes, code);
    }
}

static void check_random(Peers *p, X86CodeSize code)
{
    for (unsigned n = 0; n < 300000; n++) {
        uint8_t bytes[X86_INSN_MAX];
        fill(p, bytes);
        check(p, bytes, code);
    }
}

static void peers_open(Peers *p)
{
    static const ZydisMachineMode modes[] = {
        ZYDIS_MACHINE_MODE_LONG_COMPAT_16,
        ZYDIS_MACHINE_MODE_LONG_COMPAT_32,
        ZYDIS_MACHINE_MODE_LONG_64,
    };
    static const cs_mode cs_modes[] = { CS_MODE_16, CS_MODE_32, CS_MODE_64 };

    p->rand = g_rand_new_with_seed(0x0f0b);
    for (unsigned n = 0; n < 3; n++) {
        ZydisDecoderInit(&p->zydis[n], modes[n],
                         n == 2   ? ZYDIS_STACK_WIDTH_64
                         : n == 1 ? ZYDIS_STACK_WIDTH_32
                                  : ZYDIS_STACK_WIDTH_16);
        g_assert_cmpint(cs_open(CS_ARCH_X86, cs_modes[n], &p->capstone[n]), ==,
                        CS_ERR_OK);
    }
    p->insn = cs_malloc(p->capstone[0]);
}

static void peers_close(Peers *p)
{
    cs_free(p->insn, 1);
    for (unsigned n = 0; n < 3; n++) {
        cs_close(&p->capstone[n]);
    }
    g_rand_free(p->rand);
}

static void test_peers(const void *opaque)
{
    X86CodeSize code = GPOINTER_TO_INT(opaque);
    static const char *const prefixes[] = {
        "",     "\x66", "\xf3", "\xf2",     "\x66\xf3",
        "\x67", "\xf0", "\x48", "\x66\x48", "\x41",
    };
    Peers p = { 0 };

    peers_open(&p);
    for (size_t n = 0; n < (code == X86_CODE64 ? 10 : 7); n++) {
        check_legacy(&p, code, prefixes[n]);
    }
    check_vex(&p, code);
    check_evex(&p, code);
    check_random(&p, code);
    g_test_message("%lu checked, %u wrong", p.checked, p.failures);
    peers_close(&p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/decode/peers/16", GINT_TO_POINTER(X86_CODE16),
                         test_peers);
    g_test_add_data_func("/decode/peers/32", GINT_TO_POINTER(X86_CODE32),
                         test_peers);
    g_test_add_data_func("/decode/peers/64", GINT_TO_POINTER(X86_CODE64),
                         test_peers);
    return g_test_run();
}
