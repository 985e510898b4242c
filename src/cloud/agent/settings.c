/* Reading the agent's settings. */
#include "cloud/agent/settings-keys.h"

#include "base/bytes.h"
#include "base/text.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST ((size_t)1 << 20) /* bytes of a file */

/** Where a text is read. */
typedef struct reading {
    weiss_agent_settings *settings;
    const char *name; /**< of the file */
    const char *next; /**< rest of the text */
    int line;
    bool goes_on; /**< the line begins with a blank */
    int set[WEISS_AGENT_KEYS]; /**< line in which a key was set; 0: none */
    weiss_fault *fault;
    int code;
    int line_of_fault;
} reading;

/** Stores a fault of a line, the first of all. */
static int fail(reading *r, int line, const char *text)
{
    if (r->code == 0) {
        r->code = weiss_fault_set(r->fault, WEISS_ERR_VALUE, "%s, line %d: %s", r->name, line, text);
        r->line_of_fault = line;
    }
    return r->code;
}

/** The name that was meant; "" or " (did you mean X?)". */
static const char *hint(const weiss_nearest *nearest, char *out, size_t room)
{
    out[0] = '\0';
    if (nearest->best != NULL)
        snprintf(out, room, "; did you mean %s?", nearest->best);
    return out;
}

static void unknown(reading *r, const char *section, const char *name)
{
    char text[512], shown[WEISS_TEXT_SHOWN], other[128];
    bool known = false;
    weiss_nearest in_section = weiss_nearest_start(name), sections = weiss_nearest_start(section);
    for (size_t i = 0; i < WEISS_AGENT_KEYS; i++) {
        weiss_nearest_consider(&sections, weiss_agent_keys[i].section);
        if (strcmp(weiss_agent_keys[i].section, section) != 0)
            continue;
        known = true;
        weiss_nearest_consider(&in_section, weiss_agent_keys[i].name);
    }
    if (section[0] == '\0')
        snprintf(text, sizeof text,
                 "%s stands before any section; expected [agent], [share] or [openstack] first",
                 weiss_text_show(name, shown));
    else if (known)
        snprintf(text, sizeof text, "[%s] has no key \"%s\"%s", section, weiss_text_show(name, shown),
                 hint(&in_section, other, sizeof other));
    else
        snprintf(text, sizeof text, "there is no section [%s]; expected [agent], [share] or [openstack]%s",
                 weiss_text_show(section, shown), hint(&sections, other, sizeof other));
    fail(r, r->line, text);
}

/** Called by the library for each key with its value. @return 1: goes on; what is wrong is in the reading */
static int take(void *user, const char *section, const char *name, const char *value)
{
    reading *r = user;
    size_t i = 0;
    char text[512], shown[WEISS_TEXT_SHOWN], what[128];
    if (r->goes_on) {
        fail(r, r->line, "it begins with a blank; a value stands in one line, and a key at its beginning");
        return 1;
    }
    while (i < WEISS_AGENT_KEYS &&
           (strcmp(weiss_agent_keys[i].section, section) != 0 || strcmp(weiss_agent_keys[i].name, name) != 0))
        i++;
    if (i == WEISS_AGENT_KEYS) {
        unknown(r, section, name);
        return 1;
    }
    if (r->set[i] != 0) {
        snprintf(text, sizeof text, "[%s] %s is set a second time; it is set in line %d", section, name,
                 r->set[i]);
        fail(r, r->line, text);
    } else if (!weiss_agent_key_set(&weiss_agent_keys[i], value, r->settings)) {
        snprintf(text, sizeof text, "[%s] %s: expected %s, found \"%s\"", section, name,
                 weiss_agent_key_expects(&weiss_agent_keys[i], what, sizeof what),
                 weiss_text_show(value, shown));
        fail(r, r->line, text);
    }
    r->set[i] = r->line;
    return 1;
}

