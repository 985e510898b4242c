#include "cloud/openstack/cloud.h"

#include "cloud/openstack/json.h"
#include "cloud/openstack/token.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct weiss_cloud {
    weiss_http *http;
    FILE *dry; /**< requests are printed there and not made; NULL: they are made */
    weiss_cloud_words words; /**< strings of login */
    weiss_cloud_login login;
    weiss_token token;
    int patience; /**< seconds that a service may be away */
};

/** Copies the strings of a login. */
static int copy_login(const weiss_cloud_login *from, weiss_cloud *cloud, weiss_fault *fault)
{
    weiss_cloud_login *to = &cloud->login;
    *to = *from;
    const char **fields[] = {&to->auth_url,    &to->credential_id,  &to->credential_secret,
                             &to->username,    &to->user_id,        &to->password,
                             &to->user_domain, &to->user_domain_id, &to->project,
                             &to->project_id,  &to->project_domain, &to->project_domain_id,
                             &to->region,      &to->interface,      &to->cacert};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        *fields[i] = weiss_cloud_words_keep(&cloud->words, *fields[i]);
    return cloud->words.used <= sizeof cloud->words.text
               ? 0
               : weiss_fault_set(fault, WEISS_ERR_USAGE, "the login to the cloud is longer than %zu bytes",
                                 sizeof cloud->words.text);
}

int weiss_cloud_open(const weiss_cloud_login *login, const volatile sig_atomic_t *stop, weiss_cloud **out,
                     weiss_fault *fault)
{
    *out = NULL;
    WEISS_FAULT_TRY(weiss_cloud_login_check(login, "the login", fault));
    weiss_cloud *cloud = calloc(1, sizeof *cloud);
    if (cloud == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    int code = copy_login(login, cloud, fault);
    if (code == 0)
        code = weiss_http_open(login->cacert, login->timeout, stop, &cloud->http, fault);
    if (code != 0)
        weiss_cloud_close(cloud);
    else
        *out = cloud;
    return code;
}

int weiss_cloud_open_dry(FILE *to, weiss_cloud **out, weiss_fault *fault)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    (*out)->dry = to;
    return 0;
}

bool weiss_cloud_is_dry(const weiss_cloud *cloud)
{
    return cloud->dry != NULL;
}

void weiss_cloud_close(weiss_cloud *cloud)
{
    if (cloud == NULL)
        return;
    weiss_token_clear(&cloud->token);
    weiss_cloud_forget(&cloud->words);
    weiss_http_close(cloud->http);
    free(cloud);
}

void weiss_cloud_heed(weiss_cloud *cloud, const volatile sig_atomic_t *stop)
{
    if (cloud->http != NULL)
        weiss_http_heed(cloud->http, stop);
}

void weiss_cloud_wait(weiss_cloud *cloud, int seconds)
{
    cloud->patience = seconds;
}

static int need_token(weiss_cloud *cloud, weiss_fault *fault)
{
    return weiss_token_is_good(&cloud->token)
               ? 0
               : weiss_token_ask(cloud->http, &cloud->login, &cloud->token, fault);
}

int weiss_cloud_project(weiss_cloud *cloud, const char **project, weiss_fault *fault)
{
    if (cloud->dry == NULL)
        WEISS_FAULT_TRY(need_token(cloud, fault));
    *project = cloud->token.project;
    return 0;
}

/** Prints a request that is not made. */
static void print(const weiss_cloud *cloud, const char *service, const char *method, const char *path,
                  json_object *body, const char *what)
{
    fprintf(cloud->dry, "%s %s %s%s\n", method, service, path, what);
    if (body != NULL)
        fprintf(cloud->dry, "%s\n",
                json_object_to_json_string_ext(body, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                         JSON_C_TO_STRING_NOSLASHESCAPE));
}

