/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A serial port or other terminal device of the host; the guest's UART sets
 * its speed and framing. */
#include "chardev/chardev-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "chardev/terminal.h"
#include "util/error.h"

typedef struct SerialSpeed {
    unsigned baud;
    speed_t code;
} SerialSpeed;

static const SerialSpeed serial_speeds[] = {
    { 300, B300 },       { 1200, B1200 },     { 2400, B2400 },
    { 4800, B4800 },     { 9600, B9600 },     { 19200, B19200 },
    { 38400, B38400 },   { 57600, B57600 },   { 115200, B115200 },
    { 230400, B230400 }, { 460800, B460800 }, { 921600, B921600 },
};

/* The host's next speed that is at least the guest's. */
static speed_t serial_speed_code(unsigned baud)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(serial_speeds); i++) {
        if (serial_speeds[i].baud >= baud) {
            return serial_speeds[i].code;
        }
    }
    return B921600;
}

static void serial_line_set(Chardev *chr, unsigned baud, unsigned data_bits,
                            char parity, unsigned stop_bits)
{
    static const tcflag_t sizes[] = { CS5, CS6, CS7, CS8 };
    struct termios tio;

    if (tcgetattr(chr->in_fd, &tio)) {
        return;
    }
    cfsetspeed(&tio, serial_speed_code(baud));
    tio.c_cflag &= ~(CSIZE | PARENB | PARODD | CSTOPB);
    tio.c_cflag |= sizes[CLAMP(data_bits, 5, 8) - 5];
    tio.c_cflag |= parity == 'N' ? 0 : PARENB;
    tio.c_cflag |= parity == 'O' ? PARODD : 0;
    tio.c_cflag |= stop_bits == 2 ? CSTOPB : 0;
    tcsetattr(chr->in_fd, TCSANOW, &tio);
}

static bool serial_line_open(Chardev *chr, const KeyVal *opts, GError **errp)
{
    const char *path = keyval_get(opts, "path");
    struct termios tio;
    int fd;

    if (!path) {
        return emu_fail(errp, EMU_ERROR_INVALID, "path= is missing");
    }
    fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return emu_fail_errno(errp, errno, "cannot open '%s'", path);
    }
    if (tcgetattr(fd, &tio) == 0) {
        terminal_make_raw(&tio, false);
        tio.c_oflag &= ~OPOST;
        tio.c_cflag |= CREAD | CLOCAL;
        tcsetattr(fd, TCSANOW, &tio);
    }
    chardev_set_filename(chr, g_strdup_printf("serial:%s", path));
    chardev_stream_start(chr, fd, fd);
    return true;
}

static const KeyValKey serial_line_keys[] = {
    { "path", "PATH", "terminal device, such as /dev/ttyS0" },
    {},
};

const ChardevClass chardev_serial_class = {
    .name = "serial",
    .aliases = (const char *const[]){ "tty", NULL },
    .summary = "serial port of the host",
    .size = sizeof(Chardev),
    .keys = serial_line_keys,
    .open = serial_line_open,
    .set_line = serial_line_set,
};
