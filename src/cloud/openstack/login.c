#include "cloud/openstack/login.h"

#include "base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

const char *weiss_cloud_words_keep(weiss_cloud_words *words, const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;
    if (length == 0)
        return NULL;
    if (words->used > sizeof words->text || length >= sizeof words->text - words->used) {
        words->used = sizeof words->text + 1;
        return NULL;
    }
    char *kept = memcpy(words->text + words->used, text, length + 1);
    words->used += length + 1;
    return kept;
}

void weiss_cloud_forget(weiss_cloud_words *words)
{
    explicit_bzero(words, sizeof *words);
}

int weiss_cloud_login_check(const weiss_cloud_login *l, const char *where, weiss_fault *fault)
{
    static const char advice[] =
        "`openstack application credential create NAME` makes an application credential";
    const char *missing = NULL;
    if (!given(l->auth_url))
        missing = "the URL of Keystone (auth_url, OS_AUTH_URL)";
    else if (given(l->credential_id) && !given(l->credential_secret))
        missing = "the secret of the application credential (OS_APPLICATION_CREDENTIAL_SECRET)";
    else if (!given(l->credential_id) && !given(l->username) && !given(l->user_id))
        missing =
            "an application credential (OS_APPLICATION_CREDENTIAL_ID and ..._SECRET) or a user (OS_USERNAME)";
    else if (!given(l->credential_id) && !given(l->password))
        missing = "the user's password (OS_PASSWORD)";
    else if (!given(l->credential_id) && !given(l->project) && !given(l->project_id))
        missing = "the project (OS_PROJECT_NAME)";
    if (missing != NULL)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "%s lacks %s; %s", where, missing, advice);
    if (strncmp(l->auth_url, "http://", 7) != 0 && strncmp(l->auth_url, "https://", 8) != 0)
        return weiss_fault_set(fault, WEISS_ERR_USAGE,
                               "%s: the URL of Keystone should begin with http:// or https://", where);
    if (given(l->interface) && strcmp(l->interface, "public") != 0 && strcmp(l->interface, "internal") != 0 &&
        strcmp(l->interface, "admin") != 0)
        return weiss_fault_set(fault, WEISS_ERR_USAGE,
                               "%s: the interface is public, internal or admin, not another", where);
    return 0;
}

/** Value of a variable, kept; a second name is tried when the first is not set. */
static const char *variable(weiss_cloud_words *words, const char *name, const char *other)
{
    const char *value = getenv(name);
    if (!given(value) && other != NULL)
        value = getenv(other);
    return weiss_cloud_words_keep(words, value);
}

/** Refuses ways to log in that are not known here. */
static int check_kind(weiss_fault *fault)
{
    static const char *const known[] = {"password", "v3password", "v3applicationcredential"};
    const char *kind = getenv("OS_AUTH_TYPE");
    char shown[WEISS_TEXT_SHOWN];
    if (!given(kind))
        return 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(kind, known[i]) == 0)
            return 0;
    return weiss_fault_set(
        fault, WEISS_ERR_USAGE,
        "OS_AUTH_TYPE is \"%s\", which is not known here; expected v3applicationcredential or password",
        weiss_text_show(kind, shown));
}

static int read_environment(weiss_cloud_login *l, weiss_cloud_words *w, weiss_fault *fault)
{
    const char *timeout = getenv("OS_API_TIMEOUT");
    WEISS_FAULT_TRY(check_kind(fault));
    *l = (weiss_cloud_login){
        .auth_url = variable(w, "OS_AUTH_URL", NULL),
        .credential_id = variable(w, "OS_APPLICATION_CREDENTIAL_ID", NULL),
        .credential_secret = variable(w, "OS_APPLICATION_CREDENTIAL_SECRET", NULL),
        .username = variable(w, "OS_USERNAME", NULL),
        .user_id = variable(w, "OS_USER_ID", NULL),
        .password = variable(w, "OS_PASSWORD", NULL),
        .user_domain = variable(w, "OS_USER_DOMAIN_NAME", NULL),
        .user_domain_id = variable(w, "OS_USER_DOMAIN_ID", NULL),
        .project = variable(w, "OS_PROJECT_NAME", "OS_TENANT_NAME"),
        .project_id = variable(w, "OS_PROJECT_ID", "OS_TENANT_ID"),
        .project_domain = variable(w, "OS_PROJECT_DOMAIN_NAME", NULL),
        .project_domain_id = variable(w, "OS_PROJECT_DOMAIN_ID", NULL),
        .region = variable(w, "OS_REGION_NAME", NULL),
        .interface = variable(w, "OS_INTERFACE", "OS_ENDPOINT_TYPE"),
        .cacert = variable(w, "OS_CACERT", NULL),
        .timeout = given(timeout) ? atoi(timeout) : 0,
    };
    if (w->used > sizeof w->text)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "the variables OS_* are longer than %zu bytes",
                               sizeof w->text);
    if (!given(l->auth_url))
        return weiss_fault_set(fault, WEISS_ERR_USAGE,
                               "no cloud is named: set OS_CLOUD to one of clouds.yaml, or OS_AUTH_URL and "
                               "the other variables of an "
                               "openrc file");
    return weiss_cloud_login_check(l, "the environment (OS_*)", fault);
}

int weiss_cloud_login_read(const char *name, weiss_cloud_login *login, weiss_cloud_words *words,
                           weiss_fault *fault)
{
    words->used = 0;
    if (!given(name))
        name = getenv("OS_CLOUD");
    int code = given(name) ? weiss_cloud_yaml_read(name, login, words, fault)
                           : read_environment(login, words, fault);
    if (code != 0)
        weiss_cloud_forget(words);
    return code;
}
