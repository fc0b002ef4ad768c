/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio consoles and ports, seen by a driver: control messages both ways,
 * data that is held back on either side, ports that come and go, and a driver
 * that talks nonsense.
 */
#include "hw/virtio/virtio.h"

#include <string.h>

#include "tests/hw/virtio-driver.h"

enum { /* virtio 1.2 5.3.6.2 */
       DEVICE_READY = 0,
       PORT_ADD = 1,
       PORT_REMOVE = 2,
       PORT_READY = 3,
       CONSOLE_PORT = 4,
       PORT_OPEN = 6,
       PORT_NAME = 7,
};

enum {
    SIZE = 16,
    RX0 = 0,
    TX0 = 1,
    CONTROL_RX = 2,
    CONTROL_TX = 3,
    RX1 = 4,
    TX1 = 5,
    QUEUES = 6,
    CONTROL_BYTES = 64,
    BUFFERS = VIRT_DATA + 0x10000, /* for the control queue: one an entry */
    INPUT = VIRT_DATA + 0x20000,
    OUTPUT = VIRT_DATA + 0x30000,
};
#define F_MULTIPORT (UINT64_C(1) << 1)

typedef struct Fixture {
    Hw *hw;
    Device *dev, *console, *port;
    Bus *bus;
    Chardev *console_chr, *port_chr;
    VirtDriver d;
    VirtRing ring[QUEUES];
} Fixture;

static void fixture_start(Fixture *f, uint64_t features)
{
    g_assert_cmphex(virt_negotiate(&f->d, features), ==, 11);
    for (unsigned n = 0; n < QUEUES; n++) {
        virt_ring_init(&f->ring[n], &f->d, n, SIZE);
    }
    virt_driver_ok(&f->d);
}

static void fixture_setup(Fixture *f)
{
    f->hw = hw_new();
    f->console_chr = hw_chardev(f->hw, "c");
    f->port_chr = hw_chardev(f->hw, "p");
    f->dev = hw_device(f->hw, "virtio-serial-pci,addr=5", NULL);
    f->bus = f->dev->child_buses->pdata[0];
    f->console = hw_device(f->hw, "virtconsole,chardev=c", f->bus);
    f->port =
        hw_device(f->hw, "virtserialport,chardev=p,name=org.test.0", f->bus);
    virt_init(&f->d, f->hw, false);
    fixture_start(f, VIRTIO_F_VERSION_1 | F_MULTIPORT);
}

static void fixture_clear(Fixture *f)
{
    device_unref(f->console);
    device_unref(f->port);
    hw_remove(f->dev);
    hw_free(f->hw);
}

/* ---- Control ----------------------------------------------------------- */

static void give_control_buffers(Fixture *f, unsigned count)
{
    VirtRing *r = &f->ring[CONTROL_RX];

    for (unsigned i = 0; i < count; i++) {
        hwaddr at = BUFFERS + r->next_desc * CONTROL_BYTES;
        VirtBuffer buf = { at, CONTROL_BYTES, true };

        virt_add(r, &buf, 1);
    }
    virt_kick(r);
}

static void tell(Fixture *f, uint32_t port, uint16_t event, uint16_t value)
{
    VirtBuffer buf = { VIRT_DATA, 8, false };
    uint32_t head, len;

    hw_writel(f->hw, VIRT_DATA, port);
    hw_writel(f->hw, VIRT_DATA + 4, event | (uint32_t)value << 16);
    virt_add(&f->ring[CONTROL_TX], &buf, 1);
    virt_kick(&f->ring[CONTROL_TX]);
    g_assert_true(virt_used(&f->ring[CONTROL_TX], &head, &len));
}

/* The next message to the driver, as "port event value text", or "". */
static char *hear(Fixture *f)
{
    uint32_t head, len;

    if (!virt_used(&f->ring[CONTROL_RX], &head, &len)) {
        return g_strdup("");
    }
    const char *at =
        (const char *)f->hw->ram->host + BUFFERS + head * (size_t)CONTROL_BYTES;
    uint32_t port;
    uint16_t event, value;

    g_assert_cmpuint(len, >=, 8);
    memcpy(&port, at, 4);
    memcpy(&event, at + 4, 2);
    memcpy(&value, at + 6, 2);
    return g_strdup_printf("%u %u %u %.*s", port, event, value, (int)len - 8,
                           at + 8);
}

