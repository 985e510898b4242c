#include "cloud/openstack/http.h"

#include "base/text.h"
#include "cloud/openstack/library.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct weiss_http {
    weiss_curl lib;
    CURL *handle;
    char cacert[1024];
    int timeout; /**< seconds */
    const volatile sig_atomic_t *stop;
};

/** One request on its way. */
typedef struct exchange {
    weiss_http *http;
    const weiss_http_request *request;
    weiss_http_answer *answer;
    char *data; /**< body as it comes; owned */
    size_t used, room;
    bool too_large, no_memory, no_file; /**< why it was broken off */
    long status;
} exchange;

int weiss_http_open(const char *cacert, int timeout, const volatile sig_atomic_t *stop, weiss_http **out,
                    weiss_fault *fault)
{
    weiss_http *http = calloc(1, sizeof *http);
    *out = NULL;
    if (http == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    snprintf(http->cacert, sizeof http->cacert, "%s", cacert != NULL ? cacert : "");
    http->timeout = timeout > 0 ? timeout : 60;
    http->stop = stop;
    int code = weiss_curl_load(&http->lib, fault);
    if (code == 0 && (http->handle = http->lib.curl_easy_init()) == NULL)
        code = weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    if (code != 0)
        free(http);
    else
        *out = http;
    return code;
}

void weiss_http_close(weiss_http *http)
{
    if (http == NULL)
        return;
    http->lib.curl_easy_cleanup(http->handle);
    free(http);
}

void weiss_http_heed(weiss_http *http, const volatile sig_atomic_t *stop)
{
    http->stop = stop;
}

void weiss_http_answer_clear(weiss_http_answer *answer)
{
    explicit_bzero(answer->token, sizeof answer->token);
    json_object_put(answer->body);
    answer->body = NULL;
}

bool weiss_http_is_stopped(const weiss_http *http)
{
    return http->stop != NULL && *http->stop != 0;
}

/** URL for a message: without user, password and query. */
static const char *show(const char *url, char out[WEISS_TEXT_SHOWN])
{
    char plain[1024];
    const char *scheme = strstr(url, "://"), *start = scheme != NULL ? scheme + 3 : url;
    const char *host = start, *end = start + strcspn(start, "/?#");
    for (const char *at = start; at < end; at++)
        if (*at == '@')
            host = at + 1;
    snprintf(plain, sizeof plain, "%.*s%.*s", (int)(start - url), url, (int)strcspn(host, "?#"), host);
    return weiss_text_show(plain, out);
}

/** True for a URL of this machine itself, which no proxy can reach for us. */
static bool is_loopback(const char *url)
{
    const char *scheme = strstr(url, "://"), *host = scheme != NULL ? scheme + 3 : url;
    return strncasecmp(host, "localhost", 9) == 0
               ? strchr(":/", host[9]) != NULL
               : strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0;
}

static size_t take_body(char *data, size_t size, size_t n, void *self)
{
    exchange *x = self;
    size_t length = size * n;
    x->too_large = length > WEISS_HTTP_MAX - x->used;
    if (x->too_large)
        return 0;
    if (x->used + length > x->room) {
        size_t room = x->room > 0 ? x->room : 16384;
        while (room < x->used + length)
            room *= 2;
        char *more = malloc(room);
        x->no_memory = more == NULL;
        if (x->no_memory)
            return 0;
        if (x->used > 0) {
            memcpy(more, x->data, x->used);
            explicit_bzero(x->data, x->used);
        }
        free(x->data);
        x->data = more;
        x->room = room;
    }
    memcpy(x->data + x->used, data, length);
    x->used += length;
    return length;
}

static void keep_header(const char *line, size_t length, const char *name, char *out, size_t size)
{
    size_t skip = strlen(name);
    if (length <= skip || strncasecmp(line, name, skip) != 0)
        return;
    while (skip < length && (line[skip] == ' ' || line[skip] == '\t'))
        skip++;
    while (length > skip && (unsigned char)line[length - 1] <= ' ')
        length--;
    if (length - skip < size) { /* one that is too long is none: cut, it would be another */
        memcpy(out, line + skip, length - skip);
        out[length - skip] = '\0';
    }
}

static size_t take_header(char *line, size_t size, size_t n, void *self)
{
    weiss_http_answer *a = ((exchange *)self)->answer;
    keep_header(line, size * n, "X-Subject-Token:", a->token, sizeof a->token);
    keep_header(line, size * n, "Location:", a->location, sizeof a->location);
    keep_header(line, size * n, "X-OpenStack-Request-ID:", a->request_id, sizeof a->request_id);
    return size * n;
}

static size_t give_upload(char *data, size_t size, size_t n, void *self)
{
    exchange *x = self;
    size_t length = fread(data, 1, size * n, x->request->upload);
    x->no_file = length == 0 && ferror(x->request->upload) != 0;
    return x->no_file ? CURL_READFUNC_ABORT : length;
}

static int look(void *self, curl_off_t total, curl_off_t now, curl_off_t all, curl_off_t sent)
{
    exchange *x = self;
    (void)total, (void)now, (void)all;
    if (x->request->progress != NULL)
        x->request->progress(x->request->data, sent);
    return weiss_http_is_stopped(x->http);
}

/** Settings of every request. */
static void set_common(exchange *x)
{
    weiss_http *h = x->http;
    const weiss_http_request *r = x->request;
    h->lib.curl_easy_reset(h->handle);
#define SET(option, value) h->lib.curl_easy_setopt(h->handle, CURLOPT_##option, value)
    SET(URL, r->url);
    SET(PROTOCOLS_STR, "http,https");
    SET(FOLLOWLOCATION, 0L);
    SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(SSL_VERIFYPEER, 1L);
    SET(SSL_VERIFYHOST, 2L);
    SET(NOSIGNAL, 1L);
    SET(USERAGENT, "weiss/" WEISS_VERSION);
    SET(CONNECTTIMEOUT, (long)h->timeout);
    SET(NOPROGRESS, 0L);
    SET(XFERINFOFUNCTION, look);
    SET(XFERINFODATA, x);
    SET(WRITEFUNCTION, take_body);
    SET(WRITEDATA, x);
    SET(HEADERFUNCTION, take_header);
    SET(HEADERDATA, x);
    SET(CUSTOMREQUEST, r->method);
    if (h->cacert[0] != '\0')
        SET(CAINFO, h->cacert);
    if (is_loopback(r->url))
        SET(NOPROXY, "*");
    if (r->upload != NULL) {
        SET(UPLOAD, 1L);
        SET(READFUNCTION, give_upload);
        SET(READDATA, x);
        SET(INFILESIZE_LARGE, (curl_off_t)r->upload_bytes);
        SET(LOW_SPEED_LIMIT, 1L);
        SET(LOW_SPEED_TIME, (long)h->timeout);
    } else {
        SET(TIMEOUT, (long)h->timeout);
    }
}

/** Says why there is no answer. */
static int no_answer(const exchange *x, CURLcode result, weiss_fault *fault)
{
    char url[WEISS_TEXT_SHOWN];
    show(x->request->url, url);
    switch (result) {
    case CURLE_ABORTED_BY_CALLBACK:
        if (!x->no_file)
            return WEISS_STOPPED;
        return weiss_fault_set(fault, WEISS_ERR_FILE, "the file cannot be read on while it is sent to %s: %s",
                               url, strerror(errno));
    case CURLE_OUT_OF_MEMORY:
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    case CURLE_WRITE_ERROR:
        if (x->no_memory)
            return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
        return weiss_fault_set(fault, WEISS_ERR_PEER, "%s answers with more than %zu MiB, which is not taken",
                               url, WEISS_HTTP_MAX >> 20);
    case CURLE_COULDNT_RESOLVE_HOST:
        return weiss_fault_set(fault, WEISS_ERR_PEER,
                               "%s: the name of the host is not known here; check the URL and the DNS", url);
    case CURLE_COULDNT_CONNECT:
        return weiss_fault_set(fault, WEISS_ERR_PEER,
                               "%s: nothing answers there; check the URL, and that the service runs", url);
    case CURLE_OPERATION_TIMEDOUT:
        return weiss_fault_set(fault, WEISS_ERR_PEER,
                               "%s does not answer in %d s; try again, or look at the service", url,
                               x->http->timeout);
    case CURLE_PEER_FAILED_VERIFICATION:
        return weiss_fault_set(
            fault, WEISS_ERR_PEER,
            "%s: its certificate is not one that this machine trusts (%s); give the file of the cloud's own "
            "authority (cacert, OS_CACERT)",
            url, x->http->lib.curl_easy_strerror(result));
    case CURLE_SSL_CACERT_BADFILE:
        return weiss_fault_set(fault, WEISS_ERR_PEER, "%s: the certificates in %s cannot be read", url,
                               x->http->cacert[0] != '\0' ? x->http->cacert : "the system's file");
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return weiss_fault_set(fault, WEISS_ERR_PEER,
                               "\"%s\" is no URL that can be asked; expected http://HOST or https://HOST",
                               url);
    default:
        return weiss_fault_set(fault, WEISS_ERR_PEER, "%s: %s", url, x->http->lib.curl_easy_strerror(result));
    }
}

/** Body as JSON; NULL when it is none. */
static json_object *parse(const char *data, size_t length)
{
    json_tokener *tokener = json_tokener_new_ex(64);
    json_object *body = NULL;
    if (tokener == NULL || length == 0 || length > WEISS_HTTP_MAX) {
        json_tokener_free(tokener);
        return NULL;
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    body = json_tokener_parse_ex(tokener, data, (int)length);
    size_t end = json_tokener_get_parse_end(tokener);
    while (end < length && strchr(" \t\r\n", data[end]) != NULL && data[end] != '\0')
        end++;
    if (json_tokener_get_error(tokener) != json_tokener_success || end != length) {
        json_object_put(body);
        body = NULL;
    }
    json_tokener_free(tokener);
    return body;
}

static struct curl_slist *headers_of(const exchange *x)
{
    const char *const *given = x->request->headers;
    const weiss_curl *lib = &x->http->lib;
    struct curl_slist *list = lib->curl_slist_append(NULL, "Accept: application/json");
    list = lib->curl_slist_append(list, "Expect:"); /* no waiting for a "100 Continue" */
    if (x->request->body != NULL)
        list = lib->curl_slist_append(list, "Content-Type: application/json");
    else if (x->request->upload != NULL)
        list = lib->curl_slist_append(list, "Content-Type: application/octet-stream");
    for (; given != NULL && *given != NULL; given++)
        list = lib->curl_slist_append(list, *given);
    return list;
}

static void forget_headers(const weiss_curl *lib, struct curl_slist *list)
{
    for (struct curl_slist *one = list; one != NULL; one = one->next)
        explicit_bzero(one->data, strlen(one->data));
    lib->curl_slist_free_all(list);
}

int weiss_http_ask(weiss_http *h, const weiss_http_request *request, weiss_http_answer *answer,
                   weiss_fault *fault)
{
    exchange x = {.http = h, .request = request, .answer = answer};
    size_t length = 0;
    *answer = (weiss_http_answer){0};
    if (weiss_http_is_stopped(h))
        return WEISS_STOPPED;
    struct curl_slist *list = headers_of(&x);
    const char *body = request->body != NULL
                           ? json_object_to_json_string_length(request->body, JSON_C_TO_STRING_PLAIN, &length)
                           : NULL;
    set_common(&x);
    SET(HTTPHEADER, list);
    if (body != NULL) {
        SET(POSTFIELDSIZE_LARGE, (curl_off_t)length);
        SET(POSTFIELDS, body);
    }
    CURLcode result = h->lib.curl_easy_perform(h->handle);
#undef SET
    int code = result == CURLE_OK ? 0 : no_answer(&x, result, fault);
    h->lib.curl_easy_getinfo(h->handle, CURLINFO_RESPONSE_CODE, &answer->status);
    h->lib.curl_easy_reset(h->handle); /* it still points to what is freed here */
    forget_headers(&h->lib, list);
    if (body != NULL) /* the text belongs to request->body, which makes it anew when it is wanted again */
        explicit_bzero((char *)(uintptr_t)body, length);
    if (code == 0) {
        answer->bytes = x.used;
        answer->body = parse(x.data, x.used);
    }
    if (x.used > 0)
        explicit_bzero(x.data, x.used);
    free(x.data);
    return code;
}
