#include "cloud/agent/daemon/options.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *value, *help; /**< value NULL: a flag */
    weiss_agentd_mode mode;
} table[] = {
    {"--config", "FILE", "Settings; default /etc/weiss/agent.conf", WEISS_AGENTD_SERVE},
    {"--dry-run", NULL, "Decide and tell, but make and attach nothing", WEISS_AGENTD_SERVE},
    {"--print-config", NULL, "Print a commented file with all settings and their defaults",
     WEISS_AGENTD_PRINT_CONFIG},
    {"--help", NULL, "Print this text", WEISS_AGENTD_HELP},
    {"--version", NULL, "Print the version", WEISS_AGENTD_VERSION},
};
#define NOPTIONS ((int)(sizeof table / sizeof table[0]))

void weiss_agentd_help(void)
{
    printf("weiss-agentd: shared memory for the virtual machines of a host, of OpenStack or plain libvirt\n\n"
           "Usage: weiss-agentd [--config FILE] [--dry-run]\n"
           "       weiss-agentd --print-config\n\n"
           "Watches libvirt, decides which running machines share memory, and attaches it to them, again "
           "whenever they\n"
           "are started again. It stays in the foreground. SIGTERM ends it and leaves what is attached; "
           "SIGHUP has the\n"
           "settings read again. `weiss agent` talks to it.\n\n"
           "Options:\n");
    for (int i = 0; i < NOPTIONS; i++) {
        char left[64];
        snprintf(left, sizeof left, "%s%s%s", table[i].name, table[i].value != NULL ? " " : "",
                 table[i].value != NULL ? table[i].value : "");
        printf("  %-22s %s\n", left, table[i].help);
    }
}

static int unknown(const char *word, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    weiss_nearest nearest = weiss_nearest_start(word);
    for (int i = 0; i < NOPTIONS; i++)
        weiss_nearest_consider(&nearest, table[i].name);
    weiss_text_show(word, shown);
    if (word[0] != '-')
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "\"%s\" is one argument too many", shown);
    if (nearest.best != NULL)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "there is no option %s; did you mean %s?", shown,
                               nearest.best);
    return weiss_fault_set(fault, WEISS_ERR_USAGE, "there is no option %s", shown);
}

static int find(const char *word, size_t length)
{
    for (int i = 0; i < NOPTIONS; i++)
        if (strlen(table[i].name) == length && strncmp(table[i].name, word, length) == 0)
            return i;
    return NOPTIONS;
}

int weiss_agentd_options_read(int argc, char **argv, weiss_agentd_options *options, weiss_fault *fault)
{
    *options = (weiss_agentd_options){.mode = WEISS_AGENTD_SERVE};
    for (int i = 1; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        int which = find(argv[i], equals != NULL ? (size_t)(equals - argv[i]) : strlen(argv[i]));
        if (which == NOPTIONS)
            return unknown(argv[i], fault);
        if (table[which].value == NULL && equals != NULL)
            return weiss_fault_set(fault, WEISS_ERR_USAGE, "option %s takes no value", table[which].name);
        if (table[which].value != NULL) {
            if (equals == NULL && i + 1 >= argc)
                return weiss_fault_set(fault, WEISS_ERR_USAGE, "option %s needs a value: %s %s",
                                       table[which].name, table[which].name, table[which].value);
            options->config = equals != NULL ? equals + 1 : argv[++i];
        } else if (table[which].mode == WEISS_AGENTD_SERVE) {
            options->dry_run = true;
        } else {
            options->mode = table[which].mode;
        }
    }
    return 0;
}