/** Makes a request with the token that there is. */
static int ask_once(weiss_cloud *cloud, const char *service, const char *path,
                    const weiss_http_request *common, weiss_http_answer *answer, weiss_fault *fault)
{
    char token[WEISS_HTTP_TOKEN + 16], url[4096];
    const char *headers[] = {token, NULL, NULL};
    *answer = (weiss_http_answer){0};
    WEISS_FAULT_TRY(need_token(cloud, fault));
    WEISS_FAULT_TRY(weiss_token_endpoint(&cloud->token, &cloud->login, service, url, sizeof url, fault));
    size_t used = strlen(url);
    if (used + strlen(path) >= sizeof url)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "a request to the service \"%s\" is too long",
                               service);
    strcpy(url + used, path);
    snprintf(token, sizeof token, "X-Auth-Token: %s", cloud->token.text);
    if (strcmp(service, "compute") == 0)
        headers[1] = "OpenStack-API-Version: compute " WEISS_COMPUTE_VERSION;
    weiss_http_request request = *common;
    request.url = url;
    request.headers = headers;
    int code = weiss_http_ask(cloud->http, &request, answer, fault);
    explicit_bzero(token, sizeof token);
    return code;
}

/** Makes a request, with a new token when the one that there is has been revoked. */
static int ask(weiss_cloud *cloud, const char *service, const char *path, const weiss_http_request *request,
               json_object **out, weiss_fault *fault)
{
    weiss_http_answer answer;
    int code = 0;
    for (int tries = 0; tries < 2; tries++) {
        if (request->upload != NULL)
            rewind(request->upload);
        code = ask_once(cloud, service, path, request, &answer, fault);
        if (code != 0 || answer.status != 401 || tries > 0)
            break;
        weiss_http_answer_clear(&answer);
        weiss_token_clear(&cloud->token);
    }
    if (code == 0 && (answer.status < 200 || answer.status > 299))
        code = weiss_answer_fault(&answer, service, request->method, path, fault);
    else if (code == 0 && out != NULL && answer.body == NULL && answer.bytes > 0)
        code =
            weiss_fault_set(fault, WEISS_ERR_PEER,
                            "the service \"%s\" answers %s %.*s with something that is not JSON; is its URL "
                            "in the catalog right?",
                            service, request->method, (int)strcspn(path, "?"), path);
    if (code == 0 && out != NULL)
        *out = json_object_get(answer.body);
    weiss_http_answer_clear(&answer);
    return code;
}

int weiss_cloud_ask(weiss_cloud *cloud, const char *service, const char *method, const char *path,
                    json_object *body, json_object **answer, weiss_fault *fault)
{
    if (answer != NULL)
        *answer = NULL;
    if (cloud->dry != NULL) {
        print(cloud, service, method, path, body, "");
        return 0;
    }
    const weiss_http_request request = {.method = method, .body = body};
    bool again = strcmp(method, "GET") == 0 || strcmp(method, "DELETE") == 0;
    weiss_fault own;
    for (int waited = 0;; waited++) {
        weiss_fault_clear(&own);
        int code = ask(cloud, service, path, &request, answer, &own);
        if (code != WEISS_ERR_PEER || !again || waited >= cloud->patience)
            return own.code != 0 ? weiss_fault_set(fault, own.code, "%s", own.text) : code;
        usleep(1000000);
        if (weiss_http_is_stopped(cloud->http))
            return WEISS_STOPPED;
    }
}

int weiss_cloud_upload(weiss_cloud *cloud, const char *service, const char *path,
                       const weiss_cloud_file *file, weiss_fault *fault)
{
    char what[64];
    if (cloud->dry != NULL) {
        snprintf(what, sizeof what, "   (%lld bytes)", (long long)file->bytes);
        print(cloud, service, "PUT", path, NULL, what);
        return 0;
    }
    const weiss_http_request request = {.method = "PUT",
                                        .upload = file->file,
                                        .upload_bytes = file->bytes,
                                        .progress = file->progress,
                                        .data = file->data};
    return ask(cloud, service, path, &request, NULL, fault);
}

char *weiss_cloud_quote(const char *text, char *out, size_t size)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    size_t used = 0;
    for (; *text != '\0'; text++) {
        if (used + 4 > size) {
            out[0] = '\0';
            return out;
        }
        if (strchr(plain, *text) != NULL)
            out[used++] = *text;
        else
            used += (size_t)snprintf(out + used, size - used, "%%%02X", (unsigned char)*text);
    }
    out[used] = '\0';
    return out;
}
