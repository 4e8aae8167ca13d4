#pragma once
#define NCURSES_WIDECHAR 1
#include <ncurses.h>

// stdscr, LINES and COLS are C globals that Swift 6 refuses: functions instead.
static inline WINDOW *mc_stdscr(void) { return stdscr; }
static inline int mc_lines(void) { return LINES; }
static inline int mc_columns(void) { return COLS; }
