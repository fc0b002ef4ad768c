/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instructions by the manual's names. */
#ifndef TARGET_X86_DECODE_MNEMONICS_H
#define TARGET_X86_DECODE_MNEMONICS_H

typedef enum X86Mnemonic {
    X86_INVALID,
} X86Mnemonic;

#endif
