#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

int mc_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

int mc_processors(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

// ---- processes

enum { first_inherited = 3, most_listeners = 16 };

/// Runs in the child, between fork and exec: only calls that are safe there. Returns the errno of the call that failed.
static int become(const struct mc_child *child, char **environment, char *pid_text) {
    sigset_t none;
    sigemptyset(&none);
    for (int i = 1; i < NSIG; i++) signal(i, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (child->new_session) setsid();
    else setpgid(0, 0);

    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 0) < 0) return errno;
    if (child->output >= 0 && (dup2(child->output, 1) < 0 || dup2(child->output, 2) < 0)) return errno;

    // Descriptors move out of the way first and then to their places: a source may be at the place of another one.
    int high[most_listeners + 2], count = 0;
    for (int i = 0; i < child->listener_count; i++) high[count++] = fcntl(child->listeners[i], F_DUPFD_CLOEXEC, 100);
    if (child->lifeline >= 0) high[count++] = fcntl(child->lifeline, F_DUPFD_CLOEXEC, 100);
    if (child->output_reader >= 0) high[count++] = fcntl(child->output_reader, F_DUPFD_CLOEXEC, 100);
    for (int i = 0; i < count; i++) {
        if (high[i] < 0 || dup2(high[i], first_inherited + i) < 0) return errno;
    }
    syscall(SYS_close_range, first_inherited + count, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
    if (pid_text) snprintf(pid_text, 32, "LISTEN_PID=%d", getpid());
    execve(child->path, child->arguments, environment);
    return errno;
}

pid_t mc_spawn(const struct mc_child *child) {
    if (child->listener_count > most_listeners) return errno = EINVAL, -1;
    size_t count = 0;
    while (child->environment[count]) count++;
    char **environment = calloc(count + 6, sizeof *environment);
    char names[256], listeners[32], pid_text[32], lifeline[48], reader[48];
    if (!environment) return -1;
    memcpy(environment, child->environment, count * sizeof *environment);
    if (child->listener_count > 0) {
        snprintf(listeners, sizeof listeners, "LISTEN_FDS=%d", child->listener_count);
        snprintf(names, sizeof names, "LISTEN_FDNAMES=%s", child->listener_names);
        snprintf(pid_text, sizeof pid_text, "LISTEN_PID=");
        environment[count++] = listeners;
        environment[count++] = names;
        environment[count++] = pid_text;
    }
    if (child->lifeline >= 0) {
        snprintf(lifeline, sizeof lifeline, "MEGACOMET_LIFELINE=%d", first_inherited + child->listener_count);
        environment[count++] = lifeline;
    }
    if (child->output_reader >= 0) {
        snprintf(reader, sizeof reader, "MEGACOMET_OUTPUT=%d", first_inherited + child->listener_count + (child->lifeline >= 0));
        environment[count++] = reader;
    }

    // The exec closes the write end. Until then it carries the errno of a call that failed.
    int failure[2];
    pid_t pid = -1;
    if (pipe2(failure, O_CLOEXEC) == 0) {
        // Its number is above every place that the child fills, so it survives the dup2 calls.
        int high = fcntl(failure[1], F_DUPFD_CLOEXEC, 64);
        close(failure[1]);
        pid = high < 0 ? -1 : fork();
        if (pid == 0) {
            int error = become(child, environment, child->listener_count > 0 ? pid_text : NULL);
            if (write(high, &error, sizeof error) < 0) _exit(126);
            _exit(127);
        }
        int kept = errno, error = 0;
        if (high >= 0) close(high);
        if (pid > 0) {
            ssize_t n;
            while ((n = read(failure[0], &error, sizeof error)) < 0 && errno == EINTR) {}
            if (n == (ssize_t)sizeof error) {
                while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
                pid = -1;
                kept = error;
            }
        }
        close(failure[0]);
        errno = kept;
    }
    free(environment);
    return pid;
}

static int64_t microseconds(struct timeval time) { return (int64_t)time.tv_sec * 1000000 + time.tv_usec; }

void mc_exit_of(int status, struct mc_exit *result) {
    result->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    result->core = WIFSIGNALED(status) && WCOREDUMP(status);
}

int mc_reap(pid_t pid, struct mc_exit *result) {
    int status;
    struct rusage usage;
    pid_t ended = wait4(pid, &status, WNOHANG, &usage);
    if (ended <= 0) return ended;
    mc_exit_of(status, result);
    result->user_microseconds = microseconds(usage.ru_utime);
    result->system_microseconds = microseconds(usage.ru_stime);
    result->peak_bytes = (int64_t)usage.ru_maxrss * 1024;
    return 1;
}

int mc_pidfd_open(pid_t pid) { return syscall(SYS_pidfd_open, pid, 0); }
int mc_pidfd_status(int pidfd) {
    // PIDFD_GET_INFO (Linux 6.13) with PIDFD_INFO_EXIT (6.15), as Debian 12's headers don't have them.
    struct {
        uint64_t mask, cgroup;
        uint32_t pid, group, parent, ids[8];
        int32_t exit_status;
    } info = {.mask = 1 << 3};
    if (ioctl(pidfd, _IOWR(0xFF, 11, info), &info) < 0 || !(info.mask & 1 << 3)) return -1;
    return info.exit_status;
}
int mc_pidfd_getfd(int pidfd, int descriptor) { return syscall(SYS_pidfd_getfd, pidfd, descriptor, 0); }

// ---- unix sockets

ssize_t mc_send_descriptors(int socket, const void *bytes, size_t count, const int *descriptors, int descriptor_count) {
    struct iovec part = {(void *)bytes, count};
    union {
        char room[CMSG_SPACE(sizeof(int) * most_listeners)];
        struct cmsghdr align;
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor_count > most_listeners) return errno = EINVAL, -1;
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
        char room[CMSG_SPACE(sizeof(int) * most_listeners)];
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

// ---- datagrams, and what the kernel knows of a listener

ssize_t mc_receive_datagram(int socket, void *bytes, size_t room, uint32_t *address, uint16_t *port, uint32_t *dropped) {
    struct sockaddr_in from;
    struct iovec part = {bytes, room};
    union {
        char room[CMSG_SPACE(sizeof(uint32_t))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {
        .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t n = recvmsg(socket, &message, MSG_TRUNC);
    if (n < 0) return n;
    *address = ntohl(from.sin_addr.s_addr);
    *port = ntohs(from.sin_port);
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header))
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_RXQ_OVFL) memcpy(dropped, CMSG_DATA(header), sizeof *dropped);
    return n;
}

int mc_prepare_datagrams(int socket, int bytes) {
    int on = 1, granted = 0;
    socklen_t size = sizeof granted;
    if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0) setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(socket, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
    getsockopt(socket, SOL_SOCKET, SO_RCVBUF, &granted, &size);
    return granted;
}

ssize_t mc_send_datagram(int socket, const void *bytes, size_t count, uint32_t address, uint16_t port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address), .sin_port = htons(port)};
    return sendto(socket, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof to);
}

int mc_connect_datagrams(int socket, uint32_t address, uint16_t port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address), .sin_port = htons(port)};
    return connect(socket, (struct sockaddr *)&to, sizeof to);
}

int mc_hear_refusals(int socket) {
    int on = 1;
    return setsockopt(socket, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
}

int mc_next_refusal(int socket, uint32_t *address, uint16_t *port) {
    struct sockaddr_in to;
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to};
    if (recvmsg(socket, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return -1;
    *address = ntohl(to.sin_addr.s_addr);
    *port = ntohs(to.sin_port);
    return 0;
}

int mc_listen_queue(int listener, uint32_t *waiting, uint32_t *most) {
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size) < 0) return -1;
    if (info.tcpi_state != TCP_LISTEN) return errno = EINVAL, -1;
    *waiting = info.tcpi_unacked;  // on a listener these two fields are its queue (tcp_get_info in the kernel)
    *most = info.tcpi_sacked;
    return 0;
}
