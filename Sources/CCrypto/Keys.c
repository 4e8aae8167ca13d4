#include "Keys.h"
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

enum { RSA_LEAST_BITS = 2048, RSA_MOST_BITS = 8192, RSA_LEAST_EXPONENT = 65537, RSA_MOST_EXPONENT_BITS = 64 };

void mc_key_free(mc_key *key) {
  if (!key) return;
  EVP_MAC_CTX_free(key->mac);
  EVP_PKEY_CTX_free(key->verifies);
  EVP_PKEY_CTX_free(key->signs);
  EVP_PKEY_free(key->pair);
  OPENSSL_free(key);
}

static EVP_PKEY_CTX *prepared(mc_key *key, int (*begin)(EVP_PKEY_CTX *)) {
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pair, NULL);
  if (context && begin(context) == 1 && EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
      (key->algorithm != RS256 || EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1))
    return context;
  EVP_PKEY_CTX_free(context);
  return NULL;
}
/// Whether a signature of the private part is good for the public one.
static int is_pair(mc_key *key) {
  unsigned char signature[RSA_MOST_BITS / 8];
  mc_bytes text = {"a pair", 6};
  size_t count = mc_sign(key, text, signature, sizeof signature);
  return count > 0 && mc_verify(key, text, (mc_bytes){signature, count});
}
/// Makes a key of the pair, which is taken over.
static mc_key *key_of(EVP_PKEY *pair, enum algorithm algorithm, int is_private, int *reason) {
  mc_key *key = pair ? OPENSSL_zalloc(sizeof *key) : NULL;
  if (!key) {
    EVP_PKEY_free(pair);
    ERR_clear_error();
    return NULL;
  }
  *key = (mc_key){.algorithm = algorithm, .is_private = is_private, .pair = pair};
  int good = 1;
  if (algorithm != EDDSA) {
    key->verifies = prepared(key, EVP_PKEY_verify_init);
    if (is_private) key->signs = prepared(key, EVP_PKEY_sign_init);
    good = key->verifies && (!is_private || key->signs);
  }
  if (good && is_private && !is_pair(key)) {
    *reason = MC_KEY_PAIR;
    good = 0;
  }
  ERR_clear_error();
  if (good) {
    *reason = MC_KEY_GOOD;
    return key;
  }
  mc_key_free(key);
  return NULL;
}

mc_key *mc_key_hs256(mc_bytes secret) {
  static EVP_MAC *mac;
  if (!mac) mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  mc_key *key = mac ? OPENSSL_zalloc(sizeof *key) : NULL;
  if (!key) return NULL;
  key->algorithm = HS256;
  key->is_private = 1;
  key->mac = EVP_MAC_CTX_new(mac);
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
      OSSL_PARAM_construct_end(),
  };
  int good = key->mac && EVP_MAC_init(key->mac, secret.bytes, secret.count, parameters);
  ERR_clear_error();
  if (good) return key;
  mc_key_free(key);
  return NULL;
}

/// Makes the pair that the parameters describe.
static EVP_PKEY *pair_of(const char *type, OSSL_PARAM_BLD *builder, int is_private) {
  OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
  EVP_PKEY *pair = NULL;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context) != 1 ||
      EVP_PKEY_fromdata(context, &pair, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, parameters) != 1)
    pair = NULL;
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  return pair;
}

static int wrong_rsa(const BIGNUM *n, const BIGNUM *e) {
  if (BN_num_bits(n) < RSA_LEAST_BITS) return MC_KEY_SHORT;
  if (BN_num_bits(n) > RSA_MOST_BITS) return MC_KEY_LONG;
  if (!BN_is_odd(n)) return MC_KEY_EVEN;
  int bits = BN_num_bits(e);
  if (!BN_is_odd(e) || bits > RSA_MOST_EXPONENT_BITS || (bits < 32 && BN_get_word(e) < RSA_LEAST_EXPONENT))
    return MC_KEY_EXPONENT;
  return MC_KEY_GOOD;
}

mc_key *mc_key_rs256(const mc_bytes parts[MC_RSA_PARTS], int *reason) {
  static const char *const names[MC_RSA_PARTS] = {
      OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,         OSSL_PKEY_PARAM_RSA_D,
      OSSL_PKEY_PARAM_RSA_FACTOR1,   OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
      OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
  };
  BIGNUM *numbers[MC_RSA_PARTS] = {0};
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  EVP_PKEY *pair = NULL;
  int is_private = parts[MC_RSA_D].count > 0;
  int good = builder != NULL;
  *reason = MC_KEY_BROKEN;
  for (int part = 0; good && part < MC_RSA_PARTS; part++) {
    if (!parts[part].count) continue;
    // Numbers of private parts live in memory that is wiped.
    numbers[part] = part < MC_RSA_D ? BN_new() : BN_secure_new();
    good = numbers[part] && parts[part].count <= 2 * RSA_MOST_BITS / 8 &&
           BN_bin2bn(parts[part].bytes, (int)parts[part].count, numbers[part]) &&
           OSSL_PARAM_BLD_push_BN(builder, names[part], numbers[part]);
  }
  if (good && numbers[MC_RSA_N] && numbers[MC_RSA_E]) {
    int wrong = wrong_rsa(numbers[MC_RSA_N], numbers[MC_RSA_E]);
    if (wrong == MC_KEY_GOOD)
      pair = pair_of("RSA", builder, is_private);
    else
      *reason = wrong;
  }
  OSSL_PARAM_BLD_free(builder);
  for (int part = 0; part < MC_RSA_PARTS; part++) BN_clear_free(numbers[part]);
  return key_of(pair, RS256, is_private, reason);
}

