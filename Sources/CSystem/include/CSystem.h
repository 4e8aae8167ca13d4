#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

// System calls that Swift can't import: hidden behind _GNU_SOURCE, variadic, macros, or unavailable (fork).

/// accept4(2) with SOCK_NONBLOCK | SOCK_CLOEXEC. The descriptor, or -1 with errno.
int mc_accept(int listener);

/// Processors that this process may run on (sched_getaffinity(2): a cpuset, taskset); 0 where the kernel does not say.
int mc_processors(void);

/// What a child is started with. Everything is borrowed for the call.
struct mc_child {
    const char *path;          ///< the program
    char *const *arguments;    ///< argv, ended by NULL
    char *const *environment;  ///< ended by NULL; LISTEN_* and MEGACOMET_* are added here
    const int *listeners;      ///< inherited as descriptors 3, 4, ..
    int listener_count;
    const char *listener_names;  ///< LISTEN_FDNAMES: separated by colons
    int lifeline;                ///< inherited after the listeners; -1: none
    int output;                  ///< becomes stdout and stderr; -1: they stay
    int output_reader;           ///< inherited after the lifeline: the other end of `output`; -1: none
    int new_session;             ///< 1: setsid (a background supervisor), 0: a process group of its own
};
/// fork and exec, from a process of one thread. Signals are reset, stdin is /dev/null, no other descriptor is inherited, and where there
/// are listeners LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES say so in systemd's way. Returns when the program runs: its pid, or -1 with
/// errno of the call that failed, also where that was the exec.
pid_t mc_spawn(const struct mc_child *child);

/// How a process ended (wait4 and its macros).
struct mc_exit {
    int code;    ///< -1 where a signal ended it
    int signal;  ///< 0 where it exited
    int core;    ///< 1: it left a core
    int64_t user_microseconds, system_microseconds, peak_bytes;
};
/// What waitpid's status says; the rest of `result` stays as it is.
void mc_exit_of(int status, struct mc_exit *result);
/// 1: it ended and is reaped; 0: it still runs; -1: not our child (adopted), with errno.
int mc_reap(pid_t pid, struct mc_exit *result);

/// pidfd_open(2): readable once the process has ended. Close on exec.
int mc_pidfd_open(pid_t pid);
/// How a process that a pidfd follows ended, in the form of waitpid(2)'s status, also where it was not our child: since Linux 6.15, and once its
/// parent has reaped it. -1 where the kernel can't say (yet).
int mc_pidfd_status(int pidfd);
/// pidfd_getfd(2): a copy of another process's descriptor. Needs the right to trace it.
int mc_pidfd_getfd(int pidfd, int descriptor);

/// Sends bytes with descriptors attached (SCM_RIGHTS). What sendmsg says.
ssize_t mc_send_descriptors(int socket, const void *bytes, size_t count, const int *descriptors, int descriptor_count);
/// Receives bytes and up to `room` descriptors, close on exec; more than fit are closed. `descriptor_count` is how many came.
ssize_t mc_receive_descriptors(int socket, void *bytes, size_t count, int *descriptors, int room, int *descriptor_count);

/// SO_PEERCRED of a unix socket. 0, or -1 with errno.
int mc_peer_credentials(int socket, pid_t *pid, uid_t *uid, gid_t *gid);

/// A unix stream listener at a path, which is unlinked first, with these permissions. -1 with errno; ENAMETOOLONG over 107 bytes.
int mc_unix_listen(const char *path, mode_t mode);
/// Connects to a unix stream listener: at once or not at all.
int mc_unix_connect(const char *path);
/// A bound unix datagram socket.
int mc_unix_datagram(const char *path);
/// Sends one datagram to a path, with descriptors attached; a first character `@` is the abstract namespace. Where the reader has no room for it, it
/// waits so many milliseconds. 0, or -1 with errno.
int mc_unix_send(const char *path, const void *bytes, size_t count, const int *descriptors, int descriptor_count, int patience);

/// Receives one datagram of an IPv4 socket: its true length (MSG_TRUNC), who sent it (host byte order), and how many the kernel has dropped
/// on this socket since it was made, where SO_RXQ_OVFL is on and one was dropped; `dropped` stays as it is otherwise. -1 with errno.
ssize_t mc_receive_datagram(int socket, void *bytes, size_t room, uint32_t *address, uint16_t *port, uint32_t *dropped);
/// Asks for a receive buffer of so many bytes, beyond rmem_max where this process may; and for SO_RXQ_OVFL. What the kernel granted.
int mc_prepare_datagrams(int socket, int bytes);
/// sendto to an IPv4 address (host byte order).
ssize_t mc_send_datagram(int socket, const void *bytes, size_t count, uint32_t address, uint16_t port);
/// From now on `send` goes to this IPv4 address (host byte order): the kernel looks the way up once. 0, or -1 with errno.
int mc_connect_datagrams(int socket, uint32_t address, uint16_t port);
/// Asks that the kernel keeps which addresses refused what was sent to them (IP_RECVERR). 0, or -1 with errno.
int mc_hear_refusals(int socket);
/// The next of those addresses, in host byte order. 0, or -1 where there is none.
int mc_next_refusal(int socket, uint32_t *address, uint16_t *port);
/// How many connections wait on a TCP listener to be accepted, and how many may. 0, or -1 with errno.
int mc_listen_queue(int listener, uint32_t *waiting, uint32_t *most);
/// Puts a terminal into raw mode. `restoring` (at most 512 bytes) is written to it, and its state brought back, by `mc_terminal_restore`,
/// and when the process dies of a signal of its own making (SEGV, ABRT, BUS, ILL, FPE, TRAP). 0, or -1 with errno.
int mc_terminal_raw(int terminal, const void *restoring, size_t count);
/// Once after each `mc_terminal_raw`; again it does nothing.
void mc_terminal_restore(void);
/// Stops this process group as Ctrl-Z would; returns when it is continued.
void mc_stop_self(void);
/// A file in memory, empty. -1 with errno.
int mc_memory_file(void);
