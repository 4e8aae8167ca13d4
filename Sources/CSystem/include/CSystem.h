#pragma once
#include <stddef.h>
#include <sys/socket.h>

// System calls that Swift can't import: hidden behind _GNU_SOURCE, variadic, or unavailable.

/// accept4(2) with SOCK_NONBLOCK | SOCK_CLOEXEC. The descriptor, or -1 with errno.
int mc_accept(int listener);
