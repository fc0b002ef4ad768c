/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much host code a guest instruction becomes, exactly: a child runs small
 * loops in 64-bit mode, warm, and its parent steps through them instruction by
 * instruction (ptrace) and looks where each one stands. No counter of the
 * processor is needed, and the numbers are the same at each run.
 *
 * Golden numbers: who makes the code better lowers them, who makes it worse by
 * more than 3 % is told. Print them all: test-accel-gauge --verbose. Repeated
 * string instructions trap at each step and count once.
 */
#include "accel/tcg/tcg.h"
#include "tests/accel/bare.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COUNT = 60, CODE = 0x1000, DATA = 0x100000, TABLES = 0x700000 };

/* ---- The guest's loops
 * ------------------------------------------------------- rsi and rdi point to
 * data, rcx counts; HLT ends.
 */
#define PROGRAM(name, text)                                                    \
    asm(".pushsection .rodata\n"                                               \
        "gauge_" #name ": .intel_syntax noprefix\n" text                       \
        "\nhlt\n.att_syntax\n"                                                 \
        "gauge_" #name "_end: .popsection\n");                                 \
    extern const uint8_t gauge_##name[], gauge_##name##_end[];

PROGRAM(alu, "1: add rax, rcx; xor rbx, rax; shl rax, 3; imul rdx, rbx, 7\n"
             "lea r8, [rax + rbx*4]; and r8, 0xffff; sub r9, r8; ror r9, 5\n"
             "dec rcx; jnz 1b")
PROGRAM(memory, "1: mov rax, [rsi]; add rax, [rsi + 8]; mov [rdi], rax\n"
                "mov edx, [rsi + 16]; movzx ebx, byte ptr [rsi + 20]\n"
                "add [rdi + 8], rbx; mov [rdi + 16], edx\n"
                "add rsi, 8; add rdi, 8; dec rcx; jnz 1b")
PROGRAM(array,
        "xor eax, eax; 1: mov edx, [rsi + rax*4]; add edx, [rdi + rax*4]\n"
        "mov [rdi + rax*4], edx; inc eax; and eax, 0x3ff\n"
        "dec rcx; jnz 1b")
PROGRAM(table, "1: mov rax, [rsi]; test al, 1; jz 2f; inc rbx\n"
               "2: add rbx, [rsi + rcx]; mov [rdi + 16], ebx\n"
               "dec rcx; jnz 1b")
PROGRAM(high, "1: add r12, rcx; mov r13, r12; xor r14, r13; add r15, [rsi]\n"
              "mov [rdi], r14; add r13, 8; dec rcx; jnz 1b")
PROGRAM(branches, "1: mov eax, ecx; imul eax, eax, 0x9e3779b1; shr eax, 28\n"
                  "cmp eax, 7; ja 2f; add rbx, rax; jmp 3f; 2: sub rbx, rax\n"
                  "3: test al, 1; jz 4f; inc rdx; 4: dec rcx; jnz 1b")
PROGRAM(flags,
        "1: cmp rax, rbx; adc rdx, 0; cmp rcx, 500; setb al; sbb r8, r8\n"
        "test rcx, 3; cmovz rbx, rcx; add rax, [rsi]; adc rbx, 0\n"
        "dec rcx; jnz 1b")
PROGRAM(calls,
        "jmp 1f; 2: push rbx; mov rbx, rdi; lea rax, [rbx + 1]; pop rbx\n"
        "ret; 1: call 2b; dec rcx; jnz 1b")
PROGRAM(indirect, "lea r8, [rip + 4f]; lea r9, [rip + 5f]; 1: mov eax, ecx\n"
                  "and eax, 1; mov rdx, r8; cmovz rdx, r9; jmp rdx\n"
                  "4: inc rbx; jmp 6f; 5: dec rbx; 6: dec rcx; jnz 1b")
PROGRAM(sse, "1: movups xmm0, [rsi]; mulps xmm0, xmm1; addps xmm2, xmm0\n"
             "movups xmm3, [rsi + 16]; addps xmm3, xmm2; movups [rdi], xmm3\n"
             "add rsi, 16; add rdi, 16; dec rcx; jnz 1b")
PROGRAM(strings, "mov rdx, rcx; mov r8, rsi; mov r9, rdi\n"
                 "1: mov rsi, r8; mov rdi, r9; mov ecx, 32; rep movsb\n"
                 "dec rdx; jnz 1b")
PROGRAM(system, "1: pushfq; pop rax; cli; sti; rdtsc; dec rcx; jnz 1b")

typedef struct Program {
    const char *name;
    const uint8_t *start, *end;
    /* In a thousand guest instructions: host instructions of translations, and
     * calls of helpers. (What helpers take depends on the compiler.) */
    unsigned code, calls;
} Program;

#define ROW(name, code, calls)                                                 \
    {                                                                          \
#name, gauge_##name, gauge_##name##_end, code, calls                   \
    }

/* ---- The child
 * ---------------------------------------------------------------
 */

static void gauge_run(Bare *m, unsigned count)
{
    uint64_t *r = m->cpu->env.r;

    memset(r, 0, sizeof(m->cpu->env.r));
    r[X86_RCX] = count;
    r[X86_RSI] = DATA;
    r[X86_RDI] = DATA + 0x8000;
    r[X86_RSP] = 0x8000;
    bare_run(m, CODE);
}

static Bare *gauge_machine(const Program *p, const char *accel)
{
    Bare *m = bare_new(accel);

    bare_long_mode(m, TABLES);
    bare_put(m, CODE, p->start, p->end - p->start);
    for (unsigned n = 0; n < 4096; n++) { /* harmless as numbers of any kind */
        bare_put_long(m, DATA + 4 * n, 0x3f800000);
    }
    return m;
}

/* Stops before and after a run, and after one of twice the length: the
 * difference is the loop without the way into it. */
static void gauge_child(const Program *p)
{
    Bare *m = gauge_machine(p, "tcg,adapt=off"); /* as guessed */

    for (unsigned n = 0; n < 3; n++) { /* all is translated and linked */
        gauge_run(m, 2 * COUNT);
    }
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    gauge_run(m, COUNT);
    raise(SIGSTOP);
    gauge_run(m, 2 * COUNT);
    raise(SIGSTOP);
    _exit(0);
}

static uint64_t gauge_guest_insns(const Program *p)
{
    Bare *m = gauge_machine(p, "tcg,adapt=off,count=on");

    gauge_run(m, COUNT);
    uint64_t once = m->cpu->env.insn_count;
    gauge_run(m, 2 * COUNT);
    uint64_t twice = m->cpu->env.insn_count - once;
    bare_free(m);
    return twice - once;
}

/* ---- The parent
 * --------------------------------------------------------------
 */

typedef struct Gauge {
    uint64_t first, last; /* of the code buffer as it is executed */
    uint64_t code, helpers, calls;
} Gauge;

static bool gauge_find_code(pid_t pid, Gauge *g)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/maps", pid);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return false;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (unsigned n = 0; lines[n]; n++) {
        if (strstr(lines[n], "r-xs") && strstr(lines[n], "emu-code")) {
            return sscanf(lines[n], "%" SCNx64 "-%" SCNx64, &g->first,
                          &g->last) == 2;
        }
    }
    return false;
}

