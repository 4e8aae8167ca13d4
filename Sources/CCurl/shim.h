#pragma once
#include <curl/curl.h>

// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt take what an option needs as a variadic argument, which
// Swift can't pass: one inline function for each type of argument.
static inline CURLcode mc_curl_set_long(CURL *easy, CURLoption option, long value) { return curl_easy_setopt(easy, option, value); }
/// libcurl copies the text.
static inline CURLcode mc_curl_set_text(CURL *easy, CURLoption option, const char *text) { return curl_easy_setopt(easy, option, text); }
/// The body is not copied. It must stay until the request is over.
static inline CURLcode mc_curl_set_body(CURL *easy, const void *body, size_t count) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
  return code ? code : curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
}
/// The list is not copied.
static inline CURLcode mc_curl_set_headers(CURL *easy, struct curl_slist *list) { return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list); }
typedef size_t (*mc_curl_sink)(char *bytes, size_t size, size_t count, void *data);
/// Where the head and the body of the answer go.
static inline void mc_curl_set_sink(CURL *easy, mc_curl_sink sink, void *data) {
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, sink);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, data);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, sink);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, data);
}
static inline long mc_curl_status(CURL *easy) {
  long status = 0;
  return curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) ? 0 : status;
}

typedef int (*mc_curl_watch)(CURL *easy, curl_socket_t socket, int what, void *data, void *socket_data);
typedef int (*mc_curl_wake)(CURLM *multi, long milliseconds, void *data);
/// Who watches libcurl's sockets and its one timer.
static inline void mc_curl_set_loop(CURLM *multi, mc_curl_watch watch, mc_curl_wake wake, void *data) {
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, data);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, wake);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, data);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 1L);
}
/// Whether a request is over, and how.
static inline int mc_curl_result(CURLM *multi, CURLcode *result) {
  int left;
  CURLMsg *message = curl_multi_info_read(multi, &left);
  if (!message || message->msg != CURLMSG_DONE) return 0;
  *result = message->data.result;
  return 1;
}
