#pragma once
#include "CTLS.h"
#include <openssl/ssl.h>

struct mc_tls_context {
  SSL_CTX *ssl;
};

/// Sees the messages of handshakes, and takes the traffic secrets out of them.
void mc_tls_note_message(int is_written, int version, int type, const void *bytes, size_t count, SSL *ssl,
                         void *unused);
