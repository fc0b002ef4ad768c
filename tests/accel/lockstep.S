/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a processor does that no user's program shows, for engines to be
 * compared on: real mode, protected mode with its selectors, gates and rings,
 * and long mode with its pages and model-specific registers. Linked at 7000h,
 * where it starts in real mode; ends with HLT. Every exception is taken by a
 * handler that goes on at `resume`. Left out is what a KVM without hardware
 * behind it cannot do: 32-bit paging, ring 3 in long mode.
 */

IDT = 0x1000
STACK = 0x6f00
STACK0 = 0x6800         /* for who comes from ring 3 */
DATA = 0x5000
TSS = 0x5800
TABLES = 0x20000
PAGE = 0x200000         /* 4 KiB pages: absent, read-only, user's, no code */

CODE32 = 0x08
FLAT = 0x10
CODE64 = 0x18
CODE16 = 0x20
USER32 = 0x2b
USER = 0x33
USER64 = 0x3b
TASK = 0x40             /* two entries */
ABSENT = 0x50
DOWN = 0x58
CONFORM = 0x60
GATE = 0x68
SMALL = 0x70
LOCAL = 0x78            /* two entries */
LAST = 0x88

.globl _start
_start:

/* An instruction that may fault. */
.macro try insn:vararg
        movl    $9f, resume
        \insn
9:
.endm
.macro try64 insn:vararg
        movq    $9f, resume
        \insn
9:
.endm

/* ---- Real mode ----------------------------------------------------------- */

.code16
        cli
        cld
        xor     %ax, %ax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %ss
        mov     $STACK, %sp
        xor     %di, %di                /* every vector */
        mov     $256, %cx
        mov     $handler16, %eax
        rep stosl

        mov     $0x1234, %ax
        add     $0x0f9a, %ax
        daa
        das
        aaa
        aas
        mov     $0x4f, %al
        aam
        aad
        sbb     %bl, %bl
        mov     $0x8001, %dx
        rcl     $3, %dx
        rcr     $2, %dx
        sar     $1, %dx
        shld    $5, %ax, %dx
        imul    $-7, %dx, %cx
        mov     $0xffff, %ax
        mul     %dx
        neg     %ax
        cwd
        mov     $7, %cx
        idiv    %cx
        add     %bl, %bl                /* every flag is defined */
        lahf
        sahf
        .byte   0xd6                    /* SALC */
        pushf
        pop     %ax
        push    $0x7ed5
        popf
        pushf
        pop     %bx
        pushw   $0
        popf
        pusha
        popa
        enter   $8, $2
        leave
        bsf     %dx, %cx
        bt      $3, %dx
        bts     %ax, %dx
        xchg    %ax, %bx
        cmpxchg %dx, %bx
        xadd    %ax, %dx
        bswap   %edx
        movsx   %al, %edx

        mov     $DATA, %si
        mov     $DATA + 64, %di
        movl    $0x04030201, DATA
        movl    $0x40302010, DATA + 4
        lodsb
        stosw
        movsw
        movsl
        std
        lodsw
        scasb
        cld
        mov     $DATA, %si
        mov     $DATA + 65, %di
        mov     $9, %cx
        repe cmpsb
        mov     $20, %cx
        repne scasb
        mov     $DATA, %bx
        xlat
        mov     $3, %cx
1:      dec     %dl
        loopne  1b
        jcxz    2f
2:      lds     DATA, %si
        push    %cs
        pop     %ds
        les     DATA + 2, %di
        push    %ds
        pop     %es
        lcall   $0, $far16
        int     $0x41
        mov     $0x80, %al
        add     %al, %al
        into
        movl    $0x00050001, DATA + 16
        mov     $3, %cx
        bound   %cx, DATA + 16
        try     bound %sp, DATA + 16
        xor     %cx, %cx
        try     div %cx
        try     ud2
        try     lldt %ax
        try     movw DATA, %cs
        smsw    %ax
        sidt    DATA + 32
        sgdt    DATA + 40
        mov     %cr0, %eax
        sti
        nop
        cli
        jmp     protect

far16:  lret
handler16:
        push    %bp
        mov     %sp, %bp
        incl    count
        cmpl    $0, resume
        je      1f
        push    %eax
        mov     resume, %eax
        mov     %ax, 2(%bp)
        pop     %eax
