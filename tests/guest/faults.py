# SPDX-License-Identifier: GPL-2.0-or-later
"""A KVM that is missing, too old, refuses or fails in the middle of a run:
faults.py EMU SHIM IMAGE. The message names the call and the error; a guest that
runs is stopped, its state printed and intact."""
import errno
import os

import guest

# Fault (see kvm-fault.c), and what emu says before it ends.
REFUSED = [
    (f"open 0 {errno.ENOENT}", ["/dev/kvm", "No such file or directory"]),
    (f"open 0 {errno.EACCES}", ["/dev/kvm", "Permission denied"]),
    (f"open 0 {errno.EBUSY}", ["/dev/kvm", "Device or resource busy"]),
    ("KVM_GET_API_VERSION 0 -11", ["version 11", "not 12"]),
    # KVM_CAP_IMMEDIATE_EXIT, KVM_CAP_X86_MSR_FILTER
    (f"KVM_CHECK_EXTENSION 0 {errno.EINVAL} 136", ["'immediate-exit'", "Linux 4.11"]),
    (f"KVM_CHECK_EXTENSION 0 {errno.EINVAL} 189", ["'msr-filter'", "Linux 5.10"]),
    (f"KVM_GET_VCPU_MMAP_SIZE 0 {errno.EINVAL}", ["KVM_GET_VCPU_MMAP_SIZE", "Invalid argument"]),
    (f"KVM_GET_SUPPORTED_CPUID 0 {errno.E2BIG}", ["KVM_GET_SUPPORTED_CPUID", "Argument list too"]),
    (f"KVM_CREATE_VM 0 {errno.ENOMEM}", ["KVM_CREATE_VM", "Cannot allocate memory"]),
    (f"KVM_CREATE_VM 0 {errno.EBUSY}", ["KVM_CREATE_VM", "another hypervisor"]),
    (f"KVM_ENABLE_CAP 0 {errno.EINVAL}", ["KVM_CAP_", "Invalid argument"]),
    (f"KVM_SET_USER_MEMORY_REGION 0 {errno.ENOMEM}",
     ["KVM_SET_USER_MEMORY_REGION", "Cannot allocate memory"]),
]
# Fails when the guest is to run, or runs.
STOPPED = [
    (f"KVM_SET_CPUID2 0 {errno.EINVAL}", ["KVM_SET_CPUID2: Invalid argument"]),
    (f"KVM_SET_SREGS 0 {errno.EINVAL}", ["KVM_SET_SREGS: Invalid argument"]),
    (f"KVM_SET_LAPIC 0 {errno.EINVAL}", ["KVM_SET_LAPIC: Invalid argument"]),
    (f"KVM_SET_MSRS 0 {errno.EFAULT}", ["KVM_SET_MSRS: Bad address"]),
    (f"KVM_RUN 40 {errno.EIO}", ["KVM_RUN: Input/output error", "EIP="]),
    (f"KVM_RUN 40 {errno.EFAULT}", ["KVM_RUN: Bad address", "EIP="]),
]


def start(emu, shim, image, fault, *accel):
    os.environ["LD_PRELOAD"] = os.path.abspath(shim)
    os.environ["KVM_FAULT"] = fault
    try:
        return guest.Guest(emu, *accel, "-nodefaults", "-display", "none", "-m", 64,
                           *(["-bios", image] if image else []), "-serial", "mon:stdio",
                           "-device", "isa-debug-exit")
    finally:
        del os.environ["LD_PRELOAD"], os.environ["KVM_FAULT"]


def check_texts(g, texts):
    for text in texts:
        if text not in g.output:
            g.fail(f"does not say {text!r}")


def refused(emu, shim, image):
    for fault, texts in REFUSED:
        with start(emu, shim, image, fault, "-accel", "kvm") as g:
            g.expect_exit(1, 20)
            check_texts(g, texts)
        with start(emu, shim, image, fault, "-accel", "kvm", "-accel", "tcg") as g:
            g.wait("accelerator tcg, as kvm: ", 20)
            g.wait("real mode", 20)
            check_texts(g, texts)
        print(f"refused, or left to tcg: {fault}")


def stopped(emu, shim, image):
    for fault, texts in STOPPED:
        with start(emu, shim, image, fault, "-accel", "kvm") as g:
            g.wait("the guest is stopped", 30)
            check_texts(g, texts)
            g.send("\x01cinfo status\n")
            g.wait("VM status: paused (internal-error)", 10)
            g.send("info registers\n")
            g.wait("IP=", 10)
            g.send("quit\n")
            g.expect_exit(0, 10)
        print(f"stopped: {fault}")


