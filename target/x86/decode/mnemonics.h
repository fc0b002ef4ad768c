/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instructions by the manual's names (SDM 2, APM 3 to 5): M(NAME, "text").
 */
#ifndef TARGET_X86_DECODE_MNEMONICS_H
#define TARGET_X86_DECODE_MNEMONICS_H

/* clang-format off */
#define X86_MNEMONICS(M) \
    /* General purpose. The size comes from the operands: MOVS is \
     * MOVSB..MOVSQ. JCC, SETCC and CMOVCC have their condition in opcode \
     * bits 0..3. */ \
    M(AAA, "aaa") M(AAD, "aad") M(AAM, "aam") M(AAS, "aas") M(ADC, "adc") \
    M(ADCX, "adcx") M(ADD, "add") M(ADOX, "adox") M(AND, "and") \
    M(ANDN, "andn") M(ARPL, "arpl") M(BEXTR, "bextr") M(BLSI, "blsi") \
    M(BLSMSK, "blsmsk") M(BLSR, "blsr") M(BOUND, "bound") M(BSF, "bsf") \
    M(BSR, "bsr") M(BSWAP, "bswap") M(BT, "bt") M(BTC, "btc") M(BTR, "btr") \
    M(BTS, "bts") M(BZHI, "bzhi") M(CALL, "call") M(CALLF, "call") \
    M(CBW, "cbw") M(CLC, "clc") M(CLD, "cld") M(CMC, "cmc") \
    M(CMOVCC, "cmovcc") M(CMP, "cmp") M(CMPS, "cmps") M(CMPXCHG, "cmpxchg") \
    M(CMPXCHG8B, "cmpxchg8b") M(CMPXCHG16B, "cmpxchg16b") M(CRC32, "crc32") \
    M(CWD, "cwd") M(DAA, "daa") M(DAS, "das") M(DEC, "dec") M(DIV, "div") \
    M(ENTER, "enter") M(IDIV, "idiv") M(IMUL, "imul") M(IMUL2, "imul") \
    M(IMUL3, "imul") M(IN, "in") M(INC, "inc") M(INS, "ins") M(INT, "int") \
    M(INT1, "int1") M(INT3, "int3") M(INTO, "into") M(IRET, "iret") \
    M(JCC, "jcc") M(JCXZ, "jcxz") M(JMP, "jmp") M(JMPF, "jmp") \
    M(LAHF, "lahf") M(LDS, "lds") M(LEA, "lea") M(LEAVE, "leave") \
    M(LES, "les") M(LFS, "lfs") M(LGS, "lgs") M(LODS, "lods") M(LOOP, "loop") \
    M(LOOPE, "loope") M(LOOPNE, "loopne") M(LSS, "lss") M(LZCNT, "lzcnt") \
    M(MOV, "mov") M(MOVBE, "movbe") M(MOVNTI, "movnti") M(MOVS, "movs") \
    M(MOVSX, "movsx") M(MOVSXD, "movsxd") M(MOVZX, "movzx") M(MUL, "mul") \
    M(MULX, "mulx") M(NEG, "neg") M(NOP, "nop") M(NOT, "not") M(OR, "or") \
    M(OUT, "out") M(OUTS, "outs") M(PAUSE, "pause") M(PDEP, "pdep") \
    M(PEXT, "pext") M(POP, "pop") M(POPA, "popa") M(POPCNT, "popcnt") \
    M(POPF, "popf") M(PUSH, "push") M(PUSHA, "pusha") M(PUSHF, "pushf") \
    M(RCL, "rcl") M(RCR, "rcr") M(RET, "ret") M(RETF, "retf") M(ROL, "rol") \
    M(ROR, "ror") M(RORX, "rorx") M(SAHF, "sahf") M(SALC, "salc") \
    M(SAR, "sar") M(SARX, "sarx") M(SBB, "sbb") M(SCAS, "scas") \
    M(SETCC, "setcc") M(SHL, "shl") M(SHLD, "shld") M(SHLX, "shlx") \
    M(SHR, "shr") M(SHRD, "shrd") M(SHRX, "shrx") M(STC, "stc") M(STD, "std") \
    M(STOS, "stos") M(SUB, "sub") M(TEST, "test") M(TZCNT, "tzcnt") \
    M(UD0, "ud0") M(UD1, "ud1") M(UD2, "ud2") M(XADD, "xadd") M(XCHG, "xchg") \
    M(XLAT, "xlat") M(XOR, "xor") \
    /* System. MOV_CR, MOV_DR and MOV_SEG are the MOVs whose one operand is \
     * such a register. */ \
    M(CLAC, "clac") M(CLDEMOTE, "cldemote") M(CLFLUSH, "clflush") \
    M(CLFLUSHOPT, "clflushopt") M(CLGI, "clgi") M(CLI, "cli") M(CLTS, "clts") \
    M(CLWB, "clwb") M(CLZERO, "clzero") M(CPUID, "cpuid") \
    M(ENDBR32, "endbr32") M(ENDBR64, "endbr64") M(HLT, "hlt") M(INVD, "invd") \
    M(INVLPG, "invlpg") M(INVLPGA, "invlpga") M(INVPCID, "invpcid") \
    M(LAR, "lar") M(LFENCE, "lfence") M(LGDT, "lgdt") M(LIDT, "lidt") \
    M(LLDT, "lldt") M(LMSW, "lmsw") M(LSL, "lsl") M(LTR, "ltr") \
    M(MFENCE, "mfence") M(MONITOR, "monitor") M(MONITORX, "monitorx") \
    M(MOV_CR, "mov") M(MOV_DR, "mov") M(MOV_SEG, "mov") \
    M(MOVDIR64B, "movdir64b") M(MOVDIRI, "movdiri") M(MWAIT, "mwait") \
    M(MWAITX, "mwaitx") M(PREFETCH, "prefetch") M(PREFETCHNTA, "prefetchnta") \
    M(PREFETCHT0, "prefetcht0") M(PREFETCHT1, "prefetcht1") \
    M(PREFETCHT2, "prefetcht2") M(PREFETCHW, "prefetchw") \
    M(PREFETCHWT1, "prefetchwt1") M(PTWRITE, "ptwrite") \
    M(RDFSBASE, "rdfsbase") M(RDGSBASE, "rdgsbase") M(RDMSR, "rdmsr") \
    M(RDPID, "rdpid") M(RDPKRU, "rdpkru") M(RDPMC, "rdpmc") M(RDPRU, "rdpru") \
    M(RDRAND, "rdrand") M(RDSEED, "rdseed") M(RDTSC, "rdtsc") \
    M(RDTSCP, "rdtscp") M(RSM, "rsm") M(SERIALIZE, "serialize") \
    M(SFENCE, "sfence") M(SGDT, "sgdt") M(SIDT, "sidt") M(SKINIT, "skinit") \
    M(SLDT, "sldt") M(SMSW, "smsw") M(STAC, "stac") M(STGI, "stgi") \
    M(STI, "sti") M(STR, "str") M(SWAPGS, "swapgs") M(SYSCALL, "syscall") \
    M(SYSENTER, "sysenter") M(SYSEXIT, "sysexit") M(SYSRET, "sysret") \
    M(TPAUSE, "tpause") M(UMONITOR, "umonitor") M(UMWAIT, "umwait") \
    M(VERR, "verr") M(VERW, "verw") M(VMLOAD, "vmload") M(VMMCALL, "vmmcall") \
    M(VMRUN, "vmrun") M(VMSAVE, "vmsave") M(WBINVD, "wbinvd") \
    M(WBNOINVD, "wbnoinvd") M(WRFSBASE, "wrfsbase") M(WRGSBASE, "wrgsbase") \
    M(WRMSR, "wrmsr") M(WRPKRU, "wrpkru") M(XGETBV, "xgetbv") \
    M(XRSTOR, "xrstor") M(XRSTORS, "xrstors") M(XSAVE, "xsave") \
    M(XSAVEC, "xsavec") M(XSAVEOPT, "xsaveopt") M(XSAVES, "xsaves") \
    M(XSETBV, "xsetbv") \
    /* VMX, SGX, TSX, shadow stacks: known by name only. */ \
    M(CLRSSBSY, "clrssbsy") M(ENCLS, "encls") M(ENCLU, "enclu") \
    M(ENCLV, "enclv") M(ENQCMD, "enqcmd") M(ENQCMDS, "enqcmds") \
    M(GETSEC, "getsec") M(INCSSP, "incssp") \
    M(INVEPT, "invept") M(INVVPID, "invvpid") M(PCONFIG, "pconfig") \
    M(RSTORSSP, "rstorssp") M(SAVEPREVSSP, "saveprevssp") \
    M(SETSSBSY, "setssbsy") M(VMCALL, "vmcall") M(VMCLEAR, "vmclear") \
    M(VMFUNC, "vmfunc") M(VMLAUNCH, "vmlaunch") M(VMPTRLD, "vmptrld") \
    M(VMPTRST, "vmptrst") M(VMREAD, "vmread") M(VMRESUME, "vmresume") \
    M(VMWRITE, "vmwrite") M(VMXOFF, "vmxoff") M(VMXON, "vmxon") \
    M(WRSS, "wrss") M(WRUSS, "wruss") M(XABORT, "xabort") M(XBEGIN, "xbegin") \
    M(XEND, "xend") M(XTEST, "xtest") \
    /* x87. Memory forms by the operand's size: 4, 8 or 10 bytes; FI..: 2 or \
     * 4 (or 8). */ \
    M(F2XM1, "f2xm1") M(FABS, "fabs") M(FADD, "fadd") M(FADDP, "faddp") \
    M(FBLD, "fbld") M(FBSTP, "fbstp") M(FCHS, "fchs") M(FCMOVB, "fcmovb") \
    M(FCMOVBE, "fcmovbe") M(FCMOVE, "fcmove") M(FCMOVNB, "fcmovnb") \
    M(FCMOVNBE, "fcmovnbe") M(FCMOVNE, "fcmovne") M(FCMOVNU, "fcmovnu") \
    M(FCMOVU, "fcmovu") M(FCOM, "fcom") M(FCOMI, "fcomi") M(FCOMIP, "fcomip") \
    M(FCOMP, "fcomp") M(FCOMPP, "fcompp") M(FCOS, "fcos") \
    M(FDECSTP, "fdecstp") M(FDIV, "fdiv") M(FDIVP, "fdivp") M(FDIVR, "fdivr") \
    M(FDIVRP, "fdivrp") M(FFREE, "ffree") M(FFREEP, "ffreep") \
    M(FIADD, "fiadd") M(FICOM, "ficom") M(FICOMP, "ficomp") M(FIDIV, "fidiv") \
    M(FIDIVR, "fidivr") M(FILD, "fild") M(FIMUL, "fimul") \
    M(FINCSTP, "fincstp") M(FIST, "fist") M(FISTP, "fistp") \
    M(FISTTP, "fisttp") M(FISUB, "fisub") M(FISUBR, "fisubr") M(FLD, "fld") \
    M(FLD1, "fld1") M(FLDCW, "fldcw") M(FLDENV, "fldenv") M(FLDL2E, "fldl2e") \
    M(FLDL2T, "fldl2t") M(FLDLG2, "fldlg2") M(FLDLN2, "fldln2") \
    M(FLDPI, "fldpi") M(FLDZ, "fldz") M(FMUL, "fmul") M(FMULP, "fmulp") \
    M(FNCLEX, "fnclex") M(FNDISI, "fndisi") M(FNENI, "fneni") \
    M(FNINIT, "fninit") M(FNOP, "fnop") M(FNSAVE, "fnsave") \
    M(FNSETPM, "fnsetpm") M(FNSTCW, "fnstcw") M(FNSTENV, "fnstenv") \
    M(FNSTSW, "fnstsw") M(FPATAN, "fpatan") M(FPREM, "fprem") \
    M(FPREM1, "fprem1") M(FPTAN, "fptan") M(FRNDINT, "frndint") \
    M(FRSTOR, "frstor") M(FRSTPM, "frstpm") M(FSCALE, "fscale") \
    M(FSIN, "fsin") M(FSINCOS, "fsincos") M(FSQRT, "fsqrt") M(FST, "fst") \
    M(FSTP, "fstp") M(FSUB, "fsub") M(FSUBP, "fsubp") M(FSUBR, "fsubr") \
    M(FSUBRP, "fsubrp") M(FTST, "ftst") M(FUCOM, "fucom") M(FUCOMI, "fucomi") \
    M(FUCOMIP, "fucomip") M(FUCOMP, "fucomp") M(FUCOMPP, "fucompp") \
    M(FWAIT, "fwait") M(FXAM, "fxam") M(FXCH, "fxch") M(FXRSTOR, "fxrstor") \
    M(FXSAVE, "fxsave") M(FXTRACT, "fxtract") M(FYL2X, "fyl2x") \
    M(FYL2XP1, "fyl2xp1") \
    /* MMX and SSE to SSE4.2. One name for the MMX, the SSE and the VEX form \
     * (VADDPS is ADDPS with insn->vex), told apart by their operands. */ \
    M(ADDPD, "addpd") M(ADDPS, "addps") M(ADDSD, "addsd") M(ADDSS, "addss") \
    M(ADDSUBPD, "addsubpd") M(ADDSUBPS, "addsubps") M(ANDNPD, "andnpd") \
    M(ANDNPS, "andnps") M(ANDPD, "andpd") M(ANDPS, "andps") \
    M(BLENDPD, "blendpd") M(BLENDPS, "blendps") M(BLENDVPD, "blendvpd") \
    M(BLENDVPS, "blendvps") M(CMPPD, "cmppd") M(CMPPS, "cmpps") \
    M(CMPSD, "cmpsd") M(CMPSS, "cmpss") M(COMISD, "comisd") \
    M(COMISS, "comiss") M(CVTDQ2PD, "cvtdq2pd") M(CVTDQ2PS, "cvtdq2ps") \
    M(CVTPD2DQ, "cvtpd2dq") M(CVTPD2PI, "cvtpd2pi") M(CVTPD2PS, "cvtpd2ps") \
    M(CVTPI2PD, "cvtpi2pd") M(CVTPI2PS, "cvtpi2ps") M(CVTPS2DQ, "cvtps2dq") \
    M(CVTPS2PD, "cvtps2pd") M(CVTPS2PI, "cvtps2pi") M(CVTSD2SI, "cvtsd2si") \
    M(CVTSD2SS, "cvtsd2ss") M(CVTSI2SD, "cvtsi2sd") M(CVTSI2SS, "cvtsi2ss") \
    M(CVTSS2SD, "cvtss2sd") M(CVTSS2SI, "cvtss2si") M(CVTTPD2DQ, "cvttpd2dq") \
    M(CVTTPD2PI, "cvttpd2pi") M(CVTTPS2DQ, "cvttps2dq") \
    M(CVTTPS2PI, "cvttps2pi") M(CVTTSD2SI, "cvttsd2si") \
    M(CVTTSS2SI, "cvttss2si") M(DIVPD, "divpd") M(DIVPS, "divps") \
    M(DIVSD, "divsd") M(DIVSS, "divss") M(DPPD, "dppd") M(DPPS, "dpps") \
    M(EMMS, "emms") M(EXTRACTPS, "extractps") M(EXTRQ, "extrq") \
    M(HADDPD, "haddpd") M(HADDPS, "haddps") M(HSUBPD, "hsubpd") \
    M(HSUBPS, "hsubps") M(INSERTPS, "insertps") M(INSERTQ, "insertq") \
    M(LDDQU, "lddqu") M(LDMXCSR, "ldmxcsr") M(MASKMOVDQU, "maskmovdqu") \
    M(MASKMOVQ, "maskmovq") M(MAXPD, "maxpd") M(MAXPS, "maxps") \
    M(MAXSD, "maxsd") M(MAXSS, "maxss") M(MINPD, "minpd") M(MINPS, "minps") \
    M(MINSD, "minsd") M(MINSS, "minss") M(MOVAPD, "movapd") \
    M(MOVAPS, "movaps") M(MOVD, "movd") M(MOVDDUP, "movddup") \
    M(MOVDQ2Q, "movdq2q") M(MOVDQA, "movdqa") M(MOVDQU, "movdqu") \
    M(MOVHLPS, "movhlps") M(MOVHPD, "movhpd") M(MOVHPS, "movhps") \
    M(MOVLHPS, "movlhps") M(MOVLPD, "movlpd") M(MOVLPS, "movlps") \
    M(MOVMSKPD, "movmskpd") M(MOVMSKPS, "movmskps") M(MOVNTDQ, "movntdq") \
    M(MOVNTDQA, "movntdqa") M(MOVNTPD, "movntpd") M(MOVNTPS, "movntps") \
    M(MOVNTQ, "movntq") M(MOVNTSD, "movntsd") M(MOVNTSS, "movntss") \
    M(MOVQ, "movq") M(MOVQ2DQ, "movq2dq") M(MOVSD, "movsd") \
    M(MOVSHDUP, "movshdup") M(MOVSLDUP, "movsldup") M(MOVSS, "movss") \
    M(MOVUPD, "movupd") M(MOVUPS, "movups") M(MPSADBW, "mpsadbw") \
    M(MULPD, "mulpd") M(MULPS, "mulps") M(MULSD, "mulsd") M(MULSS, "mulss") \
    M(ORPD, "orpd") M(ORPS, "orps") M(PABSB, "pabsb") M(PABSD, "pabsd") \
    M(PABSW, "pabsw") M(PACKSSDW, "packssdw") M(PACKSSWB, "packsswb") \
    M(PACKUSDW, "packusdw") M(PACKUSWB, "packuswb") M(PADDB, "paddb") \
    M(PADDD, "paddd") M(PADDQ, "paddq") M(PADDSB, "paddsb") \
    M(PADDSW, "paddsw") M(PADDUSB, "paddusb") M(PADDUSW, "paddusw") \
    M(PADDW, "paddw") M(PALIGNR, "palignr") M(PAND, "pand") M(PANDN, "pandn") \
    M(PAVGB, "pavgb") M(PAVGW, "pavgw") M(PBLENDVB, "pblendvb") \
    M(PBLENDW, "pblendw") M(PCMPEQB, "pcmpeqb") M(PCMPEQD, "pcmpeqd") \
    M(PCMPEQQ, "pcmpeqq") M(PCMPEQW, "pcmpeqw") M(PCMPESTRI, "pcmpestri") \
    M(PCMPESTRM, "pcmpestrm") M(PCMPGTB, "pcmpgtb") M(PCMPGTD, "pcmpgtd") \
    M(PCMPGTQ, "pcmpgtq") M(PCMPGTW, "pcmpgtw") M(PCMPISTRI, "pcmpistri") \
    M(PCMPISTRM, "pcmpistrm") M(PEXTRB, "pextrb") M(PEXTRD, "pextrd") \
    M(PEXTRW, "pextrw") M(PHADDD, "phaddd") M(PHADDSW, "phaddsw") \
    M(PHADDW, "phaddw") M(PHMINPOSUW, "phminposuw") M(PHSUBD, "phsubd") \
    M(PHSUBSW, "phsubsw") M(PHSUBW, "phsubw") M(PINSRB, "pinsrb") \
    M(PINSRD, "pinsrd") M(PINSRW, "pinsrw") M(PMADDUBSW, "pmaddubsw") \
    M(PMADDWD, "pmaddwd") M(PMAXSB, "pmaxsb") M(PMAXSD, "pmaxsd") \
    M(PMAXSW, "pmaxsw") M(PMAXUB, "pmaxub") M(PMAXUD, "pmaxud") \
    M(PMAXUW, "pmaxuw") M(PMINSB, "pminsb") M(PMINSD, "pminsd") \
    M(PMINSW, "pminsw") M(PMINUB, "pminub") M(PMINUD, "pminud") \
    M(PMINUW, "pminuw") M(PMOVMSKB, "pmovmskb") M(PMOVSXBD, "pmovsxbd") \
    M(PMOVSXBQ, "pmovsxbq") M(PMOVSXBW, "pmovsxbw") M(PMOVSXDQ, "pmovsxdq") \
    M(PMOVSXWD, "pmovsxwd") M(PMOVSXWQ, "pmovsxwq") M(PMOVZXBD, "pmovzxbd") \
    M(PMOVZXBQ, "pmovzxbq") M(PMOVZXBW, "pmovzxbw") M(PMOVZXDQ, "pmovzxdq") \
    M(PMOVZXWD, "pmovzxwd") M(PMOVZXWQ, "pmovzxwq") M(PMULDQ, "pmuldq") \
    M(PMULHRSW, "pmulhrsw") M(PMULHUW, "pmulhuw") M(PMULHW, "pmulhw") \
    M(PMULLD, "pmulld") M(PMULLW, "pmullw") M(PMULUDQ, "pmuludq") \
    M(POR, "por") M(PSADBW, "psadbw") M(PSHUFB, "pshufb") M(PSHUFD, "pshufd") \
    M(PSHUFHW, "pshufhw") M(PSHUFLW, "pshuflw") M(PSHUFW, "pshufw") \
    M(PSIGNB, "psignb") M(PSIGND, "psignd") M(PSIGNW, "psignw") \
    M(PSLLD, "pslld") M(PSLLDQ, "pslldq") M(PSLLQ, "psllq") M(PSLLW, "psllw") \
    M(PSRAD, "psrad") M(PSRAW, "psraw") M(PSRLD, "psrld") M(PSRLDQ, "psrldq") \
    M(PSRLQ, "psrlq") M(PSRLW, "psrlw") M(PSUBB, "psubb") M(PSUBD, "psubd") \
    M(PSUBQ, "psubq") M(PSUBSB, "psubsb") M(PSUBSW, "psubsw") \
    M(PSUBUSB, "psubusb") M(PSUBUSW, "psubusw") M(PSUBW, "psubw") \
    M(PTEST, "ptest") M(PUNPCKHBW, "punpckhbw") M(PUNPCKHDQ, "punpckhdq") \
    M(PUNPCKHQDQ, "punpckhqdq") M(PUNPCKHWD, "punpckhwd") \
    M(PUNPCKLBW, "punpcklbw") M(PUNPCKLDQ, "punpckldq") \
    M(PUNPCKLQDQ, "punpcklqdq") M(PUNPCKLWD, "punpcklwd") M(PXOR, "pxor") \
    M(RCPPS, "rcpps") M(RCPSS, "rcpss") M(ROUNDPD, "roundpd") \
    M(ROUNDPS, "roundps") M(ROUNDSD, "roundsd") M(ROUNDSS, "roundss") \
    M(RSQRTPS, "rsqrtps") M(RSQRTSS, "rsqrtss") M(SHUFPD, "shufpd") \
    M(SHUFPS, "shufps") M(SQRTPD, "sqrtpd") M(SQRTPS, "sqrtps") \
    M(SQRTSD, "sqrtsd") M(SQRTSS, "sqrtss") M(STMXCSR, "stmxcsr") \
    M(SUBPD, "subpd") M(SUBPS, "subps") M(SUBSD, "subsd") M(SUBSS, "subss") \
    M(UCOMISD, "ucomisd") M(UCOMISS, "ucomiss") M(UNPCKHPD, "unpckhpd") \
    M(UNPCKHPS, "unpckhps") M(UNPCKLPD, "unpcklpd") M(UNPCKLPS, "unpcklps") \
    M(XORPD, "xorpd") M(XORPS, "xorps") \
    /* Cryptography. */ \
    M(AESDEC, "aesdec") M(AESDECLAST, "aesdeclast") M(AESENC, "aesenc") \
    M(AESENCLAST, "aesenclast") M(AESIMC, "aesimc") \
    M(AESKEYGENASSIST, "aeskeygenassist") \
    M(GF2P8AFFINEINVQB, "gf2p8affineinvqb") M(GF2P8AFFINEQB, "gf2p8affineqb") \
    M(GF2P8MULB, "gf2p8mulb") M(PCLMULQDQ, "pclmulqdq") \
    M(SHA1MSG1, "sha1msg1") M(SHA1MSG2, "sha1msg2") M(SHA1NEXTE, "sha1nexte") \
    M(SHA1RNDS4, "sha1rnds4") M(SHA256MSG1, "sha256msg1") \
    M(SHA256MSG2, "sha256msg2") M(SHA256RNDS2, "sha256rnds2") \
    /* AVX, AVX2, F16C without an SSE form. */ \
    M(VBROADCASTF128, "vbroadcastf128") M(VBROADCASTI128, "vbroadcasti128") \
    M(VBROADCASTSD, "vbroadcastsd") M(VBROADCASTSS, "vbroadcastss") \
    M(VCVTPH2PS, "vcvtph2ps") M(VCVTPS2PH, "vcvtps2ph") \
    M(VEXTRACTF128, "vextractf128") M(VEXTRACTI128, "vextracti128") \
    M(VGATHERDPD, "vgatherdpd") M(VGATHERDPS, "vgatherdps") \
    M(VGATHERQPD, "vgatherqpd") M(VGATHERQPS, "vgatherqps") \
    M(VINSERTF128, "vinsertf128") M(VINSERTI128, "vinserti128") \
    M(VMASKMOVPD, "vmaskmovpd") M(VMASKMOVPS, "vmaskmovps") \
    M(VPBLENDD, "vpblendd") M(VPBROADCASTB, "vpbroadcastb") \
    M(VPBROADCASTD, "vpbroadcastd") M(VPBROADCASTQ, "vpbroadcastq") \
    M(VPBROADCASTW, "vpbroadcastw") M(VPDPBUSD, "vpdpbusd") \
    M(VPDPBUSDS, "vpdpbusds") M(VPDPWSSD, "vpdpwssd") \
    M(VPDPWSSDS, "vpdpwssds") M(VPERM2F128, "vperm2f128") \
    M(VPERM2I128, "vperm2i128") M(VPERMD, "vpermd") M(VPERMILPD, "vpermilpd") \
    M(VPERMILPS, "vpermilps") M(VPERMPD, "vpermpd") M(VPERMPS, "vpermps") \
    M(VPERMQ, "vpermq") M(VPGATHERDD, "vpgatherdd") \
    M(VPGATHERDQ, "vpgatherdq") M(VPGATHERQD, "vpgatherqd") \
    M(VPGATHERQQ, "vpgatherqq") M(VPMASKMOVD, "vpmaskmovd") \
    M(VPMASKMOVQ, "vpmaskmovq") M(VPSLLVD, "vpsllvd") M(VPSLLVQ, "vpsllvq") \
    M(VPSRAVD, "vpsravd") M(VPSRLVD, "vpsrlvd") M(VPSRLVQ, "vpsrlvq") \
    M(VTESTPD, "vtestpd") M(VTESTPS, "vtestps") M(VZEROALL, "vzeroall") \
    M(VZEROUPPER, "vzeroupper") \
    /* FMA. */ \
    M(VFMADDSUB132PD, "vfmaddsub132pd") M(VFMADDSUB132PS, "vfmaddsub132ps") \
    M(VFMADDSUB213PD, "vfmaddsub213pd") M(VFMADDSUB213PS, "vfmaddsub213ps") \
    M(VFMADDSUB231PD, "vfmaddsub231pd") M(VFMADDSUB231PS, "vfmaddsub231ps") \
    M(VFMSUBADD132PD, "vfmsubadd132pd") M(VFMSUBADD132PS, "vfmsubadd132ps") \
    M(VFMSUBADD213PD, "vfmsubadd213pd") M(VFMSUBADD213PS, "vfmsubadd213ps") \
    M(VFMSUBADD231PD, "vfmsubadd231pd") M(VFMSUBADD231PS, "vfmsubadd231ps") \
    M(VFMADD132PD, "vfmadd132pd") M(VFMADD132PS, "vfmadd132ps") \
    M(VFMADD132SD, "vfmadd132sd") M(VFMADD132SS, "vfmadd132ss") \
    M(VFMADD213PD, "vfmadd213pd") M(VFMADD213PS, "vfmadd213ps") \
    M(VFMADD213SD, "vfmadd213sd") M(VFMADD213SS, "vfmadd213ss") \
    M(VFMADD231PD, "vfmadd231pd") M(VFMADD231PS, "vfmadd231ps") \
    M(VFMADD231SD, "vfmadd231sd") M(VFMADD231SS, "vfmadd231ss") \
    M(VFMSUB132PD, "vfmsub132pd") M(VFMSUB132PS, "vfmsub132ps") \
    M(VFMSUB132SD, "vfmsub132sd") M(VFMSUB132SS, "vfmsub132ss") \
    M(VFMSUB213PD, "vfmsub213pd") M(VFMSUB213PS, "vfmsub213ps") \
    M(VFMSUB213SD, "vfmsub213sd") M(VFMSUB213SS, "vfmsub213ss") \
    M(VFMSUB231PD, "vfmsub231pd") M(VFMSUB231PS, "vfmsub231ps") \
    M(VFMSUB231SD, "vfmsub231sd") M(VFMSUB231SS, "vfmsub231ss") \
    M(VFNMADD132PD, "vfnmadd132pd") M(VFNMADD132PS, "vfnmadd132ps") \
    M(VFNMADD132SD, "vfnmadd132sd") M(VFNMADD132SS, "vfnmadd132ss") \
    M(VFNMADD213PD, "vfnmadd213pd") M(VFNMADD213PS, "vfnmadd213ps") \
    M(VFNMADD213SD, "vfnmadd213sd") M(VFNMADD213SS, "vfnmadd213ss") \
    M(VFNMADD231PD, "vfnmadd231pd") M(VFNMADD231PS, "vfnmadd231ps") \
    M(VFNMADD231SD, "vfnmadd231sd") M(VFNMADD231SS, "vfnmadd231ss") \
    M(VFNMSUB132PD, "vfnmsub132pd") M(VFNMSUB132PS, "vfnmsub132ps") \
    M(VFNMSUB132SD, "vfnmsub132sd") M(VFNMSUB132SS, "vfnmsub132ss") \
    M(VFNMSUB213PD, "vfnmsub213pd") M(VFNMSUB213PS, "vfnmsub213ps") \
    M(VFNMSUB213SD, "vfnmsub213sd") M(VFNMSUB213SS, "vfnmsub213ss") \
    M(VFNMSUB231PD, "vfnmsub231pd") M(VFNMSUB231PS, "vfnmsub231ps") \
    M(VFNMSUB231SD, "vfnmsub231sd") M(VFNMSUB231SS, "vfnmsub231ss") \
    /* AVX-512; what has a VEX form of the same name has one mnemonic. */ \
    M(KADD, "kadd") M(KAND, "kand") M(KANDN, "kandn") M(KMOV, "kmov") \
    M(KNOT, "knot") M(KOR, "kor") M(KORTEST, "kortest") M(KSHIFTL, "kshiftl") \
    M(KSHIFTR, "kshiftr") M(KTEST, "ktest") M(KUNPCK, "kunpck") \
    M(KXNOR, "kxnor") M(KXOR, "kxor") M(VALIGND, "valignd") \
    M(VALIGNQ, "valignq") M(VBLENDMPD, "vblendmpd") M(VBLENDMPS, "vblendmps") \
    M(VBROADCASTF32X2, "vbroadcastf32x2") \
    M(VBROADCASTF32X4, "vbroadcastf32x4") \
    M(VBROADCASTF32X8, "vbroadcastf32x8") \
    M(VBROADCASTF64X2, "vbroadcastf64x2") \
    M(VBROADCASTF64X4, "vbroadcastf64x4") \
    M(VBROADCASTI32X2, "vbroadcasti32x2") \
    M(VBROADCASTI32X4, "vbroadcasti32x4") \
    M(VBROADCASTI32X8, "vbroadcasti32x8") \
    M(VBROADCASTI64X2, "vbroadcasti64x2") \
    M(VBROADCASTI64X4, "vbroadcasti64x4") M(VCOMPRESSPD, "vcompresspd") \
    M(VCOMPRESSPS, "vcompressps") M(VCVTNE2PS2BF16, "vcvtne2ps2bf16") \
    M(VCVTNEPS2BF16, "vcvtneps2bf16") M(VCVTPD2QQ, "vcvtpd2qq") \
    M(VCVTPD2UDQ, "vcvtpd2udq") M(VCVTPD2UQQ, "vcvtpd2uqq") \
    M(VCVTPS2QQ, "vcvtps2qq") M(VCVTPS2UDQ, "vcvtps2udq") \
    M(VCVTPS2UQQ, "vcvtps2uqq") M(VCVTQQ2PD, "vcvtqq2pd") \
    M(VCVTQQ2PS, "vcvtqq2ps") M(VCVTSD2USI, "vcvtsd2usi") \
    M(VCVTSS2USI, "vcvtss2usi") M(VCVTTPD2QQ, "vcvttpd2qq") \
    M(VCVTTPD2UDQ, "vcvttpd2udq") M(VCVTTPD2UQQ, "vcvttpd2uqq") \
    M(VCVTTPS2QQ, "vcvttps2qq") M(VCVTTPS2UDQ, "vcvttps2udq") \
    M(VCVTTPS2UQQ, "vcvttps2uqq") M(VCVTTSD2USI, "vcvttsd2usi") \
    M(VCVTTSS2USI, "vcvttss2usi") M(VCVTUDQ2PD, "vcvtudq2pd") \
    M(VCVTUDQ2PS, "vcvtudq2ps") M(VCVTUQQ2PD, "vcvtuqq2pd") \
    M(VCVTUQQ2PS, "vcvtuqq2ps") M(VCVTUSI2SD, "vcvtusi2sd") \
    M(VCVTUSI2SS, "vcvtusi2ss") M(VDBPSADBW, "vdbpsadbw") \
    M(VDPBF16PS, "vdpbf16ps") M(VEXPANDPD, "vexpandpd") \
    M(VEXPANDPS, "vexpandps") M(VEXTRACTF32X4, "vextractf32x4") \
    M(VEXTRACTF32X8, "vextractf32x8") M(VEXTRACTF64X2, "vextractf64x2") \
    M(VEXTRACTF64X4, "vextractf64x4") M(VEXTRACTI32X4, "vextracti32x4") \
    M(VEXTRACTI32X8, "vextracti32x8") M(VEXTRACTI64X2, "vextracti64x2") \
    M(VEXTRACTI64X4, "vextracti64x4") M(VFIXUPIMMPD, "vfixupimmpd") \
    M(VFIXUPIMMPS, "vfixupimmps") M(VFIXUPIMMSD, "vfixupimmsd") \
    M(VFIXUPIMMSS, "vfixupimmss") M(VFPCLASSPD, "vfpclasspd") \
    M(VFPCLASSPS, "vfpclassps") M(VFPCLASSSD, "vfpclasssd") \
    M(VFPCLASSSS, "vfpclassss") M(VGETEXPPD, "vgetexppd") \
    M(VGETEXPPS, "vgetexpps") M(VGETEXPSD, "vgetexpsd") \
    M(VGETEXPSS, "vgetexpss") M(VGETMANTPD, "vgetmantpd") \
    M(VGETMANTPS, "vgetmantps") M(VGETMANTSD, "vgetmantsd") \
    M(VGETMANTSS, "vgetmantss") M(VINSERTF32X4, "vinsertf32x4") \
    M(VINSERTF32X8, "vinsertf32x8") M(VINSERTF64X2, "vinsertf64x2") \
    M(VINSERTF64X4, "vinsertf64x4") M(VINSERTI32X4, "vinserti32x4") \
    M(VINSERTI32X8, "vinserti32x8") M(VINSERTI64X2, "vinserti64x2") \
    M(VINSERTI64X4, "vinserti64x4") M(VMOVDQA32, "vmovdqa32") \
    M(VMOVDQA64, "vmovdqa64") M(VMOVDQU16, "vmovdqu16") \
    M(VMOVDQU32, "vmovdqu32") M(VMOVDQU64, "vmovdqu64") \
    M(VMOVDQU8, "vmovdqu8") M(VP2INTERSECTD, "vp2intersectd") \
    M(VP2INTERSECTQ, "vp2intersectq") M(VPABSQ, "vpabsq") M(VPANDD, "vpandd") \
    M(VPANDND, "vpandnd") M(VPANDNQ, "vpandnq") M(VPANDQ, "vpandq") \
    M(VPBLENDMB, "vpblendmb") M(VPBLENDMD, "vpblendmd") \
    M(VPBLENDMQ, "vpblendmq") M(VPBLENDMW, "vpblendmw") \
    M(VPBROADCASTMB2Q, "vpbroadcastmb2q") \
    M(VPBROADCASTMW2D, "vpbroadcastmw2d") M(VPCMPB, "vpcmpb") \
    M(VPCMPD, "vpcmpd") M(VPCMPQ, "vpcmpq") M(VPCMPUB, "vpcmpub") \
    M(VPCMPUD, "vpcmpud") M(VPCMPUQ, "vpcmpuq") M(VPCMPUW, "vpcmpuw") \
    M(VPCMPW, "vpcmpw") M(VPCOMPRESSB, "vpcompressb") \
    M(VPCOMPRESSD, "vpcompressd") M(VPCOMPRESSQ, "vpcompressq") \
    M(VPCOMPRESSW, "vpcompressw") M(VPCONFLICTD, "vpconflictd") \
    M(VPCONFLICTQ, "vpconflictq") M(VPERMB, "vpermb") M(VPERMI2B, "vpermi2b") \
    M(VPERMI2D, "vpermi2d") M(VPERMI2PD, "vpermi2pd") \
    M(VPERMI2PS, "vpermi2ps") M(VPERMI2Q, "vpermi2q") M(VPERMI2W, "vpermi2w") \
    M(VPERMT2B, "vpermt2b") M(VPERMT2D, "vpermt2d") M(VPERMT2PD, "vpermt2pd") \
    M(VPERMT2PS, "vpermt2ps") M(VPERMT2Q, "vpermt2q") M(VPERMT2W, "vpermt2w") \
    M(VPERMW, "vpermw") M(VPEXPANDB, "vpexpandb") M(VPEXPANDD, "vpexpandd") \
    M(VPEXPANDQ, "vpexpandq") M(VPEXPANDW, "vpexpandw") \
    M(VPLZCNTD, "vplzcntd") M(VPLZCNTQ, "vplzcntq") \
    M(VPMADD52HUQ, "vpmadd52huq") M(VPMADD52LUQ, "vpmadd52luq") \
    M(VPMAXSQ, "vpmaxsq") M(VPMAXUQ, "vpmaxuq") M(VPMINSQ, "vpminsq") \
    M(VPMINUQ, "vpminuq") M(VPMOVB2M, "vpmovb2m") M(VPMOVD2M, "vpmovd2m") \
    M(VPMOVDB, "vpmovdb") M(VPMOVDW, "vpmovdw") M(VPMOVM2B, "vpmovm2b") \
    M(VPMOVM2D, "vpmovm2d") M(VPMOVM2Q, "vpmovm2q") M(VPMOVM2W, "vpmovm2w") \
    M(VPMOVQ2M, "vpmovq2m") M(VPMOVQB, "vpmovqb") M(VPMOVQD, "vpmovqd") \
    M(VPMOVQW, "vpmovqw") M(VPMOVSDB, "vpmovsdb") M(VPMOVSDW, "vpmovsdw") \
    M(VPMOVSQB, "vpmovsqb") M(VPMOVSQD, "vpmovsqd") M(VPMOVSQW, "vpmovsqw") \
    M(VPMOVSWB, "vpmovswb") M(VPMOVUSDB, "vpmovusdb") \
    M(VPMOVUSDW, "vpmovusdw") M(VPMOVUSQB, "vpmovusqb") \
    M(VPMOVUSQD, "vpmovusqd") M(VPMOVUSQW, "vpmovusqw") \
    M(VPMOVUSWB, "vpmovuswb") M(VPMOVW2M, "vpmovw2m") M(VPMOVWB, "vpmovwb") \
    M(VPMULLQ, "vpmullq") M(VPMULTISHIFTQB, "vpmultishiftqb") \
    M(VPOPCNTB, "vpopcntb") M(VPOPCNTD, "vpopcntd") M(VPOPCNTQ, "vpopcntq") \
    M(VPOPCNTW, "vpopcntw") M(VPORD, "vpord") M(VPORQ, "vporq") \
    M(VPROLD, "vprold") M(VPROLQ, "vprolq") M(VPROLVD, "vprolvd") \
    M(VPROLVQ, "vprolvq") M(VPRORD, "vprord") M(VPRORQ, "vprorq") \
    M(VPRORVD, "vprorvd") M(VPRORVQ, "vprorvq") M(VPSCATTERDD, "vpscatterdd") \
    M(VPSCATTERDQ, "vpscatterdq") M(VPSCATTERQD, "vpscatterqd") \
    M(VPSCATTERQQ, "vpscatterqq") M(VPSHLDD, "vpshldd") M(VPSHLDQ, "vpshldq") \
    M(VPSHLDVD, "vpshldvd") M(VPSHLDVQ, "vpshldvq") M(VPSHLDVW, "vpshldvw") \
    M(VPSHLDW, "vpshldw") M(VPSHRDD, "vpshrdd") M(VPSHRDQ, "vpshrdq") \
    M(VPSHRDVD, "vpshrdvd") M(VPSHRDVQ, "vpshrdvq") M(VPSHRDVW, "vpshrdvw") \
    M(VPSHRDW, "vpshrdw") M(VPSHUFBITQMB, "vpshufbitqmb") \
    M(VPSLLVW, "vpsllvw") M(VPSRAQ, "vpsraq") M(VPSRAVQ, "vpsravq") \
    M(VPSRAVW, "vpsravw") M(VPSRLVW, "vpsrlvw") M(VPTERNLOGD, "vpternlogd") \
    M(VPTERNLOGQ, "vpternlogq") M(VPTESTMB, "vptestmb") \
    M(VPTESTMD, "vptestmd") M(VPTESTMQ, "vptestmq") M(VPTESTMW, "vptestmw") \
    M(VPTESTNMB, "vptestnmb") M(VPTESTNMD, "vptestnmd") \
    M(VPTESTNMQ, "vptestnmq") M(VPTESTNMW, "vptestnmw") M(VPXORD, "vpxord") \
    M(VPXORQ, "vpxorq") M(VRANGEPD, "vrangepd") M(VRANGEPS, "vrangeps") \
    M(VRANGESD, "vrangesd") M(VRANGESS, "vrangess") M(VRCP14PD, "vrcp14pd") \
    M(VRCP14PS, "vrcp14ps") M(VRCP14SD, "vrcp14sd") M(VRCP14SS, "vrcp14ss") \
    M(VREDUCEPD, "vreducepd") M(VREDUCEPS, "vreduceps") \
    M(VREDUCESD, "vreducesd") M(VREDUCESS, "vreducess") \
    M(VRNDSCALEPD, "vrndscalepd") M(VRNDSCALEPS, "vrndscaleps") \
    M(VRNDSCALESD, "vrndscalesd") M(VRNDSCALESS, "vrndscaless") \
    M(VRSQRT14PD, "vrsqrt14pd") M(VRSQRT14PS, "vrsqrt14ps") \
    M(VRSQRT14SD, "vrsqrt14sd") M(VRSQRT14SS, "vrsqrt14ss") \
    M(VSCALEFPD, "vscalefpd") M(VSCALEFPS, "vscalefps") \
    M(VSCALEFSD, "vscalefsd") M(VSCALEFSS, "vscalefss") \
    M(VSCATTERDPD, "vscatterdpd") M(VSCATTERDPS, "vscatterdps") \
    M(VSCATTERQPD, "vscatterqpd") M(VSCATTERQPS, "vscatterqps") \
    M(VSHUFF32X4, "vshuff32x4") M(VSHUFF64X2, "vshuff64x2") \
    M(VSHUFI32X4, "vshufi32x4") M(VSHUFI64X2, "vshufi64x2")
/* clang-format on */

typedef enum X86Mnemonic {
    X86_INVALID,
#define M(name, text) X86_##name,
    X86_MNEMONICS(M)
#undef M
        X86_MNEMONIC_COUNT
} X86Mnemonic;

#endif
