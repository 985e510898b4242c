/* A session with an OpenStack cloud: a token of Keystone, its catalog, requests to services. The token is asked for when it is
 * needed, kept while it is valid, asked for again when a service refuses it (401). Not for several threads at once. */
#ifndef WEISS_CLOUD_OPENSTACK_CLOUD_H
#define WEISS_CLOUD_OPENSTACK_CLOUD_H

#include "cloud/openstack/http.h"
#include "cloud/openstack/login.h"

#include <stdbool.h>

/** Microversion of Nova's API that is asked for (Train, 2019, and later): extra specs come with servers and flavors, the policy
 *  of a server group is one word. */
#define WEISS_COMPUTE_VERSION "2.79"

typedef struct weiss_cloud weiss_cloud;

/** Nothing is asked yet. The login is copied. @return 0, WEISS_ERR_USAGE (something is missing in it), or as weiss_http_open */
int weiss_cloud_open(const weiss_cloud_login *login, const volatile sig_atomic_t *stop, weiss_cloud **cloud,
                     weiss_fault *fault);
/** A cloud that is asked for nothing: each request that changes something is printed with its body, and succeeds; ids are
 *  made up. @return 0, WEISS_ERR_MEMORY */
int weiss_cloud_open_dry(FILE *to, weiss_cloud **cloud, weiss_fault *fault);
bool weiss_cloud_is_dry(const weiss_cloud *cloud);
/** Overwrites the secrets and the token. Accepts NULL. */
void weiss_cloud_close(weiss_cloud *cloud);
/** As weiss_http_heed. */
void weiss_cloud_heed(weiss_cloud *cloud, const volatile sig_atomic_t *stop);

/** Has requests that ask and that remove (GET, DELETE) wait for a service that is away or fails, as long as @p seconds: a command
 *  that waits for machines should outlive the restart of a service. 0, as at first: they fail at once. */
void weiss_cloud_wait(weiss_cloud *cloud, int seconds);

/** Project of the token (asks for one). @return 0, or as weiss_cloud_ask */
int weiss_cloud_project(weiss_cloud *cloud, const char **project, weiss_fault *fault);

/** A request to a service.
 *  @param service  its type in the catalog: compute, image, network, placement, identity
 *  @param path     compute: below its endpoint, such as "/servers/detail?host=a"; the others: with the version, such as
 *                  "/v2/images"
 *  @param body     borrowed; may be NULL
 *  @param[out] answer  body, put by the caller; NULL on failure and when there is none; may itself be NULL
 *  @return 0; WEISS_ERR_PEER (unreachable, the service failed (5xx), what it says is no JSON, or another answer than this
 *          protocol has); WEISS_ERR_VALUE (it refuses: 4xx, in its words, with the number of the request, or the login is
 *          refused); WEISS_ERR_FILE (404); WEISS_STOPPED; WEISS_ERR_MEMORY */
int weiss_cloud_ask(weiss_cloud *cloud, const char *service, const char *method, const char *path,
                    json_object *body, json_object **answer, weiss_fault *fault);

/** A file that is sent. */
typedef struct weiss_cloud_file {
    FILE *file; /**< sent from its beginning */
    int64_t bytes;
    void (*progress)(void *data, int64_t sent); /**< may be NULL */
    void *data;
} weiss_cloud_file;

/** The same with a file as the body (PUT). */
int weiss_cloud_upload(weiss_cloud *cloud, const char *service, const char *path,
                       const weiss_cloud_file *file, weiss_fault *fault);

/** Text for the query of a URL; what is no letter, digit, or one of -._~ becomes %XX. @return @p out, "" when it is too long */
char *weiss_cloud_quote(const char *text, char *out, size_t size);

#endif
