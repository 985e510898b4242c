/* A session with an OpenStack cloud: a token of Keystone, its catalog, requests to services. The token is asked for when it is
 * needed, kept while it is valid, asked for again when a service refuses it (401). */
#ifndef WEISS_CLOUD_OPENSTACK_SESSION_H
#define WEISS_CLOUD_OPENSTACK_SESSION_H

#include "cloud/openstack/http.h"

/** Who asks, and where. Strings are borrowed; NULL and "" are the same. */
typedef struct weiss_cloud_login {
    const char *auth_url;
    const char *credential_id, *credential_secret; /**< application credential; or else */
    const char *username, *password, *user_domain, *project, *project_domain; /**< a password */
    const char *region; /**< NULL: the first */
    const char *interface; /**< public, internal, admin */
    const char *cacert;
    int timeout; /**< seconds */
} weiss_cloud_login;

typedef struct weiss_session weiss_session;

/** Reads the login from OS_* in the environment, or from clouds.yaml when OS_CLOUD or @p cloud names one.
 *  @param[out] memory  keeps the strings; freed by the caller
 *  @return 0, WEISS_ERR_USAGE (says what is not set), WEISS_ERR_FILE */
int weiss_cloud_login_read(const char *cloud, weiss_cloud_login *login, void **memory, weiss_fault *fault);

/** Nothing is asked yet. @return 0, or as weiss_http_open */
int weiss_session_open(const weiss_cloud_login *login, const volatile sig_atomic_t *stop,
                       weiss_session **session, weiss_fault *fault);
void weiss_session_close(weiss_session *session);
/** Project of the token (asks for one). @return 0, or as weiss_session_ask */
int weiss_session_project(weiss_session *session, const char **project, weiss_fault *fault);

/** A request to a service.
 *  @param service  its type in the catalog: compute, image, network, placement, identity
 *  @param path     below its endpoint, such as "/servers/detail?host=a", or a whole URL (a "next" link)
 *  @param[out] answer  body, put by the caller; may be NULL
 *  @return 0; WEISS_ERR_PEER (unreachable, or the service failed: 5xx); WEISS_ERR_VALUE (it refuses: 4xx, in its words, with
 *          the number of the request); WEISS_ERR_FILE (404); WEISS_STOPPED; WEISS_ERR_MEMORY */
int weiss_session_ask(weiss_session *session, const char *service, const char *method, const char *path,
                      json_object *body, json_object **answer, weiss_fault *fault);
/** The same with a file as the body (images). @param bytes  how many are sent, from where the file stands */
int weiss_session_upload(weiss_session *session, const char *service, const char *path, FILE *file,
                         int64_t bytes, weiss_fault *fault);

#endif
