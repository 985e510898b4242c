#include "cloud/remote.h"

#include "cloud/words.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** One word of a shell that stands for @p word itself. Freed by the caller; NULL without memory. */
static char *quoted(const char *word)
{
    char *text = malloc(4 * strlen(word) + 3), *end = text;
    if (text == NULL)
        return NULL;
    *end++ = '\'';
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            end = stpcpy(end, "'\\'");
        *end++ = *word;
    }
    *end++ = '\'';
    *end = '\0';
    return text;
}

/** Starts a program that shares the caller's streams, and waits for it. */
static int run_attached(const weiss_process_options *options, const volatile sig_atomic_t *stop, int *code,
                        weiss_fault *fault)
{
    int status;
    pid_t pid;
    int result = weiss_process_start(options, &pid, fault);
    if (result != 0)
        return result;
    result = weiss_process_wait(pid, -1, stop, &status);
    if (result == WEISS_STOPPED) {
        kill(pid, SIGTERM);
        weiss_process_wait(pid, -1, NULL, &status);
    }
    *code = weiss_process_code(status);
    return result;
}

/** Runs what is in @p words, which are freed. */
static int run_words(weiss_words *words, const weiss_process_reader *reader,
                     const volatile sig_atomic_t *stop, int *code, weiss_fault *fault)
{
    const weiss_process_options options = {
        .words = words->word, .in = -1, .out = STDOUT_FILENO, .err = STDERR_FILENO, .death_signal = SIGTERM};
    int result = words->full      ? weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory")
                 : reader != NULL ? weiss_process_run(&options, reader, code, fault)
                                  : run_attached(&options, stop, code, fault);
    weiss_words_clear(words);
    return result;
}

int weiss_remote_run(const char *directory, const char *vm, char *const *words,
                     const weiss_process_reader *reader, const volatile sig_atomic_t *stop, int *code,
                     weiss_fault *fault)
{
    weiss_words ssh = {0};
    weiss_words_list(&ssh, "ssh", "-F", NULL);
    weiss_words_add(&ssh, "%s/ssh-config", directory);
    weiss_words_list(&ssh, vm, "--", NULL);
    for (int i = 0; words[i] != NULL; i++) {
        char *word = quoted(words[i]);
        weiss_words_add(&ssh, "%s", word != NULL ? word : "");
        ssh.full = ssh.full || word == NULL;
        free(word);
    }
    return run_words(&ssh, reader, stop, code, fault);
}

int weiss_remote_copy(const char *directory, const char *from, const char *to,
                      const volatile sig_atomic_t *stop, int *code, weiss_fault *fault)
{
    weiss_words scp = {0};
    weiss_words_list(&scp, "scp", "-q", "-p", "-r", "-F", NULL);
    weiss_words_add(&scp, "%s/ssh-config", directory);
    weiss_words_list(&scp, "--", from, to, NULL);
    return run_words(&scp, NULL, stop, code, fault);
}

void weiss_remote_close(const char *directory, const char *vm)
{
    const weiss_process_reader reader = {.seconds = 10};
    weiss_words ssh = {0};
    int code;
    weiss_words_list(&ssh, "ssh", "-F", NULL);
    weiss_words_add(&ssh, "%s/ssh-config", directory);
    weiss_words_list(&ssh, "-O", "exit", vm, NULL);
    const weiss_process_options options = {.words = ssh.word, .in = -1, .err = -1};
    if (!ssh.full)
        weiss_process_run(&options, &reader, &code, NULL);
    weiss_words_clear(&ssh);
}