1:      movl    $0, resume
        pop     %bp
        iret

protect:
        lgdtl   gdt_pointer
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        ljmpl   $CODE32, $start32

/* ---- Protected mode ------------------------------------------------------ */

.code32
start32:
        mov     $FLAT, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     $STACK, %esp
        mov     $stubs, %edx            /* gates to the stubs, 8 bytes each */
        mov     $IDT, %edi
        xor     %ecx, %ecx
1:      mov     %edx, %eax
        and     $0xffff, %eax
        or      $CODE32 << 16, %eax
        stosl
        mov     %edx, %eax
        mov     $0x8e00, %ax
        cmp     $0x20, %ecx
        jb      2f
        mov     $0xee00, %ax            /* ring 3 may */
2:      stosl
        add     $8, %edx
        inc     %ecx
        cmp     $0x24, %ecx
        jb      1b
        lidtl   idt32_pointer
        movl    $STACK0, TSS + 4
        movl    $FLAT, TSS + 8
        movw    $104, TSS + 102
        mov     $TASK, %eax
        ltr     %ax
        str     %bx
        mov     $LOCAL, %eax
        lldt    %ax
        sldt    %bx

        xor     %esi, %esi              /* every selector, every question */
3:      xor     %eax, %eax
        lar     %esi, %eax
        lsl     %esi, %ebx
        verr    %si
        setz    %cl
        verw    %si
        setz    %ch
        mov     %esi, %edx
        arpl    %ax, %dx
        add     $4, %esi                /* the local table's, too */
        cmp     $LAST + 8, %esi
        jb      3b
        lsl     %esi, %ebx

        mov     $ABSENT, %eax
        try     mov %eax, %fs
        try     mov %eax, %ss
        mov     $CODE32, %eax
        try     mov %eax, %ss
        try     mov %eax, %gs
        mov     $LAST + 0x100, %eax
        try     mov %eax, %fs
        mov     $TASK, %eax
        try     mov %eax, %fs
        try     ltr %ax
        xor     %eax, %eax
        try     mov %eax, %fs
        try     movl %fs:0, %eax
        try     mov %eax, %ss
        mov     $SMALL, %eax
        mov     %eax, %fs
        try     movb %fs:0xff, %al
        try     movb %fs:0x100, %al
        try     movl %fs:0xfd, %eax
        mov     $DOWN, %eax
        mov     %eax, %gs
        try     movb %gs:0x4fff, %al
        try     movb %gs:0x5000, %al
        mov     $4, %eax                /* in the local table */
        try     mov %eax, %fs
        lcall   $CONFORM, $far32
        lcall   $GATE, $0
        try     lcall $ABSENT, $0
        try     lcall $FLAT, $0
        try     int $0x30
        int     $0x21
        int3
        try     ud2
        xor     %ecx, %ecx
        try     div %ecx
        mov     %cr4, %eax
        or      $0x100000, %ecx
        mov     %cr3, %ebx
        mov     $0x80000000, %eax       /* PG without PE */
        try     mov %eax, %cr0
        mov     %dr7, %eax
        mov     %eax, %dr7
        mov     $0x12345678, %eax
        mov     %eax, %dr0
        mov     %dr0, %ebx
        pushf
        popl    %eax
        or      $0x200000, %eax         /* ID */
        push    %eax
        popf
        pushf
        popl    %ebx
        lcall   $CODE16, $code16
        mov     $0x89, %eax
        movb    %al, gdt + TASK + 5     /* free again */

        push    $USER                   /* to ring 3 */
        push    $STACK - 0x200
        pushf
        push    $USER32
        push    $user32
        iretl

far32:  lret

.code16
code16: push    %ax
        pop     %dx
        add     $0xffff, %ax
        lretl

.code32
user32: mov     $USER, %eax
        mov     %eax, %ds
        try     cli
        try     hlt
        try     mov %cr0, %eax
        try     lgdtl gdt_pointer
        try     ltr %ax
        try     in $0x80, %al
        try     rdmsr
        mov     $FLAT, %eax
        try     mov %eax, %ds
        pushf
        orl     $0x3200, (%esp)         /* IOPL and IF stay */
        popf
        pushf
        popl    %ebx
        smsw    %eax
        movl    $1, back                /* and back to ring 0 */
        cli

