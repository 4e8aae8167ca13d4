#define _GNU_SOURCE
#include "CSystem.h"

#include <fcntl.h>
#include <sys/mman.h>

int mc_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING); }

int mc_allocate(int descriptor, int64_t offset, int64_t bytes) { return fallocate(descriptor, 0, offset, bytes); }

int mc_give_back(int descriptor, int64_t offset, int64_t bytes) {
    return fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes);
}
