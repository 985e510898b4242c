/* The login: who asks a cloud, and where. From OS_* in the environment, or from clouds.yaml as OpenStack's own tools read
 * it. Passwords are never asked for and never stored. */
#ifndef WEISS_CLOUD_OPENSTACK_LOGIN_H
#define WEISS_CLOUD_OPENSTACK_LOGIN_H

#include "base/fault.h"

#include <stddef.h>

/** Who asks, and where. Strings are borrowed; NULL and "" are the same. A domain that is not named is "default". */
typedef struct weiss_cloud_login {
    const char *auth_url; /**< Keystone, with or without /v3 */
    const char *credential_id, *credential_secret; /**< application credential; or else */
    const char *username, *user_id, *password; /**< a password: one of username and user_id, */
    const char *user_domain, *user_domain_id; /**< a domain by name or id, */
    const char *project, *project_id, *project_domain, *project_domain_id; /**< and a project by name or id */
    const char *region; /**< NULL: the first */
    const char *interface; /**< public (also when NULL), internal, admin */
    const char *cacert; /**< NULL: the system's certificates */
    int timeout; /**< seconds; 0: 60 */
} weiss_cloud_login;

/** Where the strings of a login are kept that was read. */
typedef struct weiss_cloud_words {
    size_t used;
    char text[32768];
} weiss_cloud_words;

/** Reads the login of the cloud @p name (NULL or "": OS_CLOUD) from clouds.yaml, with what secure.yaml adds; without a name,
 *  from OS_* in the environment. clouds.yaml is OS_CLIENT_CONFIG_FILE, or in ., ~/.config/openstack, /etc/openstack.
 *  @param[out] words  keeps the strings and the secrets; weiss_cloud_forget when they are not needed any more
 *  @return 0, WEISS_ERR_USAGE (says what is not set), WEISS_ERR_FILE, WEISS_ERR_VALUE */
int weiss_cloud_login_read(const char *name, weiss_cloud_login *login, weiss_cloud_words *words,
                           weiss_fault *fault);
/** Overwrites the strings of a login. */
void weiss_cloud_forget(weiss_cloud_words *words);
/** Checks that all that is needed is there. @param where  for the message @return 0, WEISS_ERR_USAGE */
int weiss_cloud_login_check(const weiss_cloud_login *login, const char *where, weiss_fault *fault);

/** Copies a text into @p words. @return NULL: it is NULL or "", or there is no room (used is then beyond the size) */
const char *weiss_cloud_words_keep(weiss_cloud_words *words, const char *text);
/** Reads @p name of clouds.yaml. @return as weiss_cloud_login_read */
int weiss_cloud_yaml_read(const char *name, weiss_cloud_login *login, weiss_cloud_words *words,
                          weiss_fault *fault);

#endif
