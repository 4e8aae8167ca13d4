#pragma once
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
int mc_json_placeholder(void);
#ifdef __cplusplus
}
#endif
