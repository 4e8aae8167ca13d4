#include "Session.h"
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Sessions with an SSL object. Their BIO has no memory of its own: it reads from the bytes of the step under way, and
// writes to one buffer that all share. OpenSSL reads no farther than it needs (it does not read ahead), so what follows
// a handshake is left to the caller.

struct mc_tls {
  SSL *ssl;
  uint8_t secrets[2][MC_SECRET_BYTES];  // the client's, the server's
  uint8_t counts[2];
  SSL_SESSION *ticket;
};

static _Thread_local struct {
  const uint8_t *in;
  size_t in_count;
  uint8_t *out;
  size_t out_count, out_room;
  char failure[128];
} flow;

static int flow_read(BIO *bio, char *out, int count) {
  BIO_clear_retry_flags(bio);
  if (flow.in_count == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  size_t taken = flow.in_count < (size_t)count ? flow.in_count : (size_t)count;
  memcpy(out, flow.in, taken);
  flow.in += taken;
  flow.in_count -= taken;
  return (int)taken;
}
static int flow_write(BIO *bio, const char *bytes, int count) {
  BIO_clear_retry_flags(bio);
  if (flow.out_room - flow.out_count < (size_t)count) {
    size_t room = (flow.out_count + (size_t)count) * 2;
    uint8_t *more = realloc(flow.out, room);
    if (!more) return -1;
    flow.out = more;
    flow.out_room = room;
  }
  memcpy(flow.out + flow.out_count, bytes, (size_t)count);
  flow.out_count += (size_t)count;
  return count;
}
static long flow_control(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH;
}
static BIO_METHOD *flow_method(void) {
  static _Thread_local BIO_METHOD *method;
  if (!method && (method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "flow"))) {
    BIO_meth_set_read(method, flow_read);
    BIO_meth_set_write(method, flow_write);
    BIO_meth_set_ctrl(method, flow_control);
  }
  return method;
}

const uint8_t *mc_tls_output(size_t *count) {
  *count = flow.out_count;
  return flow.out;
}
void mc_tls_taken(void) {
  flow.out_count = 0;
  // One long chain of certificates leaves no great buffer behind.
  if (flow.out_room > 128 * 1024) {
    free(flow.out);
    flow.out = NULL;
    flow.out_room = 0;
  }
}
void mc_tls_give_back(void) { malloc_trim(0); }
const char *mc_tls_failure(void) { return flow.failure; }

static int note_failure(void) {
  unsigned long code = ERR_peek_error();
  const char *reason = code ? ERR_reason_error_string(code) : NULL;
  snprintf(flow.failure, sizeof flow.failure, "%s", reason ? reason : "the connection is broken");
  ERR_clear_error();
  return MC_TLS_FAILED;
}

// OpenSSL tells the traffic secrets in lines for key logs alone. It writes five of them in a handshake, digit by digit,
// which is a thirteenth of its work. A Finished goes before each of the two that are wanted, so lines are asked for from
// a Finished to a traffic secret.

static int hex_digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

static void note_secret(const SSL *ssl, const char *line) {
  static const char *const labels[] = {"CLIENT_TRAFFIC_SECRET_0 ", "SERVER_TRAFFIC_SECRET_0 "};
  mc_tls *session = SSL_get_app_data(ssl);
  for (int which = 0; session && which < 2; which++) {
    if (strncmp(line, labels[which], strlen(labels[which])) != 0) continue;
    const char *text = strrchr(line, ' ') + 1;
    size_t count = strlen(text) / 2;
    if (count > MC_SECRET_BYTES) return;
    for (size_t i = 0; i < count; i++)
      session->secrets[which][i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    session->counts[which] = (uint8_t)count;
    SSL_CTX_set_keylog_callback(SSL_get_SSL_CTX(ssl), NULL);
  }
}

void mc_tls_note_message(int is_written, int version, int type, const void *bytes, size_t count, SSL *ssl,
                         void *unused) {
  (void)is_written, (void)version, (void)unused;
  if (type == SSL3_RT_HANDSHAKE && count > 0 && *(const uint8_t *)bytes == SSL3_MT_FINISHED)
    SSL_CTX_set_keylog_callback(SSL_get_SSL_CTX(ssl), note_secret);
}

// OpenSSL marks the session of a connection as used up, when it comes back by it and when the connection ends without a
// goodbye. So a ticket is a copy, and each connection has its own: a ticket is good as often as the server takes it.

static int note_ticket(SSL *ssl, SSL_SESSION *ticket) {
  mc_tls *session = SSL_get_app_data(ssl);
  if (!session) return 0;
  SSL_SESSION_free(session->ticket);
  session->ticket = SSL_SESSION_dup(ticket);
  return 0;
}

mc_tls *mc_tls_new(mc_tls_context *context, int is_client) {
  mc_tls *session = calloc(1, sizeof *session);
  SSL *ssl = session ? SSL_new(context->ssl) : NULL;
  BIO *bio = ssl && flow_method() ? BIO_new(flow_method()) : NULL;
  if (!bio) {
    SSL_free(ssl);
    free(session);
    ERR_clear_error();
    return NULL;
  }
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, session);
  session->ssl = ssl;
  if (is_client) {
    SSL_CTX_sess_set_new_cb(context->ssl, note_ticket);
    SSL_set_connect_state(ssl);
  } else {
    SSL_set_accept_state(ssl);
  }
  return session;
}
void mc_tls_free(mc_tls *session) {
  if (!session) return;
  // The caller says the goodbye, by mc_tls_end.
  SSL_set_quiet_shutdown(session->ssl, 1);
  SSL_free(session->ssl);
  SSL_SESSION_free(session->ticket);
  OPENSSL_cleanse(session, sizeof *session);
  free(session);
}

