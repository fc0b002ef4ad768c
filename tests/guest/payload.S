/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A firmware image of 64 KiB that proves the machine's basics from the reset
 * vector on: real mode, protected mode, long mode; in the latter two PIT
 * interrupts, a repaired page fault, SSE and self-modifying code, then a refused
 * WRMSR. It reports over COM1 and leaves through isa-debug-exit: status 33 for
 * success, 35 for a failure. Linked at f0000h, where the ROM's ISA image stands.
 *
 * With the symbol NO_PAGING32, 32-bit code goes without paging, which a KVM
 * that has no hardware behind it cannot do; with KVM_ALONE, there is nobody to
 * help KVM with what it cannot emulate.
 */

.include "machine.inc"


/* Low memory */
IDT = 0x1000
STACK = 0x9000
CODE = 0xa000           /* where code that changes is put */
TICKS = 0xb000
FAULTS = 0xb008
TABLES32 = 0x10000
TABLES64 = 0x20000
HOLE = 0x40000000       /* unmapped until the page fault handler comes */
NOBODY = 0x8000000      /* behind the RAM */
DATA = 0xc000           /* what shows up behind the hole */

.globl _start
_start:

/* ---- Encodings that mean the same in 32 and 64 bits -------------------- */


/* Fail with the number unless the condition holds. */
.macro must cond, number
        mov     $\number, %edi
        jn\cond fail_now
.endm

/* ---- 16 bits ------------------------------------------------------------ */

.code16
start16:
        cli
        xor     %ax, %ax
        mov     %ax, %ss
        mov     $STACK, %sp
        /* Real mode's wrap of offsets and a far call. */
        mov     %ax, %ds
        movw    $0x1234, DATA
        mov     $(DATA >> 4) - 1, %ax
        mov     %ax, %ds
        cmpw    $0x1234, 0x10
        jne     halt16
        lcall   $0xf000, $far16 - _start
        cmp     $0x55, %bx
        jne     halt16
        mov     %cs, %ax
        mov     %ax, %ds
        lgdtl   gdt_pointer - _start
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        ljmpl   $CODE32, $start32
halt16:
        hlt
        jmp     halt16
far16:
        mov     $0x55, %bx
        lret

/* ---- 32 bits ------------------------------------------------------------ */

.code32
start32:
        mov     $FLAT, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     $STACK, %esp
        xor     %eax, %eax
        mov     $0x1000, %edi           /* all that is used below */
        mov     $(TABLES64 + 0x4000 - 0x1000) / 4, %ecx
        cld
        rep stosl
        call    serial32
        mov     $text_real, %esi
        call    print32

        /* Interrupt gates: everything unexpected fails. */
        mov     $IDT, %edi
        mov     $48, %ecx
1:      mov     $bad32, %edx
        call    gate32
        loop    1b
        mov     $IDT + 14 * 8, %edi
        mov     $fault32, %edx
        call    gate32
        mov     $IDT + 0x20 * 8, %edi
        mov     $tick32, %edx
        call    gate32
        lidtl   idt_pointer

        call    timer32
        sti
1:      hlt
        cmpl    $20, TICKS
        jb      1b
        cli
        mov     $text_timer, %esi
        call    print32

.ifdef NO_PAGING32
        mov     %cr4, %eax
        or      $0x600, %eax            /* OSFXSR, OSXMMEXCPT */
        mov     %eax, %cr4
        mov     %cr0, %eax
        and     $~0x4, %eax
        or      $0x10002, %eax          /* WP, MP */
        mov     %eax, %cr0
        jmp     enter64
.endif
        /* 4 MiB pages: one of them, the first, is there. */
        movl    $0x83, TABLES32
        mov     $TABLES32, %eax
        mov     %eax, %cr3
        mov     %cr4, %eax
        or      $0x610, %eax            /* PSE, OSFXSR, OSXMMEXCPT */
        mov     %eax, %cr4
        mov     %cr0, %eax
        and     $~0x4, %eax
        or      $0x80010002, %eax       /* PG, WP, MP */
        mov     %eax, %cr0
        movl    $0xcafe, DATA
        mov     HOLE + DATA, %eax
        cmp     $0xcafe, %eax
        must    e, 1
        cmpl    $1, FAULTS
        must    e, 2
        andl    $~2, TABLES32 + (HOLE >> 22) * 4
        invlpg  HOLE
        addl    $1, HOLE + DATA         /* read-only now: a second fault */
        cmpl    $0xcaff, DATA
        must    e, 3
        cmpl    $2, FAULTS
        must    e, 4
        mov     $text_fault, %esi
        call    print32

        movups  floats, %xmm0
        movaps  %xmm0, %xmm1
        mulps   %xmm1, %xmm1            /* 1 4 9 16 */
        addps   %xmm0, %xmm1            /* 2 6 12 20 */
        cvtps2dq %xmm1, %xmm2
        pcmpeqd sums, %xmm2
        pmovmskb %xmm2, %eax
        cmp     $0xffff, %eax
        must    e, 5
        fninit
        fldpi
        fldpi
        fmulp
        fistpl  DATA
        cmpl    $10, DATA
        must    e, 6
        mov     $text_sse, %esi
        call    print32

        /* mov $imm, %eax; ret with an immediate that changes every time. */
        movb    $0xb8, CODE
        movb    $0xc3, CODE + 5
        xor     %ebx, %ebx
        mov     $1000, %ecx
