/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the reset vector of every processor to C in 64-bit mode. The first one
 * copies `start16` to 8000h, where start-up messages send the others; each takes
 * a number, a stack by it, and calls smp_main(number). Linked at f0000h.
 */
VARS = 0x3000           /* of smp.c; the first word counts processors */
TRAMPOLINE = 0x8000
TABLES = 0x20000        /* PML4, PDPT, 4 page directories */
STACKS = 0x40000        /* 4 KiB each */
CODE32 = 0x08
FLAT = 0x10
CODE64 = 0x18

.section .start, "ax"
.code16
start16:
        cli
        mov     $0xf000, %ax
        mov     %ax, %ds
        lgdtl   gdt_pointer - base
        mov     %cr0, %eax
        or      $1, %al
        and     $~0x60000000, %eax      /* caches on */
        mov     %eax, %cr0
        ljmpl   $CODE32, $start32
start16_end:

.code32
start32:
        mov     $FLAT, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     $1, %eax
        lock xadd %eax, VARS
        mov     %eax, %ebp
        inc     %eax
        shl     $12, %eax
        lea     STACKS(%eax), %esp
        test    %ebp, %ebp
        jnz     1f
        call    tables
1:      mov     %cr4, %eax
        or      $0x20, %eax
        mov     %eax, %cr4
        mov     $TABLES, %eax
        mov     %eax, %cr3
        mov     $0xc0000080, %ecx
        rdmsr
        or      $0x100, %eax
        wrmsr
        mov     %cr0, %eax
        or      $0x80010000, %eax
        mov     %eax, %cr0
        ljmpl   $CODE64, $start64

/* The first 4 GiB, 1:1, by 2 MiB; and the trampoline. */
tables:
        cld
        xor     %eax, %eax
        mov     $TABLES, %edi
        mov     $0x1000 / 2, %ecx
        rep stosl
        movl    $TABLES + 0x1003, TABLES
        mov     $4, %ecx
1:      mov     %ecx, %eax
        shl     $12, %eax
        add     $TABLES + 0x1003, %eax
        mov     %eax, TABLES + 0x1000 - 8(, %ecx, 8)
        loop    1b
        mov     $TABLES + 0x2000, %edi
        mov     $0x83, %eax
        mov     $2048, %ecx
1:      mov     %eax, (%edi)
        movl    $0, 4(%edi)
        add     $0x200000, %eax
        add     $8, %edi
        loop    1b
        mov     $start16, %esi
        mov     $TRAMPOLINE, %edi
        mov     $start16_end - start16, %ecx
        rep movsb
        ret

.code64
start64:
        mov     %ebp, %edi
        call    smp_main
1:      hlt
        jmp     1b

/* Interrupts keep C's registers. */
.macro entry name, handler
.globl \name
\name:
        push    %rax
        push    %rcx
        push    %rdx
        push    %rsi
        push    %rdi
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        cld
        call    \handler
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rdi
        pop     %rsi
        pop     %rdx
        pop     %rcx
        pop     %rax
        iretq
.endm
        entry   entry_bad, smp_bad
        entry   entry_count, smp_count
        entry   entry_flush, smp_flush
        entry   entry_nmi, smp_nmi

.balign 8
gdt:    .quad   0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff
gdt_pointer:
        .word   . - gdt - 1
        .long   gdt

.org 0xfff0
base = 0xf0000
.code16
        ljmp    $0xf000, $start16 - base
.org 0xffff
        .byte   0
