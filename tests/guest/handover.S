/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A firmware image that never stands still while its machine changes engines:
 * every processor computes a chain of numbers and takes timer interrupts, each
 * of which is a link of a second chain; the first one also reads and writes a
 * virtio disk, and what it reads goes into its chain. A byte on COM1 ends it:
 * then it reports how far each chain came, for others to compute the same.
 * Leaves through isa-debug-exit: status 33, or 35 for a failure.
 *
 * With the symbol KICKS it does nothing but read that many sectors, with its
 * timer stopped, each of which ends with an MSI-X interrupt; then it says
 * "read". With the symbol IDLE it says "idle" and does nothing but take four
 * interrupts of its APIC's timer a second.
 *
 * Per processor, 128 bytes at CPUS: rounds, chain, ticks, tick chain, sum in
 * xmm8, 1 when it has ended.
 */

.include "machine.inc"

LINKS = 5000            /* of the chain in a round */

IDT = 0x1000
STACK = 0x9000          /* the first processor's; the second's is below 7000h */
CPUS = 0xb000
STOP = 0xb200
USED = 0xb208           /* used index we wait for */
BUFFER = 0xd000
HEADER = 0xd400         /* virtio-blk request header, then the status byte */
TABLES = 0x20000
TRAMPOLINE = 0x8000
VIRTIO = 0xc000         /* I/O BAR */
MSIX = 0xfe000000       /* BAR 1: the table */
RING = 0x100000

.globl _start
_start:


/* ---- 16 bits: both processors; the second one's copy is at TRAMPOLINE ---- */

.code16
start16:
        cli
        mov     %cs, %ax
        mov     %ax, %ds
        lgdtl   gdt_pointer - _start
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        ljmpl   $CODE32, $start32

.code32
start32:
        mov     $FLAT, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        cmpl    $0, TABLES              /* the first one has been here */
        jne     enter64

        /* 1 GiB of 2 MiB pages, and the last GiB below 4 GiB for the APIC. */
        movl    $TABLES + 0x1003, TABLES
        movl    $TABLES + 0x2003, TABLES + 0x1000
        movl    $TABLES + 0x3003, TABLES + 0x1018
        xor     %ebx, %ebx
1:      mov     %ebx, %eax
        shl     $21, %eax
        or      $0x83, %eax
        mov     %eax, TABLES + 0x2000(,%ebx,8)
        movl    $0, TABLES + 0x2004(,%ebx,8)
        or      $0xc0000010, %eax
        mov     %eax, TABLES + 0x3000(,%ebx,8)
        movl    $0, TABLES + 0x3004(,%ebx,8)
        inc     %ebx
        cmp     $512, %ebx
        jb      1b

enter64:
        mov     %cr4, %eax
        or      $0x620, %eax            /* PAE, OSFXSR, OSXMMEXCPT */
        mov     %eax, %cr4
        mov     $TABLES, %eax
        mov     %eax, %cr3
        mov     $0xc0000080, %ecx
        rdmsr
        or      $0x100, %eax
        wrmsr
        mov     %cr0, %eax
        and     $0x9ffffffb, %eax
        or      $0x80010002, %eax
        mov     %eax, %cr0
        ljmp    $CODE64, $start64

/* ---- 64 bits -------------------------------------------------------------- */

.code64
start64:
        mov     $APIC, %r15d
        movl    $0x1ff, 0xf0(%r15)
        lidt    idt_pointer
        mov     0x20(%r15), %eax        /* APIC id: 0 or 1 */
        shr     $24, %eax
        jnz     second

        mov     $STACK, %esp
        mov     $IDT, %edi
        mov     $64, %ecx
        mov     $bad64, %edx
1:      call    gate64
        loop    1b
        mov     $IDT + 0x20 * 16, %edi
        mov     $tick_pit, %edx
        call    gate64
        mov     $IDT + 0x30 * 16, %edi
        mov     $tick_apic, %edx
        call    gate64
        call    serial64
        call    virtio_start
.ifdef IDLE
        mov     $text_idle, %esi
        call    print64
        movl    $0xb, 0x3e0(%r15)       /* divide by 1 */
        movl    $0x20030, 0x320(%r15)   /* periodic, vector 30h */
        movl    $250000000, 0x380(%r15)
        sti
1:      hlt
        jmp     1b
.endif
.ifdef KICKS
        mov     $KICKS, %ebp
1:      mov     %ebp, %eax
        and     $1023, %eax
        call    disk_read
        dec     %ebp
        jnz     1b
        mov     $text_read, %esi
        call    print64
2:      hlt
        jmp     2b
