/* JSON of answers, which may be of any form: what is not there or of another type is "", 0, NULL. */
#ifndef WEISS_CLOUD_OPENSTACK_JSON_H
#define WEISS_CLOUD_OPENSTACK_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/** Member of an object; NULL. Borrowed. */
json_object *weiss_json_get(json_object *object, const char *key);
/** The same where it is a list; NULL. Borrowed. */
json_object *weiss_json_list(json_object *object, const char *key);
/** Text of a member; "" also when it has a NUL in it. Borrowed. */
const char *weiss_json_text(json_object *object, const char *key);
/** Text of an element of a list. Borrowed. */
const char *weiss_json_text_at(json_object *list, size_t place);
/** Length of a list; 0 for what is none. */
size_t weiss_json_length(json_object *list);

/** Adds a text; NULL and "" add nothing. */
void weiss_json_add(json_object *object, const char *key, const char *text);
/** Makes an object with one member, which it owns. */
json_object *weiss_json_wrap(const char *key, json_object *member);
/** Overwrites a text before it is put: it was a secret. */
void weiss_json_forget(json_object *text);

/** Text of somebody else for a message: in one line, printable ASCII, at most @p size bytes, cut with "...". @return @p out */
char *weiss_json_show(const char *text, char *out, size_t size);

#endif