mc_key *mc_key_es256(mc_bytes x, mc_bytes y, mc_bytes d, int *reason) {
  *reason = MC_KEY_BROKEN;
  if (x.count != 32 || y.count != 32 || (d.count != 0 && d.count != 32)) return NULL;
  unsigned char point[65] = {4};
  memcpy(point + 1, x.bytes, 32);
  memcpy(point + 33, y.bytes, 32);
  BIGNUM *number = d.count ? BN_secure_new() : NULL;
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  EVP_PKEY *pair = NULL;
  if (builder && OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
      OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) &&
      (!d.count || (number && BN_bin2bn(d.bytes, 32, number) &&
                    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number)))) {
    pair = pair_of("EC", builder, d.count > 0);
    if (!pair) *reason = MC_KEY_NOT_ON_CURVE;
  }
  OSSL_PARAM_BLD_free(builder);
  BN_clear_free(number);
  return key_of(pair, ES256, d.count > 0, reason);
}

mc_key *mc_key_eddsa(mc_bytes x, mc_bytes d, int *reason) {
  *reason = MC_KEY_BROKEN;
  if (x.count != 32 || (d.count != 0 && d.count != 32)) return NULL;
  if (!d.count) return key_of(EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, x.bytes, 32), EDDSA, 0, reason);
  EVP_PKEY *pair = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, d.bytes, 32);
  unsigned char derived[32];
  size_t count = sizeof derived;
  // Its public part is derived from the private one. So it is compared with the one that was given.
  if (pair && (EVP_PKEY_get_raw_public_key(pair, derived, &count) != 1 || memcmp(derived, x.bytes, 32) != 0)) {
    EVP_PKEY_free(pair);
    pair = NULL;
    *reason = MC_KEY_PAIR;
  }
  return key_of(pair, EDDSA, 1, reason);
}

mc_key *mc_key_new_rs256(int bits) {
  int reason;
  return key_of(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits), RS256, 1, &reason);
}
mc_key *mc_key_new_es256(void) {
  int reason;
  return key_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), ES256, 1, &reason);
}
mc_key *mc_key_new_eddsa(void) {
  int reason;
  return key_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), EDDSA, 1, &reason);
}

int mc_key_signs(const mc_key *key) { return key->is_private; }

static size_t number_member(const mc_key *key, const char *parameter, int fixed, void *out, size_t room) {
  BIGNUM *number = NULL;
  size_t count = 0;
  if (EVP_PKEY_get_bn_param(key->pair, parameter, &number) == 1) {
    count = fixed ? (size_t)fixed : (size_t)BN_num_bytes(number);
    if (count > room || BN_bn2binpad(number, out, (int)count) < 0) count = 0;
  }
  BN_clear_free(number);
  return count;
}

size_t mc_key_member(const mc_key *key, const char *name, void *out, size_t room) {
  static const struct {
    enum algorithm algorithm;
    const char *name, *parameter;
    int fixed, is_private;
  } members[] = {
      {RS256, "n", OSSL_PKEY_PARAM_RSA_N, 0, 0},
      {RS256, "e", OSSL_PKEY_PARAM_RSA_E, 0, 0},
      {RS256, "d", OSSL_PKEY_PARAM_RSA_D, 0, 1},
      {RS256, "p", OSSL_PKEY_PARAM_RSA_FACTOR1, 0, 1},
      {RS256, "q", OSSL_PKEY_PARAM_RSA_FACTOR2, 0, 1},
      {RS256, "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1, 0, 1},
      {RS256, "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2, 0, 1},
      {RS256, "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1, 0, 1},
      {ES256, "x", OSSL_PKEY_PARAM_EC_PUB_X, 32, 0},
      {ES256, "y", OSSL_PKEY_PARAM_EC_PUB_Y, 32, 0},
      {ES256, "d", OSSL_PKEY_PARAM_PRIV_KEY, 32, 1},
  };
  size_t count = 0;
  if (key->algorithm == EDDSA && room >= 32) {
    count = 32;
    if (!strcmp(name, "x") ? EVP_PKEY_get_raw_public_key(key->pair, out, &count) != 1
                           : strcmp(name, "d") || EVP_PKEY_get_raw_private_key(key->pair, out, &count) != 1)
      count = 0;
  }
  for (size_t at = 0; at < sizeof members / sizeof *members; at++)
    if (members[at].algorithm == key->algorithm && !strcmp(members[at].name, name) &&
        (key->is_private || !members[at].is_private))
      count = number_member(key, members[at].parameter, members[at].fixed, out, room);
  ERR_clear_error();
  return count;
}
