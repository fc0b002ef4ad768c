/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine without a processor, see harness.h. */
#include "tests/hw/harness.h"

#include <string.h>

#include "chardev/chardev-internal.h"
#include "util/keyval.h"

typedef struct Deferred {
    void (*cb)(void *opaque);
    void *opaque;
} Deferred;

static void hw_set_line(void *opaque, unsigned n, bool level)
{
    Hw *hw = opaque;

    hw->rises[n] += level && !hw->levels[n];
    hw->levels[n] = level;
}

IrqLine hw_line(Hw *hw, unsigned n)
{
    g_assert(n < HW_LINES);
    return (IrqLine){ hw_set_line, hw, n };
}

static void hw_request(void *machine, int request, int detail)
{
    Hw *hw = machine;

    hw->requests++;
    hw->request = request;
    hw->request_detail = detail;
}

static void hw_defer(void *machine, void (*cb)(void *opaque), void *opaque)
{
    Deferred d = { cb, opaque };

    g_array_append_val(((Hw *)machine)->deferred, d);
}

void hw_run_deferred(Hw *hw)
{
    while (hw->deferred->len) {
        Deferred d = g_array_index(hw->deferred, Deferred, 0);

        g_array_remove_index(hw->deferred, 0);
        d.cb(d.opaque);
    }
}

static void hw_event(void *machine, const char *name, const char *json)
{
    g_string_append_printf(((Hw *)machine)->events, "%s%s;", name,
                           json ? json : "");
}

static Chardev *hw_find_chardev(void *machine, const char *id)
{
    return g_hash_table_lookup(((Hw *)machine)->chardevs, id);
}

static void *hw_find_object(void *machine, const char *kind, const char *id)
{
    return g_hash_table_lookup(((Hw *)machine)->objects, id);
}

static void hw_set_balloon(void *machine, const BalloonOps *ops, Device *dev)
{
}

static void hw_add_console(void *machine, Console *console)
{
    ((Hw *)machine)->console = console;
}

static unsigned hw_map_irq(PciBus *bus, unsigned devfn, unsigned pin)
{
    return pin;
}

static void hw_msi(void *opaque, hwaddr addr, uint32_t data)
{
    Hw *hw = opaque;

    hw->msis++;
    hw->msi_addr = addr;
    hw->msi_data = data;
}

static void hw_add_pci(Hw *hw)
{
    pci_bus_init(&hw->pci, "pci.0", NULL, &hw->memory_root, &hw->io_root);
    hw->pci.map_irq = hw_map_irq;
    hw->pci.msi = hw_msi;
    hw->pci.msi_opaque = hw;
    for (unsigned n = 0; n < 4; n++) {
        hw->pci.irq[n] = hw_line(hw, ISA_IRQS + n);
    }
    pci_host_init(&hw->host, &hw->pci, &hw->io_root);
}

uint32_t hw_config_read(Hw *hw, unsigned devfn, unsigned off, unsigned size)
{
    uint64_t val = 0;

    hw_outl(hw, 0xcf8, 0x80000000 | devfn << 8 | (off & 0xfc));
    space_load(hw->env.io, 0xcfc + (off & 3), size, &val);
    return val;
}

void hw_config_write(Hw *hw, unsigned devfn, unsigned off, unsigned size,
                     uint32_t val)
{
    hw_outl(hw, 0xcf8, 0x80000000 | devfn << 8 | (off & 0xfc));
    space_store(hw->env.io, 0xcfc + (off & 3), size, val);
}

Hw *hw_new(void)
{
    Hw *hw = g_new0(Hw, 1);

    region_init_container(&hw->memory_root, "system", UINT64_MAX);
    region_init_container(&hw->io_root, "I/O", 0x10000);
    hw->ram = ram_new("ram", HW_RAM_SIZE, NULL);
    region_init_ram(&hw->ram_region, "ram", hw->ram, 0, HW_RAM_SIZE);
    region_add(&hw->memory_root, 0, &hw->ram_region);
    hw->deferred = g_array_new(FALSE, FALSE, sizeof(Deferred));
    hw->events = g_string_new(NULL);
    hw->chardevs = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                         (GDestroyNotify)chardev_free);
    hw->objects = g_hash_table_new(g_str_hash, g_str_equal);
    hw->env = (DeviceEnv){
        .memory = space_new("memory", &hw->memory_root),
        .io = space_new("I/O", &hw->io_root),
        .clock = clock_new(NULL, NULL),
        .clock_host = clock_new(NULL, NULL),
        .clock_rtc = clock_new(NULL, NULL),
        .ram_size = HW_RAM_SIZE,
        .request = hw_request,
        .machine = hw,
        .defer = hw_defer,
        .add_console = hw_add_console,
        .set_balloon = hw_set_balloon,
        .find_chardev = hw_find_chardev,
        .find_object = hw_find_object,
        .event = hw_event,
    };
    isa_bus_init(&hw->isa, "isa.0", NULL, &hw->io_root, &hw->memory_root);
    hw_add_pci(hw);
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        hw->isa.irq[i] = hw_line(hw, i);
    }
    return hw;
}

