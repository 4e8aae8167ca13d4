#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

ssize_t mc_send_descriptors(int socket, const void *bytes, size_t count, const int *descriptors, int descriptor_count) {
    struct iovec part = {(void *)bytes, count};
    union {
        char room[CMSG_SPACE(sizeof(int) * mc_most_descriptors)];
        struct cmsghdr align;
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor_count > mc_most_descriptors) return errno = EINVAL, -1;
    if (descriptor_count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptor_count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * descriptor_count);
        memcpy(CMSG_DATA(header), descriptors, sizeof(int) * descriptor_count);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

ssize_t mc_receive_descriptors(int socket, void *bytes, size_t count, int *descriptors, int room, int *descriptor_count) {
    struct iovec part = {bytes, count};
    union {
        char room[CMSG_SPACE(sizeof(int) * mc_most_descriptors)];
        struct cmsghdr align;
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    *descriptor_count = 0;
    ssize_t n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (n < 0) return n;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int came = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (int i = 0; i < came; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
            if (*descriptor_count < room) descriptors[(*descriptor_count)++] = descriptor;
            else close(descriptor);
        }
    }
    return n;
}

int mc_peer_credentials(int socket, pid_t *pid, uid_t *uid, gid_t *gid) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return -1;
    *pid = peer.pid;
    *uid = peer.uid;
    *gid = peer.gid;
    return 0;
}

/// The address of a path, and its length. 0 if the path is too long.
static socklen_t unix_address(const char *path, struct sockaddr_un *address) {
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address->sun_path) return errno = ENAMETOOLONG, 0;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    if (path[0] != '@') return sizeof *address;
    address->sun_path[0] = 0;
    return offsetof(struct sockaddr_un, sun_path) + length;
}

static int unix_socket(const char *path, int type, struct sockaddr_un *address, socklen_t *size) {
    *size = unix_address(path, address);
    return *size == 0 ? -1 : socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int failed(int descriptor) {
    int kept = errno;
    close(descriptor);
    errno = kept;
    return -1;
}

int mc_unix_listen(const char *path, mode_t mode) {
    struct sockaddr_un address;
    socklen_t size;
    int descriptor = unix_socket(path, SOCK_STREAM, &address, &size);
    if (descriptor < 0) return -1;
    unlink(path);
    mode_t mask = umask(0777);  // nobody may connect before the permissions are right
    int bound = bind(descriptor, (struct sockaddr *)&address, size);
    umask(mask);
    if (bound < 0 || chmod(path, mode) < 0 || listen(descriptor, 128) < 0) return failed(descriptor);
    return descriptor;
}

int mc_unix_connect(const char *path) {
    struct sockaddr_un address;
    socklen_t size;
    int descriptor = unix_socket(path, SOCK_STREAM, &address, &size);
    if (descriptor < 0) return -1;
    return connect(descriptor, (struct sockaddr *)&address, size) < 0 ? failed(descriptor) : descriptor;
}

int mc_unix_datagram(const char *path) {
    struct sockaddr_un address;
    socklen_t size;
    int descriptor = unix_socket(path, SOCK_DGRAM, &address, &size);
    if (descriptor < 0) return -1;
    unlink(path);
    return bind(descriptor, (struct sockaddr *)&address, size) < 0 ? failed(descriptor) : descriptor;
}

int mc_unix_send(const char *path, const void *bytes, size_t count, const int *descriptors, int descriptor_count, int patience) {
    struct sockaddr_un address;
    socklen_t size;
    int descriptor = unix_socket(path, SOCK_DGRAM, &address, &size);
    if (descriptor < 0) return -1;
    if (connect(descriptor, (struct sockaddr *)&address, size) < 0) return failed(descriptor);
    while (mc_send_descriptors(descriptor, bytes, count, descriptors, descriptor_count) < 0) {
        struct pollfd room = {.fd = descriptor, .events = POLLOUT};
        if ((errno != EAGAIN && errno != EINTR) || poll(&room, 1, patience) == 0) return failed(descriptor);
    }
    close(descriptor);
    return 0;
}
