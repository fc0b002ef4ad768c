/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Portable forms of x87, MMX, SSE and AVX instructions. */
#include "target/x86/translate.h"

bool x86_emit_fp(Translator *t, const X86Insn *i)
{
    return false;
}
