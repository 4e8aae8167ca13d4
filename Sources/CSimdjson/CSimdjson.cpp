#include "CSimdjson.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <simdjson.h>
#include <string>
#include <utility>
#include <vector>

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;
static_assert(MC_JSON_PADDING >= simdjson::SIMDJSON_PADDING, "the header says what simdjson needs");

struct mc_json {
  simdjson::dom::parser parser;
  size_t depth;
  // The object that was read last.
  mc_json_request request;
  // The texts of its lists. The memory never moves, so the lists can point into it.
  std::vector<mc_json_text> texts;
  size_t most;
  const char *start = nullptr;
  // A copy of the text in which numbers that no machine type holds are replaced. It is empty if there are none.
  std::string copy;
  // The place of the next object in the tape, and in simdjson's index of the text. The index has every bracket, colon
  // and comma, and the start of every string and other value. Both are walked in step, since the tape forgets the place
  // of a value in the text.
  size_t index = 0;
  bool is_array = false, is_done = true;
  element root;
  array::iterator next, end;
};

// An object has up to three lists that are read (clients, channels and kinds).
static const size_t lists = 3;

// A parser that once held a large document gives its memory back with the next small one.
static const size_t kept = 1 << 20, small = 1 << 18, first = 1 << 14;

mc_json *mc_json_new(size_t depth, size_t most) {
  mc_json *json = new (std::nothrow) mc_json();
  if (!json) return nullptr;
  json->depth = depth + 1;
  json->most = most;
  try {
    json->texts.reserve(lists * most);
  } catch (const std::exception &) {
    delete json;
    return nullptr;
  }
  if (json->parser.allocate(first, json->depth) != simdjson::SUCCESS) {
    delete json;
    return nullptr;
  }
  return json;
}

void mc_json_free(mc_json *json) { delete json; }

// JSON has numbers of any length (RFC 8259, section 6), and a message passes through as its own text. simdjson takes
// only numbers that fit into 64 bits or a double. So a text that it refused is tried once more: each number that might
// be too large is replaced by a smaller one of the same length, which keeps the places of all values. Returns false if
// there is no such number, or if the text is no JSON.
static bool replace_large_numbers(std::string &copy, const char *bytes, size_t length) {
  bool is_replaced = false;
  copy.reserve(length + MC_JSON_PADDING);
  copy.assign(bytes, length);
  auto digits = [&](size_t at) {
    while (at < length && bytes[at] >= '0' && bytes[at] <= '9') at++;
    return at;
  };
  for (size_t at = 0; at < length;) {
    if (bytes[at] == '"') {
      for (at++; at < length && bytes[at] != '"'; at++) at += bytes[at] == '\\';
      at++;
      continue;
    }
    if (bytes[at] != '-' && (bytes[at] < '0' || bytes[at] > '9')) {
      at++;
      continue;
    }
    const size_t start = at, whole = at + (bytes[at] == '-');
    at = digits(whole);
    bool is_number = at > whole && (bytes[whole] != '0' || at == whole + 1), is_large = at - whole >= 19;
    if (at < length && bytes[at] == '.') {
      const size_t fraction = at + 1;
      at = digits(fraction);
      is_number = is_number && at > fraction;
    }
    if (at < length && (bytes[at] | 32) == 'e') {
      size_t exponent = at + 1;
      if (exponent < length && (bytes[exponent] == '+' || bytes[exponent] == '-')) exponent++;
      at = digits(exponent);
      is_number = is_number && at > exponent;
      is_large = true;
    }
    // If it is no number, or is followed by a character that can't follow one, the whole text is no JSON.
    if (!is_number || (at < length && !strchr(" \t\r\n,]}", bytes[at]))) return false;
    if (!is_large || at - start < 3) continue;
    memset(&copy[start], '0', at - start);
    copy[start] = '1';
    copy[start + 1] = '.';
    is_replaced = true;
  }
  return is_replaced;
}

