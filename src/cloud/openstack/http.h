/* HTTP with JSON both ways, by libcurl, which is loaded only when it is needed. */
#ifndef WEISS_CLOUD_OPENSTACK_HTTP_H
#define WEISS_CLOUD_OPENSTACK_HTTP_H

#include "base/fault.h"

#include <json-c/json.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>

typedef struct weiss_http weiss_http;

typedef struct weiss_http_request {
    const char *method; /**< "GET", "POST", "PUT", "DELETE", "PATCH" */
    const char *url;
    const char *const *headers; /**< "Name: value", NULL-terminated; may be NULL */
    json_object *body; /**< NULL: none; borrowed */
    FILE *upload; /**< sent as it is, in place of a body; NULL: none */
    int64_t upload_bytes;
} weiss_http_request;

typedef struct weiss_http_answer {
    long status; /**< such as 404 */
    json_object *body; /**< the caller puts it; NULL: none, or no JSON */
    char token[2048]; /**< header X-Subject-Token */
    char location[1024]; /**< header Location */
    char request_id[128]; /**< header X-OpenStack-Request-ID, for messages */
} weiss_http_answer;

/** @param cacert  file of certificates; NULL or "": the system's
 *  @param timeout  seconds for an answer (of an upload: without progress)
 *  @param stop  ends a request when it points to something else than 0; may be NULL
 *  @return 0, WEISS_ERR_SYSTEM (libcurl is missing: names the package), WEISS_ERR_MEMORY */
int weiss_http_open(const char *cacert, int timeout, const volatile sig_atomic_t *stop, weiss_http **http,
                    weiss_fault *fault);
void weiss_http_close(weiss_http *http);
/** One request; any status is an answer.
 *  @return 0, WEISS_STOPPED, WEISS_ERR_PEER (unreachable, timed out, bad certificate: says which URL and what to do), WEISS_ERR_MEMORY */
int weiss_http_ask(weiss_http *http, const weiss_http_request *request, weiss_http_answer *answer,
                   weiss_fault *fault);
void weiss_http_answer_clear(weiss_http_answer *answer);

#endif
