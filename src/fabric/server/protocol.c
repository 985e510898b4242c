#include "fabric/server/protocol.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

weiss_sent weiss_protocol_send(int socket, int64_t number, int fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    uint64_t wire = htole64((uint64_t)number);
    struct iovec part = {.iov_base = &wire, .iov_len = sizeof wire};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    ssize_t n = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n == (ssize_t)sizeof wire)
        return WEISS_SENT;
    if (n >= 0) { /* the kernel takes 8 bytes or none */
        errno = EPROTO;
        return WEISS_SENT_FAILED;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return WEISS_SENT_FULL;
    if (errno == ETOOMANYREFS || errno == ENOBUFS || errno == ENOMEM || errno == EINTR)
        return WEISS_SENT_LIMIT;
    return WEISS_SENT_FAILED;
}