static void begin(const void *bytes, size_t count) {
  flow.in = bytes;
  flow.in_count = count;
  flow.failure[0] = 0;
}
static int wants_more(mc_tls *session, int result) {
  int error = SSL_get_error(session->ssl, result);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

int mc_tls_handshake(mc_tls *session, const void *bytes, size_t count, size_t *used) {
  begin(bytes, count);
  int result = SSL_do_handshake(session->ssl);
  *used = count - flow.in_count;
  if (result == 1) return MC_TLS_DONE;
  if (wants_more(session, result)) return MC_TLS_MORE;
  // OpenSSL looks at the first bytes of a connection alone.
  int reason = ERR_GET_REASON(ERR_peek_error());
  int is_plain = reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST;
  note_failure();
  return is_plain ? MC_TLS_PLAIN : MC_TLS_FAILED;
}

int mc_tls_open(mc_tls *session, const void *bytes, size_t count, void *out, size_t room, size_t *written) {
  begin(bytes, count);
  *written = 0;
  for (;;) {
    size_t got = 0;
    int result = SSL_read_ex(session->ssl, (uint8_t *)out + *written, room - *written, &got);
    if (result == 1) {
      *written += got;
      if (*written == room) return note_failure();
      continue;
    }
    if (wants_more(session, result)) return MC_TLS_MORE;
    if (SSL_get_error(session->ssl, result) == SSL_ERROR_ZERO_RETURN) return MC_TLS_CLOSED;
    return note_failure();
  }
}
int mc_tls_seal(mc_tls *session, const void *bytes, size_t count) {
  begin(NULL, 0);
  size_t written = 0;
  if (count == 0 || (SSL_write_ex(session->ssl, bytes, count, &written) == 1 && written == count)) return MC_TLS_DONE;
  return note_failure();
}
void mc_tls_end(mc_tls *session) {
  begin(NULL, 0);
  SSL_shutdown(session->ssl);
  ERR_clear_error();
}

int mc_tls_is_resumed(const mc_tls *session) { return SSL_session_reused(session->ssl); }
int mc_tls_version(const mc_tls *session) { return SSL_version(session->ssl); }

// A ticket is OpenSSL's session under another name.
mc_tls_ticket *mc_tls_take_ticket(mc_tls *session) {
  mc_tls_ticket *ticket = (mc_tls_ticket *)session->ticket;
  session->ticket = NULL;
  return ticket;
}
void mc_tls_use_ticket(mc_tls *session, mc_tls_ticket *ticket) {
  SSL_SESSION *own = SSL_SESSION_dup((SSL_SESSION *)ticket);
  if (own) SSL_set_session(session->ssl, own);
  SSL_SESSION_free(own);
  ERR_clear_error();
}
void mc_tls_ticket_free(mc_tls_ticket *ticket) { SSL_SESSION_free((SSL_SESSION *)ticket); }

int mc_tls_secrets(const mc_tls *session, uint8_t *client, uint8_t *server, size_t *count) {
  const SSL_CIPHER *cipher = SSL_get_current_cipher(session->ssl);
  if (SSL_version(session->ssl) != TLS1_3_VERSION || !cipher || SSL_has_pending(session->ssl)) return 0;
  int suite = (int)(SSL_CIPHER_get_id(cipher) & 0xFFFF) - 0x1300;
  *count = suite == MC_AES_256_GCM ? 48 : 32;
  if (suite < MC_AES_128_GCM || suite > MC_CHACHA20_POLY1305 || session->counts[0] != *count ||
      session->counts[1] != *count)
    return 0;
  memcpy(client, session->secrets[0], *count);
  memcpy(server, session->secrets[1], *count);
  return suite;
}
