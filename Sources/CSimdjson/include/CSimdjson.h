#pragma once
#include <stddef.h>
#include <stdint.h>

// The part of simdjson (C++) that publishes need, in C. One call parses a whole document (as DOM: everything is
// validated, strictly), and then its publishes are asked for one after another. No exception leaves. The memory of a
// document is used again for the next.

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes that must be readable behind a document. Their values do not matter.
enum { MC_JSON_PADDING = 64 };

typedef struct mc_json mc_json;

/// A parser for documents that are nested up to `depth` deep. NULL if there is no memory.
mc_json *mc_json_new(size_t depth);
void mc_json_free(mc_json *);

enum mc_json_shape { MC_JSON_INVALID = 0, MC_JSON_OBJECT, MC_JSON_ARRAY, MC_JSON_OTHER };

/// Parses the document. `bytes` must stay as they are until the last `mc_json_next`. The parser can't say where a
/// document is invalid.
enum mc_json_shape mc_json_parse(mc_json *, const char *bytes, size_t length);

enum mc_json_kind { MC_JSON_ABSENT = 0, MC_JSON_RIGHT, MC_JSON_WRONG };

/// One object of a document. The strings are unescaped and valid until the next parse.
struct mc_publish {
  const char *client, *key;
  size_t client_bytes, key_bytes;
  /// Offset and length of the message's own bytes in the document.
  size_t message_at, message_bytes;
  double ttl;
  /// The kinds of client and key (a string?) and of the time to live (a number? null counts as absent).
  uint8_t client_kind, key_kind, ttl_kind, has_message;
  /// Whether it is an object at all, and whether one of the names above is in it twice.
  uint8_t is_object, is_ambiguous;
};

/// The next publish: the object itself, or the next element of the array. 0 if there is none.
int mc_json_next(mc_json *, struct mc_publish *out);

#ifdef __cplusplus
}
#endif
