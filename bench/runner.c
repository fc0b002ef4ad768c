/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `workloads run` takes commands line by line on standard input and answers
 * each with "@done STATUS WALL-NS CPU-NS CHECKSUM". The same program is a
 * guest's init, on its first serial port, and a native process. What it costs
 * to start programs is measured by those that are about that: workloads of its
 * own it runs in a child without executing one, and a shell has only those
 * commands that need one.
 */
#include "bench/bench.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 4096 }; /* of a command, with its end */

typedef struct Outcome {
    int status;
    uint64_t checksum;
    int64_t wall_ns;
    int64_t cpu_ns;
} Outcome;

static int64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* Of all processes that have ended. */
static int64_t children_ns(void)
{
    struct rusage u;

    getrusage(RUSAGE_CHILDREN, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000ll +
           (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000ll;
}

/* Of all that comes, in whatever pieces. */
static uint64_t checksum_of(int fd)
{
    static uint8_t data[65536];
    uint64_t sum = 14695981039346656037u;
    ssize_t n;

    while ((n = read(fd, data, sizeof(data))) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            sum = (sum ^ data[i]) * 1099511628211u;
        }
    }
    return sum;
}

/* Words and nothing that means something to a shell. */
static bool is_simple(const char *command)
{
    return !strpbrk(command, "|&;<>()$`\\\"'*?[#~=%!{}");
}

/* In a child; does not return. */
static void execute(char *command)
{
    char *words[LINE / 2 + 1];
    size_t count = 0;

    if (strncmp(command, "/workloads ", 11) == 0) {
        char *arguments[] = { command, command + 11, NULL };

        _exit(bench_main(2, arguments) || fflush(stdout));
    }
    if (!is_simple(command)) {
        execl("/bin/sh", "sh", "-c", command, NULL);
        _exit(127);
    }
    for (char *word = strtok(command, " "); word; word = strtok(NULL, " ")) {
        words[count++] = word;
    }
    words[count] = NULL;
    execvp(words[0], words);
    _exit(127);
}

static Outcome run(char *command)
{
    Outcome o = { .status = -1 };
    int64_t wall = clock_ns(), cpu = children_ns();
    int out[2];
    pid_t pid;

    if (pipe(out) || (pid = fork()) < 0) {
        return o;
    }
    if (pid == 0) {
        dup2(open("/dev/null", O_RDONLY), 0);
        dup2(out[1], 1);
        close(out[0]);
        close(out[1]);
        execute(command);
    }
    close(out[1]);
    o.checksum = checksum_of(out[0]);
    close(out[0]);
    waitpid(pid, &o.status, 0);
    o.wall_ns = clock_ns() - wall;
    o.cpu_ns = children_ns() - cpu;
    return o;
}

static void become_init(void)
{
    struct termios t;
    int fd;

    mount("dev", "/dev", "devtmpfs", 0, NULL);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sys", "/sys", "sysfs", 0, NULL);
    mount("tmp", "/tmp", "tmpfs", 0, NULL);
    fd = open("/dev/ttyS0", O_RDWR);
    dup2(fd, 0);
    dup2(fd, 1);
    dup2(fd, 2);
    tcgetattr(0, &t);
    cfmakeraw(&t);
    tcsetattr(0, TCSANOW, &t);
}

static int serve(void)
{
    static char line[LINE];

    if (getpid() == 1) {
        become_init();
    }
    setenv("PATH", "/usr/bin:/bin:/usr/sbin:/sbin", 1);
    setenv("LC_ALL", "C", 1);
    printf("\n@ready\n");
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        Outcome o;

        line[strcspn(line, "\r\n")] = 0;
        o = run(line);
        printf("\n@done %d %lld %lld %016llx\n", o.status, (long long)o.wall_ns,
               (long long)o.cpu_ns, (unsigned long long)o.checksum);
        fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    bool server = getpid() == 1 || (argc == 2 && strcmp(argv[1], "run") == 0);

    return server ? serve() : bench_main(argc, argv);
}
