#pragma once
#include <stddef.h>
#include <stdint.h>

// The part of libcrypto (OpenSSL 3) that keys and signatures of tokens need. The macros and parameter lists of its
// headers are not for Swift.
//
// A key is made once, when its file is read, with all that can be prepared. Each key knows its one algorithm, so it can
// never be used for another. No function leaves anything in libcrypto's queue of errors.

typedef struct mc_key mc_key;

/// Bytes of someone else.
typedef struct {
  const void *bytes;
  size_t count;
} mc_bytes;

/// HMAC with SHA-256. `NULL`: libcrypto can't.
mc_key *mc_key_hs256(mc_bytes secret);

/// The members of an RSA key (RFC 7518, 6.3), in the order n, e, d, p, q, dp, dq, qi. Those from d on are for signing.
/// They, or those from p on, may have no bytes.
enum { MC_RSA_N, MC_RSA_E, MC_RSA_D, MC_RSA_P, MC_RSA_Q, MC_RSA_DP, MC_RSA_DQ, MC_RSA_QI, MC_RSA_PARTS };
/// Why a key was refused.
enum {
  MC_KEY_GOOD,
  MC_KEY_BROKEN,        // these bytes are no key, or libcrypto can't use it
  MC_KEY_SHORT,         // an RSA key below 2048 bits
  MC_KEY_LONG,          // an RSA key over 8192 bits, whose signatures would cost too much
  MC_KEY_EVEN,          // an RSA modulus that is even
  MC_KEY_EXPONENT,      // an RSA exponent that is even, below 65537, or over 64 bits
  MC_KEY_NOT_ON_CURVE,  // the point is not one of P-256
  MC_KEY_PAIR,          // the private part is that of another key
};

/// Each returns a key, or `NULL` and says why in `*reason`.
mc_key *mc_key_rs256(const mc_bytes parts[MC_RSA_PARTS], int *reason);
/// x, y and d have 32 bytes each; d may have none.
mc_key *mc_key_es256(mc_bytes x, mc_bytes y, mc_bytes d, int *reason);
mc_key *mc_key_eddsa(mc_bytes x, mc_bytes d, int *reason);
void mc_key_free(mc_key *key);

/// A new key, with its private part. `NULL`: libcrypto can't.
mc_key *mc_key_new_rs256(int bits);
mc_key *mc_key_new_es256(void);
mc_key *mc_key_new_eddsa(void);

/// Whether the key can sign.
int mc_key_signs(const mc_key *key);
/// A member of an RSA, EC or OKP key by its name in a JWK (n, e, d, p, q, dp, dq, qi; x, y, d; x, d), with its bytes
/// as the JWK has them. Returns how many they are; 0 if there is none, or not enough room.
size_t mc_key_member(const mc_key *key, const char *name, void *out, size_t room);

/// 1 if the signature of these bytes is the key's.
int mc_verify(mc_key *key, mc_bytes text, mc_bytes signature);
/// Writes the signature of these bytes. Returns its length; 0 if the key can't sign, or if there is not enough room.
size_t mc_sign(mc_key *key, mc_bytes text, void *out, size_t room);

/// Fills with random bytes that nobody can guess. 0: there are none.
int mc_random(void *out, size_t count);
/// Whether both are the same, in a time that does not tell where they differ.
int mc_equal(const void *a, const void *b, size_t count);
