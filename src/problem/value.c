#include "problem/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const weiss_value *weiss_value_get(const weiss_value *map, const char *key)
{
    if (map == NULL)
        return NULL;
    for (size_t i = 0; i < map->count && map->items != NULL; i++)
        if (strcmp(map->items[i]->name, key) == 0)
            return map->items[i];
    return NULL;
}

bool weiss_value_given(const weiss_value *map, const char *key)
{
    const weiss_value *value = weiss_value_get(map, key);
    return value != NULL && !value->is_default;
}

const weiss_value *weiss_value_alternative(const weiss_value *map)
{
    for (size_t i = 0; map != NULL && map->items != NULL && i < map->count; i++)
        if (map->items[i]->alternative)
            return map->items[i];
    return NULL;
}

/* A key that the schema does not promise is a mistake in the program, not in the file. */
static const weiss_value *promised(const weiss_value *map, const char *key, const char *kind)
{
    const weiss_value *value = weiss_value_get(map, key);
    if (value == NULL) {
        fprintf(stderr, "weiss: internal error: the schema does not promise a %s \"%s\" here\n", kind, key);
        abort();
    }
    return value;
}

static void insist(bool right, const weiss_value *value, const char *kind)
{
    if (right)
        return;
    fprintf(stderr, "weiss: internal error: the key \"%s\" does not hold a %s\n", value->name, kind);
    abort();
}

double weiss_value_number(const weiss_value *map, const char *key)
{
    const weiss_value *value = promised(map, key, "number");
    insist(value->kind == WEISS_KIND_NUMBER, value, "number");
    return value->number;
}

int64_t weiss_value_integer(const weiss_value *map, const char *key)
{
    const weiss_value *value = promised(map, key, "whole number");
    insist(value->kind == WEISS_KIND_INTEGER, value, "whole number");
    return value->integer;
}

bool weiss_value_flag(const weiss_value *map, const char *key)
{
    const weiss_value *value = promised(map, key, "flag");
    insist(value->kind == WEISS_KIND_FLAG, value, "flag");
    return value->flag;
}

const char *weiss_value_text(const weiss_value *map, const char *key)
{
    const weiss_value *value = promised(map, key, "text");
    insist(value->kind == WEISS_KIND_TEXT || value->kind == WEISS_KIND_CHOICE, value, "text");
    return value->text;
}

const double *weiss_value_vector(const weiss_value *map, const char *key)
{
    const weiss_value *value = promised(map, key, "vector");
    insist(value->kind == WEISS_KIND_VECTOR || value->kind == WEISS_KIND_DIRECTION, value, "vector");
    return value->numbers;
}

void weiss_value_destroy(weiss_value *value)
{
    if (value == NULL)
        return;
    for (size_t i = 0; i < value->count && value->items != NULL; i++)
        weiss_value_destroy(value->items[i]);
    free(value->items);
    free(value->numbers);
    free((char *)value->text);
    free((char *)value->name);
    if (value->parent == NULL)
        free((char *)value->file);
    free(value);
}
