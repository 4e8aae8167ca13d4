#include "CStore.h"
#include <string.h>

static uint32_t by_table(uint32_t crc, const unsigned char *bytes, size_t count) {
  static uint32_t table[256];
  if (!table[1]) {
    // The last entry is stored last, and the first one that is asked for above is not zero, so a half-filled table is
    // filled again.
    for (uint32_t i = 256; i-- > 0;) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0x82F63B78u : value >> 1;
      table[i] = value;
    }
  }
  while (count--) crc = table[(crc ^ *bytes++) & 0xFF] ^ crc >> 8;
  return crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>
__attribute__((target("sse4.2"))) static uint32_t by_processor(uint32_t crc, const unsigned char *bytes, size_t count) {
  uint64_t wide = crc;
  for (; count >= 8; count -= 8, bytes += 8) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = (uint32_t)wide;
  while (count--) crc = _mm_crc32_u8(crc, *bytes++);
  return crc;
}
static int has_instruction(void) { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
static uint32_t by_processor(uint32_t crc, const unsigned char *bytes, size_t count) {
  for (; count >= 8; count -= 8, bytes += 8) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    crc = __crc32cd(crc, word);
  }
  while (count--) crc = __crc32cb(crc, *bytes++);
  return crc;
}
static int has_instruction(void) { return 1; }
#else
static uint32_t by_processor(uint32_t crc, const unsigned char *bytes, size_t count) { return by_table(crc, bytes, count); }
static int has_instruction(void) { return 0; }
#endif

uint32_t mc_crc32c(uint32_t crc, const void *bytes, size_t count) {
  return ~(has_instruction() ? by_processor(~crc, bytes, count) : by_table(~crc, bytes, count));
}
