/* clouds.yaml: the file that OpenStack's tools keep logins in. Only what Weiss can use is taken; what else is in it is passed
 * over, but for what would be less safe to pass over. */
#include "cloud/openstack/login.h"

#include "base/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#define LARGEST (1 << 20)

/** A file that was read. */
typedef struct file {
    char path[4096];
    yaml_document_t document;
    bool read;
} file;

/** Value of a key of a mapping; NULL. Borrowed. */
static yaml_node_t *find(yaml_document_t *document, yaml_node_t *map, const char *key)
{
    if (map == NULL || map->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top; pair++) {
        const yaml_node_t *k = yaml_document_get_node(document, pair->key);
        if (k != NULL && k->type == YAML_SCALAR_NODE && strcmp((const char *)k->data.scalar.value, key) == 0)
            return yaml_document_get_node(document, pair->value);
    }
    return NULL;
}

/** Text of a scalar, of a list its first; NULL. Borrowed. */
static const char *text_of(yaml_document_t *document, yaml_node_t *node)
{
    if (node != NULL && node->type == YAML_SEQUENCE_NODE)
        node = node->data.sequence.items.start < node->data.sequence.items.top
                   ? yaml_document_get_node(document, *node->data.sequence.items.start)
                   : NULL;
    if (node != NULL && node->type == YAML_MAPPING_NODE)
        node = find(document, node, "name"); /* a region with settings of its own */
    if (node == NULL || node->type != YAML_SCALAR_NODE ||
        strlen((const char *)node->data.scalar.value) != node->data.scalar.length)
        return NULL;
    const char *text = (const char *)node->data.scalar.value;
    bool plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return plain && (strcmp(text, "null") == 0 || strcmp(text, "~") == 0) ? NULL : text;
}

/** Reads one file. @return 0; WEISS_ERR_FILE; WEISS_ERR_VALUE */
static int parse(file *f, weiss_fault *fault)
{
    yaml_parser_t parser;
    struct stat about;
    FILE *from = fopen(f->path, "re");
    if (from == NULL || fstat(fileno(from), &about) != 0 || !S_ISREG(about.st_mode) ||
        about.st_size > LARGEST) {
        int reason = errno;
        if (from != NULL)
            fclose(from);
        return from == NULL
                   ? weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be read: %s", f->path,
                                     strerror(reason))
                   : weiss_fault_set(fault, WEISS_ERR_FILE, "%s is no file of at most 1 MiB", f->path);
    }
    if (!yaml_parser_initialize(&parser)) {
        fclose(from);
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    }
    yaml_parser_set_input_file(&parser, from);
    f->read = yaml_parser_load(&parser, &f->document) != 0;
    int code = 0;
    if (!f->read)
        code = weiss_fault_set(fault, WEISS_ERR_VALUE, "%s:%zu: this is not YAML: %s", f->path,
                               parser.problem_mark.line + 1,
                               parser.problem != NULL ? parser.problem : "it cannot be read");
    yaml_parser_delete(&parser);
    fclose(from);
    return code;
}

/** Overwrites all texts, since some are secrets, and frees them. */
static void forget(file *f)
{
    if (!f->read)
        return;
    for (yaml_node_t *node = f->document.nodes.start; node < f->document.nodes.top; node++)
        if (node->type == YAML_SCALAR_NODE)
            explicit_bzero(node->data.scalar.value, node->data.scalar.length);
    yaml_document_delete(&f->document);
    f->read = false;
}

/** Finds NAME.yaml where OpenStack's tools look for it. @return false: there is none */
static bool find_file(const char *name, char *path, size_t size)
{
    const char *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME");
    for (int i = 0; i < 3; i++) {
        if (i == 0)
            snprintf(path, size, "%s.yaml", name);
        else if (i == 1 && config != NULL && config[0] == '/')
            snprintf(path, size, "%s/openstack/%s.yaml", config, name);
        else if (i == 1)
            snprintf(path, size, "%s/.config/openstack/%s.yaml", home != NULL ? home : "", name);
        else
            snprintf(path, size, "/etc/openstack/%s.yaml", name);
        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
}

/** Says which clouds there are. */
static int no_cloud(file *f, yaml_node_t *clouds, const char *name, weiss_fault *fault)
{
    char have[400] = "", shown[WEISS_TEXT_SHOWN];
    if (clouds == NULL || clouds->type != YAML_MAPPING_NODE)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "%s: expected a mapping \"clouds\" at its top",
                               f->path);
    for (yaml_node_pair_t *pair = clouds->data.mapping.pairs.start; pair < clouds->data.mapping.pairs.top;
         pair++) {
        const yaml_node_t *k = yaml_document_get_node(&f->document, pair->key);
        size_t used = strlen(have);
        if (k == NULL || k->type != YAML_SCALAR_NODE)
            continue;
        weiss_text_show((const char *)k->data.scalar.value, shown);
        if (used + strlen(shown) + 3 < sizeof have)
            snprintf(have + used, sizeof have - used, "%s%s", used > 0 ? ", " : "", shown);
    }
    return weiss_fault_set(fault, WEISS_ERR_USAGE, "%s has no cloud \"%s\"; it has %s", f->path,
                           weiss_text_show(name, shown), have[0] != '\0' ? have : "none");
}

