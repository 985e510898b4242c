/* The nodes of a document: made, found, freed. */
#include "problem/yaml.h"

#include <stdlib.h>
#include <string.h>

int weiss_yaml_add_node(weiss_context *ctx, weiss_yaml_document *d, weiss_yaml_kind kind, int line,
                        weiss_yaml_node **out)
{
    WEISS_TRY(weiss_grow(ctx, &d->nodes, &d->capacity, d->nnodes + 1, sizeof *d->nodes));
    WEISS_TRY(weiss_alloc(ctx, out, 1, sizeof **out));
    d->nodes[d->nnodes++] = *out;
    **out = (weiss_yaml_node){.kind = kind, .line = line, .weight = 1, .depth = kind != WEISS_YAML_SCALAR};
    return 0;
}

const weiss_yaml_entry *weiss_yaml_find(const weiss_yaml_node *mapping, const char *key)
{
    for (size_t i = 0; i < mapping->count; i++)
        if (strcmp(mapping->entries[i].key, key) == 0)
            return &mapping->entries[i];
    return NULL;
}

void weiss_yaml_free(weiss_yaml_document *document)
{
    for (size_t i = 0; i < document->nnodes; i++) {
        weiss_yaml_node *node = document->nodes[i];
        free(node->text);
        free(node->items);
        free(node->entries);
        free(node);
    }
    free(document->nodes);
    *document = (weiss_yaml_document){0};
}