.endif
        call    timer64
        call    wake_second
        mov     $text_go, %esi
        call    print64
        mov     $CPUS, %r14d
        sti

round:  call    links
        mov     (%r14), %rax
        and     $1023, %eax
        call    disk_read
        add     BUFFER, %rbx
        mov     %rbx, BUFFER
        mov     (%r14), %rax
        and     $1023, %eax
        add     $1024, %eax
        call    disk_write
        call    round_end
        mov     $COM1 + 5, %edx
        in      %dx, %al
        test    $1, %al
        jz      round

        cli
        movl    $1, STOP
        mov     $CPUS, %r14d
        call    report
        cmpl    $0, SECOND
        je      2f
        mov     $CPUS + 128, %r14d
1:      cmpq    $0, 40(%r14)
        je      1b
        call    report
2:      outb_imm 0x10, EXIT
3:      hlt
        jmp     3b

/* LINKS links of the chain in rbx, and their sum in xmm8. */
links:
        mov     8(%r14), %rbx
        mov     $LINKS, %ecx
        mov     multiplier, %r8
        mov     increment, %r9
1:      imul    %r8, %rbx
        add     %r9, %rbx
        dec     %ecx
        jnz     1b
        movq    %rbx, %xmm0
        paddq   %xmm0, %xmm8
        ret

round_end:
        mov     %rbx, 8(%r14)
        incq    (%r14)
        ret

tick_pit:
        push    %rax
        push    %rcx
        mov     $0x20, %al
        out     %al, $0x20
        mov     $CPUS, %ecx
        jmp     tick
tick_apic:
        push    %rax
        push    %rcx
        mov     $APIC, %ecx
        movl    $0, 0xb0(%rcx)
        mov     $CPUS + 128, %ecx
tick:   incq    16(%rcx)
        mov     24(%rcx), %rax
        imul    multiplier, %rax
        add     increment, %rax
        mov     %rax, 24(%rcx)
        pop     %rcx
        pop     %rax
        iretq

/* ---- the second processor -------------------------------------------------- */

second:
        mov     $0x7000, %esp
        mov     $CPUS + 128, %r14d
        movl    $0xb, 0x3e0(%r15)       /* divide by 1 */
        movl    $0x20030, 0x320(%r15)   /* periodic, vector 30h */
        movl    $1000000, 0x380(%r15)   /* 1 ms */
        sti
1:      call    links
        call    round_end
        cmpl    $0, STOP
        je      1b
        cli
        movq    %xmm8, 32(%r14)
        movq    $1, 40(%r14)
2:      hlt
        jmp     2b

/* INIT and SIPI to all others, if there are any; the code for 16 bits is what
 * they see at TRAMPOLINE. */
wake_second:
        cmpl    $0, SECOND
        je      1f
        mov     $_start, %esi
        mov     $TRAMPOLINE, %edi
        mov     $start32 - _start, %ecx
        rep movsb
        mov     $gdt_pointer, %esi      /* where DS = 800h looks for it */
        mov     $TRAMPOLINE + gdt_pointer - _start, %edi
        mov     $10, %ecx
        rep movsb
        movl    $0xc4500, 0x300(%r15)
        movl    $0xc4608, 0x300(%r15)
1:      ret

/* ---- virtio-blk, legacy ---------------------------------------------------- */

/* PCI configuration register ecx of slot r12d. */
pci_read:
        call    pci_select
        in      %dx, %eax
        ret
pci_select:
        mov     %r12d, %eax
        shl     $11, %eax
        or      %ecx, %eax
        or      $0x80000000, %eax
        mov     $0xcf8, %edx
        out     %eax, %dx
        mov     $0xcfc, %edx
        ret

virtio_start:
        xor     %r12d, %r12d
1:      xor     %ecx, %ecx
        call    pci_read
        cmp     $0x10011af4, %eax
        je      2f
        inc     %r12d
        cmp     $32, %r12d
        jb      1b
        jmp     bad64
2:      mov     $0x10, %ecx
        call    pci_select
        mov     $VIRTIO, %eax
        out     %eax, %dx
        mov     $4, %ecx
        call    pci_select
        mov     $5, %eax
        out     %ax, %dx
        outb_imm 0, VIRTIO + 0x12
        outb_imm 3, VIRTIO + 0x12
        outl_imm 0, VIRTIO + 4
        outw_imm 0, VIRTIO + 0xe
        mov     $VIRTIO + 0xc, %edx
        in      %dx, %ax
        movzwl  %ax, %r13d              /* queue size */
        outl_imm RING >> 12, VIRTIO + 8
.ifdef KICKS
        call    msix_start
.endif
        outb_imm 7, VIRTIO + 0x12
        ret