/** Takes what a file says of a cloud; what is not said stays as it is. */
static void take(file *f, yaml_node_t *cloud, weiss_cloud_login *l, weiss_cloud_words *words)
{
    const struct {
        const char *key;
        bool in_auth;
        const char **out;
    } keys[] = {
        {"auth_url", true, &l->auth_url},
        {"application_credential_id", true, &l->credential_id},
        {"application_credential_secret", true, &l->credential_secret},
        {"username", true, &l->username},
        {"user_id", true, &l->user_id},
        {"password", true, &l->password},
        {"user_domain_name", true, &l->user_domain},
        {"user_domain_id", true, &l->user_domain_id},
        {"project_name", true, &l->project},
        {"project_id", true, &l->project_id},
        {"project_domain_name", true, &l->project_domain},
        {"project_domain_id", true, &l->project_domain_id},
        {"region_name", false, &l->region},
        {"regions", false, &l->region},
        {"endpoint_type", false, &l->interface},
        {"interface", false, &l->interface},
        {"cacert", false, &l->cacert},
    };
    yaml_node_t *auth = find(&f->document, cloud, "auth");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *text =
            text_of(&f->document, find(&f->document, keys[i].in_auth ? auth : cloud, keys[i].key));
        if (text != NULL && text[0] != '\0')
            *keys[i].out = weiss_cloud_words_keep(words, text);
    }
    const char *timeout = text_of(&f->document, find(&f->document, cloud, "api_timeout"));
    if (timeout != NULL)
        l->timeout = atoi(timeout);
}

/** Refuses what would be less safe, or not work, when it is passed over. */
static int check_rest(file *f, yaml_node_t *cloud, const char *name, weiss_fault *fault)
{
    const char *verify = text_of(&f->document, find(&f->document, cloud, "verify")),
               *kind = text_of(&f->document, find(&f->document, cloud, "auth_type"));
    char shown[WEISS_TEXT_SHOWN];
    if (verify != NULL && (strcasecmp(verify, "false") == 0 || strcasecmp(verify, "no") == 0))
        return weiss_fault_set(
            fault, WEISS_ERR_VALUE,
            "%s: clouds.%s.verify is false, but certificates are always checked here; give "
            "the file of the cloud's own authority as cacert",
            f->path, name);
    if (kind != NULL && strcmp(kind, "password") != 0 && strcmp(kind, "v3password") != 0 &&
        strcmp(kind, "v3applicationcredential") != 0)
        return weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "%s: clouds.%s.auth_type is \"%s\", which is not known here; expected "
                               "v3applicationcredential or password",
                               f->path, name, weiss_text_show(kind, shown));
    return 0;
}

/** Reads clouds.yaml, then secure.yaml, into the login. */
static int read_both(file files[2], const char *name, const char *shown, weiss_cloud_login *login,
                     weiss_cloud_words *words, weiss_fault *fault)
{
    for (int i = 0; i < 2; i++) {
        file *f = &files[i];
        if (f->path[0] == '\0')
            continue;
        WEISS_FAULT_TRY(parse(f, fault));
        yaml_node_t *clouds = find(&f->document, yaml_document_get_root_node(&f->document), "clouds"),
                    *cloud = find(&f->document, clouds, name);
        if (cloud == NULL && i == 0)
            return no_cloud(f, clouds, name, fault);
        if (cloud == NULL)
            continue;
        WEISS_FAULT_TRY(check_rest(f, cloud, shown, fault));
        take(f, cloud, login, words);
    }
    if (words->used > sizeof words->text)
        return weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "%s: the texts of the cloud \"%s\" are longer than %zu bytes", files[0].path,
                               shown, sizeof words->text);
    return 0;
}

int weiss_cloud_yaml_read(const char *name, weiss_cloud_login *login, weiss_cloud_words *words,
                          weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN], where[4096 + WEISS_TEXT_SHOWN + 32];
    const char *set = getenv("OS_CLIENT_CONFIG_FILE"), *region = getenv("OS_REGION_NAME");
    file *files = calloc(2, sizeof *files);
    if (files == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    *login = (weiss_cloud_login){0};
    weiss_text_show(name, shown);
    bool found = true;
    if (set != NULL && set[0] != '\0')
        snprintf(files[0].path, sizeof files[0].path, "%s", set);
    else
        found = find_file("clouds", files[0].path, sizeof files[0].path);
    if (!find_file("secure", files[1].path, sizeof files[1].path))
        files[1].path[0] = '\0';
    int code =
        found ? read_both(files, name, shown, login, words, fault)
              : weiss_fault_set(fault, WEISS_ERR_FILE,
                                "the cloud \"%s\" should be in clouds.yaml, which is neither here, nor in "
                                "~/.config/openstack, nor in /etc/openstack",
                                shown);
    if (code == 0 && login->region == NULL)
        login->region = weiss_cloud_words_keep(words, region);
    snprintf(where, sizeof where, "%.4095s: the cloud \"%s\"", files[0].path, shown);
    if (code == 0)
        code = weiss_cloud_login_check(login, where, fault);
    forget(&files[0]);
    forget(&files[1]);
    free(files);
    return code;
}
