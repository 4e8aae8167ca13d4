#define _GNU_SOURCE
#include "CTLS.h"
#include "Session.h"
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

// The settings of both sides, the keys of tickets, and the reading of a certificate and its key.

/// The name of a key, then a key for AES-256 and one for HMAC.
static _Thread_local uint8_t ticket_keys[MC_TICKET_KEYS][MC_TICKET_KEY];
static _Thread_local int ticket_key_count;

void mc_tls_ticket_keys(const uint8_t *keys, int count) {
  OPENSSL_cleanse(ticket_keys, sizeof ticket_keys);
  ticket_key_count = count < MC_TICKET_KEYS ? count : MC_TICKET_KEYS;
  if (ticket_key_count > 0) memcpy(ticket_keys, keys, (size_t)ticket_key_count * MC_TICKET_KEY);
}

/// Encrypts a ticket with the first key, or finds the key of one (SSL_CTX_set_tlsext_ticket_key_evp_cb).
static int ticket_key(SSL *ssl, unsigned char name[16], unsigned char iv[EVP_MAX_IV_LENGTH], EVP_CIPHER_CTX *cipher,
                      EVP_MAC_CTX *mac, int is_new) {
  (void)ssl;
  int found = -1;
  for (int i = 0; i < ticket_key_count && found < 0; i++)
    if (is_new || CRYPTO_memcmp(name, ticket_keys[i], 16) == 0) found = i;
  if (found < 0) return 0;
  const uint8_t *key = ticket_keys[found];
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(key + 48), 32),
                             OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
                             OSSL_PARAM_construct_end()};
  if (is_new) {
    memcpy(name, key, 16);
    if (RAND_bytes(iv, 16) != 1) return -1;
  }
  if (!EVP_MAC_CTX_set_params(mac, parameters)) return -1;
  if (!EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key + 16, iv, is_new)) return -1;
  // A ticket under an older key is renewed. In TLS 1.3 each handshake makes a new one anyway.
  return !is_new && found > 0 ? 2 : 1;
}

/// HTTP/1.1 alone. Who wants only something else is told so (RFC 7301, 3.2).
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *count, const unsigned char *offered,
                           unsigned int offered_count, void *unused) {
  (void)ssl, (void)unused;
  static const unsigned char ours[] = "\x08http/1.1";
  unsigned char *chosen;
  if (SSL_select_next_proto(&chosen, count, ours, sizeof ours - 1, offered, offered_count) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

static mc_tls_context *make_context(int is_client) {
  SSL_CTX *ssl = SSL_CTX_new(is_client ? TLS_client_method() : TLS_server_method());
  mc_tls_context *context = ssl ? calloc(1, sizeof *context) : NULL;
  if (!context) {
    SSL_CTX_free(ssl);
    return NULL;
  }
  context->ssl = ssl;
  SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_keylog_callback(ssl, mc_tls_note_secret);
  SSL_CTX_set_session_cache_mode(ssl, is_client ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
  return context;
}

static int refuse(mc_tls_context *context, int reason, int *out) {
  mc_tls_context_free(context);
  ERR_clear_error();
  *out = reason;
  return 0;
}

static int no_password(char *out, int room, int is_writing, void *was_asked) {
  (void)out, (void)room, (void)is_writing;
  *(int *)was_asked = 1;
  return -1;
}

/// The certificate and those that follow it.
static int take_chain(SSL_CTX *ssl, const void *pem, size_t count, int *reason) {
  BIO *bio = BIO_new_mem_buf(pem, (int)count);
  X509 *first = bio ? PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL) : NULL;
  int good = first != NULL;
  if (!good) *reason = MC_TLS_NO_CERTIFICATE;
  if (good && SSL_CTX_use_certificate(ssl, first) != 1) good = 0, *reason = MC_TLS_WEAK;
  X509_free(first);
  while (good) {
    X509 *next = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (!next) {
      // The end of the file is the usual way out. Anything else is a certificate that is broken.
      if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) good = 0, *reason = MC_TLS_NO_CERTIFICATE;
      break;
    }
    if (SSL_CTX_add0_chain_cert(ssl, next) != 1) {
      X509_free(next);
      good = 0, *reason = MC_TLS_WEAK;
    }
  }
  BIO_free(bio);
  ERR_clear_error();
  return good;
}

static int take_key(SSL_CTX *ssl, const void *pem, size_t count, int *reason) {
  int was_asked = 0;
  BIO *bio = BIO_new_mem_buf(pem, (int)count);
  EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, &was_asked) : NULL;
  BIO_free(bio);
  if (!key) {
    *reason = was_asked ? MC_TLS_KEY_HAS_PASSWORD : MC_TLS_NO_KEY;
    return 0;
  }
  int matches = X509_check_private_key(SSL_CTX_get0_certificate(ssl), key) == 1;
  int is_taken = matches && SSL_CTX_use_PrivateKey(ssl, key) == 1;
  EVP_PKEY_free(key);
  if (!is_taken) *reason = matches ? MC_TLS_WEAK : MC_TLS_PAIR;
  return is_taken;
}