enum mc_json_shape mc_json_parse(mc_json *json, const char *bytes, size_t length) {
  json->is_done = true;
  if (json->parser.capacity() > kept && length < small) json->parser = simdjson::dom::parser();
  if (json->parser.capacity() < length || json->parser.max_depth() != json->depth) {
    if (json->parser.allocate(length < first ? first : length + length / 2, json->depth) != simdjson::SUCCESS) return MC_JSON_INVALID;
  }
  if (!json->copy.empty()) std::string().swap(json->copy);
  if (json->parser.parse(bytes, length, false).get(json->root) != simdjson::SUCCESS) {
    if (!replace_large_numbers(json->copy, bytes, length)) return MC_JSON_INVALID;
    json->copy.resize(length + MC_JSON_PADDING, ' ');
    if (json->parser.parse(json->copy.data(), length, false).get(json->root) != simdjson::SUCCESS) return MC_JSON_INVALID;
  }
  json->start = bytes;
  json->index = 0;
  json->is_array = json->root.is_array();
  if (json->is_array) {
    array elements;
    if (json->root.get(elements) != simdjson::SUCCESS) return MC_JSON_INVALID;
    json->next = elements.begin();
    json->end = elements.end();
    json->index++;
    json->is_done = false;
    return MC_JSON_ARRAY;
  }
  if (!json->root.is_object()) return MC_JSON_OTHER;
  json->is_done = false;
  return MC_JSON_OBJECT;
}

// The text has been validated: every bracket has its match, and the walk ends inside the index.

static char at(const mc_json *json, size_t index) { return json->start[json->parser.implementation->structural_indexes[index]]; }

// The place in the index behind the value that starts at this one.
static size_t after(const mc_json *json, size_t index) {
  size_t depth = 0;
  do {
    switch (at(json, index++)) {
    case '{': case '[': depth++; break;
    case '}': case ']': depth--; break;
    default: break;
    }
  } while (depth > 0);
  return index;
}

// The end of the text of the value before this place: behind its last character that is no space.
static size_t end_of_value(const mc_json *json, size_t following) {
  size_t end = json->parser.implementation->structural_indexes[following];
  while (json->start[end - 1] == ' ' || json->start[end - 1] == '\t' || json->start[end - 1] == '\n' || json->start[end - 1] == '\r') end--;
  return end;
}

// The fields that are read. A name that is not here is ignored. Most objects have only those of a plain publish to one
// client, so these are the first.
enum value_kind : uint8_t { TEXT, LIST, NUMBER, TRUTH, TRUTH_OR_NUMBER, ANY };
struct field_name {
  std::string_view name;
  value_kind kind;
  mc_json_field mc_json_request::*field;
};
static constexpr field_name names[] = {
    {"client", TEXT, &mc_json_request::client},
    {"message", ANY, &mc_json_request::message},
    {"ttl", NUMBER, &mc_json_request::ttl},
    {"clients", LIST, &mc_json_request::clients},
    {"user", TEXT, &mc_json_request::user},
    {"channel", TEXT, &mc_json_request::channel},
    {"channels", LIST, &mc_json_request::channels},
    {"everyone", TRUTH, &mc_json_request::everyone},
    {"except", TEXT, &mc_json_request::except},
    {"once", TEXT, &mc_json_request::once},
    {"keep", TRUTH, &mc_json_request::keep},
    {"latest", TEXT, &mc_json_request::latest},
    {"receipt", TRUTH, &mc_json_request::receipt},
    {"op", TEXT, &mc_json_request::op},
    {"history", NUMBER, &mc_json_request::history},
    {"revoke", TRUTH_OR_NUMBER, &mc_json_request::revoke},
    {"key", TEXT, &mc_json_request::key},
    {"cursor", NUMBER, &mc_json_request::cursor},
    {"kinds", LIST, &mc_json_request::kinds},
    {"reader", TEXT, &mc_json_request::reader},
    {"contents", TRUTH, &mc_json_request::contents},
    {"app", TEXT, &mc_json_request::app},
};
static constexpr size_t name_count = sizeof names / sizeof *names, plain_names = 3;

