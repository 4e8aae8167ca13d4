#include "CSimdjson.h"

#include <cstring>
#include <new>
#include <simdjson.h>

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;
static_assert(MC_JSON_PADDING >= simdjson::SIMDJSON_PADDING, "the header says what simdjson needs");

struct mc_json {
  simdjson::dom::parser parser;
  size_t depth;
  const char *start = nullptr;
  // Where the next publish stands: in the tape, and in the text. Both are walked in step, since the tape forgets where a value came from.
  const char *text = nullptr;
  bool is_array = false, is_done = true;
  element root;
  array::iterator next, end;
};

// A parser that once held a large document gives its memory back with the next small one.
static const size_t kept = 1 << 20, small = 1 << 18, first = 1 << 14;

mc_json *mc_json_new(size_t depth) {
  mc_json *json = new (std::nothrow) mc_json();
  if (!json) return nullptr;
  json->depth = depth + 1;
  if (json->parser.allocate(first, json->depth) != simdjson::SUCCESS) {
    delete json;
    return nullptr;
  }
  return json;
}

void mc_json_free(mc_json *json) { delete json; }

enum mc_json_shape mc_json_parse(mc_json *json, const char *bytes, size_t length) {
  json->is_done = true;
  if (json->parser.capacity() > kept && length < small) json->parser = simdjson::dom::parser();
  if (json->parser.capacity() < length || json->parser.max_depth() != json->depth) {
    if (json->parser.allocate(length < first ? first : length + length / 2, json->depth) != simdjson::SUCCESS) return MC_JSON_INVALID;
  }
  if (json->parser.parse(bytes, length, false).get(json->root) != simdjson::SUCCESS) return MC_JSON_INVALID;
  json->start = json->text = bytes;
  while (*json->text == ' ' || *json->text == '\t' || *json->text == '\n' || *json->text == '\r') json->text++;
  json->is_array = json->root.is_array();
  if (json->is_array) {
    array elements;
    if (json->root.get(elements) != simdjson::SUCCESS) return MC_JSON_INVALID;
    json->next = elements.begin();
    json->end = elements.end();
    json->text++;
    json->is_done = false;
    return MC_JSON_ARRAY;
  }
  if (!json->root.is_object()) return MC_JSON_OTHER;
  json->is_done = false;
  return MC_JSON_OBJECT;
}

// The text has been validated: nothing here can run over its end.

static const char *skip_space(const char *at) {
  while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r') at++;
  return at;
}

static const char *skip_string(const char *at) {
  for (at++; *at != '"'; at++)
    if (*at == '\\') at++;
  return at + 1;
}

static const char *skip_value(const char *at) {
  if (*at == '"') return skip_string(at);
  if (*at != '{' && *at != '[') {
    while ((*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z') || *at == '-' || *at == '+' || *at == '.' || *at == 'E') at++;
    return at;
  }
  for (size_t depth = 0;;) {
    switch (*at) {
    case '"': at = skip_string(at); continue;
    case '{': case '[': depth++; break;
    case '}': case ']':
      if (--depth == 0) return at + 1;
      break;
    default: break;
    }
    at++;
  }
}

static void take_string(element value, uint8_t *kind, const char **out, size_t *bytes) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) {
    *kind = MC_JSON_WRONG;
    return;
  }
  *kind = MC_JSON_RIGHT;
  *out = text.data();
  *bytes = text.size();
}

static void read(mc_json *json, element value, const char *at, struct mc_publish *out) {
  memset(out, 0, sizeof *out);
  object fields;
  if (value.get(fields) != simdjson::SUCCESS) return;
  out->is_object = 1;
  at = skip_space(at + 1);
  for (auto field : fields) {
    at = skip_space(skip_string(at));
    at = skip_space(at + 1);  // the colon
    const char *end = skip_value(at);
    if (field.key == "client") {
      if (out->client_kind) out->is_ambiguous = 1;
      take_string(field.value, &out->client_kind, &out->client, &out->client_bytes);
    } else if (field.key == "message") {
      if (out->has_message) out->is_ambiguous = 1;
      out->has_message = 1;
      out->message_at = (size_t)(at - json->start);
      out->message_bytes = (size_t)(end - at);
    } else if (field.key == "ttl") {
      if (out->ttl_kind) out->is_ambiguous = 1;
      if (!field.value.is_null())
        out->ttl_kind = field.value.is_number() && field.value.get_double().get(out->ttl) == simdjson::SUCCESS ? MC_JSON_RIGHT : MC_JSON_WRONG;
    } else if (field.key == "key") {
      if (out->key_kind) out->is_ambiguous = 1;
      take_string(field.value, &out->key_kind, &out->key, &out->key_bytes);
    }
    at = skip_space(end);
    if (*at == ',') at = skip_space(at + 1);
  }
}

int mc_json_next(mc_json *json, struct mc_publish *out) {
  if (json->is_done) return 0;
  if (!json->is_array) {
    read(json, json->root, json->text, out);
    json->is_done = true;
    return 1;
  }
  if (!(json->next != json->end)) {
    json->is_done = true;
    return 0;
  }
  json->text = skip_space(json->text);
  read(json, *json->next, json->text, out);
  json->text = skip_space(skip_value(json->text)) + 1;  // the comma, or the end
  ++json->next;
  return 1;
}