mc_tls_context *mc_tls_server(const void *certificate, size_t certificate_count, const void *key, size_t key_count,
                              int *reason) {
  mc_tls_context *context = make_context(0);
  *reason = MC_TLS_BROKEN;
  if (!context) return NULL;
  SSL_CTX *ssl = context->ssl;
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA);
  int good = SSL_CTX_set_ciphersuites(
                 ssl, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384") &&
             SSL_CTX_set_cipher_list(ssl, "ECDHE+AESGCM:ECDHE+CHACHA20") && SSL_CTX_set1_groups_list(ssl, "X25519:P-256:P-384") &&
             SSL_CTX_set_session_id_context(ssl, (const unsigned char *)"megacomet", 9) &&
             SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, ticket_key);
  if (!good) return refuse(context, MC_TLS_BROKEN, reason), NULL;
  SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
  SSL_CTX_set_timeout(ssl, 12 * 3600);
  if (!take_chain(ssl, certificate, certificate_count, reason) || !take_key(ssl, key, key_count, reason))
    return refuse(context, *reason, reason), NULL;
  *reason = MC_TLS_GOOD;
  return context;
}

mc_tls_context *mc_tls_client(void) {
  mc_tls_context *context = make_context(1);
  if (!context) return NULL;
  SSL_CTX_set_verify(context->ssl, SSL_VERIFY_NONE, NULL);
  SSL_CTX_set_alpn_protos(context->ssl, (const unsigned char *)"\x08http/1.1", 9);
  return context;
}

int mc_tls_only_suite(mc_tls_context *context, const char *name) {
  return SSL_CTX_set_min_proto_version(context->ssl, TLS1_3_VERSION) && SSL_CTX_set_ciphersuites(context->ssl, name);
}
void mc_tls_only_12(mc_tls_context *context) { SSL_CTX_set_max_proto_version(context->ssl, TLS1_2_VERSION); }

void mc_tls_context_free(mc_tls_context *context) {
  if (!context) return;
  SSL_CTX_free(context->ssl);
  free(context);
}

// OpenSSL frees an SSL object with the secrets of its connection in it. The others who free memory have mostly wiped it.

static void *wiping_malloc(size_t count, const char *file, int line) {
  (void)file, (void)line;
  return malloc(count);
}
static void wiping_free(void *memory, const char *file, int line) {
  (void)file, (void)line;
  if (!memory) return;
  explicit_bzero(memory, malloc_usable_size(memory));
  free(memory);
}
static void *wiping_realloc(void *memory, size_t count, const char *file, int line) {
  size_t old = memory ? malloc_usable_size(memory) : 0;
  if (count == 0) {
    wiping_free(memory, file, line);
    return NULL;
  }
  if (memory && count <= old && count >= old / 2) return memory;
  void *new = malloc(count);
  if (new && memory) {
    memcpy(new, memory, old < count ? old : count);
    wiping_free(memory, file, line);
  }
  return new;
}
int mc_tls_wipe_freed(void) { return CRYPTO_set_mem_functions(wiping_malloc, wiping_realloc, wiping_free); }

int mc_tls_protect_keys(void) {
  // It is locked into memory, too. If that is refused (2), the rest holds. OpenSSL has the keys of handshakes that are
  // under way there, up to 128 bytes for each, and when it is full they fail: there is room for 8,000. Only pages that
  // were used take memory.
  return CRYPTO_secure_malloc_initialized() || CRYPTO_secure_malloc_init(1024 * 1024, 32) != 0;
}
