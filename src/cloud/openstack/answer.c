#include "cloud/openstack/json.h"
#include "cloud/openstack/token.h"

#include <string.h>

/** The first text under "message", "detail" or "title", wherever it is: each service wraps it in its own way. */
static const char *find_message(json_object *o, int depth)
{
    static const char *const keys[] = {"message", "detail", "title"};
    if (depth > 4)
        return "";
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (weiss_json_text(o, keys[i])[0] != '\0')
            return weiss_json_text(o, keys[i]);
    if (json_object_is_type(o, json_type_object)) {
        json_object_object_foreach(o, key, member)
        {
            (void)key;
            const char *text = find_message(member, depth + 1);
            if (text[0] != '\0')
                return text;
        }
    }
    return weiss_json_length(o) > 0 ? find_message(json_object_array_get_idx(o, 0), depth + 1) : "";
}

/** What to do about a status. */
static const char *advice(long status)
{
    switch (status) {
    case 401:
        return "; the login is not valid there";
    case 403:
        return "; the login's role may not do that, or a quota is used up";
    case 413:
    case 429:
        return "; too many requests: try again later";
    case 406:
        return "; its API is older than is needed (Nova: microversion 2.79, release Train)";
    default:
        return status >= 500 ? "; look into the log of the service" : "";
    }
}

int weiss_answer_fault(const weiss_http_answer *a, const char *service, const char *method, const char *path,
                       weiss_fault *fault)
{
    char shown[400], number[140] = "", place[160];
    int code = a->status == 404                      ? WEISS_ERR_FILE
               : a->status >= 500 || a->status < 400 ? WEISS_ERR_PEER
                                                     : WEISS_ERR_VALUE;
    weiss_json_show(find_message(a->body, 0), shown, sizeof shown);
    if (a->request_id[0] != '\0') {
        weiss_json_show(a->request_id, place, sizeof place);
        snprintf(number, sizeof number, " (request %.100s)", place);
    }
    snprintf(place, sizeof place, "%.*s", (int)strcspn(path, "?"), path);
    if (a->status >= 300 && a->status < 400)
        return weiss_fault_set(
            fault, code,
            "the service \"%s\" sends %s %s elsewhere (%ld), which is not followed: its URL "
            "in the catalog should be the right one",
            service, method, place, a->status);
    return weiss_fault_set(fault, code, "the service \"%s\" answers %s %s with %ld%s%s%s%s", service, method,
                           place, a->status, shown[0] != '\0' ? ": " : "", shown, number, advice(a->status));
}
