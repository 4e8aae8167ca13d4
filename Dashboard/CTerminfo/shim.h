#pragma once
#include <stdio.h>
#include <term.h>
#include <locale.h>
#include <langinfo.h>

/// Reads the entry of a kind of terminal. False if there is none. The functions below then speak of it.
static inline int mc_terminfo_read(const char *kind) {
    int result = 0;
    setupterm(kind, 1, &result);
    return result == 1;
}
/// A capability of the terminal as text. It is empty if the terminal does not have it.
static inline const char *mc_terminfo_text(const char *name) {
    const char *text = tigetstr(name);
    return text == (char *)-1 || !text ? "" : text;
}
/// A capability with its parameters filled in. tiparm is variadic, which Swift can't call.
static inline const char *mc_terminfo_filled(const char *text, int first, int second) {
    const char *filled = tiparm(text, first, second);
    return filled ? filled : "";
}
/// Takes the locale of the environment. Returns whether it is UTF-8.
static inline int mc_locale_is_utf8(void) {
    setlocale(LC_CTYPE, "");
    const char *set = nl_langinfo(CODESET);
    return set && (set[0] == 'U' || set[0] == 'u') && (set[3] == '-' || set[3] == '8');
}
