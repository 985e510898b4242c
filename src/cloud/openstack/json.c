#include "cloud/openstack/json.h"

#include <stdint.h>
#include <string.h>

json_object *weiss_json_get(json_object *object, const char *key)
{
    json_object *member = NULL;
    return json_object_is_type(object, json_type_object) && json_object_object_get_ex(object, key, &member)
               ? member
               : NULL;
}

json_object *weiss_json_list(json_object *object, const char *key)
{
    json_object *list = weiss_json_get(object, key);
    return json_object_is_type(list, json_type_array) ? list : NULL;
}

/** Text of a value that is one. */
static const char *text_of(json_object *value)
{
    if (!json_object_is_type(value, json_type_string))
        return "";
    const char *text = json_object_get_string(value);
    return strlen(text) == (size_t)json_object_get_string_len(value) ? text : "";
}

const char *weiss_json_text(json_object *object, const char *key)
{
    return text_of(weiss_json_get(object, key));
}

const char *weiss_json_text_at(json_object *list, size_t place)
{
    return text_of(place < weiss_json_length(list) ? json_object_array_get_idx(list, place) : NULL);
}

size_t weiss_json_length(json_object *list)
{
    return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

void weiss_json_add(json_object *object, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_object_object_add(object, key, json_object_new_string(text));
}

json_object *weiss_json_wrap(const char *key, json_object *member)
{
    json_object *object = json_object_new_object();
    json_object_object_add(object, key, member);
    return object;
}

void weiss_json_forget(json_object *text)
{
    if (json_object_is_type(text, json_type_string))
        explicit_bzero((char *)(uintptr_t)json_object_get_string(text),
                       (size_t)json_object_get_string_len(text));
}

char *weiss_json_show(const char *text, char *out, size_t size)
{
    size_t used = 0;
    for (; *text != '\0' && used + 4 < size; text++) {
        unsigned char c = (unsigned char)*text;
        out[used++] = (char)(c <= ' ' ? ' ' : c < 0x7f ? c : '?');
    }
    if (*text != '\0' && used + 4 <= size) {
        memcpy(out + used, "...", 3);
        used += 3;
    }
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
    return out;
}
