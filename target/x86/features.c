/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The feature table of features.h as data. */
#include "target/x86/features.h"

const X86FeatureBit x86_feature_bits[FEATURE_COUNT] = {
#define F(name_, text, leaf_, subleaf_, reg_, bit_)                            \
    [FEATURE_##name_] = { .name = text,                                        \
                          .leaf = leaf_,                                       \
                          .subleaf = subleaf_,                                 \
                          .reg = reg_,                                         \
                          .bit = bit_ },
    X86_FEATURES(F)
#undef F
};
