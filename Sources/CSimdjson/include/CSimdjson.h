#pragma once
#include <stddef.h>
#include <stdint.h>

// The part of simdjson (C++) that the requests of apps need, in C. One call parses a whole document (as DOM: everything
// is validated, strictly), and then its objects are asked for one after another. No exception leaves. The memory of a
// document is used again for the next.

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes that must be readable behind a document. Their values do not matter.
enum { MC_JSON_PADDING = 64 };

typedef struct mc_json mc_json;

/// A parser for documents that are nested up to `depth` deep. Of a list in an object the first `most` texts are kept.
/// NULL if there is no memory.
mc_json *mc_json_new(size_t depth, size_t most);
void mc_json_free(mc_json *);

enum mc_json_shape { MC_JSON_INVALID = 0, MC_JSON_OBJECT, MC_JSON_ARRAY, MC_JSON_OTHER };

/// Parses the document. `bytes` must stay as they are until the last `mc_json_next`. The parser can't say where a
/// document is invalid.
enum mc_json_shape mc_json_parse(mc_json *, const char *bytes, size_t length);

/// A text, unescaped. It is valid until the next parse.
struct mc_json_text {
  const char *start;
  size_t bytes;
};

/// Whether an object has a field (null counts as absent), and whether it is of its kind. A list with an element that is
/// no text is `MC_JSON_WRONG_ELEMENT`.
enum mc_json_kind { MC_JSON_ABSENT = 0, MC_JSON_RIGHT, MC_JSON_WRONG, MC_JSON_WRONG_ELEMENT };

/// The value of a field, if its kind is right.
struct mc_json_field {
  union {
    const char *text;
    /// Valid until the next object is asked for.
    const struct mc_json_text *list;
    double number;
    /// Offset in the document.
    size_t at;
    uint8_t truth;
  };
  /// Bytes of the text, or elements of the list, or the index of its first wrong element. 1 if a field that is a truth
  /// or a number is a truth.
  uint32_t count;
  uint8_t kind;
};

/// One object of a document. Fields with other names are ignored.
struct mc_json_request {
  struct mc_json_field client, ttl;
  /// Any value, with the offset and length of its own bytes in the document. It may be null.
  struct mc_json_field message;
  struct mc_json_field clients, user, channel, channels, everyone;
  struct mc_json_field except, once, keep, latest, receipt;
  struct mc_json_field op, history, revoke, key, app;
  struct mc_json_field cursor, kinds, reader, contents;
  /// The offset in the document of a name that stands in the object a second time, if there is one.
  size_t twice_at;
  uint8_t is_object, is_ambiguous;
  /// A field beside client, message and ttl is there.
  uint8_t has_more;
};

/// The next request: the object itself, or the next element of the array. NULL if there is none. It is valid until the
/// next call.
const struct mc_json_request *mc_json_next(mc_json *);

#ifdef __cplusplus
}
#endif