/** Gives the library the next line, as fgets does; it would take the end of a longer one for a line of its own. */
static char *next_line(char *out, int room, void *stream)
{
    reading *r = stream;
    char text[128];
    if (*r->next == '\0')
        return NULL;
    size_t length = strcspn(r->next, "\n");
    r->line++;
    r->goes_on = *r->next == ' ' || *r->next == '\t';
    size_t kept = length;
    if (length + 2 > (size_t)room) {
        snprintf(text, sizeof text, "it has %zu bytes; expected %d at most", length, room - 2);
        fail(r, r->line, text);
        kept = 0;
    }
    memcpy(out, r->next, kept);
    out[kept] = '\n';
    out[kept + 1] = '\0';
    r->next += length + (r->next[length] == '\n');
    return out;
}

/** What must hold between keys. */
static int check(const weiss_agent_settings *settings, const char *name, weiss_fault *fault)
{
    char a[WEISS_BYTES_SHOWN], b[WEISS_BYTES_SHOWN], shown[WEISS_TEXT_SHOWN];
    if (settings->bytes > settings->bytes_max)
        return weiss_fault_set(
            fault, WEISS_ERR_VALUE, "%s: [share] size is %s, more than [share] size_max, which is %s", name,
            weiss_bytes_show(settings->bytes, a), weiss_bytes_show(settings->bytes_max, b));
    if (settings->bytes > settings->total)
        return weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "%s: [share] size is %s, more than [share] total, which is %s", name,
                               weiss_bytes_show(settings->bytes, a), weiss_bytes_show(settings->total, b));
    if (settings->auth_url[0] != '\0' && strncmp(settings->auth_url, "http://", 7) != 0 &&
        strncmp(settings->auth_url, "https://", 8) != 0)
        return weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "%s: [openstack] auth_url: expected http://... or https://..., found \"%s\"",
                               name, weiss_text_show(settings->auth_url, shown));
    if (settings->auth_url[0] != '\0' && settings->credential_id[0] == '\0')
        return weiss_fault_set(
            fault, WEISS_ERR_VALUE,
            "%s: [openstack] auth_url is set and credential_id is not; set it to the id that "
            "`openstack application credential create` printed",
            name);
    return 0;
}

int weiss_agent_settings_parse(weiss_agent_settings *settings, const char *text, const char *name,
                               weiss_fault *fault)
{
    weiss_agent_settings read = *settings;
    reading r = {.settings = &read, .name = name, .next = text, .fault = fault};
    weiss_fault own;
    weiss_fault_clear(&own);
    r.fault = &own;
    int line = ini_parse_stream(next_line, &r, take, &r);
    if (line < 0)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    if (line > 0 && (r.code == 0 || line < r.line_of_fault)) {
        weiss_fault_clear(&own);
        r.code = 0;
        fail(&r, line, "expected [section], KEY = VALUE or # and a comment");
    }
    if (r.code == 0)
        r.code = check(&read, name, &own);
    if (r.code != 0)
        return weiss_fault_set(fault, r.code, "%s", own.text);
    *settings = read;
    return 0;
}

int weiss_agent_settings_read(weiss_agent_settings *settings, const char *path, weiss_fault *fault)
{
    FILE *file = fopen(path, "re");
    char *text = malloc(LARGEST + 1);
    int code = 0;
    if (file == NULL)
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be read: %s", path, strerror(errno));
    else if (text == NULL)
        code = weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    if (code == 0) {
        errno = 0;
        size_t length = fread(text, 1, LARGEST + 1, file);
        if (ferror(file))
            code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be read: %s", path, strerror(errno));
        else if (length > LARGEST || memchr(text, '\0', length) != NULL)
            code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s is no text of 1 MiB at most", path);
        else {
            text[length] = '\0';
            code = weiss_agent_settings_parse(settings, text, path, fault);
        }
    }
    if (file != NULL)
        fclose(file);
    free(text);
    return code;
}