void hw_free(Hw *hw)
{
    pci_host_clear(&hw->host);
    pci_bus_clear(&hw->pci);
    isa_bus_clear(&hw->isa);
    space_free(hw->env.memory);
    space_free(hw->env.io);
    region_clear(&hw->ram_region);
    region_clear(&hw->memory_root);
    region_clear(&hw->io_root);
    ram_free(hw->ram);
    clock_free(hw->env.clock);
    clock_free(hw->env.clock_host);
    clock_free(hw->env.clock_rtc);
    g_array_free(hw->deferred, TRUE);
    g_string_free(hw->events, TRUE);
    g_hash_table_unref(hw->chardevs);
    g_hash_table_unref(hw->objects);
    g_free(hw);
}

void hw_advance(Hw *hw, int64_t ns)
{
    clock_advance(hw->env.clock_host, ns);
    clock_advance(hw->env.clock_rtc, ns);
    clock_advance(hw->env.clock, ns);
}

/* ---- Devices ----------------------------------------------------------- */

static Device *hw_make(Hw *hw, const char *text, Bus *bus, GError **errp)
{
    g_autoptr(KeyVal) kv = keyval_parse(text, "driver", errp);

    g_assert_nonnull(kv);
    const DeviceClass *class = device_class_find(keyval_get(kv, "driver"));
    g_assert_nonnull(class);
    Device *dev = device_new(class, &hw->env);
    for (unsigned i = 0; i < keyval_count(kv); i++) {
        const char *key = keyval_key_at(kv, i);

        if (strcmp(key, "driver") &&
            !device_set_property(dev, key, keyval_value_at(kv, i), errp)) {
            device_unref(dev);
            return NULL;
        }
    }
    if (!bus && class->bus == BUS_PCI) {
        bus = &hw->pci.bus;
    }
    if (!bus && class->bus == BUS_ISA) {
        bus = &hw->isa.bus;
    }
    if (!device_realize(dev, bus, errp)) {
        device_unref(dev);
        return NULL;
    }
    device_reset(dev);
    return dev;
}

Device *hw_device(Hw *hw, const char *text, Bus *bus)
{
    g_autoptr(GError) err = NULL;
    Device *dev = hw_make(hw, text, bus, &err);

    g_assert_no_error(err);
    g_assert_nonnull(dev);
    return dev;
}

char *hw_device_error(Hw *hw, const char *text, Bus *bus)
{
    g_autoptr(GError) err = NULL;

    g_assert_null(hw_make(hw, text, bus, &err));
    g_assert_nonnull(err);
    return g_strdup(err->message);
}

void hw_remove(Device *dev)
{
    device_unrealize(dev);
    device_unref(dev);
}

void hw_reload(Device *dev)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GError) err = NULL;
    size_t pos = 0;

    device_save(dev, out);
    device_load(dev, out->data, out->len, &pos, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(pos, ==, out->len);
}

/* ---- Character devices ------------------------------------------------- */

typedef struct HwChardev {
    Chardev parent;
    GString *out;
    size_t room;
    void (*writable)(void *opaque);
    void *writable_opaque;
} HwChardev;

static bool hw_chardev_open(Chardev *chr, const KeyVal *opts, GError **errp)
{
    HwChardev *c = (HwChardev *)chr;

    c->out = g_string_new(NULL);
    c->room = SIZE_MAX;
    chr->connected = true;
    return true;
}

static void hw_chardev_close(Chardev *chr)
{
    g_string_free(((HwChardev *)chr)->out, TRUE);
}

