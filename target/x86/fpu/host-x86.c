/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's MXCSR on a host that has one. */
#include "target/x86/fpu/fpu.h"

#include <xmmintrin.h>

uint32_t fp_host_call(uint32_t mxcsr, FpFn *fn, FpOp *x)
{
    uint32_t saved = _mm_getcsr();
    uint32_t masked = (mxcsr & ~FP_EXCEPTIONS) | FP_EXCEPTIONS
                                                     << MXCSR_MASK_SHIFT;

    _mm_setcsr(masked);
    fn(x);
    uint32_t exc = _mm_getcsr() & FP_EXCEPTIONS;
    _mm_setcsr(saved);
    return exc;
}

float fp_host_rcp(float v)
{
    return _mm_cvtss_f32(_mm_rcp_ss(_mm_set_ss(v)));
}

float fp_host_rsqrt(float v)
{
    return _mm_cvtss_f32(_mm_rsqrt_ss(_mm_set_ss(v)));
}
