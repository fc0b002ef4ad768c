/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A KVM that fails, for LD_PRELOAD. KVM_FAULT="NAME AFTER ERRNO [ARGUMENT]":
 * every ioctl NAME (or "open" of /dev/kvm) behind the first AFTER fails with
 * ERRNO, or succeeds with -ERRNO if that is negative; with ARGUMENT only those
 * that have it. Calls of another request are let through. KVM_FAULT=nested: a
 * KVM whose vCPUs are in the middle of guests of their own.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define ROW(request)                                                           \
    {                                                                          \
#request, request                                                      \
    }
static const struct {
    const char *name;
    unsigned long request;
} rows[] = {
    ROW(KVM_GET_API_VERSION),
    ROW(KVM_CHECK_EXTENSION),
    ROW(KVM_GET_VCPU_MMAP_SIZE),
    ROW(KVM_GET_SUPPORTED_CPUID),
    ROW(KVM_CREATE_VM),
    ROW(KVM_ENABLE_CAP),
    ROW(KVM_CREATE_IRQCHIP),
    ROW(KVM_CREATE_PIT2),
    ROW(KVM_SET_IRQCHIP),
    ROW(KVM_SET_GSI_ROUTING),
    ROW(KVM_CREATE_VCPU),
    ROW(KVM_SET_USER_MEMORY_REGION),
    ROW(KVM_SET_CPUID2),
    ROW(KVM_SET_SREGS),
    ROW(KVM_SET_MSRS),
    ROW(KVM_GET_MSRS),
    ROW(KVM_SET_LAPIC),
    ROW(KVM_GET_REGS),
    ROW(KVM_IOEVENTFD),
    ROW(KVM_REGISTER_COALESCED_MMIO),
    ROW(KVM_IRQFD),
    ROW(KVM_RUN),
};

typedef struct Fault {
    char name[40];
    unsigned long request;
    long after, result, argument;
    bool one_argument, nested;
} Fault;

static const Fault *fault_get(void)
{
    static _Thread_local Fault fault;
    const char *text = getenv("KVM_FAULT");

    if (!fault.name[0]) {
        int n = text ? sscanf(text, "%39s %ld %ld %ld", fault.name,
                              &fault.after, &fault.result, &fault.argument)
                     : 0;

        fault.nested = n == 1 && strcmp(fault.name, "nested") == 0;
        if (n < 3 && !fault.nested) {
            fprintf(stderr, "KVM_FAULT makes no sense\n");
            abort();
        }
        fault.one_argument = n == 4;
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            if (strcmp(rows[i].name, fault.name) == 0) {
                fault.request = rows[i].request;
            }
        }
    }
    return &fault;
}

/* Its turn to fail? */
static bool fault_due(const Fault *fault)
{
    static long calls;

    return __atomic_fetch_add(&calls, 1, __ATOMIC_SEQ_CST) >= fault->after;
}

static int fault_result(const Fault *fault)
{
    if (fault->result < 0) {
        return -fault->result;
    }
    errno = fault->result;
    return -1;
}

/* True: *result is the call's. */
static bool fault_nested(unsigned long request, long arg, int *result)
{
    struct kvm_nested_state *state = (void *)arg;

    if (request == KVM_CHECK_EXTENSION && arg == KVM_CAP_NESTED_STATE) {
        *result = 4096;
        return true;
    }
    if (request == KVM_GET_NESTED_STATE) {
        state->flags = KVM_STATE_NESTED_GUEST_MODE;
        *result = 0;
        return true;
    }
    return false;
}

int ioctl(int fd, unsigned long request, ...)
{
    const Fault *fault = fault_get();
    va_list ap;
    int result;

    va_start(ap, request);
    long arg = va_arg(ap, long);
    va_end(ap);
    if (fault->nested && fault_nested(request, arg, &result)) {
        return result;
    }
    if (fault->request && request == fault->request &&
        (!fault->one_argument || arg == fault->argument) && fault_due(fault)) {
        return fault_result(fault);
    }
    int (*next)(int, unsigned long, long) =
        (int (*)(int, unsigned long, long))dlsym(RTLD_NEXT, "ioctl");

    return next(fd, request, arg);
}

/* The project's files are built with 64-bit offsets. */
int open64(const char *path, int flags, ...)
{
    const Fault *fault = fault_get();
    va_list ap;

    va_start(ap, flags);
    int mode = flags & O_CREAT ? va_arg(ap, int) : 0;
    va_end(ap);
    if (!fault->request && !fault->nested && strcmp(path, "/dev/kvm") == 0 &&
        fault_due(fault)) {
        return fault_result(fault);
    }
    int (*next)(const char *, int, int) =
        (int (*)(const char *, int, int))dlsym(RTLD_NEXT, "open64");

    return next(path, flags, mode);
}
