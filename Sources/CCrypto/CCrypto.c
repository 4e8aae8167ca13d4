#include "CCrypto.h"
#include "Keys.h"
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

// Signatures. The hash of a text is computed apart from the signature, so that what a signature needs is prepared once
// for each key. Only EdDSA, which hashes by itself, is prepared each time.

/// Fetched once: since OpenSSL 3 a fetch is what costs most.
static EVP_MD *sha256(void) {
  static EVP_MD *md;
  if (!md) md = EVP_MD_fetch(NULL, "SHA256", NULL);
  return md;
}

/// The number of a half of a raw signature.
static BIGNUM *half(mc_bytes signature, size_t offset) {
  return BN_bin2bn((const unsigned char *)signature.bytes + offset, 32, NULL);
}

/// The DER form of r || s (RFC 7518, 3.4), which has 64 bytes. It needs 72 bytes at most. Returns its length.
static int der_of_raw(mc_bytes signature, unsigned char *out) {
  ECDSA_SIG *pair = ECDSA_SIG_new();
  BIGNUM *r = half(signature, 0), *s = half(signature, 32);
  int count = 0;
  if (pair && r && s && ECDSA_SIG_set0(pair, r, s)) {
    count = i2d_ECDSA_SIG(pair, &out);
  } else {
    BN_free(r);
    BN_free(s);
  }
  ECDSA_SIG_free(pair);
  return count;
}
static size_t raw_of_der(const unsigned char *der, size_t count, unsigned char *out) {
  ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)count);
  int good = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32) == 32 &&
             BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32) == 32;
  ECDSA_SIG_free(pair);
  return good ? 64 : 0;
}

/// The HMAC of the text, in 32 bytes. The keyed context stays as it is.
static int hmac(mc_key *key, mc_bytes text, unsigned char *out) {
  EVP_MAC_CTX *context = EVP_MAC_CTX_dup(key->mac);
  size_t count = 0;
  int good = context && EVP_MAC_update(context, text.bytes, text.count) && EVP_MAC_final(context, out, &count, 32) &&
             count == 32;
  EVP_MAC_CTX_free(context);
  return good;
}

static int verify(mc_key *key, mc_bytes text, mc_bytes signature) {
  unsigned char hash[32], der[80];
  if (key->algorithm == HS256)
    return signature.count == 32 && hmac(key, text, hash) && CRYPTO_memcmp(hash, signature.bytes, 32) == 0;
  if (key->algorithm == EDDSA) {
    if (signature.count != 64) return 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int good = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pair) == 1 &&
               EVP_DigestVerify(context, signature.bytes, signature.count, text.bytes, text.count) == 1;
    EVP_MD_CTX_free(context);
    return good;
  }
  if (key->algorithm == ES256) {
    if (signature.count != 64) return 0;
    int count = der_of_raw(signature, der);
    if (count <= 0) return 0;
    signature = (mc_bytes){der, (size_t)count};
  }
  return EVP_Digest(text.bytes, text.count, hash, NULL, sha256(), NULL) == 1 &&
         EVP_PKEY_verify(key->verifies, signature.bytes, signature.count, hash, 32) == 1;
}

static size_t sign(mc_key *key, mc_bytes text, void *out, size_t room) {
  unsigned char hash[32], der[80];
  if (key->algorithm == HS256) {
    if (room < 32 || !hmac(key, text, out)) return 0;
    return 32;
  }
  if (!key->is_private) return 0;
  if (key->algorithm == EDDSA) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int good = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pair) == 1 &&
               EVP_DigestSign(context, out, &room, text.bytes, text.count) == 1;
    EVP_MD_CTX_free(context);
    return good ? room : 0;
  }
  if (EVP_Digest(text.bytes, text.count, hash, NULL, sha256(), NULL) != 1) return 0;
  if (key->algorithm == RS256) return EVP_PKEY_sign(key->signs, out, &room, hash, 32) == 1 ? room : 0;
  size_t count = sizeof der;
  if (room < 64 || EVP_PKEY_sign(key->signs, der, &count, hash, 32) != 1) return 0;
  return raw_of_der(der, count, out);
}

int mc_verify(mc_key *key, mc_bytes text, mc_bytes signature) {
  int good = verify(key, text, signature);
  ERR_clear_error();
  return good;
}
size_t mc_sign(mc_key *key, mc_bytes text, void *out, size_t room) {
  size_t count = sign(key, text, out, room);
  ERR_clear_error();
  return count;
}

int mc_random(void *out, size_t count) {
  int good = RAND_priv_bytes(out, (int)count) == 1;
  ERR_clear_error();
  return good;
}
int mc_equal(const void *a, const void *b, size_t count) { return CRYPTO_memcmp(a, b, count) == 0; }
