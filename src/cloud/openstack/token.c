#include "cloud/openstack/token.h"

#include "base/text.h"
#include "cloud/openstack/json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/** A token is asked for anew so many seconds before it ends. */
#define MARGIN 60

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/** {"id": ...} or {"name": ...}. */
static json_object *named(const char *id, const char *name)
{
    json_object *o = json_object_new_object();
    weiss_json_add(o, given(id) ? "id" : "name", given(id) ? id : name);
    return o;
}

/** A domain; "default" when none is named. */
static json_object *domain(const char *id, const char *name)
{
    return named(given(id) || given(name) ? id : "default", name);
}

/** Body of the request. @param[out] secret  the text in it to overwrite; borrowed */
static json_object *request_of(const weiss_cloud_login *l, json_object **secret)
{
    json_object *methods = json_object_new_array(), *identity = json_object_new_object(),
                *auth = weiss_json_wrap("identity", identity);
    bool credential = given(l->credential_id);
    const char *method = credential ? "application_credential" : "password";
    *secret = json_object_new_string(credential ? l->credential_secret : l->password);
    json_object_array_add(methods, json_object_new_string(method));
    json_object_object_add(identity, "methods", methods);
    if (credential) {
        json_object *who = named(l->credential_id, NULL);
        json_object_object_add(who, "secret", *secret);
        json_object_object_add(identity, method, who);
    } else {
        json_object *user = named(l->user_id, l->username), *project = named(l->project_id, l->project);
        if (!given(l->user_id))
            json_object_object_add(user, "domain", domain(l->user_domain_id, l->user_domain));
        if (!given(l->project_id))
            json_object_object_add(project, "domain", domain(l->project_domain_id, l->project_domain));
        json_object_object_add(user, "password", *secret);
        json_object_object_add(identity, method, weiss_json_wrap("user", user));
        json_object_object_add(auth, "scope", weiss_json_wrap("project", project));
    }
    return weiss_json_wrap("auth", auth);
}

/** URL of the tokens, from one with or without the version. */
static void tokens_url(const char *auth_url, char *url, size_t size)
{
    size_t length = strlen(auth_url);
    while (length > 0 && auth_url[length - 1] == '/')
        length--;
    if (length > 5 && strncmp(auth_url + length - 5, "/v2.0", 5) == 0)
        length -= 5;
    bool versioned = length > 3 && strncmp(auth_url + length - 3, "/v3", 3) == 0;
    snprintf(url, size, "%.*s%s/auth/tokens", (int)length, auth_url, versioned ? "" : "/v3");
}

static time_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return t.tv_sec;
}

/** Seconds since 1970 of "2026-11-24T16:23:50.000000Z"; -1: it is none. */
static time_t time_of(const char *text)
{
    struct tm t = {0};
    return strptime(text, "%Y-%m-%dT%H:%M:%S", &t) != NULL ? timegm(&t) : -1;
}

/** Keeps what was answered. */
static int take(const weiss_http_answer *answer, const char *url, weiss_token *token, weiss_fault *fault)
{
    json_object *about = weiss_json_get(answer->body, "token"), *catalog = weiss_json_list(about, "catalog");
    time_t from = time_of(weiss_json_text(about, "issued_at")),
           to = time_of(weiss_json_text(about, "expires_at"));
    if (answer->token[0] == '\0' || strpbrk(answer->token, "\r\n") != NULL || catalog == NULL || from < 0 ||
        to < from)
        return weiss_fault_set(
            fault, WEISS_ERR_PEER,
            "%s gives no token with a catalog of services; is this the URL of Keystone, and "
            "does the login name a project?",
            url);
    time_t life = to - from, margin = life / 4 < MARGIN ? life / 4 : MARGIN;
    snprintf(token->text, sizeof token->text, "%s", answer->token);
    snprintf(token->project, sizeof token->project, "%s",
             weiss_json_text(weiss_json_get(about, "project"), "id"));
    token->until = now() + life - margin;
    token->catalog = json_object_get(catalog);
    return 0;
}

