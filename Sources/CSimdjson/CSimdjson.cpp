#include "CSimdjson.h"
#include <simdjson.h>
int mc_json_placeholder(void) { simdjson::dom::parser p; return (int)p.max_depth(); }
