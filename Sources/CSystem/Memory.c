#define _GNU_SOURCE
#include "CSystem.h"

#include <fcntl.h>
#include <sys/mman.h>

int mc_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING); }
/// Only files in memory have seals: for others the call fails.
int mc_is_memory_file(int descriptor) { return fcntl(descriptor, F_GET_SEALS) >= 0; }

int mc_allocate(int descriptor, int64_t offset, int64_t bytes) { return fallocate(descriptor, 0, offset, bytes); }

int mc_give_back(int descriptor, int64_t offset, int64_t bytes) {
    return fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes);
}
