#pragma once
#define NCURSES_WIDECHAR 1
#include <ncurses.h>
#include <term.h>
#include <locale.h>
#include <langinfo.h>

// stdscr, LINES and COLS are C globals, which Swift 6 refuses, so they are functions here. So are attributes, which are
// macros made of macros.
static inline WINDOW *mc_stdscr(void) { return stdscr; }
static inline void mc_attributes(int bold, int dim, int reverse, int pair) {
    wattrset(stdscr, (bold ? A_BOLD : 0) | (dim ? A_DIM : 0) | (reverse ? A_REVERSE : 0) | COLOR_PAIR(pair));
}
/// A capability of the terminal as text. It is empty if the terminal does not have it.
static inline const char *mc_capability(const char *name) {
    const char *text = tigetstr(name);
    return text == (char *)-1 || !text ? "" : text;
}
/// Takes the locale of the environment. Returns whether it is UTF-8.
static inline int mc_locale_is_utf8(void) {
    setlocale(LC_CTYPE, "");
    const char *set = nl_langinfo(CODESET);
    return set && (set[0] == 'U' || set[0] == 'u') && (set[3] == '-' || set[3] == '8');
}
