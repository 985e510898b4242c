#include "cloud/agent/daemon/asker.h"

#include "cloud/agent/api.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/** Seconds between two questions as long as the API is away. */
#define RETRY 10
#define SECRET 1024

struct weiss_asker {
    weiss_agent_settings settings;
    char secret[SECRET], host[WEISS_AGENT_TEXT];
    weiss_cloud *cloud; /**< the thread's */
    pthread_t thread;
    int descriptor; /**< eventfd */
    volatile sig_atomic_t stop; /**< ends a question */
    pthread_mutex_t lock; /**< of what follows */
    pthread_cond_t change;
    bool closing, wanted, answered;
    int code; /**< of the last answer */
    weiss_facts_table table; /**< of the last answer, when code is 0; owned until it is taken */
    weiss_fault fault;
};

static bool read_line(const char *path, char *out, size_t size, weiss_fault *fault)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, out, size - 1) : -1;
    if (length < 0)
        weiss_fault_set(
            fault, WEISS_ERR_FILE,
            "[openstack] credential_secret_file: %s cannot be read: %s; it has the secret of the application "
            "credential and nothing else",
            path, strerror(errno));
    else if (fstat(fd, &status) == 0 && (status.st_mode & 07) != 0)
        weiss_fault_set(
            fault, WEISS_ERR_FILE,
            "[openstack] credential_secret_file: %s can be read by everybody; chmod 600 it, and make a new "
            "credential",
            path);
    if (fd >= 0)
        close(fd);
    out[length > 0 ? length : 0] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    return fault->code == 0;
}

static int open_cloud(weiss_asker *asker, weiss_fault *fault)
{
    const weiss_agent_settings *s = &asker->settings;
    const weiss_cloud_login login = {.auth_url = s->auth_url,
                                     .credential_id = s->credential_id,
                                     .credential_secret = asker->secret,
                                     .region = s->region,
                                     .interface = s->interface,
                                     .cacert = s->cacert,
                                     .timeout = s->timeout};
    return asker->cloud != NULL ? 0 : weiss_cloud_open(&login, &asker->stop, &asker->cloud, fault);
}

/** Waits until a question is due. @return false at the end */
static bool await(weiss_asker *asker)
{
    struct timespec until;
    int seconds = asker->settings.poll;
    clock_gettime(CLOCK_REALTIME, &until);
    pthread_mutex_lock(&asker->lock);
    if (asker->code != 0 && seconds > RETRY)
        seconds = RETRY;
    until.tv_sec += seconds;
    while (!asker->closing && !asker->wanted &&
           pthread_cond_timedwait(&asker->change, &asker->lock, &until) != ETIMEDOUT)
        ;
    bool go = !asker->closing;
    asker->wanted = false;
    pthread_mutex_unlock(&asker->lock);
    return go;
}

static void hand_over(weiss_asker *asker, int code, weiss_facts_table *table, const weiss_fault *fault)
{
    const uint64_t one = 1;
    pthread_mutex_lock(&asker->lock);
    weiss_facts_clear(&asker->table); /* an older answer that nobody took */
    asker->table = *table;
    asker->code = code;
    asker->fault = *fault;
    asker->answered = true;
    ssize_t written = write(asker->descriptor, &one, sizeof one);
    (void)written; /* it fails only when it is readable already */
    pthread_mutex_unlock(&asker->lock);
}

static void *work(void *data)
{
    weiss_asker *asker = data;
    while (await(asker)) {
        weiss_facts_table table = {0};
        weiss_fault fault = {0};
        int code = open_cloud(asker, &fault);
        if (code == 0)
            code = weiss_api_facts(asker->cloud, asker->host, &table, &fault);
        if (code != 0)
            weiss_facts_clear(&table);
        if (code != WEISS_STOPPED)
            hand_over(asker, code, &table, &fault);
        else
            weiss_facts_clear(&table);
    }
    return NULL;
}

static int start(weiss_asker *asker, weiss_fault *fault)
{
    sigset_t all, before;
    asker->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (asker->descriptor < 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "eventfd: %s", strerror(errno));
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&asker->thread, NULL, work, asker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        return 0;
    close(asker->descriptor);
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "no thread: %s", strerror(error));
}

int weiss_asker_open(const weiss_agent_settings *settings, weiss_asker **out, weiss_fault *fault)
{
    weiss_asker *asker = calloc(1, sizeof *asker);
    *out = NULL;
    if (asker == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    asker->settings = *settings;
    asker->wanted = true;
    pthread_mutex_init(&asker->lock, NULL);
    pthread_cond_init(&asker->change, NULL);
    memcpy(asker->host, settings->host, sizeof asker->host);
    if (asker->host[0] == '\0' && gethostname(asker->host, sizeof asker->host - 1) != 0)
        weiss_fault_set(fault, WEISS_ERR_SYSTEM, "this machine has no name: %s", strerror(errno));
    int code = read_line(settings->credential_secret_file, asker->secret, sizeof asker->secret, fault)
                   ? start(asker, fault)
                   : WEISS_ERR_FILE;
    if (code == 0) {
        *out = asker;
        return 0;
    }
    free(asker);
    return code;
}

int weiss_asker_descriptor(const weiss_asker *asker)
{
    return asker->descriptor;
}

void weiss_asker_ask(weiss_asker *asker)
{
    pthread_mutex_lock(&asker->lock);
    asker->wanted = true;
    pthread_cond_signal(&asker->change);
    pthread_mutex_unlock(&asker->lock);
}

int weiss_asker_take(weiss_asker *asker, weiss_facts_table *table, weiss_fault *fault)
{
    uint64_t count;
    ssize_t got = read(asker->descriptor, &count, sizeof count);
    (void)got;
    pthread_mutex_lock(&asker->lock);
    int code = asker->answered ? asker->code : WEISS_RETRY;
    if (asker->answered) {
        *table = asker->table;
        *fault = asker->fault;
        asker->table = (weiss_facts_table){0};
        asker->answered = false;
    }
    pthread_mutex_unlock(&asker->lock);
    return code;
}

void weiss_asker_close(weiss_asker *asker)
{
    if (asker == NULL)
        return;
    pthread_mutex_lock(&asker->lock);
    asker->closing = true;
    asker->stop = 1;
    pthread_cond_signal(&asker->change);
    pthread_mutex_unlock(&asker->lock);
    pthread_join(asker->thread, NULL);
    weiss_cloud_close(asker->cloud);
    weiss_facts_clear(&asker->table);
    close(asker->descriptor);
    explicit_bzero(asker->secret, sizeof asker->secret);
    pthread_mutex_destroy(&asker->lock);
    pthread_cond_destroy(&asker->change);
    free(asker);
}
