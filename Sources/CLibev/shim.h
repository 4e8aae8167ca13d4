#pragma once
#include <ev.h>

// libev's initialisers are macros, which Swift can't import: one inline function each.
typedef struct ev_loop mc_loop;

static inline void mc_io_init(ev_io *w, void (*cb)(struct ev_loop *, ev_io *, int), int fd, int events) { ev_io_init(w, cb, fd, events); }
/// Handled before the other descriptors and timers of a turn, behind the check watchers. Only while it is not started.
static inline void mc_io_set_first(ev_io *w) { ev_set_priority(w, 1); }
static inline void mc_io_modify(ev_io *w, int events) { ev_io_modify(w, events); }
static inline void mc_timer_init(ev_timer *w, void (*cb)(struct ev_loop *, ev_timer *, int), double after, double repeat) { ev_timer_init(w, cb, after, repeat); }
static inline void mc_signal_init(ev_signal *w, void (*cb)(struct ev_loop *, ev_signal *, int), int signum) { ev_signal_init(w, cb, signum); }
static inline void mc_prepare_init(ev_prepare *w, void (*cb)(struct ev_loop *, ev_prepare *, int)) { ev_prepare_init(w, cb); }
static inline void mc_check_init(ev_check *w, void (*cb)(struct ev_loop *, ev_check *, int)) { ev_check_init(w, cb); }
static inline int mc_timer_is_active(const ev_timer *w) { return ev_is_active(w); }
/// Check watchers of this priority are called before every other event of the turn.
static inline void ev_check_set_highest(ev_check *w) { ev_set_priority(w, EV_MAXPRI); }