/* Vectors with and without an error code. A KVM that emulates users' code
 * raises #UD for INT, LAR and the like there, so ring 3 comes back by a fault. */
.balign 8
stubs:
.set n, 0
.rept 0x24
        .balign 8
.if (n == 8) || (n >= 10 && n <= 14) || (n == 17)
        nop
        nop
.else
        push    $0
.endif
        jmp     fault32
.set n, n + 1
.endr
fault32:
        push    %eax
        mov     4(%esp), %eax           /* the error code shows in eax */
        incl    count
        cmpl    $0, back
        jne     back32
        cmpl    $0, resume
        je      1f
        mov     resume, %eax
        mov     %eax, 8(%esp)
1:      movl    $0, resume
        pop     %eax
        add     $4, %esp
        iretl
back32: mov     $FLAT, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     $STACK, %esp

/* ---- Long mode ----------------------------------------------------------- */

        mov     $TABLES, %edi
        mov     $0x4000 / 4, %ecx
        xor     %eax, %eax
        rep stosl
        movl    $TABLES + 0x1007, TABLES
        movl    $TABLES + 0x2007, TABLES + 0x1000
        movl    $0x87, TABLES + 0x2000
        movl    $TABLES + 0x3007, TABLES + 0x2008
        movl    $PAGE + 0x1001, TABLES + 0x3008
        movl    $PAGE + 0x2007, TABLES + 0x3010
        movl    $PAGE + 0x3003, TABLES + 0x3018
        movl    $0x80000000, TABLES + 0x301c
        movl    $PAGE + 0x4003, TABLES + 0x3020
        mov     $IDT, %edi              /* gates of 16 bytes */
        mov     $stubs64, %edx
        xor     %ecx, %ecx
1:      mov     %edx, %eax
        and     $0xffff, %eax
        or      $CODE64 << 16, %eax
        stosl
        mov     %edx, %eax
        mov     $0x8e00, %ax
        cmp     $0x20, %ecx
        jb      2f
        mov     $0xee00, %ax
2:      stosl
        xor     %eax, %eax
        stosl
        stosl
        add     $8, %edx
        inc     %ecx
        cmp     $0x24, %ecx
        jb      1b
        mov     %cr4, %eax
        or      $0x620, %eax            /* PAE, OSFXSR, OSXMMEXCPT */
        mov     %eax, %cr4
        mov     $TABLES, %eax
        mov     %eax, %cr3
        mov     $0xc0000080, %ecx
        rdmsr
        or      $0x901, %eax            /* SCE, LME, NXE */
        wrmsr
        mov     %cr0, %eax
        or      $0x80010002, %eax       /* PG, WP, MP */
        mov     %eax, %cr0
        ljmp    $CODE64, $start64

