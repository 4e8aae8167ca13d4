#pragma once
#include <stddef.h>
#include <stdint.h>

// simdjson is C++: what a publish needs of it, in C. One call parses a whole document (DOM: everything is validated, strictly), and then
// each publish in it is asked for in order. No exception leaves; memory for a document is kept and used again.

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes that must be readable behind a document. What they hold does not matter.
enum { MC_JSON_PADDING = 64 };

typedef struct mc_json mc_json;

/// A parser that takes documents nested up to `depth` deep. NULL: no memory.
mc_json *mc_json_new(size_t depth);
void mc_json_free(mc_json *);

enum mc_json_shape { MC_JSON_INVALID = 0, MC_JSON_OBJECT, MC_JSON_ARRAY, MC_JSON_OTHER };

/// Parses the document; `bytes` must stay as they are until the last `mc_json_next`. Where it is invalid the parser has no offset to give.
enum mc_json_shape mc_json_parse(mc_json *, const char *bytes, size_t length);

enum mc_json_kind { MC_JSON_ABSENT = 0, MC_JSON_RIGHT, MC_JSON_WRONG };

/// One object of a document. The strings are unescaped and valid until the next parse.
struct mc_publish {
  const char *client, *key;
  size_t client_bytes, key_bytes;
  /// The message's own bytes, by offset in the document.
  size_t message_at, message_bytes;
  double ttl;
  /// Of client and key: strings? Of the time to live: a number (null is as good as absent)?
  uint8_t client_kind, key_kind, ttl_kind, has_message;
  /// It is an object at all; one of the names above stood in it twice.
  uint8_t is_object, is_ambiguous;
};

/// The next publish: the object itself, or the next element of the array. 0: there is none.
int mc_json_next(mc_json *, struct mc_publish *out);

#ifdef __cplusplus
}
#endif
