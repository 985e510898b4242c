#include "mesh/gmsh_file.h"
#include "mesh/source.h"

#include "base/file.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const weiss_mesh_format gmsh4 = {
    .name = "gmsh-4.1",
    .suffixes = "msh",
    .help = "Gmsh 4.1, text (binary files are read too)",
    .recognise = weiss_gmsh4_recognise,
    .read = weiss_gmsh4_read,
    .write = weiss_gmsh4_write,
};

static const weiss_mesh_format gmsh4_binary = {
    .name = "gmsh-4.1-binary",
    .suffixes = "msh",
    .help = "Gmsh 4.1, binary",
    .write = weiss_gmsh4_write_binary,
};

static const weiss_mesh_format gmsh2 = {
    .name = "gmsh-2.2",
    .suffixes = "msh",
    .help = "Gmsh 2.2, text (binary files are read too)",
    .recognise = weiss_gmsh2_recognise,
    .read = weiss_gmsh2_read,
    .write = weiss_gmsh2_write,
};

/** The first that fits a suffix is what weiss_mesh_write_file takes. */
const weiss_mesh_format *const weiss_mesh_format_table[] = {&gmsh4, &gmsh4_binary, &gmsh2, NULL};

/** True when the file's format section names this version, or @p version with more digits behind a point. */
static bool has_version(const char *head, size_t length, const char *version)
{
    weiss_cursor c = {.data = head, .length = length};
    char found[16];
    size_t n = strlen(version);
    return weiss_cursor_find_line(&c, "$MeshFormat") && weiss_cursor_word(&c, found, sizeof found) &&
           strncmp(found, version, n) == 0 && (found[n] == '\0' || found[n] == '.');
}

bool weiss_gmsh2_recognise(const char *head, size_t length)
{
    return has_version(head, length, "2");
}

bool weiss_gmsh4_recognise(const char *head, size_t length)
{
    return has_version(head, length, "4.1");
}

/** The beginning of the file for a message, or the version when it is Gmsh's. */
static int refuse_format(weiss_context *ctx, const char *path, const char *data, size_t length)
{
    char shown[32];
    weiss_cursor c = {.data = data, .length = length};
    if (weiss_cursor_find_line(&c, "$MeshFormat") && weiss_cursor_word(&c, shown, sizeof shown)) {
        weiss_make_printable(shown);
        return weiss_fail(
            ctx, WEISS_ERR_SYNTAX,
            "%s: has version %s of Gmsh's format: expected 2.2 or 4.1; convert it with `gmsh -save -format "
            "msh41 %s`",
            path, shown, path);
    }
    snprintf(shown, sizeof shown, "%.*s", (int)(length < 24 ? length : 24), data);
    weiss_make_printable(shown);
    return weiss_fail(
        ctx, WEISS_ERR_SYNTAX,
        "%s: is no mesh file that can be read; it begins with \"%s\": expected Gmsh 2.2 or 4.1, which "
        "begins with $MeshFormat",
        path, shown);
}

/** Numbers in files have a decimal point, whatever the language of the program that this is a part of. The thread's
 *  locale becomes "C" until leave_c_locale gives back what this returns. */
static locale_t enter_c_locale(void)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return c != (locale_t)0 ? uselocale(c) : (locale_t)0;
}

static void leave_c_locale(locale_t before)
{
    if (before != (locale_t)0)
        freelocale(uselocale(before));
}

int weiss_mesh_read_file(weiss_context *ctx, const char *path, weiss_tetmesh **out)
{
    enum { HEAD = 4096 };
    const size_t limit = (size_t)1 << 40;
    char *data = NULL;
    size_t length;
    const weiss_mesh_format *const *format = weiss_mesh_format_table;
    *out = NULL;
    WEISS_TRY(weiss_file_read(ctx, path, limit, &data, &length));
    locale_t before = enter_c_locale();
    while (*format != NULL &&
           ((*format)->recognise == NULL || !(*format)->recognise(data, length < HEAD ? length : HEAD)))
        format++;
    int code = *format == NULL ? refuse_format(ctx, path, data, length)
                               : (*format)->read(ctx, path, data, length, out);
    leave_c_locale(before);
    free(data);
    return code;
}

/** True when @p suffix is one of a blank-separated list. */
static bool in_list(const char *list, const char *suffix)
{
    size_t n = strlen(suffix);
    for (const char *at = list; n > 0 && (at = strcasestr(at, suffix)) != NULL; at += n)
        if ((at == list || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
            return true;
    return false;
}

static const weiss_mesh_format *find_writer(const char *path, const char *name)
{
    const char *dot = strrchr(path, '.');
    for (const weiss_mesh_format *const *format = weiss_mesh_format_table; *format != NULL; format++) {
        bool fits = name[0] != '\0' ? strcmp((*format)->name, name) == 0
                                    : dot != NULL && in_list((*format)->suffixes, dot + 1);
        if (fits && (*format)->write != NULL)
            return *format;
    }
    return NULL;
}

int weiss_mesh_write_file(weiss_context *ctx, const weiss_tetmesh *mesh, const char *path, const char *format)
{
    weiss_new_file file;
    const weiss_mesh_format *writer = find_writer(path, format);
    if (writer == NULL) {
        char known[256] = "";
        for (const weiss_mesh_format *const *f = weiss_mesh_format_table; *f != NULL; f++)
            if ((*f)->write != NULL)
                snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s",
                         known[0] != '\0' ? ", " : "", (*f)->name);
        return weiss_fail(ctx, WEISS_ERR_USAGE,
                          "%s: cannot tell in which format to write%s%s: expected one of %s", path,
                          format[0] != '\0' ? ", there is no format " : "", format, known);
    }
    WEISS_TRY(weiss_file_begin(ctx, path, &file));
    locale_t before = enter_c_locale();
    int code = writer->write(ctx, mesh, file.stream);
    leave_c_locale(before);
    if (code == 0)
        return weiss_file_commit(ctx, &file);
    weiss_file_abandon(&file);
    return code;
}
