#include "fabric/server/listener.h"

#include "fabric/server/place.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128
#define SUFFIXED (WEISS_SOCKET_PATH + 8)

static const char *with_suffix(const char *path, const char *suffix, char out[SUFFIXED])
{
    snprintf(out, SUFFIXED, "%s%s", path, suffix);
    return out;
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return address;
}

static int in_use(const char *path, pid_t process, weiss_fault *fault)
{
    char who[48] = "another process";
    if (process > 0)
        snprintf(who, sizeof who, "process %ld", (long)process);
    return weiss_fault_set(fault, WEISS_ERR_FILE,
                           "%s is served by %s already; stop that one, or choose another path", path, who);
}

/** Fails when somebody answers at @p path, who need not know our locks. */
static int check_dead(const char *path, weiss_fault *fault)
{
    struct sockaddr_un address = address_of(path);
    pid_t process = 0;
    uid_t user;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "socket: %s", strerror(errno));
    int code = 0;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN) {
        weiss_listener_credentials(fd, &process, &user);
        code = in_use(path, process, fault);
    }
    close(fd);
    return code;
}

static int bind_and_listen(weiss_listener *listener, const char *temporary, uid_t owner, int fd,
                           weiss_fault *fault)
{
    struct sockaddr_un address = address_of(temporary);
    struct stat status;
    bool right = bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && lstat(temporary, &status) == 0;
    if (right) {
        listener->device = (uint64_t)status.st_dev;
        listener->inode = (uint64_t)status.st_ino;
        right = chmod(temporary, 0600) == 0 &&
                (owner == geteuid() || lchown(temporary, owner, (gid_t)-1) == 0) && listen(fd, BACKLOG) == 0;
    }
    if (right)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_FILE, "the socket %s cannot be made: %s", listener->path,
                           strerror(errno));
}

static int make_socket(weiss_listener *listener, const char *temporary, uid_t owner, int *fd,
                       weiss_fault *fault)
{
    int code = weiss_place_free(listener->path, S_IFSOCK, owner, fault);
    if (code == 0)
        code = check_dead(listener->path, fault);
    if (code == 0)
        code = weiss_place_clear(temporary, S_IFSOCK, owner, fault);
    if (code != 0)
        return code;
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "socket: %s", strerror(errno));
    return bind_and_listen(listener, temporary, owner, *fd, fault);
}

int weiss_listener_open(weiss_listener *listener, const char *path, uid_t owner, int *fd, weiss_fault *fault)
{
    char lock[SUFFIXED], temporary[SUFFIXED];
    bool held;
    pid_t holder;
    *fd = -1;
    *listener = (weiss_listener){.path = path, .lock = -1};
    weiss_fault refused = {0};
    int code = weiss_place_lock(with_suffix(path, ".lock", lock), &listener->lock, &held, &holder, &refused);
    if (code != 0) {
        listener->path = NULL;
        return held ? in_use(path, holder, fault) : weiss_fault_set(fault, code, "%s", refused.text);
    }
    code = make_socket(listener, with_suffix(path, ".new", temporary), owner, fd, fault);
    if (code != 0) {
        if (*fd >= 0)
            close(*fd);
        *fd = -1;
        weiss_listener_close(listener);
    }
    return code;
}

int weiss_listener_show(const weiss_listener *listener, weiss_fault *fault)
{
    char temporary[SUFFIXED];
    if (rename(with_suffix(listener->path, ".new", temporary), listener->path) != 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "the socket %s cannot be made: %s", listener->path,
                               strerror(errno));
    return 0;
}

static void remove_socket(const weiss_listener *listener, const char *path)
{
    struct stat status;
    if (listener->inode != 0 && lstat(path, &status) == 0 && (uint64_t)status.st_dev == listener->device &&
        (uint64_t)status.st_ino == listener->inode)
        unlink(path);
}

void weiss_listener_close(weiss_listener *listener)
{
    char path[SUFFIXED];
    if (listener->path == NULL)
        return;
    remove_socket(listener, listener->path);
    remove_socket(listener, with_suffix(listener->path, ".new", path));
    weiss_place_unlock(with_suffix(listener->path, ".lock", path), listener->lock);
    listener->path = NULL;
}

bool weiss_listener_credentials(int fd, pid_t *pid, uid_t *uid)
{
    struct ucred other;
    socklen_t length = sizeof other;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &other, &length) != 0)
        return false;
    *pid = other.pid;
    *uid = other.uid;
    return true;
}
