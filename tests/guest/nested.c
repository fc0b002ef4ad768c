/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest virtual machine monitor: a firmware image of 64 KiB in a machine
 * of KVM's, on this Linux, which is a guest itself. The image's serial port is
 * our output; what it writes to port 501h is our exit status.
 *
 *   nested IMAGE
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    RAM_BYTES = 64 << 20,
    ROM_BYTES = 64 << 10,
    ROM_LOW = 0xf0000,
    COM1 = 0x3f8,
    COM1_LSR = COM1 + 5,
    LSR_EMPTY = 0x60,
    EXIT = 0x501,
};
#define ROM_HIGH 0xffff0000u

static int must(int result, const char *what)
{
    if (result < 0) {
        printf("nested: %s: %s\n", what, strerror(errno));
        exit(1);
    }
    return result;
}

static void *memory(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    must(at == MAP_FAILED ? -1 : 0, "mmap");
    return at;
}

static void map(int vm, unsigned slot, unsigned flags, uint64_t addr,
                uint64_t bytes, void *host)
{
    struct kvm_userspace_memory_region region = { slot, flags, addr, bytes,
                                                  (uintptr_t)host };

    must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "memory");
}

static void load(const char *path, uint8_t *rom)
{
    int fd = must(open(path, O_RDONLY), path);

    must(read(fd, rom, ROM_BYTES) == ROM_BYTES ? 0 : -1, "read");
    close(fd);
}

static int make_machine(int kvm, const char *image)
{
    struct kvm_pit_config pit = { 0 };
    int vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
    uint8_t *ram = memory(RAM_BYTES), *rom = memory(ROM_BYTES);

    load(image, rom);
    memcpy(ram + ROM_LOW, rom, ROM_BYTES);
    map(vm, 0, 0, 0, RAM_BYTES, ram);
    map(vm, 1, KVM_MEM_READONLY, ROM_HIGH, ROM_BYTES, rom);
    must(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
    must(ioctl(vm, KVM_CREATE_PIT2, &pit), "KVM_CREATE_PIT2");
    return vm;
}

static void set_cpuid(int kvm, int vcpu)
{
    enum { ENTRIES = 100 };
    struct {
        struct kvm_cpuid2 head;
        struct kvm_cpuid_entry2 entries[ENTRIES];
    } cpuid = { .head.nent = ENTRIES };

    must(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid),
         "KVM_GET_SUPPORTED_CPUID");
    must(ioctl(vcpu, KVM_SET_CPUID2, &cpuid), "KVM_SET_CPUID2");
}

/* True: the image has left. */
static int serve_port(struct kvm_run *run)
{
    uint8_t *data = (uint8_t *)run + run->io.data_offset;
    unsigned port = run->io.port;

    if (run->io.direction == KVM_EXIT_IO_IN) {
        memset(data, port == COM1_LSR ? LSR_EMPTY : 0xff,
               (size_t)run->io.size * run->io.count);
        return 0;
    }
    if (port == COM1) {
        fwrite(data, 1, run->io.count, stdout);
    }
    return port == EXIT;
}

static int run_machine(int kvm, int vm)
{
    int vcpu = must(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
    size_t bytes = must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "size");
    struct kvm_run *run =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    unsigned exits = 0;

    must(run == MAP_FAILED ? -1 : 0, "mmap");
    set_cpuid(kvm, vcpu);
    for (;; exits++) {
        must(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
        switch (run->exit_reason) {
        case KVM_EXIT_IO:
            if (serve_port(run)) {
                printf("nested: %u exits\n", exits);
                return *((uint8_t *)run + run->io.data_offset);
            }
            break;
        case KVM_EXIT_MMIO: /* nobody there */
            memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
            break;
        default:
            printf("nested: exit reason %u\n", run->exit_reason);
            return 1;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        return 1;
    }
    int kvm = must(open("/dev/kvm", O_RDWR), "/dev/kvm");
    int status = run_machine(kvm, make_machine(kvm, argv[1]));

    printf("nested: status %d\n", status);
    return 0;
}
