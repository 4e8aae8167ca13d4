#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

// TCP listeners and UDP sockets.

int mc_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

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