def option(emu, shim, image):
    """What was asked for by name is not done without."""
    fault = f"KVM_ENABLE_CAP 0 {errno.EINVAL}"
    with start(emu, shim, image, fault, "-accel", "kvm,halt-poll-ns=0") as g:
        g.expect_exit(1, 20)
        check_texts(g, ["halt-poll-ns", "KVM_CAP_HALT_POLL", "Invalid argument"])
    with start(emu, shim, image, "KVM_RUN 99999999 1", "-accel", "kvm,halt-poll-ns=0") as g:
        g.expect_exit(33, 30)
    print("refused, or done: halt-poll-ns=0")


def chips(emu, shim, image):
    """kernel-irqchip=on is not done without, but the 8254 is ours as well."""
    on = ["-machine", "kernel-irqchip=on", "-accel", "kvm"]
    for call in ["KVM_CREATE_IRQCHIP", "KVM_SET_GSI_ROUTING"]:
        with start(emu, shim, image, f"{call} 0 {errno.EEXIST}", *on) as g:
            g.expect_exit(1, 20)
            check_texts(g, [call, "File exists"])
    for call in ["KVM_CREATE_PIT2", "KVM_SET_IRQCHIP"]:
        with start(emu, shim, image, f"{call} 0 {errno.ENOMEM}", *on) as g:
            g.expect_exit(33, 30)
            check_texts(g, [call, "Cannot allocate memory"])
    print("refused, or done by the models: kernel-irqchip=on")


def no_vcpu(emu, shim, image):
    """The first, or another one: nothing of KVM's machine is left over."""
    for after, cpus in [(0, 1), (1, 2)]:
        fault = f"KVM_CREATE_VCPU {after} {errno.EMFILE}"
        more = ["-smp", str(cpus)]
        with start(emu, shim, image, fault, "-accel", "kvm", *more) as g:
            g.expect_exit(1, 20)
            check_texts(g, ["KVM_CREATE_VCPU", "Too many open files"])
        with start(emu, shim, image, fault, "-accel", "kvm", "-accel", "tcg", *more) as g:
            g.wait("accelerator tcg, as kvm: KVM_CREATE_VCPU", 20)
            g.expect_exit(33, 30)
    print("refused, or left to tcg: KVM_CREATE_VCPU")


def interrupted(emu, shim, image):
    """Signals at any moment lose nothing; what is only a help may fail."""
    for fault in [f"KVM_IOEVENTFD 0 {errno.ENOSPC}", f"KVM_IRQFD 0 {errno.EINVAL}"]:
        with start(emu, shim, image, fault, "-accel", "kvm") as g:
            g.expect_exit(33, 30)
        print(f"goes on: {fault}")


def late(emu, shim, image):
    """Without a zone the VGA's writes come out; it is said once."""
    call = "KVM_REGISTER_COALESCED_MMIO"
    with start(emu, shim, image, f"{call} 0 {errno.ENOMEM}", "-vga", "std", "-accel", "kvm") as g:
        g.expect_exit(33, 30)
        check_texts(g, [f"{call} a0000+20000: Cannot allocate memory"])
        if g.output.count(call) != 1:
            g.fail(f"says {call} more than once")
    print(f"goes on: {call}")


# Fault, why there is no hand-over.
KEPT = [
    (f"KVM_GET_REGS 0 {errno.EIO}", "KVM_GET_REGS: Input/output error"),
    ("nested", "CPU 0 runs a guest of its own just now"),
]


def hand_over(emu, shim):
    """What cannot be taken out of KVM does not go on elsewhere."""
    for fault, text in KEPT:
        with start(emu, shim, None, fault, "-accel", "kvm") as g:
            g.wait("SeaBIOS", 30)
            g.send("\x01caccel tcg\n")
            g.wait(text, 20)
            g.send("info status\n")
            g.wait("VM status: running", 10)
            g.send("\x01c")
            g.wait("Booting from", 60)
            g.send("\x01cquit\n")
            g.expect_exit(0, 10)
        print(f"no hand-over: {fault}")


def test(emu, shim, image):
    guest.need_kvm()
    refused(emu, shim, image)
    option(emu, shim, image)
    chips(emu, shim, image)
    no_vcpu(emu, shim, image)
    stopped(emu, shim, image)
    interrupted(emu, shim, image)
    late(emu, shim, image)
    guest.need_firmware()
    hand_over(emu, shim)


guest.main(test)