1:      mov     %ecx, CODE + 1
        mov     $CODE, %eax
        call    *%eax
        add     %eax, %ebx
        loop    1b
        cmp     $500500, %ebx
        must    e, 7
        call    copy_self
        mov     $CODE, %eax
        call    *%eax
        cmp     $0x77, %eax
        must    e, 8
        mov     $text_smc, %esi
        call    print32
        jmp     enter64

/* Code that changes its own next instruction. */
copy_self:
        mov     $self, %esi
        mov     $CODE, %edi
        mov     $self_end - self, %ecx
        rep movsb
        ret
self:
        movb    $0x77, CODE + self_patch - self + 1
self_patch:
        mov     $0x11, %eax
        ret
self_end:

/* Gate at edi (advanced) to edx; keeps ecx. */
gate32:
        mov     %edx, %eax
        and     $0xffff, %eax
        or      $CODE32 << 16, %eax
        stosl
        mov     %edx, %eax
        mov     $0x8e00, %ax
        stosl
        ret

tick32:
        push    %eax
        incl    TICKS
        mov     $0x20, %al
        out     %al, $0x20
        pop     %eax
        iret

fault32:
        push    %eax
        mov     %cr2, %eax
        cmp     $HOLE + DATA, %eax
        mov     $20, %edi
        jne     fail32
        mov     4(%esp), %eax           /* first a read: 0, then a write: 3 */
        imul    $3, FAULTS, %edi
        cmp     %edi, %eax
        mov     $21, %edi
        jne     fail32
        incl    FAULTS
        movl    $0x83, TABLES32 + (HOLE >> 22) * 4
        invlpg  HOLE
        pop     %eax
        add     $4, %esp
        iret

bad32:
        mov     $22, %edi
fail_now:
fail32:
        mov     $text_fail, %esi
        call    print32
        lea     '@'(%edi), %eax
        mov     $COM1, %edx
        out     %al, %dx
        mov     $EXIT, %edx
        mov     $0x11, %al
        out     %al, %dx
1:      hlt
        jmp     1b

serial32:
        serial_open
        ret

/* The text at esi; encoded alike in 32 and 64 bits, so both call it. */
print32:
        lodsb
        test    %al, %al
        jz      2f
        serial_send
        jmp     print32
2:      ret

/* Both PICs to vectors 20h and 28h, the PIT at 1 kHz, only IRQ 0 open. */
timer32:
        movl    $0x1ff, APIC + 0xf0     /* on, */
        movl    $0x700, APIC + 0x350    /* LINT0: the PICs' ExtINT */
        pics_and_pit
        ret

/* 1 GiB of 2 MiB pages without the page at HOLE, which is above it. */
enter64:
        mov     %cr0, %eax
        and     $0x7fffffff, %eax
        mov     %eax, %cr0
        movl    $TABLES64 + 0x1003, TABLES64
        movl    $TABLES64 + 0x2003, TABLES64 + 0x1000
        mov     $0x83, %eax
        mov     $TABLES64 + 0x2000, %edi
        mov     $512, %ecx
1:      mov     %eax, (%edi)
        movl    $0, 4(%edi)
        add     $0x200000, %eax
        add     $8, %edi
        loop    1b
        mov     %cr4, %eax
        or      $0x20, %eax
        mov     %eax, %cr4
        mov     $TABLES64, %eax
        mov     %eax, %cr3
        mov     $0xc0000080, %ecx
        rdmsr
        or      $0x900, %eax            /* NXE, LME */
        wrmsr
        mov     %cr0, %eax
        or      $0x80000000, %eax
        mov     %eax, %cr0
        ljmp    $CODE64, $start64

/* ---- 64 bits ------------------------------------------------------------ */

.code64
start64:
        mov     $0x123456789abcdef0, %rax
        mov     %rax, %r15
        rol     $32, %r15
        mov     $0x9abcdef012345678, %rbx
        cmp     %rbx, %r15
        must    e, 9
        mov     $text_long, %esi
        call    print32

        mov     $IDT, %edi
        mov     $48, %ecx
1:      mov     $bad64, %edx
        call    gate64
        loop    1b
        mov     $IDT + 14 * 16, %edi
        mov     $fault64, %edx
        call    gate64
        mov     $IDT + 0x20 * 16, %edi
        mov     $tick64, %edx
        call    gate64
        lidt    idt_pointer

        movl    $0, TICKS
        sti