static size_t hw_chardev_write(Chardev *chr, const uint8_t *buf, size_t len,
                               void (*writable)(void *opaque), void *opaque)
{
    HwChardev *c = (HwChardev *)chr;
    size_t n = MIN(len, c->room);

    g_string_append_len(c->out, (const char *)buf, n);
    c->room -= n;
    if (n < len) {
        c->writable = writable;
        c->writable_opaque = opaque;
    }
    return n;
}

static void hw_chardev_accept_input(Chardev *chr)
{
}

static const ChardevClass hw_chardev_class = {
    .name = "test",
    .summary = "a test's end of the line",
    .size = sizeof(HwChardev),
    .open = hw_chardev_open,
    .close = hw_chardev_close,
    .write = hw_chardev_write,
    .accept_input = hw_chardev_accept_input,
};

Chardev *hw_chardev(Hw *hw, const char *id)
{
    g_autoptr(KeyVal) opts = keyval_new();
    Chardev *chr = chardev_open(id, &hw_chardev_class, opts, NULL);

    g_assert_nonnull(chr);
    g_hash_table_insert(hw->chardevs, chr->id, chr);
    return chr;
}

GString *hw_chardev_output(Chardev *chr)
{
    return ((HwChardev *)chr)->out;
}

void hw_chardev_set_room(Chardev *chr, size_t room)
{
    HwChardev *c = (HwChardev *)chr;
    void (*writable)(void *opaque) = c->writable;

    c->room = room;
    if (room && writable) {
        c->writable = NULL;
        writable(c->writable_opaque);
    }
}

size_t hw_chardev_input(Chardev *chr, const char *text)
{
    size_t n = chr->user->can_read(chr->opaque);

    n = MIN(n, strlen(text));
    if (n) {
        chr->user->read(chr->opaque, (const uint8_t *)text, n);
    }
    return n;
}

void hw_chardev_break(Chardev *chr)
{
    chardev_send_event(chr, CHARDEV_BREAK);
}

void hw_chardev_set_open(Chardev *chr, bool open)
{
    chr->connected = open;
    chardev_send_event(chr, open ? CHARDEV_OPENED : CHARDEV_CLOSED);
}

/* ---- Accesses ---------------------------------------------------------- */

static uint64_t hw_load(AddressSpace *as, hwaddr addr, unsigned size)
{
    uint64_t val;

    space_load(as, addr, size, &val);
    return val;
}

uint8_t hw_inb(Hw *hw, uint16_t port)
{
    return hw_load(hw->env.io, port, 1);
}

uint16_t hw_inw(Hw *hw, uint16_t port)
{
    return hw_load(hw->env.io, port, 2);
}

uint32_t hw_inl(Hw *hw, uint16_t port)
{
    return hw_load(hw->env.io, port, 4);
}

void hw_outb(Hw *hw, uint16_t port, uint8_t val)
{
    space_store(hw->env.io, port, 1, val);
}

void hw_outw(Hw *hw, uint16_t port, uint16_t val)
{
    space_store(hw->env.io, port, 2, val);
}

void hw_outl(Hw *hw, uint16_t port, uint32_t val)
{
    space_store(hw->env.io, port, 4, val);
}

uint32_t hw_readl(Hw *hw, hwaddr addr)
{
    return hw_load(hw->env.memory, addr, 4);
}

uint64_t hw_readq(Hw *hw, hwaddr addr)
{
    return hw_load(hw->env.memory, addr, 8);
}

void hw_writel(Hw *hw, hwaddr addr, uint32_t val)
{
    space_store(hw->env.memory, addr, 4, val);
}

void hw_writeq(Hw *hw, hwaddr addr, uint64_t val)
{
    space_store(hw->env.memory, addr, 8, val);
}

/* ---- A chip's host ------------------------------------------------------ */

static void hw_chip_put(void *opaque, const ChipState *state)
{
    HwChipHost *h = opaque;

    h->state = *state;
    h->puts++;
}

static void hw_chip_get(void *opaque, ChipState *state)
{
    *state = ((HwChipHost *)opaque)->state;
}

static void hw_chip_end(void *opaque)
{
    ((HwChipHost *)opaque)->ends++;
}

void hw_chip_host_init(HwChipHost *h)
{
    *h = (HwChipHost){ .host = { hw_chip_put, hw_chip_get, hw_chip_end, h } };
}
