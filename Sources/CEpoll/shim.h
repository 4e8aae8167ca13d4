#pragma once
#include <sys/epoll.h>
#include <sys/signalfd.h>

// Swift's Glibc module leaves these headers out. The generator and the limit loop speak to epoll directly: see megabench.
