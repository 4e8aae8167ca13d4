#define _GNU_SOURCE
#include "CTLS.h"
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/core_names.h>
#include <string.h>
#include <sys/mman.h>

// The records of parked connections. Each suite has one context for each direction, which is keyed anew for each
// record: a keyed context of its own would cost a connection more than all the rest of it. After the record it is keyed
// with zeros. Otherwise it would keep the key when the connection is over, in memory that core files have.

enum { SUITES = 4, TAG = 16 };

static EVP_CIPHER_CTX *cipher(int suite, int is_sealing) {
  static _Thread_local EVP_CIPHER_CTX *contexts[SUITES][2];
  if (suite < 1 || suite >= SUITES) return NULL;
  EVP_CIPHER_CTX **context = &contexts[suite][is_sealing];
  if (*context) return *context;
  static const char *const names[SUITES] = {NULL, "AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"};
  EVP_CIPHER *fetched = EVP_CIPHER_fetch(NULL, names[suite], NULL);
  EVP_CIPHER_CTX *made = fetched ? EVP_CIPHER_CTX_new() : NULL;
  if (made && EVP_CipherInit_ex2(made, fetched, NULL, NULL, is_sealing, NULL) == 1) {
    *context = made;
  } else {
    EVP_CIPHER_CTX_free(made);
  }
  EVP_CIPHER_free(fetched);
  return *context;
}

static void forget_key(EVP_CIPHER_CTX *context) {
  static const uint8_t zeros[32];
  if (context) EVP_CipherInit_ex2(context, NULL, zeros, zeros, -1, NULL);
}

static int failed(void) {
  ERR_clear_error();
  return 0;
}

int mc_record_seal(int suite, const uint8_t *key, const uint8_t nonce[12], const uint8_t header[5], const void *bytes,
                   size_t count, uint8_t type, void *out) {
  EVP_CIPHER_CTX *context = cipher(suite, 1);
  uint8_t *to = out;
  int n = 0, last = 0;
  int good = context && EVP_EncryptInit_ex2(context, NULL, key, nonce, NULL) == 1 &&
             EVP_EncryptUpdate(context, NULL, &n, header, 5) == 1 &&
             (count == 0 || EVP_EncryptUpdate(context, to, &n, bytes, (int)count) == 1) &&
             EVP_EncryptUpdate(context, to + count, &last, &type, 1) == 1 &&
             EVP_EncryptFinal_ex(context, to + count + 1, &last) == 1 &&
             EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG, to + count + 1) == 1;
  forget_key(context);
  return good ? 1 : failed();
}

int mc_record_open(int suite, const uint8_t *key, const uint8_t nonce[12], const uint8_t header[5], const void *bytes,
                   size_t count, void *out) {
  EVP_CIPHER_CTX *context = cipher(suite, 0);
  if (!context || count < TAG) return 0;
  const uint8_t *from = bytes;
  size_t text = count - TAG;
  int n = 0, last = 0;
  int good = EVP_DecryptInit_ex2(context, NULL, key, nonce, NULL) == 1 &&
             EVP_DecryptUpdate(context, NULL, &n, header, 5) == 1 &&
             (text == 0 || EVP_DecryptUpdate(context, out, &n, from, (int)text) == 1) &&
             EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG, (void *)(from + text)) == 1 &&
             EVP_DecryptFinal_ex(context, (uint8_t *)out + text, &last) == 1;
  forget_key(context);
  return good ? 1 : failed();
}

/// HMAC with the hash of a suite, which is keyed anew for each label.
static EVP_MAC_CTX *hmac(int is_long) {
  static _Thread_local EVP_MAC_CTX *contexts[2];
  if (contexts[is_long]) return contexts[is_long];
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(is_long ? "SHA384" : "SHA256"), 0),
      OSSL_PARAM_construct_end()};
  EVP_MAC *fetched = EVP_MAC_fetch(NULL, "HMAC", NULL);
  EVP_MAC_CTX *made = fetched ? EVP_MAC_CTX_new(fetched) : NULL;
  if (made && EVP_MAC_CTX_set_params(made, parameters) == 1) {
    contexts[is_long] = made;
  } else {
    EVP_MAC_CTX_free(made);
  }
  EVP_MAC_free(fetched);
  return contexts[is_long];
}

int mc_expand_label(int suite, const uint8_t *secret, const char *label, uint8_t *out, size_t count) {
  // One block of HKDF-Expand (RFC 5869, 2.3) is an HMAC of the info and the byte 1.
  int is_long = suite == MC_AES_256_GCM;
  EVP_MAC_CTX *context = hmac(is_long);
  size_t length = strlen(label), size = is_long ? 48 : 32, written = 0;
  uint8_t info[64] = {0, (uint8_t)count, (uint8_t)(6 + length)}, block[EVP_MAX_MD_SIZE];
  if (count > size || length > 32) return 0;
  memcpy(info + 3, "tls13 ", 6);
  memcpy(info + 9, label, length);
  info[9 + length] = 0;
  info[10 + length] = 1;
  int good = context && EVP_MAC_init(context, secret, size, NULL) == 1 &&
             EVP_MAC_update(context, info, 11 + length) == 1 &&
             EVP_MAC_final(context, block, &written, sizeof block) == 1;
  // The context would keep the secret.
  static const uint8_t zeros[48];
  if (context) EVP_MAC_init(context, zeros, size, NULL);
  if (!good) return failed();
  memcpy(out, block, count);
  OPENSSL_cleanse(block, sizeof block);
  return 1;
}

void mc_wipe(void *bytes, size_t count) { OPENSSL_cleanse(bytes, count); }
__attribute__((noinline)) void mc_wipe_stack(void) {
  uint8_t left[16 * 1024];
  OPENSSL_cleanse(left, sizeof left);
}

void *mc_secret_pages(size_t bytes) {
  void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return NULL;
  madvise(pages, bytes, MADV_DONTDUMP);
  return pages;
}
void mc_secret_pages_free(void *pages, size_t bytes) {
  OPENSSL_cleanse(pages, bytes);
  munmap(pages, bytes);
}
