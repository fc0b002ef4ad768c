/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's MXCSR by <fenv.h>. Not done: denormals as zeros and flushed
 * results, and the denormal exception.
 */
#include "target/x86/fpu/fpu.h"

#include <fenv.h>
#include <math.h>

uint32_t fp_host_call(uint32_t mxcsr, FpFn *fn, FpOp *x)
{
    static const int modes[4] = { FE_TONEAREST, FE_DOWNWARD, FE_UPWARD,
                                  FE_TOWARDZERO };
    fenv_t saved;

    feholdexcept(&saved);
    fesetround(modes[mxcsr >> MXCSR_RC_SHIFT & 3]);
    fn(x);
    int raised = fetestexcept(FE_ALL_EXCEPT);
    fesetenv(&saved);
    return (raised & FE_INVALID ? FP_IE : 0) |
           (raised & FE_DIVBYZERO ? FP_ZE : 0) |
           (raised & FE_OVERFLOW ? FP_OE : 0) |
           (raised & FE_UNDERFLOW ? FP_UE : 0) |
           (raised & FE_INEXACT ? FP_PE : 0);
}

/* SDM RCPPS: the relative error is at most 1.5 * 2^-12. */
float fp_host_rcp(float v)
{
    return 1 / v;
}

float fp_host_rsqrt(float v)
{
    return 1 / sqrtf(v);
}

float fp_host_rcp14f(float v)
{
    return 1 / v;
}

float fp_host_rsqrt14f(float v)
{
    return 1 / sqrtf(v);
}

double fp_host_rcp14(double v)
{
    return 1 / v;
}

double fp_host_rsqrt14(double v)
{
    return 1 / sqrt(v);
}
