#pragma once
#include "CTLS.h"
#include <openssl/ssl.h>

struct mc_tls_context {
  SSL_CTX *ssl;
};

/// Takes the traffic secrets out of the lines for key logs. It is the one way in which OpenSSL tells them.
void mc_tls_note_secret(const SSL *ssl, const char *line);
