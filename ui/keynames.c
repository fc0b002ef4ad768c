/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key names as `sendkey` takes them, by Linux input event code. */
#include <linux/input-event-codes.h>
#include <string.h>

#include "ui/console.h"

/* clang-format off */
#define INPUT_KEYS(K) \
    K("shift", KEY_LEFTSHIFT) K("shift_r", KEY_RIGHTSHIFT) \
    K("alt", KEY_LEFTALT) K("alt_r", KEY_RIGHTALT) \
    K("ctrl", KEY_LEFTCTRL) K("ctrl_r", KEY_RIGHTCTRL) \
    K("meta_l", KEY_LEFTMETA) K("meta_r", KEY_RIGHTMETA) \
    K("menu", KEY_MENU) K("compose", KEY_COMPOSE) K("esc", KEY_ESC) \
    K("1", KEY_1) K("2", KEY_2) K("3", KEY_3) K("4", KEY_4) K("5", KEY_5) \
    K("6", KEY_6) K("7", KEY_7) K("8", KEY_8) K("9", KEY_9) K("0", KEY_0) \
    K("minus", KEY_MINUS) K("equal", KEY_EQUAL) \
    K("backspace", KEY_BACKSPACE) K("tab", KEY_TAB) \
    K("q", KEY_Q) K("w", KEY_W) K("e", KEY_E) K("r", KEY_R) K("t", KEY_T) \
    K("y", KEY_Y) K("u", KEY_U) K("i", KEY_I) K("o", KEY_O) K("p", KEY_P) \
    K("bracket_left", KEY_LEFTBRACE) K("bracket_right", KEY_RIGHTBRACE) \
    K("ret", KEY_ENTER) \
    K("a", KEY_A) K("s", KEY_S) K("d", KEY_D) K("f", KEY_F) K("g", KEY_G) \
    K("h", KEY_H) K("j", KEY_J) K("k", KEY_K) K("l", KEY_L) \
    K("semicolon", KEY_SEMICOLON) K("apostrophe", KEY_APOSTROPHE) \
    K("grave_accent", KEY_GRAVE) K("backslash", KEY_BACKSLASH) \
    K("z", KEY_Z) K("x", KEY_X) K("c", KEY_C) K("v", KEY_V) K("b", KEY_B) \
    K("n", KEY_N) K("m", KEY_M) \
    K("comma", KEY_COMMA) K("dot", KEY_DOT) K("slash", KEY_SLASH) \
    K("spc", KEY_SPACE) K("caps_lock", KEY_CAPSLOCK) \
    K("f1", KEY_F1) K("f2", KEY_F2) K("f3", KEY_F3) K("f4", KEY_F4) \
    K("f5", KEY_F5) K("f6", KEY_F6) K("f7", KEY_F7) K("f8", KEY_F8) \
    K("f9", KEY_F9) K("f10", KEY_F10) K("f11", KEY_F11) K("f12", KEY_F12) \
    K("num_lock", KEY_NUMLOCK) K("scroll_lock", KEY_SCROLLLOCK) \
    K("kp_divide", KEY_KPSLASH) K("kp_multiply", KEY_KPASTERISK) \
    K("asterisk", KEY_KPASTERISK) K("kp_subtract", KEY_KPMINUS) \
    K("kp_add", KEY_KPPLUS) K("kp_enter", KEY_KPENTER) \
    K("kp_decimal", KEY_KPDOT) K("kp_equals", KEY_KPEQUAL) \
    K("kp_comma", KEY_KPCOMMA) \
    K("kp_0", KEY_KP0) K("kp_1", KEY_KP1) K("kp_2", KEY_KP2) \
    K("kp_3", KEY_KP3) K("kp_4", KEY_KP4) K("kp_5", KEY_KP5) \
    K("kp_6", KEY_KP6) K("kp_7", KEY_KP7) K("kp_8", KEY_KP8) \
    K("kp_9", KEY_KP9) \
    K("sysrq", KEY_SYSRQ) K("print", KEY_SYSRQ) K("pause", KEY_PAUSE) \
    K("less", KEY_102ND) \
    K("home", KEY_HOME) K("pgup", KEY_PAGEUP) K("pgdn", KEY_PAGEDOWN) \
    K("end", KEY_END) K("left", KEY_LEFT) K("up", KEY_UP) \
    K("down", KEY_DOWN) K("right", KEY_RIGHT) K("insert", KEY_INSERT) \
    K("delete", KEY_DELETE) \
    K("stop", KEY_STOP) K("again", KEY_AGAIN) K("props", KEY_PROPS) \
    K("undo", KEY_UNDO) K("front", KEY_FRONT) K("copy", KEY_COPY) \
    K("open", KEY_OPEN) K("paste", KEY_PASTE) K("find", KEY_FIND) \
    K("cut", KEY_CUT) K("lf", KEY_LINEFEED) K("help", KEY_HELP) \
    K("ro", KEY_RO) K("hiragana", KEY_HIRAGANA) K("henkan", KEY_HENKAN) \
    K("muhenkan", KEY_MUHENKAN) K("yen", KEY_YEN) \
    K("katakanahiragana", KEY_KATAKANAHIRAGANA) \
    K("lang1", KEY_HANGEUL) K("lang2", KEY_HANJA) \
    K("power", KEY_POWER) K("sleep", KEY_SLEEP) K("wake", KEY_WAKEUP) \
    K("audionext", KEY_NEXTSONG) K("audioprev", KEY_PREVIOUSSONG) \
    K("audiostop", KEY_STOPCD) K("audioplay", KEY_PLAYPAUSE) \
    K("audiomute", KEY_MUTE) K("volumeup", KEY_VOLUMEUP) \
    K("volumedown", KEY_VOLUMEDOWN) K("mediaselect", KEY_MEDIA) \
    K("mail", KEY_MAIL) K("calculator", KEY_CALC) K("computer", KEY_COMPUTER) \
    K("ac_home", KEY_HOMEPAGE) K("ac_back", KEY_BACK) \
    K("ac_forward", KEY_FORWARD) K("ac_refresh", KEY_REFRESH) \
    K("ac_bookmarks", KEY_BOOKMARKS)

const char *const input_key_names[] = {
#define K(name, code) name,
    INPUT_KEYS(K)
#undef K
    NULL,
};

static const uint16_t input_key_codes[] = {
#define K(name, code) code,
    INPUT_KEYS(K)
#undef K
};
/* clang-format on */

uint16_t input_key_from_name(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(input_key_codes); i++) {
        if (!strcmp(input_key_names[i], name)) {
            return input_key_codes[i];
        }
    }
    return 0;
}

const char *input_key_name(uint16_t code)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(input_key_codes); i++) {
        if (input_key_codes[i] == code) {
            return input_key_names[i];
        }
    }
    return NULL;
}