1:      hlt
        cmpl    $20, TICKS
        jb      1b
        cli
        mov     $text_timer, %esi
        call    print32

        /* The same hole, now the second GiB: the handler gives it a page
         * directory of its own. */
        movl    $0, FAULTS
        movl    $0xbeef, DATA
        mov     HOLE + DATA, %eax
        cmp     $0xbeef, %eax
        must    e, 10
        /* Execution of a page with NX faults with the fetch bit. */
        movb    $0xc3, CODE
        mov     $HOLE + CODE, %eax
        call    *%rax
        cmpl    $2, FAULTS
        must    e, 11
        mov     $text_fault, %esi
        call    print32

        movdqu  quads, %xmm8
        movdqa  %xmm8, %xmm9
        pmuludq %xmm9, %xmm9
        paddq   %xmm8, %xmm9
        movq    %xmm9, %rax
        mov     $0xffffffff, %ebx       /* x * x + x = 2^64 - 2^32 */
        shl     $32, %rbx
        cmp     %rbx, %rax
        must    e, 12
        mov     $2, %eax
        cvtsi2sd %rax, %xmm1
        sqrtsd  %xmm1, %xmm1
        movq    %xmm1, %rax
        cmp     root, %rax
        must    e, 13
        pxor    %xmm0, %xmm0            /* ones from where nobody is, by an */
.ifndef KVM_ALONE
        paddq   NOBODY, %xmm0           /* instruction no KVM emulates */
.else
        movdqu  NOBODY, %xmm0           /* instruction of KVM's */
.endif
        movq    %xmm0, %rax
        inc     %rax
        must    z, 16
        mov     $text_sse, %esi
        call    print32

        movb    $0xb8, CODE
        movb    $0xc3, CODE + 5
        xor     %ebx, %ebx
        mov     $1000, %ecx
1:      mov     %ecx, CODE + 1
        mov     $CODE, %eax
        call    *%rax
        add     %eax, %ebx
        loop    1b
        cmp     $500500, %ebx
        must    e, 14
        /* mov $0x11, %eax made mov $0x22, %eax by the instruction before. */
        mov     $self64, %esi
        mov     $CODE, %edi
        mov     $self64_end - self64, %ecx
        rep movsb
        mov     $CODE, %eax
        call    *%rax
        cmp     $0x22, %eax
        must    e, 15
        mov     $text_smc, %esi
        call    print32

        /* IA32_APIC_BASE refuses what no APIC does: from x2APIC to xAPIC. */
        mov     $IDT + 13 * 16, %edi
        mov     $refused64, %edx
        call    gate64
        movl    $0, FAULTS
        mov     $1, %eax
        cpuid
        bt      $21, %ecx               /* x2APIC */
        jnc     1f
        mov     $0x1b, %ecx
        rdmsr
        or      $0x400, %eax            /* EXTD */
        wrmsr
        cmpl    $0, FAULTS
        must    e, 17
        and     $~0x400, %eax
        wrmsr
        cmpl    $1, FAULTS
        must    e, 18
        rdmsr
        and     $0xc00, %eax
        cmp     $0xc00, %eax
        must    e, 19
1:      mov     $text_msr, %esi
        call    print32

        outb_imm 0x10, EXIT
1:      hlt
        jmp     1b

self64:
        movb    $0x22, CODE + self64_patch - self64 + 1
self64_patch:
        mov     $0x11, %eax
        ret
self64_end:

        gate64_routine

tick64:
        push    %rax
        incl    TICKS
        mov     $0x20, %al
        out     %al, $0x20
        pop     %rax
        iretq

/* First a read of nothing: error 0; then a fetch from an NX page: 11h. */
fault64:
        push    %rax
        push    %rdi
        mov     16(%rsp), %rax
        imul    $0x11, FAULTS, %edi
        cmp     %rdi, %rax
        mov     $23, %edi
        jne     fail_now
        mov     %cr2, %rax
        and     $~0xffff, %rax
        cmp     $HOLE, %rax
        mov     $24, %edi
        jne     fail_now
        movl    $TABLES64 + 0x3003, TABLES64 + 0x1008
        movl    $0x83, TABLES64 + 0x3000
        mov     $0x80000000, %eax       /* NX at first */
        cmpl    $0, FAULTS
        je      1f
        xor     %eax, %eax
1:      mov     %eax, TABLES64 + 0x3004
        incl    FAULTS
        invlpg  HOLE + CODE
        pop     %rdi
        pop     %rax
        add     $8, %rsp
        iretq

/* #GP at an instruction of two bytes, which is skipped. */
refused64:
        cmpl    $0, (%rsp)
        mov     $26, %edi
        jne     fail_now
        incl    FAULTS
        add     $8, %rsp
        addq    $2, (%rsp)
        iretq

bad64:
        mov     $25, %edi
        jmp     fail_now

/* ---- Data --------------------------------------------------------------- */

        gdt_and_pointer
idt_pointer:
        .word   48 * 16 - 1
        .quad   IDT
.balign 16
floats: .float  1, 2, 3, 4
sums:   .long   2, 6, 12, 20
quads:  .quad   0xffffffff, 0xffffffff
root:   .quad   0x3ff6a09e667f3bcd

text_real:  .asciz "real mode\n"
text_long:  .asciz "long mode\n"
text_timer: .asciz "timer\n"
text_fault: .asciz "page fault\n"
text_sse:   .asciz "sse\n"
text_smc:   .asciz "smc\n"
text_msr:   .asciz "msr\n"
text_fail:  .asciz "FAILED at "

        reset_vector