.ifdef KICKS
/* Interrupt 31h when the queue of slot r12d has something. */
msix_start:
        mov     $IDT + 0x31 * 16, %edi
        mov     $done_msix, %edx
        call    gate64
        mov     $0x14, %ecx
        call    pci_select
        mov     $MSIX, %eax
        out     %eax, %dx
        mov     $4, %ecx
        call    pci_select
        mov     $7, %eax
        out     %ax, %dx
        mov     $MSIX, %r9d
        movl    $APIC, (%r9)
        movl    $0, 4(%r9)
        movl    $0x31, 8(%r9)
        movl    $0, 12(%r9)
        mov     $0x34, %ecx             /* the first capability */
        call    pci_read
        movzbl  %al, %ecx
1:      call    pci_read
        cmp     $0x11, %al              /* MSI-X */
        je      2f
        movzbl  %ah, %ecx
        jmp     1b
2:      or      $0x80000000, %eax       /* enable */
        push    %rax
        call    pci_select
        pop     %rax
        out     %eax, %dx
        outw_imm 0, VIRTIO + 0x16
        sti
        ret

done_msix:
        push    %rax
        mov     $APIC, %eax
        movl    $0, 0xb0(%rax)
        pop     %rax
        iretq
.endif

disk_read:
        xor     %ecx, %ecx              /* VIRTIO_BLK_T_IN */
        mov     $3, %edx                /* the device writes, then more */
        jmp     disk
disk_write:
        mov     $1, %ecx
        mov     $1, %edx
/* Sector eax. */
disk:   mov     %ecx, HEADER
        movl    $0, HEADER + 4
        mov     %rax, HEADER + 8
        movb    $0xff, HEADER + 16
        mov     $RING, %edi
        movq    $HEADER, (%rdi)
        movl    $16, 8(%rdi)
        movl    $0x10001, 12(%rdi)
        movq    $BUFFER, 16(%rdi)
        movl    $512, 24(%rdi)
        mov     %dx, 28(%rdi)
        movw    $2, 30(%rdi)
        movq    $HEADER + 16, 32(%rdi)
        movl    $1, 40(%rdi)
        movl    $2, 44(%rdi)            /* the device writes, the end */
        mov     %r13d, %esi
        shl     $4, %esi
        add     %rdi, %rsi              /* available ring */
        lea     4 + 4095(%rsi,%r13,2), %r11
        add     $2, %r11
        and     $~4095, %r11            /* used ring */
        movzwl  2(%rsi), %eax
        mov     %r13d, %ecx
        dec     %ecx
        and     %eax, %ecx
        movw    $0, 4(%rsi,%rcx,2)
        inc     %eax
        mov     %ax, 2(%rsi)
        mfence
        mov     %eax, %ecx
        outw_imm 0, VIRTIO + 0x10
.ifdef KICKS
1:      cli
        cmp     2(%r11), %cx
        je      2f
        sti
        hlt
        jmp     1b
2:      sti
.else
1:      pause
        cmp     2(%r11), %cx
        jne     1b
.endif
        cmpb    $0, HEADER + 16
        jne     bad64
        ret

/* ---- the rest ---------------------------------------------------------------- */

bad64:
        mov     $text_fail, %esi
        call    print64
        outb_imm 0x11, EXIT
1:      hlt
        jmp     1b

        gate64_routine

serial64:
        serial_open
        ret

timer64:
        movl    $0x700, 0x350(%r15)
        pics_and_pit
        ret

putc:   serial_send
        ret

print64:
        lodsb
        test    %al, %al
        jz      1f
        call    putc
        jmp     print64
1:      ret

/* The five numbers of the processor at r14, in hexadecimal. */
report: cmp     $CPUS, %r14d
        jne     1f
        movq    %xmm8, 32(%r14)
1:      xor     %r10d, %r10d
2:      mov     (%r14,%r10,8), %r9
        mov     $16, %ecx
3:      rol     $4, %r9
        mov     %r9d, %eax
        and     $15, %eax
        mov     digits(%rax), %al
        call    putc
        loop    3b
        mov     $' ', %al
        call    putc
        inc     %r10d
        cmp     $5, %r10d
        jb      2b
        mov     $'\n', %al
        jmp     putc

        gdt_and_pointer
idt_pointer:
        .word   64 * 16 - 1
        .quad   IDT
multiplier: .quad 6364136223846793005
increment:  .quad 1442695040888963407
digits: .ascii  "0123456789abcdef"
text_go: .asciz "go\n"
text_idle: .asciz "idle\n"
text_read: .asciz "read\n"
text_fail: .asciz "FAILED"
SECOND: .long   PROCESSORS - 1

        reset_vector