.code64
start64:
        lidt    idt64_pointer
        mov     $STACK, %esp
        movl    $STACK0, TSS + 4        /* RSP0 */
        movl    $0, TSS + 8
        mov     $TASK, %eax
        ltr     %ax

        mov     $PAGE, %ebx
        try64   movl (%rbx), %eax
        try64   movl %eax, (%rbx)
        mov     %cr2, %rdx
        add     $0x1000, %ebx
        mov     (%rbx), %rax
        try64   movl %eax, (%rbx)
        try64   lock incl 4(%rbx)
        mov     %cr0, %rax
        and     $~0x10000, %rax
        mov     %rax, %cr0
        movl    %eax, (%rbx)            /* no WP: it may */
        or      $0x10000, %rax
        mov     %rax, %cr0
        try64   movl %eax, 8(%rbx)
        mov     $PAGE + 0x3000, %ebx
        movb    $0xc3, (%rbx)
        try64   call *%rbx
        mov     $PAGE + 0x4ffd, %ebx    /* over the end of what is there */
        try64   movl (%rbx), %eax
        try64   movl %eax, (%rbx)
        movl    $PAGE + 0x5003, TABLES + 0x3028
        movl    %eax, (%rbx)
        movl    $0, TABLES + 0x3028
        invlpg  3(%rbx)
        try64   movl (%rbx), %eax
        mov     TABLES + 0x3010, %rax   /* accessed and dirty bits */
        mov     TABLES + 0x3020, %rax
        movabs  $0x800000000000, %rbx
        try64   mov (%rbx), %rax
        try64   mov %rbx, %cr3
        movq    %cr4, %rax
        or      $0x40000000, %rax
        try64   mov %rax, %cr4
        mov     $0x60000010, %ecx
        try64   rdmsr
        mov     $0xc0000080, %ecx
        rdmsr
        mov     $-1, %edx
        try64   wrmsr
        mov     $0x277, %ecx
        mov     $0x00070406, %eax
        mov     $0x01000506, %edx
        wrmsr
        rdmsr

        mov     $0xc0000100, %ecx       /* FS.base */
        mov     $0x5000, %eax
        xor     %edx, %edx
        wrmsr
        mov     %fs:8, %rbx
        mov     $0xc0000101, %ecx
        mov     $0x5100, %eax
        wrmsr
        mov     $0xc0000102, %ecx
        mov     $0x5200, %eax
        wrmsr
        swapgs
        rdmsr
        mov     %gs:8, %rbx
        xor     %eax, %eax
        mov     %eax, %fs
        mov     $0xc0000100, %ecx
        rdmsr

        movaps  DATA, %xmm1
        try64   movaps DATA + 4, %xmm2
        paddb   %xmm1, %xmm1
        movq    %xmm1, %rax
        pshufd  $0x1b, %xmm1, %xmm3
        cvtdq2ps %xmm3, %xmm4
        sqrtps  %xmm4, %xmm5
        mov     %cr0, %rax
        or      $8, %rax                /* TS */
        mov     %rax, %cr0
        try64   paddb %xmm1, %xmm1
        clts
        try64   ud2
        try64   int $0x30
        nop
        int     $0x20
        lar     %eax, %ebx
        mov     $USER64, %eax
        lsl     %eax, %ebx
        try64   mov %eax, %ss

        mov     $0xc0000081, %ecx       /* STAR, LSTAR, FMASK */
        xor     %eax, %eax
        mov     $(USER32 << 16) | CODE32, %edx
        wrmsr
        mov     $0xc0000082, %ecx
        mov     $stubs64, %eax
        xor     %edx, %edx
        wrmsr
        mov     $0xc0000084, %ecx
        mov     $0x200, %eax
        wrmsr
        rdmsr
        mov     count, %eax
        hlt

.balign 8
stubs64:
.set n, 0
.rept 0x24
        .balign 8
.if (n == 8) || (n >= 10 && n <= 14) || (n == 17)
        nop
        nop
.else
        push    $0
.endif
        jmp     fault64
.set n, n + 1
.endr
fault64:
        push    %rax
        mov     8(%rsp), %rax
        incl    count
        cmpq    $0, resume
        je      1f
        mov     resume, %rax
        mov     %rax, 16(%rsp)
1:      movq    $0, resume
        pop     %rax
        add     $8, %rsp
        iretq

/* ---- Data ---------------------------------------------------------------- */

.balign 16
gdt:    .quad   0
        .quad   0x00cf9b000000ffff      /* CODE32 */
        .quad   0x00cf93000000ffff      /* FLAT */
        .quad   0x00af9b000000ffff      /* CODE64 */
        .quad   0x00009b000000ffff      /* CODE16 */
        .quad   0x00cffb000000ffff      /* USER32 */
        .quad   0x00cff3000000ffff      /* USER */
        .quad   0x00affb000000ffff      /* USER64 */
        .quad   0x0000890058000067      /* TASK: at TSS */
        .quad   0
        .quad   0x00cf13000000ffff      /* ABSENT */
        .quad   0x00c0f70000000004      /* DOWN: above 4fffh */
        .quad   0x00cf9f000000ffff      /* CONFORM */
        .quad   0x00008c0000080000 + far32 /* GATE: to far32, below 64 KiB */
        .quad   0x00409200700000ff      /* SMALL: 256 bytes, not accessed yet */
        .quad   0x0000820050000007      /* LOCAL: one entry, at DATA */
        .quad   0
        .quad   0
gdt_end:
gdt_pointer:
        .word   gdt_end - gdt - 1
        .long   gdt
idt32_pointer:
        .word   0x24 * 8 - 1
        .long   IDT
idt64_pointer:
        .word   0x24 * 16 - 1
        .quad   IDT
.balign 8
resume: .quad   0
count:  .quad   0
back:   .quad   0
