/* HTTP with JSON both ways, by libcurl, which is loaded only when it is needed. No redirect is followed; certificates are
 * checked; no answer larger than WEISS_HTTP_MAX is taken. What is sent and received never gets into a message, but for the
 * URL without user, password and query. */
#ifndef WEISS_CLOUD_OPENSTACK_HTTP_H
#define WEISS_CLOUD_OPENSTACK_HTTP_H

#include "base/fault.h"

#include <json-c/json.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** Largest body of an answer, bytes. */
#define WEISS_HTTP_MAX ((size_t)64 << 20)
#define WEISS_HTTP_TOKEN 4096

typedef struct weiss_http weiss_http;

typedef struct weiss_http_request {
    const char *method; /**< "GET", "POST", "PUT", "DELETE", "PATCH" */
    const char *url;
    const char *const *headers; /**< "Name: value", NULL-terminated; may be NULL */
    json_object *body; /**< NULL: none; borrowed */
    FILE *upload; /**< sent as it is, in place of a body; NULL: none */
    int64_t upload_bytes;
    void (*progress)(void *data, int64_t sent); /**< hears of an upload, some times a second; may be NULL */
    void *data;
} weiss_http_request;

typedef struct weiss_http_answer {
    long status; /**< such as 404 */
    size_t bytes; /**< of the body as it came */
    json_object *body; /**< the caller puts it; NULL: none, or no JSON */
    char token[WEISS_HTTP_TOKEN]; /**< header X-Subject-Token */
    char location[1024]; /**< header Location */
    char request_id[128]; /**< header X-OpenStack-Request-ID, for messages */
} weiss_http_answer;

/** @param cacert  file of certificates; NULL or "": the system's
 *  @param timeout  seconds for an answer (of an upload: without progress)
 *  @param stop  ends a request when it points to something else than 0; may be NULL
 *  @return 0, WEISS_ERR_SYSTEM (libcurl is missing: names the package), WEISS_ERR_MEMORY */
int weiss_http_open(const char *cacert, int timeout, const volatile sig_atomic_t *stop, weiss_http **http,
                    weiss_fault *fault);
/** Accepts NULL. */
void weiss_http_close(weiss_http *http);
/** Replaces the stop request; NULL: nothing ends a request early (to undo what was begun). */
void weiss_http_heed(weiss_http *http, const volatile sig_atomic_t *stop);
/** True when requests are to end. */
bool weiss_http_is_stopped(const weiss_http *http);

/** One request; any status is an answer.
 *  @param[out] answer  cleared by the caller, also after a failure
 *  @return 0, WEISS_STOPPED, WEISS_ERR_PEER (unreachable, timed out, bad certificate, too large: says which URL and what to
 *          do), WEISS_ERR_MEMORY */
int weiss_http_ask(weiss_http *http, const weiss_http_request *request, weiss_http_answer *answer,
                   weiss_fault *fault);
/** Clears the token from memory and puts the body. */
void weiss_http_answer_clear(weiss_http_answer *answer);

#endif
