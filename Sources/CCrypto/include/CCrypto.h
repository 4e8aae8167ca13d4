#pragma once
#include <stddef.h>
#include <stdint.h>

// The part of libcrypto (OpenSSL 3) that keys and signatures of tokens need. The macros and parameter lists of its
// headers are not for Swift.

typedef struct mc_key mc_key;