static void assert_hears(Fixture *f, const char *expect)
{
    g_autofree char *got = hear(f);

    g_assert_cmpstr(got, ==, expect);
}

static void open_port(Fixture *f)
{
    give_control_buffers(f, SIZE);
    tell(f, 0, DEVICE_READY, 1);
    tell(f, 1, PORT_READY, 1);
    tell(f, 1, PORT_OPEN, 1);
    for (unsigned i = 0; i < 4; i++) {
        g_free(hear(f)); /* two added, a name, open */
    }
    assert_hears(f, "");
}

static void test_handshake(void)
{
    Fixture f;

    fixture_setup(&f);
    g_assert_cmpuint(virt_config(&f.d, 4, 4), ==, 31);
    give_control_buffers(&f, SIZE);
    assert_hears(&f, ""); /* not before the driver is ready */
    tell(&f, 0, DEVICE_READY, 1);
    assert_hears(&f, "0 1 1 ");
    assert_hears(&f, "1 1 1 ");
    assert_hears(&f, "");
    tell(&f, 0, PORT_READY, 1);
    assert_hears(&f, "0 4 1 ");
    assert_hears(&f, "0 6 1 ");
    tell(&f, 1, PORT_READY, 1);
    assert_hears(&f, "1 7 1 org.test.0");
    assert_hears(&f, "1 6 1 ");
    hw_chardev_set_open(f.port_chr, false);
    assert_hears(&f, "1 6 0 ");
    hw_chardev_set_open(f.port_chr, true);
    assert_hears(&f, "1 6 1 ");
    hw_chardev_set_open(f.console_chr, false); /* a console stays */
    assert_hears(&f, "");
    fixture_clear(&f);
}

/* Messages wait for buffers, and only the last state of a port is told. */
static void test_few_buffers(void)
{
    Fixture f;

    fixture_setup(&f);
    tell(&f, 0, DEVICE_READY, 1);
    give_control_buffers(&f, 1);
    assert_hears(&f, "0 1 1 ");
    assert_hears(&f, "");
    give_control_buffers(&f, 1);
    assert_hears(&f, "1 1 1 ");
    tell(&f, 1, PORT_READY, 1);
    for (unsigned i = 0; i < 1000; i++) {
        hw_chardev_set_open(f.port_chr, i & 1);
    }
    hw_reload(f.dev);
    hw_reload(f.port);
    give_control_buffers(&f, 3);
    assert_hears(&f, "1 7 1 org.test.0");
    assert_hears(&f, "1 6 1 ");
    assert_hears(&f, "");
    fixture_clear(&f);
}

static void test_plug(void)
{
    Fixture f;
    Device *more;
    g_autofree char *error = NULL;

    fixture_setup(&f);
    open_port(&f);
    more = hw_device(f.hw, "virtserialport,nr=7,name=late", f.bus);
    assert_hears(&f, "7 1 1 ");
    tell(&f, 7, PORT_READY, 1);
    assert_hears(&f, "7 7 1 late");
    assert_hears(&f, "");
    hw_remove(more);
    assert_hears(&f, "7 2 1 ");
    tell(&f, 7, PORT_OPEN, 1);
    error = hw_device_error(f.hw, "virtserialport,name=org.test.0", f.bus);
    g_assert_nonnull(strstr(error, "named 'org.test.0' already"));
    g_free(error);
    error = hw_device_error(f.hw, "virtserialport,nr=1", f.bus);
    g_assert_nonnull(strstr(error, "port 1 already"));
    g_free(error);
    error = hw_device_error(f.hw, "virtserialport,nr=0", f.bus);
    g_assert_nonnull(strstr(error, "virtconsole"));
    assert_hears(&f, "");
    fixture_clear(&f);
}

static void test_events(void)
{
    Fixture f;

    fixture_setup(&f);
    f.port->id = g_strdup("agent");
    open_port(&f);
    g_assert_cmpstr(f.hw->events->str, ==,
                    "VSERPORT_CHANGE{\"id\": \"agent\", \"open\": true};");
    g_string_truncate(f.hw->events, 0);
    virt_set_status(&f.d, 0);
    g_assert_cmpstr(f.hw->events->str, ==,
                    "VSERPORT_CHANGE{\"id\": \"agent\", \"open\": false};");
    fixture_clear(&f);
}

