#include "problem/place.h"

#include "base/text.h"
#include "problem/yaml.h"

#include <stdio.h>
#include <string.h>

weiss_place weiss_place_root(void)
{
    return (weiss_place){.text = "", .used = 0};
}

static void append(weiss_place *place, const char *text)
{
    size_t length = strlen(text), room = sizeof place->text - 4 - place->used;
    if (place->used > 0 && strcmp(place->text + place->used, "...") == 0)
        return;
    if (length > room) {
        memcpy(place->text + place->used, "...", 4);
        return;
    }
    memcpy(place->text + place->used, text, length + 1);
    place->used += length;
}

void weiss_place_key(weiss_place *place, const char *key)
{
    char shown[WEISS_TEXT_SHOWN], part[WEISS_TEXT_SHOWN + 1];
    snprintf(part, sizeof part, "%s%s", place->used > 0 ? "." : "", weiss_text_show(key, shown));
    append(place, part);
}

void weiss_place_index(weiss_place *place, size_t index)
{
    char part[32];
    snprintf(part, sizeof part, "[%zu]", index);
    append(place, part);
}

weiss_place weiss_place_of(const weiss_value *value)
{
    const weiss_value *chain[2 * WEISS_YAML_MAX_DEPTH];
    int depth = 0;
    weiss_place place = weiss_place_root();
    for (; value->parent != NULL && depth < 2 * WEISS_YAML_MAX_DEPTH; value = value->parent)
        chain[depth++] = value;
    while (depth-- > 0) {
        const weiss_value *one = chain[depth], *parent = one->parent;
        size_t i = 0;
        if (parent->kind != WEISS_KIND_LIST) {
            weiss_place_key(&place, one->name);
            continue;
        }
        while (i < parent->count && parent->items[i] != one)
            i++;
        weiss_place_index(&place, i);
    }
    return place;
}