int weiss_token_ask(weiss_http *http, const weiss_cloud_login *login, weiss_token *token, weiss_fault *fault)
{
    char url[1024], shown[WEISS_TEXT_SHOWN];
    json_object *secret, *body = request_of(login, &secret);
    weiss_http_answer answer;
    tokens_url(login->auth_url, url, sizeof url);
    weiss_token_clear(token);
    const weiss_http_request request = {.method = "POST", .url = url, .body = body};
    int code = weiss_http_ask(http, &request, &answer, fault);
    weiss_json_forget(secret);
    json_object_put(body);
    const char *place = strstr(url, "://");
    weiss_text_show(place != NULL ? place + 3 : url, shown);
    if (code == 0 && answer.status == 401)
        code = weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "Keystone at %s refuses the login: the %s is wrong, has ended, or belongs to "
                               "another cloud",
                               shown, given(login->credential_id) ? "application credential" : "password");
    else if (code == 0 && answer.status != 201 && answer.status != 200)
        code = weiss_answer_fault(&answer, "identity", "POST", "/auth/tokens", fault);
    else if (code == 0)
        code = take(&answer, shown, token, fault);
    weiss_http_answer_clear(&answer);
    return code;
}

bool weiss_token_is_good(const weiss_token *token)
{
    return token->text[0] != '\0' && now() < token->until;
}

void weiss_token_clear(weiss_token *token)
{
    json_object_put(token->catalog);
    explicit_bzero(token, sizeof *token);
}

/** True for the endpoint that the login wants. */
static bool fits(json_object *endpoint, const weiss_cloud_login *login)
{
    const char *interface = given(login->interface) ? login->interface : "public";
    return strcmp(weiss_json_text(endpoint, "interface"), interface) == 0 &&
           (!given(login->region) || strcmp(weiss_json_text(endpoint, "region_id"), login->region) == 0 ||
            strcmp(weiss_json_text(endpoint, "region"), login->region) == 0);
}

static void without_version(char *url)
{
    char *slash = strrchr(url, '/');
    if (slash != NULL && slash[1] == 'v' && strchr("123456789", slash[2]) != NULL && slash[2] != '\0')
        *slash = '\0';
}

/** Says what the catalog has in place of a service. */
static int no_endpoint(json_object *catalog, const weiss_cloud_login *login, const char *service,
                       weiss_fault *fault)
{
    char have[400] = "", shown[WEISS_TEXT_SHOWN], region[WEISS_TEXT_SHOWN];
    for (size_t i = 0; i < weiss_json_length(catalog); i++) {
        size_t used = strlen(have);
        weiss_text_show(weiss_json_text(json_object_array_get_idx(catalog, i), "type"), shown);
        if (used + strlen(shown) + 3 < sizeof have)
            snprintf(have + used, sizeof have - used, "%s%s", used > 0 ? ", " : "", shown);
    }
    return weiss_fault_set(
        fault, WEISS_ERR_VALUE,
        "the cloud's catalog has no service \"%s\" with an endpoint \"%s\"%s%s%s; its services "
        "are %s",
        service, given(login->interface) ? login->interface : "public",
        given(login->region) ? " in region \"" : "",
        given(login->region) ? weiss_text_show(login->region, region) : "", given(login->region) ? "\"" : "",
        have[0] != '\0' ? have : "none");
}

int weiss_token_endpoint(const weiss_token *token, const weiss_cloud_login *login, const char *service,
                         char *url, size_t size, weiss_fault *fault)
{
    for (size_t i = 0; i < weiss_json_length(token->catalog); i++) {
        json_object *entry = json_object_array_get_idx(token->catalog, i),
                    *endpoints = weiss_json_list(entry, "endpoints");
        if (strcmp(weiss_json_text(entry, "type"), service) != 0)
            continue;
        for (size_t k = 0; k < weiss_json_length(endpoints); k++) {
            json_object *endpoint = json_object_array_get_idx(endpoints, k);
            const char *text = weiss_json_text(endpoint, "url");
            if (!fits(endpoint, login) || text[0] == '\0' || strlen(text) >= size)
                continue;
            strcpy(url, text);
            for (size_t n = strlen(url); n > 0 && url[n - 1] == '/'; n--)
                url[n - 1] = '\0';
            if (strcmp(service, "compute") != 0)
                without_version(url);
            return 0;
        }
    }
    return no_endpoint(token->catalog, login, service, fault);
}
