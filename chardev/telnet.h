/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The little of telnet (RFC 854, 856, 857, 858) that makes a telnet program a
 * terminal: we echo, character at a time, eight bits. Option requests of the
 * peer are read over.
 */
#ifndef CHARDEV_TELNET_H
#define CHARDEV_TELNET_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TELNET_SB = 250,
    TELNET_SE = 240,
    TELNET_BREAK = 243,
    TELNET_WILL = 251,
    TELNET_DO = 253,
    TELNET_DONT = 254,
    TELNET_IAC = 255,
    TELNET_OPT_BINARY = 0,
    TELNET_OPT_ECHO = 1,
    TELNET_OPT_SGA = 3,
};

typedef enum TelnetState {
    TELNET_DATA,
    TELNET_COMMAND,     /* after IAC */
    TELNET_OPTION,      /* after IAC WILL|WONT|DO|DONT */
    TELNET_SUB,         /* inside IAC SB ... */
    TELNET_SUB_COMMAND, /* IAC inside it */
} TelnetState;

typedef struct Telnet {
    TelnetState state;
    bool after_cr;  /* a NUL that follows is padding */
    bool got_break; /* set by telnet_decode, cleared by the caller */
} Telnet;

/* What to send to a new peer. */
extern const uint8_t telnet_hello[12];

/* Take the protocol out of buf, in place; the new length. */
size_t telnet_decode(Telnet *telnet, uint8_t *buf, size_t len);
void telnet_encode(const uint8_t *buf, size_t len, GByteArray *out);

#endif
