#pragma once
#include <stddef.h>
#include <stdint.h>

// The part of OpenSSL 3 that TLS needs: handshakes by libssl, and records by libcrypto once a connection is parked. The
// macros and callbacks of its headers are not for Swift.
//
// All of it is for one thread. Tests run side by side, so what lasts over calls belongs to a thread. No function leaves
// anything in OpenSSL's queue of errors.

// Contexts: a certificate and its key, or what a client needs.

typedef struct mc_tls_context mc_tls_context;

/// Why a certificate or its key was refused.
enum {
  MC_TLS_GOOD,
  MC_TLS_NO_CERTIFICATE,    // the file has no certificate in PEM, or one that can't be read
  MC_TLS_NO_KEY,            // the file has no private key in PEM, or one that can't be read
  MC_TLS_KEY_HAS_PASSWORD,  // the key is encrypted, and nobody is there to type
  MC_TLS_PAIR,              // the key is not that of the certificate
  MC_TLS_WEAK,              // OpenSSL refuses the key or the certificate as too weak
  MC_TLS_BROKEN,            // OpenSSL can't
};

/// A certificate's own words.
typedef struct {
  int64_t not_before, not_after;  // seconds since 1970
  int in_chain;                   // certificates in the file
  int is_self_signed;
  int is_complete;     // each is signed by the next, and the last by itself or by one that this machine trusts
  char issuer[256];    // who signed the last of the chain, for people
  char names[1024];    // the names and addresses that it is for, each on a line
} mc_certificate;

/// A server's context from PEM: a certificate with its chain, and a private key. `NULL` and `*reason`.
mc_tls_context *mc_tls_server(const void *certificate, size_t certificate_count, const void *key, size_t key_count,
                              int *reason);
/// A client's context. It believes every server: it is for load and tests.
mc_tls_context *mc_tls_client(void);
/// Only this suite of TLS 1.3, by OpenSSL's name. 0: there is none.
int mc_tls_only_suite(mc_tls_context *context, const char *name);
/// Only TLS 1.2.
void mc_tls_only_12(mc_tls_context *context);
void mc_tls_context_free(mc_tls_context *context);
/// When the certificate of a server's context ends, in seconds since 1970. 0 if it has none.
int64_t mc_tls_certificate_end(const mc_tls_context *context);
/// Reads what the first certificate in these bytes says. 0: there is none.
int mc_certificate_read(const void *pem, size_t count, mc_certificate *out);

/// The keys of session tickets of this process, each of `MC_TICKET_KEY` bytes. Tickets are made with the first, and
/// taken under each. Without keys a server makes no tickets that another process could take.
enum { MC_TICKET_KEY = 80, MC_TICKET_KEYS = 2 };
void mc_tls_ticket_keys(const uint8_t *keys, int count);
/// The private keys of certificates live in memory of their own, which no core file has. Call it before the first
/// context is made. 0: the system refuses, and they are in the heap.
int mc_tls_protect_keys(void);
/// From now on OpenSSL overwrites all memory before it frees it. Call it before anything else of OpenSSL. 0: that is too
/// late.
int mc_tls_wipe_freed(void);

// Sessions: a connection with an SSL object. Bytes go in and come out; sockets are the caller's.

typedef struct mc_tls mc_tls;

/// Gives memory that OpenSSL has freed back to the system.
void mc_tls_give_back(void);
/// `NULL`: OpenSSL can't.
mc_tls *mc_tls_new(mc_tls_context *context, int is_client);
void mc_tls_free(mc_tls *session);

/// The result of a step. Bytes for the peer are in `mc_tls_output`, whatever the result is.
enum { MC_TLS_MORE, MC_TLS_DONE, MC_TLS_CLOSED, MC_TLS_FAILED, MC_TLS_PLAIN };
/// Goes on with the handshake by these bytes of the peer. `*used` says how many of them were taken: what follows the
/// handshake is left. DONE, MORE, FAILED, or PLAIN: the peer began with a request of HTTP, and it is over.
int mc_tls_handshake(mc_tls *session, const void *bytes, size_t count, size_t *used);
/// Opens these bytes of the peer, and writes what they say at `out`. `room` must be as much as `count`, and 16 KiB
/// more. MORE: it goes on. CLOSED: the peer says that it sends no more. FAILED: the connection is over.
int mc_tls_open(mc_tls *session, const void *bytes, size_t count, void *out, size_t room, size_t *written);
/// Seals these bytes. FAILED: the connection is over.
int mc_tls_seal(mc_tls *session, const void *bytes, size_t count);
/// Says that nothing more will be sent.
void mc_tls_end(mc_tls *session);

/// The bytes that the last steps made for the peer. They are valid until the next step; `mc_tls_taken` forgets them.
const uint8_t *mc_tls_output(size_t *count);
void mc_tls_taken(void);

/// Why a handshake failed, in OpenSSL's words. Empty if it did not.
const char *mc_tls_failure(void);
/// Whether a handshake that is done used a ticket.
int mc_tls_is_resumed(const mc_tls *session);
/// 0x0303 for TLS 1.2, 0x0304 for TLS 1.3.
int mc_tls_version(const mc_tls *session);
/// A client's session to come back with. It takes the last ticket that was opened, and forgets the one before.
typedef struct mc_tls_ticket mc_tls_ticket;
mc_tls_ticket *mc_tls_take_ticket(mc_tls *session);
/// The ticket is copied: any number of sessions may come back with it.
void mc_tls_use_ticket(mc_tls *session, mc_tls_ticket *ticket);
void mc_tls_ticket_free(mc_tls_ticket *ticket);

// Records (RFC 8446, 5) after a handshake of TLS 1.3, without the SSL object.

/// The suites, by the low byte of their number (RFC 8446, B.4).
enum { MC_AES_128_GCM = 1, MC_AES_256_GCM = 2, MC_CHACHA20_POLY1305 = 3, MC_SECRET_BYTES = 48 };

/// The two traffic secrets of a handshake that is done, each of `*count` bytes. Returns the suite; 0 if the connection
/// can't be parked.
int mc_tls_secrets(const mc_tls *session, uint8_t *client, uint8_t *server, size_t *count);

/// HKDF-Expand-Label with an empty context (RFC 8446, 7.1): `count` bytes, no more than the suite's hash has. 0:
/// libcrypto can't.
int mc_expand_label(int suite, const uint8_t *secret, const char *label, uint8_t *out, size_t count);
/// Seals `count` bytes and their type behind them with this key and nonce. Writes count + 1 + 16 bytes. 0: libcrypto
/// can't.
int mc_record_seal(int suite, const uint8_t *key, const uint8_t nonce[12], const uint8_t header[5], const void *bytes,
                   size_t count, uint8_t type, void *out);
/// Opens `count` bytes of a record, with its tag. Writes count - 16 bytes. 0: it is not the peer's.
int mc_record_open(int suite, const uint8_t *key, const uint8_t nonce[12], const uint8_t header[5], const void *bytes,
                   size_t count, void *out);

/// Overwrites a secret.
void mc_wipe(void *bytes, size_t count);
/// Overwrites what the functions that were called before have left on the stack.
void mc_wipe_stack(void);
/// Memory for secrets: no core file has it, and it is overwritten before it is given back. `NULL`: there is none.
void *mc_secret_pages(size_t bytes);
void mc_secret_pages_free(void *pages, size_t bytes);
