/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telnet, see telnet.h. */
#include "chardev/telnet.h"

const uint8_t telnet_hello[12] = {
    TELNET_IAC,        TELNET_WILL,    TELNET_OPT_ECHO, TELNET_IAC,
    TELNET_WILL,       TELNET_OPT_SGA, TELNET_IAC,      TELNET_WILL,
    TELNET_OPT_BINARY, TELNET_IAC,     TELNET_DO,       TELNET_OPT_BINARY,
};

static TelnetState telnet_command(Telnet *telnet, uint8_t c)
{
    if (c >= TELNET_WILL && c <= TELNET_DONT) {
        return TELNET_OPTION;
    }
    if (c == TELNET_SB) {
        return TELNET_SUB;
    }
    telnet->got_break |= c == TELNET_BREAK;
    return TELNET_DATA;
}

/* One byte; true if it is data. */
static bool telnet_step(Telnet *telnet, uint8_t c)
{
    switch (telnet->state) {
    case TELNET_DATA:
        if (c == TELNET_IAC) {
            telnet->state = TELNET_COMMAND;
            return false;
        }
        if (telnet->after_cr && c == 0) {
            telnet->after_cr = false;
            return false;
        }
        telnet->after_cr = c == '\r';
        return true;
    case TELNET_COMMAND:
        if (c == TELNET_IAC) {
            telnet->state = TELNET_DATA;
            return true;
        }
        telnet->state = telnet_command(telnet, c);
        return false;
    case TELNET_OPTION:
        telnet->state = TELNET_DATA;
        return false;
    case TELNET_SUB:
        if (c == TELNET_IAC) {
            telnet->state = TELNET_SUB_COMMAND;
        }
        return false;
    case TELNET_SUB_COMMAND:
        telnet->state = c == TELNET_SE ? TELNET_DATA : TELNET_SUB;
        return false;
    }
    return false;
}

size_t telnet_decode(Telnet *telnet, uint8_t *buf, size_t len)
{
    size_t out = 0;

    for (size_t i = 0; i < len; i++) {
        if (telnet_step(telnet, buf[i])) {
            buf[out++] = buf[i];
        }
    }
    return out;
}

void telnet_encode(const uint8_t *buf, size_t len, GByteArray *out)
{
    static const uint8_t iac = TELNET_IAC;

    for (size_t i = 0; i < len; i++) {
        g_byte_array_append(out, &buf[i], 1);
        if (buf[i] == TELNET_IAC) {
            g_byte_array_append(out, &iac, 1);
        }
    }
}
