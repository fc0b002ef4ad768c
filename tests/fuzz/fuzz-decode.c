/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer of the decoder: any bytes, in the three sizes of code. What it says
 * of an instruction must not depend on what stands behind it.
 */
#include "target/x86/decode/decode.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_expect(bool truth)
{
    if (!truth) {
        abort();
    }
}

/* The instruction's own bytes are enough, and none of them is too many. */
static void fuzz_check_length(const uint8_t *data, const X86Insn *insn,
                              X86CodeSize code)
{
    X86Insn again;

    fuzz_expect(insn->len && insn->len <= X86_INSN_MAX);
    fuzz_expect(x86_decode(&again, data, insn->len, code) == X86_DECODE_OK);
    fuzz_expect(again.row == insn->row && again.len == insn->len);
    fuzz_expect(x86_decode(&again, data, insn->len - 1, code) ==
                X86_DECODE_SHORT);
}

static void fuzz_decode(const uint8_t *data, size_t size, X86CodeSize code)
{
    X86Insn insn;

    while (size) {
        X86DecodeResult result = x86_decode(&insn, data, size, code);
        size_t len = 1;

        switch (result) {
        case X86_DECODE_OK:
            fuzz_check_length(data, &insn, code);
            len = insn.len;
            break;
        case X86_DECODE_SHORT:
            fuzz_expect(size < X86_INSN_MAX);
            break;
        case X86_DECODE_INVALID:
            fuzz_expect(insn.len <= X86_INSN_MAX);
            break;
        case X86_DECODE_LONG:
            fuzz_expect(size >= X86_INSN_MAX);
            break;
        }
        data += len;
        size -= len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const X86CodeSize codes[] = { X86_CODE16, X86_CODE32, X86_CODE64 };

    for (unsigned n = 0; n < G_N_ELEMENTS(codes); n++) {
        /* A copy of its own: reading beyond it shows. */
        g_autofree uint8_t *copy = g_memdup2(data, size);
        fuzz_decode(copy, size, codes[n]);
    }
    return 0;
}
