#define _GNU_SOURCE
#include "CSystem.h"

int mc_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }
