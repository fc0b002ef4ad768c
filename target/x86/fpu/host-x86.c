/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's MXCSR on a host that has one. */
#include "target/x86/features.h"
#include "target/x86/fpu/fpu.h"
#include "target/x86/host.h"

#include <immintrin.h>
#include <math.h>

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

#define AVX512 __attribute__((target("avx512f")))

static AVX512 float host_rcp14f(float v)
{
    return _mm_cvtss_f32(_mm_rcp14_ss(_mm_setzero_ps(), _mm_set_ss(v)));
}
static AVX512 float host_rsqrt14f(float v)
{
    return _mm_cvtss_f32(_mm_rsqrt14_ss(_mm_setzero_ps(), _mm_set_ss(v)));
}
static AVX512 double host_rcp14(double v)
{
    return _mm_cvtsd_f64(_mm_rcp14_sd(_mm_setzero_pd(), _mm_set_sd(v)));
}
static AVX512 double host_rsqrt14(double v)
{
    return _mm_cvtsd_f64(_mm_rsqrt14_sd(_mm_setzero_pd(), _mm_set_sd(v)));
}

/* Without AVX-512 the quotient is exact enough: SDM VRCP14PS. */
float fp_host_rcp14f(float v)
{
    return x86_host_has_feature(FEATURE_AVX512F) ? host_rcp14f(v) : 1 / v;
}
float fp_host_rsqrt14f(float v)
{
    return x86_host_has_feature(FEATURE_AVX512F) ? host_rsqrt14f(v)
                                                 : 1 / sqrtf(v);
}
double fp_host_rcp14(double v)
{
    return x86_host_has_feature(FEATURE_AVX512F) ? host_rcp14(v) : 1 / v;
}
double fp_host_rsqrt14(double v)
{
    return x86_host_has_feature(FEATURE_AVX512F) ? host_rsqrt14(v)
                                                 : 1 / sqrt(v);
}
