/* Asks a cloud: what openstack-client.py drives against a server of its own.
 *
 *   test-cloud login [CLOUD]                  reads the login and says who asks, but for the secrets
 *   test-cloud ask SERVICE METHOD PATH...     asks, one path after the other in one session; prints the answers
 *   test-cloud upload SERVICE PATH FILE       sends a file
 *   test-cloud facts HOST                     what the agent asks
 *
 * A fault is printed as "CODE: TEXT", exit code 1. */
#include "cloud/agent/api.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    stop = number;
}

static int say(int code, const weiss_fault *fault)
{
    if (code != 0)
        printf("%s: %s\n", weiss_code_text(code), fault->text);
    return code != 0;
}

static int show_login(const weiss_cloud_login *l)
{
    const char *texts[] = {l->auth_url,       l->credential_id,     l->username, l->user_id,
                           l->user_domain,    l->user_domain_id,    l->project,  l->project_id,
                           l->project_domain, l->project_domain_id, l->region,   l->interface,
                           l->cacert};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        printf("%s ", texts[i] != NULL ? texts[i] : "-");
    printf("%d %zu %zu\n", l->timeout, l->password != NULL ? strlen(l->password) : 0,
           l->credential_secret != NULL ? strlen(l->credential_secret) : 0);
    return 0;
}

static int ask(weiss_cloud *cloud, int argc, char **argv, weiss_fault *fault)
{
    int code = 0;
    for (int i = 2; code == 0 && i < argc; i++) {
        json_object *answer;
        code = weiss_cloud_ask(cloud, argv[0], argv[1], argv[i], NULL, &answer, fault);
        if (code == 0)
            printf("%s\n", json_object_to_json_string(answer));
        json_object_put(answer);
    }
    return code;
}

static void progress(void *data, int64_t sent)
{
    *(int64_t *)data = sent;
}

static int upload(weiss_cloud *cloud, char **argv, weiss_fault *fault)
{
    struct stat about;
    int64_t sent = 0;
    FILE *file = fopen(argv[2], "re");
    if (file == NULL || fstat(fileno(file), &about) != 0)
        abort();
    const weiss_cloud_file what = {.file = file, .bytes = about.st_size, .progress = progress, .data = &sent};
    int code = weiss_cloud_upload(cloud, argv[0], argv[1], &what, fault);
    fclose(file);
    if (code == 0)
        printf("sent %lld\n", (long long)sent);
    return code;
}

static int facts(weiss_cloud *cloud, const char *host, weiss_fault *fault)
{
    weiss_facts_table table;
    int code = weiss_api_facts(cloud, host, &table, fault);
    for (size_t i = 0; i < table.n; i++) {
        const weiss_facts *f = &table.facts[i];
        printf("%s project=%s group=%s server_group=%s release=%d bytes=%lld\n", f->uuid, f->project,
               f->group, f->server_group, f->release, (long long)f->bytes);
    }
    if (code == 0)
        printf("%zu\n", table.n);
    weiss_facts_clear(&table);
    return code;
}

int main(int argc, char **argv)
{
    weiss_cloud_login login;
    weiss_cloud_words *words = malloc(sizeof *words);
    weiss_cloud *cloud = NULL;
    weiss_fault fault = {0};
    const char *what = argc > 1 ? argv[1] : "";
    signal(SIGTERM, on_signal);
    if (words == NULL)
        return 2;
    int code = weiss_cloud_login_read(strcmp(what, "login") == 0 && argc > 2 ? argv[2] : NULL, &login, words,
                                      &fault);
    if (code == 0 && strcmp(what, "login") == 0)
        show_login(&login);
    else if (code == 0)
        code = weiss_cloud_open(&login, &stop, &cloud, &fault);
    weiss_cloud_forget(words);
    free(words);
    if (code == 0 && strcmp(what, "ask") == 0 && argc > 4)
        code = ask(cloud, argc - 2, argv + 2, &fault);
    else if (code == 0 && strcmp(what, "upload") == 0 && argc > 4)
        code = upload(cloud, argv + 2, &fault);
    else if (code == 0 && strcmp(what, "facts") == 0 && argc > 2)
        code = facts(cloud, argv[2], &fault);
    weiss_cloud_close(cloud);
    return say(code, &fault);
}
