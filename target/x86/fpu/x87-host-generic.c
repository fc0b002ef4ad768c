/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host without an x87: its instructions are not there. */
#include "target/x86/fpu/x87.h"

const X87Row *x87_row(unsigned mnemonic, X87Form form)
{
    return NULL;
}