/* ---- Data -------------------------------------------------------------- */

static unsigned say(Fixture *f, unsigned n, const char *text)
{
    VirtBuffer buf = { OUTPUT, strlen(text), false };
    unsigned head;

    memcpy(f->hw->ram->host + OUTPUT, text, strlen(text));
    head = virt_add(&f->ring[n], &buf, 1);
    virt_kick(&f->ring[n]);
    return head;
}

static void give_input_buffer(Fixture *f, unsigned n, uint32_t len)
{
    VirtBuffer buf = { INPUT, len, true };

    virt_add(&f->ring[n], &buf, 1);
    virt_kick(&f->ring[n]);
}

static void assert_used(VirtRing *r, uint32_t expect)
{
    uint32_t head, len;

    g_assert_true(virt_used(r, &head, &len));
    g_assert_cmpuint(len, ==, expect);
}

static void assert_not_used(VirtRing *r)
{
    uint32_t head, len;

    g_assert_false(virt_used(r, &head, &len));
}

static void test_output(void)
{
    Fixture f;
    GString *out;

    fixture_setup(&f);
    open_port(&f);
    out = hw_chardev_output(f.port_chr);
    say(&f, TX1, "hello ");
    assert_used(&f.ring[TX1], 0);
    /* A slow reader: the rest stays in the queue. */
    hw_chardev_set_room(f.port_chr, 3);
    say(&f, TX1, "world");
    say(&f, TX1, "world");
    assert_not_used(&f.ring[TX1]);
    g_assert_cmpstr(out->str, ==, "hello wor");
    hw_reload(f.dev);
    hw_reload(f.port);
    hw_chardev_set_room(f.port_chr, 4);
    assert_used(&f.ring[TX1], 0);
    assert_not_used(&f.ring[TX1]);
    hw_chardev_set_room(f.port_chr, 100);
    assert_used(&f.ring[TX1], 0);
    g_assert_cmpstr(out->str, ==, "hello worldworld");
    /* A reader that goes: nothing waits for it. */
    hw_chardev_set_room(f.port_chr, 0);
    say(&f, TX1, "lost");
    assert_not_used(&f.ring[TX1]);
    hw_chardev_set_open(f.port_chr, false);
    assert_used(&f.ring[TX1], 0);
    say(&f, TX1, "lost");
    assert_used(&f.ring[TX1], 0);
    hw_chardev_set_room(f.port_chr, 100);
    g_assert_cmpstr(out->str, ==, "hello worldworld");
    fixture_clear(&f);
}

/* A chain of many pieces, taken a byte at a time. */
static void test_output_pieces(void)
{
    Fixture f;
    VirtBuffer buf[] = { { OUTPUT, 1, false },
                         { OUTPUT + 1, 3, false },
                         { OUTPUT + 4, 4, false } };

    fixture_setup(&f);
    open_port(&f);
    hw_chardev_set_room(f.port_chr, 0);
    memcpy(f.hw->ram->host + OUTPUT, "abcdefgh", 8);
    virt_add(&f.ring[TX1], buf, 3);
    virt_kick(&f.ring[TX1]);
    for (unsigned i = 0; i < 8; i++) {
        assert_not_used(&f.ring[TX1]);
        hw_chardev_set_room(f.port_chr, 1);
    }
    assert_used(&f.ring[TX1], 0);
    g_assert_cmpstr(hw_chardev_output(f.port_chr)->str, ==, "abcdefgh");
    fixture_clear(&f);
}

static void test_console_never_waits(void)
{
    Fixture f;

    fixture_setup(&f);
    hw_chardev_set_room(f.console_chr, 2);
    say(&f, TX0, "hello");
    assert_used(&f.ring[TX0], 0);
    g_assert_cmpstr(hw_chardev_output(f.console_chr)->str, ==, "he");
    hw_chardev_set_room(f.console_chr, 9);
    virt_set_config(&f.d, 8, 4, '!');
    g_assert_cmpstr(hw_chardev_output(f.console_chr)->str, ==, "he!");
    fixture_clear(&f);
}

