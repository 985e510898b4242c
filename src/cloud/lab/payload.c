#include "cloud/lab/private.h"

#include "cloud/guest/texts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/** Seconds that the files of a lab may take to be made. */
#define PREPARATION 300

/** Appends PATH and NAME of what is shipped, "PATH" or "PATH:NAME". */
static int add_ship(weiss_words *words, const char *ship, weiss_fault *fault)
{
    char path[WEISS_PATH];
    snprintf(path, sizeof path, "%s", ship);
    char *colon = strrchr(path, ':');
    if (colon != NULL)
        *colon++ = '\0';
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
    char *slash = strrchr(path, '/');
    const char *name = colon != NULL ? colon : slash != NULL ? slash + 1 : path;
    if (access(path, R_OK) != 0)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--ship %s: %s", path, strerror(errno));
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        return weiss_fault_set(
            fault, WEISS_ERR_USAGE,
            "--ship %s: the name in the machines must be one word that does not begin with "
            "a point; found \"%s\"",
            path, name);
    weiss_words_add(words, "%s", path);
    weiss_words_add(words, "%s", name);
    return 0;
}

static int add_payload(const weiss_lab_options *o, weiss_words *words, weiss_fault *fault)
{
    int code = 0;
    for (int i = 0; code == 0 && o->ship[i] != NULL; i++)
        code = add_ship(words, o->ship[i], fault);
    weiss_words_add(words, "--");
    for (int i = 0; code == 0 && o->module[i] != NULL; i++) {
        if (access(o->module[i], R_OK) != 0)
            code = weiss_fault_set(fault, WEISS_ERR_USAGE, "--module %s: %s", o->module[i], strerror(errno));
        weiss_words_add(words, "%s", o->module[i]);
    }
    if (code == 0 && words->full)
        code = weiss_fault_set(fault, WEISS_ERR_MEMORY, "too much to ship, or out of memory");
    return code;
}

int weiss_lab_check_payload(const weiss_lab_options *o, weiss_fault *fault)
{
    weiss_words words = {0};
    int code = add_payload(o, &words, fault);
    weiss_words_clear(&words);
    return code;
}

/** Network between the machines and the card that leads to it; then address and port of each machine's ssh. */
static void add_network(const weiss_lab *lab, weiss_words *words)
{
    char address[16];
    bool single = lab->domains.network[0] != '\0';
    weiss_words_add(words, "10.77.%d", lab->domains.subnet);
    weiss_words_add(words, "%s", single ? "eth0" : "eth1");
    for (int i = 0; i < lab->options.vms; i++) {
        if (single)
            weiss_words_add(words, "%s", weiss_domains_address(&lab->domains, i, address));
        else
            weiss_words_add(words, "127.0.0.1");
        weiss_words_add(words, "%d", lab->vm[i].port);
    }
}

int weiss_lab_prepare(weiss_lab *lab, weiss_fault *fault)
{
    weiss_words words = {0};
    char log[64], last[512];
    const weiss_process_reader reader = {.stop = lab->options.watch.stop, .seconds = PREPARATION};
    int exit_code = 0;
    for (const char *const *word = (const char *const[]){"/bin/sh", "-c", weiss_text_prepare_lab,
                                                         "prepare-lab", lab->directory, NULL};
         *word != NULL; word++)
        weiss_words_add(&words, "%s", *word);
    weiss_words_add(&words, "%s/" WEISS_IMAGE_LIBRARIES, lab->image);
    weiss_words_add(&words, "%d", lab->options.vcpus);
    weiss_words_add(&words, "%s", weiss_text_guest_init);
    add_network(lab, &words);
    weiss_words_add(&words, "--");
    int code = add_payload(&lab->options, &words, fault);
    /* In memory: what it says matters most when there is no space for files. */
    int fd = code == 0 ? memfd_create("prepare", MFD_CLOEXEC) : -1;
    snprintf(log, sizeof log, "/proc/self/fd/%d", fd);
    const weiss_process_options options = {.words = words.word, .in = -1, .err = fd, .death_signal = SIGKILL};
    if (code == 0)
        code = weiss_process_run(&options, &reader, &exit_code, fault);
    weiss_words_clear(&words);
    if (code == 0 && exit_code != 0)
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "the disk for the machines cannot be made: %s",
                               weiss_last_lines(log, last, sizeof last));
    if (fd >= 0)
        close(fd);
    return code;
}
