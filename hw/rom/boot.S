/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The option ROM behind -kernel: firmware finds it as a PnP boot entry
 * (Plug and Play BIOS 1.0a, 3.1), and it fetches kernel, initrd, command line
 * and start structure from the firmware configuration device straight to
 * where they belong, then starts them in real mode (Linux, Documentation/x86/
 * boot.rst) or in 32-bit protected mode (Multiboot 1, PVH). What to do is item
 * FW_BOOT: see BootPlan in hw/pc/boot.c.
 */
    .code16
    .text
    .globl _start

    .set FW_BOOT, 0x8010
    .set FW_READ_SELECT, 0x0a    /* DMA control: select, read */
    .set FW_DMA_HIGH, 0x514
    .set FW_DMA_LOW, 0x518

    /* Scratch, physical and in segment 0. */
    .set DESCRIPTOR, 0x600       /* DMA descriptor, 16 bytes */
    .set VALUE, 0x610            /* address and size of a part */
    .set PLAN, 0x620             /* BootPlan */
    .set PLAN_SIZE, 36
    .set E820_BUFFER, 0x660
    .set GDTR, 0x690

    .set plan_protected, PLAN + 0
    .set plan_entry, PLAN + 4    /* real mode: segment << 16 | offset */
    .set plan_eax, PLAN + 8
    .set plan_ebx, PLAN + 12
    .set plan_map, PLAN + 16     /* memory map table, below 64 KiB; 0: none */
    .set plan_count, PLAN + 20   /* where its length goes */
    .set plan_unit, PLAN + 24    /* what one entry adds to it */
    .set plan_lead, PLAN + 28    /* bytes of size word before an entry */
    .set plan_stack, PLAN + 32   /* real mode: stack pointer */

_start:
    .word 0xaa55
    .byte 4                      /* blocks of 512 bytes */
    lret                         /* nothing to initialise */

    .org 0x18
    .word 0                      /* no PCI data structure */
    .word pnp

pnp:
    .ascii "$PnP"
    .byte 1                      /* revision */
    .byte 2                      /* length in paragraphs */
    .word 0                      /* next header */
    .byte 0
    .byte 0                      /* checksum: not looked at */
    .long 0                      /* device id */
    .word maker
    .word product
    .byte 0, 0, 0                /* type */
    .byte 0                      /* indicators */
    .word 0                      /* boot connection vector */
    .word 0                      /* disconnect vector */
    .word boot                   /* bootstrap entry vector */
    .word 0
    .word 0
maker:
    .asciz "emu"
product:
    .asciz "Direct kernel boot"

    /* Item %ax to physical %edi, %ecx bytes. */
fw_read:
    pushl %eax
    shll $16, %eax
    orl $FW_READ_SELECT, %eax
    bswapl %eax
    movl %eax, DESCRIPTOR
    movl %ecx, %eax
    bswapl %eax
    movl %eax, DESCRIPTOR + 4
    movl $0, DESCRIPTOR + 8
    movl %edi, %eax
    bswapl %eax
    movl %eax, DESCRIPTOR + 12
    movw $FW_DMA_HIGH, %dx
    xorl %eax, %eax
    outl %eax, %dx
    movw $FW_DMA_LOW, %dx
    movl $DESCRIPTOR, %eax
    bswapl %eax
    outl %eax, %dx
1:  movl DESCRIPTOR, %eax        /* all but the error bit cleared: done */
    bswapl %eax
    testl $~1, %eax
    jnz 1b
    popl %eax
    ret

    /* One part: items \addr and \size say where and how long, \data is it. */
    .macro part addr, size, data
    movw $\addr, %ax
    movl $VALUE, %edi
    movl $4, %ecx
    call fw_read
    movw $\size, %ax
    movl $VALUE + 4, %edi
    movl $4, %ecx
    call fw_read
    movl VALUE, %edi
    movl VALUE + 4, %ecx
    jecxz 2f
    movw $\data, %ax
    call fw_read
2:
    .endm

boot:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw $FW_BOOT, %ax
    movl $PLAN, %edi
    movl $PLAN_SIZE, %ecx
    call fw_read
    part 0x16, 0x17, 0x18        /* real-mode part, or start structure */
    part 0x13, 0x14, 0x15        /* command line */
    call memory_map
    part 0x07, 0x08, 0x11        /* kernel: may overwrite all that */
    part 0x0a, 0x0b, 0x12        /* initrd, or modules */
    cmpl $0, plan_protected
    jne protected

    /* Linux real-mode entry: DS = ES = SS = FS = GS, CS is 20h more. */
    movl plan_stack, %edx
    movl plan_entry, %ecx
    shrl $16, %ecx
    movw %cx, %ax
    subw $0x20, %ax
    movw %ax, %ss
    movl %edx, %esp
    pushw %cx
    pushw $0
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    xorl %eax, %eax
    xorl %ebx, %ebx
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %ebp, %ebp
    lret

    /* Copy firmware's memory map (INT 15h, E820h) to the plan's table. */
memory_map:
    movl plan_map, %edi
    testl %edi, %edi
    jz 3f
    xorl %ebx, %ebx
1:  movl $0xe820, %eax
    movl $0x534d4150, %edx       /* "SMAP" */
    movl $20, %ecx
    pushl %edi
    movw $E820_BUFFER, %di
    int $0x15
    popl %edi
    jc 3f
    cmpl $0x534d4150, %eax
    jne 3f
    pushl %edi
    cmpl $0, plan_lead
    je 2f
    movl $20, %eax
    stosl
2:  movw $E820_BUFFER, %si
    movw $5, %cx
    rep movsl
    popl %edi
    addl $24, %edi
    pushl %esi
    movl plan_count, %esi
    movl plan_unit, %eax
    addl %eax, (%si)
    popl %esi
    testl %ebx, %ebx
    jnz 1b
3:  ret

protected:
    xorl %eax, %eax              /* where this ROM is */
    movw %cs, %ax
    shll $4, %eax
    movw $(gdt_end - gdt - 1), GDTR
    leal gdt(%eax), %ecx
    movl %ecx, GDTR + 2
    lgdtl GDTR
    leal entry32(%eax), %ecx
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    pushl $8
    pushl %ecx
    lretl

    .code32
entry32:
    movw $16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    movl plan_entry, %ecx
    movl plan_eax, %eax
    movl plan_ebx, %ebx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %ebp, %ebp
    jmp *%ecx

    .balign 8
gdt:
    .quad 0
    /* Accessed already, for nobody could mark them: this is in ROM. KVM's
     * emulator tries for ever. */
    .quad 0x00cf9b000000ffff     /* flat code */
    .quad 0x00cf93000000ffff     /* flat data */
gdt_end:

    .org 2048
