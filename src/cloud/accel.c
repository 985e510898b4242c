#include "cloud/accel.h"

#include "cloud/process.h"
#include "cloud/words.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** Seconds that a kernel without disks gets to come up. */
#define PATIENCE 15

static void hear(void *data, const char *line)
{
    if (strstr(line, "weiss-lab: ready") != NULL)
        *(bool *)data = true;
}

/** Boots the kernel and the initrd, which answers and switches off. */
static int try_guest(const weiss_lab_watch *watch, const char *image, bool *works, weiss_fault *fault)
{
    weiss_words words = {0};
    int code;
    weiss_words_list(&words, WEISS_QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                     "-machine", "q35", "-accel", "kvm", "-cpu", "host", "-m", "256M", "-serial", "stdio",
                     "-append", "console=ttyS0 panic=-1 weiss.probe", NULL);
    weiss_words_add(&words, "-kernel");
    weiss_words_add(&words, "%s/" WEISS_IMAGE_KERNEL, image);
    weiss_words_add(&words, "-initrd");
    weiss_words_add(&words, "%s/" WEISS_IMAGE_INITRD, image);
    const weiss_process_options options = {.words = words.word, .in = -1, .err = -1, .death_signal = SIGKILL};
    const weiss_process_reader reader = {
        .line = hear, .data = works, .stop = watch->stop, .seconds = PATIENCE};
    int result = words.full ? weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory")
                            : weiss_process_run(&options, &reader, &code, fault);
    weiss_words_clear(&words);
    if (result != WEISS_ERR_SYSTEM)
        return result;
    weiss_fault_clear(fault); /* it did not come up in time: an answer too */
    *works = false;
    return 0;
}

/** What the answer depends on, beside the kernel. */
static void describe(char *text, size_t size)
{
    char boot[64] = "", qemu[WEISS_PATH];
    struct stat status = {0};
    weiss_read_text("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    boot[strcspn(boot, "\n")] = '\0';
    if (weiss_process_find(WEISS_QEMU, qemu, sizeof qemu))
        stat(qemu, &status);
    snprintf(text, size, "boot %s qemu %lld", boot, (long long)status.st_mtime);
}

int weiss_accel_kvm(const weiss_lab_watch *watch, const char *image, bool *works, weiss_fault *fault)
{
    char path[WEISS_PATH + 32], cache[WEISS_PATH], known[256], here[160], answer[256];
    *works = false;
    if (access("/dev/kvm", R_OK | W_OK) != 0)
        return 0;
    int code = weiss_image_cache(cache, fault);
    if (code != 0)
        return code;
    snprintf(path, sizeof path, "%s/kvm", cache);
    describe(here, sizeof here);
    if (weiss_read_text(path, known, sizeof known) > 0 && strncmp(known, here, strlen(here)) == 0) {
        *works = strstr(known, "works") != NULL;
        return 0;
    }
    weiss_lab_say(watch, "trying KVM");
    code = try_guest(watch, image, works, fault);
    if (code != 0)
        return code;
    snprintf(answer, sizeof answer, "%s %s\n", here, *works ? "works" : "fails");
    return weiss_write_text(path, answer, fault);
}
