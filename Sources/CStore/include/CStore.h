#pragma once
#include <stddef.h>
#include <stdint.h>

// The arena's part in C: a checksum that the processor computes, and a store that nothing before it may follow.

/// CRC32C (Castagnoli, RFC 3720, section 12.1) of more bytes. Begin with any seed, and pass the last result on.
uint32_t mc_crc32c(uint32_t crc, const void *bytes, size_t count);

/// Stores the value after all that was stored before.
static inline void mc_store_release(void *place, uint64_t value) {
  __atomic_store_n((uint64_t *)place, value, __ATOMIC_RELEASE);
}
