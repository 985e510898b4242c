#include "cloud/lab/lab.h"

#include "cloud/lab/private.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int weiss_lab_processes(const weiss_lab *lab, weiss_lab_process process[WEISS_LAB_PROCESSES_MAX])
{
    int n = 0;
    for (int i = 0; i < lab->options.vms; i++) {
        process[n] = (weiss_lab_process){.pid = lab->vm[i].pid, .port = lab->vm[i].port};
        snprintf(process[n++].name, sizeof process[0].name, "vm%d", i + 1);
    }
    if (lab->hub > 0)
        process[n++] = (weiss_lab_process){.name = "hub", .pid = lab->hub};
    if (lab->server > 0)
        process[n++] = (weiss_lab_process){.name = "server", .pid = lab->server};
    if (lab->servers != NULL && weiss_servers_relay(lab->servers) > 0)
        process[n++] = (weiss_lab_process){.name = "relay", .pid = weiss_servers_relay(lab->servers)};
    return n;
}

const weiss_domains *weiss_lab_domains(const weiss_lab *lab)
{
    return &lab->domains;
}

int weiss_lab_vms(const weiss_lab *lab)
{
    return lab->options.vms;
}

bool weiss_lab_emulated(const weiss_lab *lab)
{
    return !lab->kvm;
}

const char *weiss_lab_directory(const weiss_lab *lab)
{
    return lab->directory;
}

void weiss_lab_describe(const weiss_lab *lab, weiss_words *settings)
{
    char regions[WEISS_LAB_VMS_MAX * WEISS_LAB_REGION_PATH] = "", path[WEISS_LAB_REGION_PATH];
    for (int i = 0; lab->options.ivshmem == WEISS_LAB_PLAIN && i < lab->ngroups; i++) {
        size_t used = strlen(regions);
        weiss_lab_region_path(lab, i, path);
        snprintf(regions + used, sizeof regions - used, "%s%s", i > 0 ? " " : "", path);
    }
    weiss_words_add(settings, "WEISS_LAB_DIR=%s", lab->directory);
    weiss_words_add(settings, "WEISS_LAB_VMS=%d", lab->options.vms);
    weiss_words_add(settings, "WEISS_LAB_SSH_CONFIG=%s/ssh-config", lab->directory);
    weiss_words_add(settings, "WEISS_LAB_ACCEL=%s", lab->kvm ? "kvm" : "tcg");
    weiss_words_add(settings, "WEISS_LAB_KERNEL=%s", lab->release);
    weiss_words_add(settings, "WEISS_LAB_REGIONS=%s", regions);
    if (lab->servers == NULL)
        weiss_words_add(settings, "WEISS_LAB_SERVERS=");
    else
        weiss_words_add(settings, "WEISS_LAB_SERVERS=/proc/%d/fd/%d /proc/%d/fd/%d", (int)getpid(),
                        weiss_servers_namespace(lab->servers, 0), (int)getpid(),
                        weiss_servers_namespace(lab->servers, 1));
}