/* Up to the next stop by SIGSTOP. What is outside of translations counts if it
 * leads back there. */
static void gauge_step(pid_t pid, Gauge *g)
{
    uint64_t outside = 0, rip = 0;
    bool was_inside = false, entered = false;
    int status;

    for (;;) {
        struct user_regs_struct regs;

        g_assert(!ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL));
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert(WIFSTOPPED(status));
        if (WSTOPSIG(status) == SIGSTOP) {
            return;
        }
        g_assert_cmpint(WSTOPSIG(status), ==, SIGTRAP);
        g_assert(!ptrace(PTRACE_GETREGS, pid, NULL, &regs));
        if (regs.rip == rip) {
            continue; /* amid a repeated instruction */
        }
        rip = regs.rip;
        bool inside = rip >= g->first && rip < g->last;

        if (inside) {
            g->code++;
            g->helpers += entered && !was_inside ? outside : 0;
            entered = true;
            outside = 0;
        } else {
            g->calls += was_inside;
            outside++;
        }
        was_inside = inside;
    }
}

static bool gauge_measure(const Program *p, Gauge *g)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        gauge_child(p);
    }
    g_assert_cmpint(waitpid(pid, &status, WUNTRACED), ==, pid);
    bool ok = WIFSTOPPED(status) && gauge_find_code(pid, g);

    /* Where it may not be traced it is merely stopped. */
    ok = ok && ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL) == 0;
    if (ok) {
        Gauge once = *g;

        gauge_step(pid, &once);
        gauge_step(pid, g);
        g->code -= once.code;
        g->helpers -= once.helpers;
        g->calls -= once.calls;
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return ok;
}

static void gauge_check(const char *name, const char *what, uint64_t n,
                        uint64_t insns, unsigned golden)
{
    unsigned got = (n * 1000 + insns / 2) / insns;

    if (got > golden + MAX(golden * 3 / 100, 15)) {
        g_test_message("%s: %s in 1000 guest instructions: %u, was %u", name,
                       what, got, golden);
        g_test_fail();
    }
}

static void test_program(const void *data)
{
    const Program *p = data;
    Gauge g = {};

    if (!tcg_backend_find("x86_64")) {
        g_test_skip("this host has no back end of its own");
        return;
    }
    if (!gauge_measure(p, &g)) {
        g_test_skip("this process may not trace its children");
        return;
    }
    uint64_t insns = gauge_guest_insns(p);

    g_test_message("%s: %" PRIu64 " guest instructions: %.3f host instructions "
                   "each, %.3f in helpers, %.1f calls in 1000",
                   p->name, insns, (double)g.code / insns,
                   (double)g.helpers / insns, g.calls * 1000.0 / insns);
    gauge_check(p->name, "host instructions", g.code, insns, p->code);
    gauge_check(p->name, "calls", g.calls, insns, p->calls);
}

int main(int argc, char **argv)
{
    static const Program programs[] = {
        ROW(alu, 1200, 0),      ROW(memory, 1364, 0),    ROW(array, 3143, 0),
        ROW(high, 2500, 0),     ROW(branches, 1182, 0),  ROW(flags, 1273, 0),
        ROW(calls, 5625, 0),    ROW(indirect, 3353, 0),  ROW(sse, 1400, 0),
        ROW(strings, 12000, 0), ROW(system, 13857, 286), ROW(table, 5286, 0),
    };

    g_test_init(&argc, &argv, NULL);
    for (unsigned n = 0; n < G_N_ELEMENTS(programs); n++) {
        g_autofree char *path = g_strdup_printf("/gauge/%s", programs[n].name);
        g_test_add_data_func(path, &programs[n], test_program);
    }
    return g_test_run();
}
