#pragma once
#include "CCrypto.h"
#include <openssl/evp.h>

enum algorithm { HS256, RS256, ES256, EDDSA };

struct mc_key {
  enum algorithm algorithm;
  int is_private;
  EVP_MAC_CTX *mac;  // with the secret. Only of HS256
  EVP_PKEY *pair;    // of the others
  EVP_PKEY_CTX *verifies, *signs;  // prepared. Only of RS256 and ES256
};
