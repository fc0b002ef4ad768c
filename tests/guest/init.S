/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INIT# as chipsets raise it for programs that want out of protected mode: port
 * 92h, the keyboard controller's two ways, and the reset control register; and
 * as the processor sends it to itself. Each must lead to the reset vector with
 * memory and devices as they were. A firmware image of 64 KiB; it leaves through
 * isa-debug-exit: 33, or 35 for a failure.
 */
STEP = 0x500            /* in RAM, which starts as zeroes */
EXIT = 0x501

.code16
.globl _start
_start:
        xor     %ax, %ax
        mov     %ax, %ds
        mov     STEP, %bx
        incw    STEP
        cmp     $6, %bx
        jae     failed
        shl     $1, %bx
        mov     %cs:(steps - _start)(%bx), %ax
        jmp     *%ax
steps:
        .word   port92 - _start, controller - _start, outport - _start
        .word   control - _start, myself - _start, done - _start

port92:
        mov     $0, %al
        out     %al, $0x92
        mov     $1, %al
        out     %al, $0x92
        jmp     wait
controller:
        in      $0x92, %al              /* a reset would have cleared it */
        test    $1, %al
        jz      failed
        mov     $0xfe, %al
        out     %al, $0x64
        jmp     wait
outport:
        mov     $0xd1, %al
        out     %al, $0x64
        mov     $0xde, %al
        out     %al, $0x60
        jmp     wait
control:
        mov     $0xcf9, %dx
        xor     %al, %al
        out     %al, %dx
        mov     $4, %al
        out     %al, %dx
        jmp     wait
myself:
        mov     $0x1b, %ecx             /* APIC_BASE: x2APIC, where ICR is an MSR */
        rdmsr
        or      $0xc00, %eax
        wrmsr
        mov     $0x830, %ecx
        mov     $0x44500, %eax          /* INIT, asserted, to self */
        xor     %edx, %edx
        wrmsr
wait:
        hlt
        jmp     wait
done:
        in      $0x92, %al
        test    $1, %al
        jz      failed
        mov     $0x10, %al
        jmp     leave
failed:
        mov     $0x11, %al
leave:
        mov     $EXIT, %dx
        out     %al, %dx
        jmp     wait

        .org    _start + 0xfff0
        ljmp    $0xf000, $0
        .org    _start + 0x10000
