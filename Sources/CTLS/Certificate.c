#define _GNU_SOURCE
#include "Session.h"
#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

// The words of a certificate, for people.

static int64_t seconds(const ASN1_TIME *time) {
  struct tm parts;
  return time && ASN1_TIME_to_tm(time, &parts) ? (int64_t)timegm(&parts) : 0;
}

static void add(char *out, size_t room, const char *text, size_t count) {
  size_t used = strlen(out);
  if (used + count + 2 > room) return;
  if (used) out[used++] = '\n';
  memcpy(out + used, text, count);
  out[used + count] = 0;
}

static void read_names(X509 *certificate, char *out, size_t room) {
  GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
  for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) {
      add(out, room, (const char *)ASN1_STRING_get0_data(name->d.dNSName), (size_t)ASN1_STRING_length(name->d.dNSName));
    } else if (name->type == GEN_IPADD) {
      char text[INET6_ADDRSTRLEN];
      int family = ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6;
      if (inet_ntop(family, ASN1_STRING_get0_data(name->d.iPAddress), text, sizeof text))
        add(out, room, text, strlen(text));
    }
  }
  GENERAL_NAMES_free(names);
}

static int is_own_issuer(X509 *certificate) { return X509_check_issued(certificate, certificate) == X509_V_OK; }

/// Whether this machine trusts somebody who has signed it.
static int has_trusted_issuer(X509 *certificate) {
  X509_STORE *store = X509_STORE_new();
  X509_STORE_CTX *context = X509_STORE_CTX_new();
  X509 *issuer = NULL;
  int found = store && context && X509_STORE_set_default_paths(store) == 1 &&
              X509_STORE_CTX_init(context, store, certificate, NULL) == 1 &&
              X509_STORE_CTX_get1_issuer(&issuer, context, certificate) == 1;
  X509_free(issuer);
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return found;
}

int64_t mc_tls_certificate_end(const mc_tls_context *context) {
  X509 *certificate = SSL_CTX_get0_certificate(context->ssl);
  return certificate ? seconds(X509_get0_notAfter(certificate)) : 0;
}

int mc_certificate_read(const void *pem, size_t count, mc_certificate *out) {
  memset(out, 0, sizeof *out);
  BIO *bio = BIO_new_mem_buf(pem, (int)count);
  X509 *last = bio ? PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL) : NULL;
  if (last) {
    out->in_chain = 1;
    out->not_before = seconds(X509_get0_notBefore(last));
    out->not_after = seconds(X509_get0_notAfter(last));
    out->is_self_signed = is_own_issuer(last);
    out->is_complete = 1;
    read_names(last, out->names, sizeof out->names);
    for (X509 *next; (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)); last = next) {
      out->in_chain++;
      if (X509_check_issued(next, last) != X509_V_OK) out->is_complete = 0;
      X509_free(last);
    }
    if (!is_own_issuer(last) && !has_trusted_issuer(last)) out->is_complete = 0;
    X509_NAME_oneline(X509_get_issuer_name(last), out->issuer, sizeof out->issuer);
  }
  X509_free(last);
  BIO_free(bio);
  ERR_clear_error();
  return out->in_chain > 0;
}
