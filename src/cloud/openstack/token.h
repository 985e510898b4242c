/* Tokens of Keystone: what is asked, what is answered, the catalog that comes with it. */
#ifndef WEISS_CLOUD_OPENSTACK_TOKEN_H
#define WEISS_CLOUD_OPENSTACK_TOKEN_H

#include "cloud/openstack/http.h"
#include "cloud/openstack/login.h"

#include <stdbool.h>
#include <time.h>

typedef struct weiss_token {
    char text[WEISS_HTTP_TOKEN]; /**< secret; "": none */
    char project[65];
    time_t until; /**< of the clock that never jumps (CLOCK_BOOTTIME): when a new one is asked for */
    json_object *catalog; /**< owned */
} weiss_token;

/** Asks Keystone for a token, in place of the one that is there.
 *  @return 0, WEISS_ERR_VALUE (the login is refused), WEISS_ERR_PEER, WEISS_STOPPED, WEISS_ERR_MEMORY */
int weiss_token_ask(weiss_http *http, const weiss_cloud_login *login, weiss_token *token, weiss_fault *fault);
/** True while it can be used. */
bool weiss_token_is_good(const weiss_token *token);
/** Overwrites it. */
void weiss_token_clear(weiss_token *token);
/** URL of a service in the catalog, without a slash at its end and, but for compute, without a version. The rules of @p login
 *  choose it.
 *  @return 0, WEISS_ERR_VALUE (there is none: says what there is) */
int weiss_token_endpoint(const weiss_token *token, const weiss_cloud_login *login, const char *service,
                         char *url, size_t size, weiss_fault *fault);

/** Says what a service answered that is no success. @param url  of the request
 *  @return WEISS_ERR_FILE (404), WEISS_ERR_PEER (5xx, 3xx), WEISS_ERR_VALUE */
int weiss_answer_fault(const weiss_http_answer *answer, const char *service, const char *method,
                       const char *path, weiss_fault *fault);

#endif
