#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

// TCP listeners and UDP sockets.

int mc_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

int mc_accept_from(int listener, struct sockaddr_storage *from) {
    socklen_t size = sizeof *from;
    return accept4(listener, (struct sockaddr *)from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

ssize_t mc_receive_datagram(int socket, void *bytes, size_t room, struct sockaddr_storage *from, uint32_t *dropped) {
    struct iovec part = {bytes, room};
    union {
        char room[CMSG_SPACE(sizeof(uint32_t))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {
        .msg_name = from, .msg_namelen = sizeof *from, .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t n = recvmsg(socket, &message, MSG_TRUNC);
    if (n < 0) return n;
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

int mc_hear_refusals(int socket) {
    int on = 1, domain = 0;
    socklen_t size = sizeof domain;
    if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0) return -1;
    if (domain == AF_INET6 && setsockopt(socket, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on) < 0) return -1;
    return setsockopt(socket, IPPROTO_IP, IP_RECVERR, &on, sizeof on);  // an IPv6 socket may send over IPv4, too
}

int mc_next_refusal(int socket, struct sockaddr_storage *address) {
    struct msghdr message = {.msg_name = address, .msg_namelen = sizeof *address};
    return recvmsg(socket, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0 ? -1 : 0;
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