static void test_input(void)
{
    Fixture f;

    fixture_setup(&f);
    give_input_buffer(&f, RX1, 4);
    g_assert_cmpuint(hw_chardev_input(f.port_chr, "x"), ==, 0); /* closed */
    open_port(&f);
    g_assert_cmpuint(hw_chardev_input(f.port_chr, "hello"), ==, 4);
    assert_used(&f.ring[RX1], 4);
    g_assert_cmpmem(f.hw->ram->host + INPUT, 4, "hell", 4);
    g_assert_cmpuint(hw_chardev_input(f.port_chr, "o"), ==, 0);
    hw_reload(f.dev);
    give_input_buffer(&f, RX1, 100);
    g_assert_cmpuint(hw_chardev_input(f.port_chr, "o"), ==, 1);
    assert_used(&f.ring[RX1], 1);
    tell(&f, 1, PORT_OPEN, 0);
    give_input_buffer(&f, RX1, 100);
    g_assert_cmpuint(hw_chardev_input(f.port_chr, "o"), ==, 0);
    fixture_clear(&f);
}

/* A driver that knows no control queue has the console. */
static void test_single_port(void)
{
    Fixture f;

    fixture_setup(&f);
    fixture_start(&f, VIRTIO_F_VERSION_1);
    say(&f, TX0, "out");
    assert_used(&f.ring[TX0], 0);
    g_assert_cmpstr(hw_chardev_output(f.console_chr)->str, ==, "out");
    give_input_buffer(&f, RX0, 8);
    g_assert_cmpuint(hw_chardev_input(f.console_chr, "in"), ==, 2);
    assert_used(&f.ring[RX0], 2);
    give_input_buffer(&f, RX1, 8);
    g_assert_cmpuint(hw_chardev_input(f.port_chr, "in"), ==, 0);
    fixture_clear(&f);
}

/* ---- Nonsense ---------------------------------------------------------- */

static void test_bad_control(void)
{
    Fixture f;
    VirtBuffer small = { VIRT_DATA, 7, false };
    VirtBuffer tiny = { BUFFERS, 4, true };

    fixture_setup(&f);
    tell(&f, 5, PORT_READY, 1);
    tell(&f, UINT32_MAX, PORT_OPEN, 1);
    tell(&f, 31, PORT_READY, 1);
    for (unsigned event = 0; event < 300; event++) {
        tell(&f, 1, event, 0xffff);
    }
    virt_add(&f.ring[CONTROL_TX], &small, 1);
    virt_kick(&f.ring[CONTROL_TX]);
    assert_used(&f.ring[CONTROL_TX], 0);
    tell(&f, 0, DEVICE_READY, 1);
    virt_add(&f.ring[CONTROL_RX], &tiny, 1);
    virt_kick(&f.ring[CONTROL_RX]);
    assert_used(&f.ring[CONTROL_RX], 0);
    give_control_buffers(&f, 4);
    assert_hears(&f, "1 1 1 ");
    fixture_clear(&f);
}

/* An input buffer that cannot be written. */
static void test_bad_buffer(void)
{
    Fixture f;
    VirtBuffer buf = { INPUT, 16, false };

    fixture_setup(&f);
    open_port(&f);
    virt_add(&f.ring[RX1], &buf, 1);
    virt_kick(&f.ring[RX1]);
    g_assert_cmpuint(hw_chardev_input(f.port_chr, "x"), ==, 0);
    g_assert_cmphex(virt_status(&f.d) & 64, ==, 64);
    fixture_start(&f, VIRTIO_F_VERSION_1 | F_MULTIPORT);
    open_port(&f);
    say(&f, TX1, "again");
    g_assert_cmpstr(hw_chardev_output(f.port_chr)->str, ==, "again");
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-serial/handshake", test_handshake);
    g_test_add_func("/virtio-serial/few-buffers", test_few_buffers);
    g_test_add_func("/virtio-serial/plug", test_plug);
    g_test_add_func("/virtio-serial/events", test_events);
    g_test_add_func("/virtio-serial/output", test_output);
    g_test_add_func("/virtio-serial/output-pieces", test_output_pieces);
    g_test_add_func("/virtio-serial/console-never-waits",
                    test_console_never_waits);
    g_test_add_func("/virtio-serial/input", test_input);
    g_test_add_func("/virtio-serial/single-port", test_single_port);
    g_test_add_func("/virtio-serial/bad-control", test_bad_control);
    g_test_add_func("/virtio-serial/bad-buffer", test_bad_buffer);
    return g_test_run();
}
