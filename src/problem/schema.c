#include "problem/schema.h"

#include "base/file.h"
#include "problem/check.h"
#include "problem/place.h"

#include <stdlib.h>
#include <string.h>

int weiss_schema_parse(weiss_context *ctx, const char *name, const char *text, size_t length,
                       const weiss_key *schema, weiss_value **out)
{
    weiss_yaml_document document;
    weiss_value *root = NULL;
    const weiss_key top = {.name = "", .kind = WEISS_KIND_MAP, .members = schema};
    *out = NULL;
    WEISS_TRY(weiss_yaml_read(ctx, name, text, length, &document));
    int code = WEISS_NEW(ctx, root, 1);
    if (code != 0)
        goto out;
    root->kind = WEISS_KIND_MAP;
    root->line = document.root->line;
    root->file = strdup(name);
    root->name = strdup("");
    if (root->file == NULL || root->name == NULL) {
        code = weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory while reading %s", name);
        goto out;
    }
    weiss_checker checker = {.ctx = ctx, .file = root->file};
    code = weiss_check_value(&checker, document.root, &top, root);
out:
    weiss_yaml_free(&document);
    if (code != 0)
        weiss_value_destroy(root);
    else
        *out = root;
    return code;
}

int weiss_schema_read_text(weiss_context *ctx, const char *path, char **text, size_t *length)
{
    *text = NULL;
    *length = 0;
    int code = 0;
    uint64_t size = 0;
    if (weiss_rank(ctx) == 0) {
        code = weiss_file_read(ctx, path, WEISS_YAML_MAX_BYTES, text, length);
        size = *length;
    }
    WEISS_TRY(weiss_agree(ctx, code));
    if (MPI_Bcast(&size, 1, MPI_UINT64_T, 0, weiss_comm(ctx)) != MPI_SUCCESS)
        return weiss_fail(ctx, WEISS_ERR_MPI, "%s: could not be broadcast", path);
    *length = size;
    if (weiss_rank(ctx) != 0)
        code = weiss_alloc(ctx, text, size + 1, 1);
    WEISS_TRY(weiss_agree(ctx, code));
    if (MPI_Bcast(*text, (int)size, MPI_CHAR, 0, weiss_comm(ctx)) != MPI_SUCCESS)
        return weiss_fail(ctx, WEISS_ERR_MPI, "%s: could not be broadcast", path);
    return 0;
}

int weiss_fail_at(weiss_context *ctx, const weiss_value *value, const char *format, ...)
{
    char text[2048];
    weiss_place place = weiss_place_of(value);
    const weiss_value *written = value;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    while (written->line == 0 && written->parent != NULL)
        written = written->parent;
    return weiss_fail(ctx, WEISS_ERR_VALUE, "%s:%d: %s%s%s%s", written->file, written->line, place.text,
                      value->is_default ? " (default)" : "", place.used > 0 ? ": " : "", text);
}
