/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest kernel for -kernel: a Multiboot 1 image that says over COM1 that
 * it runs in 32-bit protected mode with the magic number, and leaves through
 * isa-debug-exit with status 33.
 */
        .set MAGIC, 0x1badb002
        .set FLAGS, 0x00010000          /* addresses are given */
        .set COM1, 0x3f8

        .globl _start
_start:
        .balign 4
header: .long   MAGIC, FLAGS, -(MAGIC + FLAGS)
        .long   header, _start, 0, 0, start

        .code32
start:  cmp     $0x2badb002, %eax
        jne     2f
        mov     $text, %esi
        mov     $COM1, %edx
1:      lodsb
        test    %al, %al
        jz      3f
        out     %al, %dx
        jmp     1b
2:      mov     $0x11, %al
        jmp     4f
3:      mov     $0x10, %al
4:      mov     $0x501, %edx
        out     %al, %dx
5:      hlt
        jmp     5b

text:   .asciz  "kernel runs\n"
