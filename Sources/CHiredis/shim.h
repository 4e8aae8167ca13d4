#pragma once
#include <hiredis/async.h>
#include <hiredis/adapters/libev.h>

// hiredis' adapter for libev is made of static functions, and its callbacks are function types, which Swift can't name.

typedef void (*mc_redis_reply)(redisAsyncContext *context, void *reply, void *data);
typedef void (*mc_redis_status)(const redisAsyncContext *context, int status);

/// Watches the connection's socket on the loop. The callbacks of its beginning and end may not free the context.
static inline int mc_redis_attach(redisAsyncContext *context, struct ev_loop *loop, mc_redis_status connected, mc_redis_status ended) {
  if (redisLibevAttach(loop, context) != REDIS_OK) return REDIS_ERR;
  if (redisAsyncSetConnectCallback(context, connected) != REDIS_OK) return REDIS_ERR;
  return redisAsyncSetDisconnectCallback(context, ended);
}
/// Sends a command that is in the protocol's form already. hiredis copies it.
static inline int mc_redis_send(redisAsyncContext *context, mc_redis_reply reply, const void *bytes, size_t count) {
  return redisAsyncFormattedCommand(context, reply, NULL, (const char *)bytes, count);
}
/// Why the connection failed. In the callbacks `err` of the context is not set yet.
static inline const char *mc_redis_failure(const redisAsyncContext *context) { return context->c.errstr; }
static inline int mc_redis_has_failed(const redisAsyncContext *context) { return context->c.err; }
static inline int mc_redis_socket(const redisAsyncContext *context) { return context->c.fd; }
