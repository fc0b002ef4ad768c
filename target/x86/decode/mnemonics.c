/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instructions' names as text. */
#include "target/x86/decode/decode.h"

static const char *const mnemonic_names[X86_MNEMONIC_COUNT] = { [X86_INVALID] =
                                                                    "invalid",
#define M(name, text) [X86_##name] = text,
                                                                X86_MNEMONICS(M)
#undef M
};

const char *x86_mnemonic_name(unsigned mnemonic)
{
    return mnemonic < X86_MNEMONIC_COUNT ? mnemonic_names[mnemonic] : "invalid";
}