// The row of a name, or `name_count`. The comparisons with the table are constants for the compiler.
template <size_t... at> static size_t find(std::string_view name, std::index_sequence<at...>) {
  size_t found = name_count;
  (void)((name == names[at].name && (found = at, true)) || ...);
  return found;
}

static void take_list(mc_json *json, element value, mc_json_field *out) {
  array elements;
  out->kind = MC_JSON_WRONG;
  if (value.get(elements) != simdjson::SUCCESS) return;
  out->kind = MC_JSON_RIGHT;
  out->list = json->texts.data() + json->texts.size();
  for (element one : elements) {
    std::string_view text;
    if (one.get(text) != simdjson::SUCCESS) {
      out->kind = MC_JSON_WRONG_ELEMENT;
      return;
    }
    if (out->count++ < json->most) json->texts.push_back({text.data(), text.size()});
  }
}

// Reads a value that is not null. `start` is its place in the index.
static void take(mc_json *json, value_kind kind, element value, size_t start, mc_json_field *out) {
  bool truth;
  std::string_view text;
  out->kind = MC_JSON_WRONG;
  switch (kind) {
  case TEXT:
    if (value.get(text) != simdjson::SUCCESS) return;
    out->text = text.data();
    out->count = text.size();
    break;
  case LIST: return take_list(json, value, out);
  case NUMBER:
    if (!value.is_number() || value.get_double().get(out->number) != simdjson::SUCCESS) return;
    if (!json->copy.empty()) {  // perhaps replaced; a character that is part of no number follows it
      out->number = strtod(json->start + json->parser.implementation->structural_indexes[start], nullptr);
      if (!std::isfinite(out->number)) return;
    }
    break;
  case TRUTH:
    if (value.get(truth) != simdjson::SUCCESS) return;
    out->truth = truth;
    break;
  case TRUTH_OR_NUMBER:
    out->count = value.is_bool();
    return take(json, out->count ? TRUTH : NUMBER, value, start, out);
  case ANY: break;
  }
  out->kind = MC_JSON_RIGHT;
}

// Reads the value that starts at `index`. Returns the place behind it.
static size_t read(mc_json *json, element value, size_t index, struct mc_json_request *out) {
  memset(out, 0, sizeof *out);
  object fields;
  if (value.get(fields) != simdjson::SUCCESS) return after(json, index);
  out->is_object = 1;
  json->texts.clear();
  uint32_t seen = 0;
  index++;
  for (auto field : fields) {
    const size_t name_at = index, start = index + 2;  // behind the name and the colon
    index = after(json, start);
    const size_t found = find(field.key, std::make_index_sequence<name_count>());
    if (found < name_count) {
      const field_name &name = names[found];
      mc_json_field *to = &(out->*name.field);
      if (seen >> found & 1) {
        out->is_ambiguous = 1;
        out->twice_at = json->parser.implementation->structural_indexes[name_at];
      } else if (name.kind == ANY) {
        to->kind = MC_JSON_RIGHT;
        to->at = json->parser.implementation->structural_indexes[start];
        to->count = end_of_value(json, index) - to->at;
      } else if (!field.value.is_null()) {
        take(json, name.kind, field.value, start, to);
        out->has_more |= found >= plain_names;
      }
      seen |= 1u << found;
    }
    if (at(json, index) == ',') index++;
  }
  return index + 1;  // the bracket; of an empty object too
}

const struct mc_json_request *mc_json_next(mc_json *json) {
  if (json->is_done) return nullptr;
  if (!json->is_array) {
    read(json, json->root, json->index, &json->request);
    json->is_done = true;
    return &json->request;
  }
  if (!(json->next != json->end)) {
    json->is_done = true;
    return nullptr;
  }
  json->index = read(json, *json->next, json->index, &json->request) + 1;  // behind the comma, or the end
  ++json->next;
  return &json->request;
}
