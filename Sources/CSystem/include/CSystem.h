#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

// System calls that Swift can't import: they are hidden behind _GNU_SOURCE, variadic, macros, or unavailable (fork).

/// The most descriptors that a child inherits, and that one message over a unix socket carries.
enum { mc_most_descriptors = 16 };

// ---- Memory.c

/// A file of memory without a name in any folder (memfd_create(2)), closed on exec, of size 0. -1 with errno.
int mc_memory_file(const char *name);
/// 1 if the descriptor is of such a file.
int mc_is_memory_file(int descriptor);
/// Makes a range of a file usable, or gives it back so that it reads as zero (fallocate(2)). 0, or -1 with errno.
int mc_allocate(int descriptor, int64_t offset, int64_t bytes);
int mc_give_back(int descriptor, int64_t offset, int64_t bytes);

// ---- Processes.c

/// Processors that this process may run on (sched_getaffinity(2): a cpuset, taskset). 0 if the kernel does not say.
int mc_processors(void);

/// Everything that starting a child needs. It is all borrowed for the call.
struct mc_child {
    const char *path;          ///< the program
    char *const *arguments;    ///< argv, ended by NULL
    char *const *environment;  ///< ended by NULL; LISTEN_* and MEGACOMET_* are added here
    const int *listeners;      ///< inherited as descriptors 3, 4, ..
    int listener_count;
    const char *listener_names;  ///< LISTEN_FDNAMES: separated by colons
    int lifeline;                ///< inherited after the listeners; -1: none
    int input;                   ///< becomes stdin; -1: /dev/null
    int output;                  ///< becomes stdout, and stderr too if `errors` is -1; -1: they stay
    int errors;                  ///< becomes stderr; -1: see `output`
    int output_reader;           ///< inherited after the lifeline: the other end of `output`; -1: none
    int new_session;             ///< 1: setsid (a background supervisor), 0: a process group of its own
    int dies_with_parent;        ///< 1: it gets SIGTERM when the process that started it ends, however that ends
};
/// fork and exec, from a process of one thread. In the child signals are reset, and no other descriptor is
/// inherited. Listeners are announced in systemd's way: LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES.
/// Returns the pid when the program runs, or -1 with the errno of the call that failed, which may be the exec.
pid_t mc_spawn(const struct mc_child *child);

/// How a process ended (wait4 and its macros).
struct mc_exit {
    int code;    ///< -1 where a signal ended it
    int signal;  ///< 0 where it exited
    int core;    ///< 1: it left a core
    int64_t user_microseconds, system_microseconds, peak_bytes;
};
/// Reads waitpid's status. The rest of `result` stays as it is.
void mc_exit_of(int status, struct mc_exit *result);
/// 1: the process ended and is reaped. 0: it still runs. -1 with errno: it is not our child (adopted).
int mc_reap(pid_t pid, struct mc_exit *result);

/// pidfd_open(2), close on exec. The descriptor is readable once the process has ended.
int mc_pidfd_open(pid_t pid);
/// How a process that a pidfd follows ended, as waitpid(2)'s status. It need not be our child. The kernel knows it
/// since Linux 6.15, and once the parent has reaped the process. -1 if the kernel can't say (yet).
int mc_pidfd_status(int pidfd);
/// pidfd_getfd(2): a copy of another process's descriptor. It needs the right to trace that process.
int mc_pidfd_getfd(int pidfd, int descriptor);

// ---- UnixSockets.c

/// Sends bytes with descriptors attached (SCM_RIGHTS). Returns sendmsg's result.
ssize_t mc_send_descriptors(int socket, const void *bytes, size_t count, const int *descriptors, int descriptor_count);
/// Receives bytes and up to `room` descriptors, close on exec. Descriptors that do not fit are closed.
/// `descriptor_count` says how many came.
ssize_t mc_receive_descriptors(int socket, void *bytes, size_t count, int *descriptors, int room, int *descriptor_count);

/// SO_PEERCRED of a unix socket. 0, or -1 with errno.
int mc_peer_credentials(int socket, pid_t *pid, uid_t *uid, gid_t *gid);

/// A unix stream listener at a path, with these permissions. The path is unlinked first. -1 with errno; ENAMETOOLONG
/// over 107 bytes.
int mc_unix_listen(const char *path, mode_t mode);
/// Connects to a unix stream listener: at once or not at all.
int mc_unix_connect(const char *path);
/// A bound unix datagram socket.
int mc_unix_datagram(const char *path);
/// Sends one datagram to a path, with descriptors attached. A first `@` stands for the abstract namespace. If the
/// reader has no room, it waits at most so many milliseconds. 0, or -1 with errno.
int mc_unix_send(const char *path, const void *bytes, size_t count, const int *descriptors, int descriptor_count, int patience);

// ---- Datagrams.c

/// accept4(2) with SOCK_NONBLOCK | SOCK_CLOEXEC. Returns the descriptor, or -1 with errno.
int mc_accept(int listener);
/// The same. `from` gets the address of the peer.
int mc_accept_from(int listener, struct sockaddr_storage *from);

/// Receives one datagram. Returns its true length (MSG_TRUNC), or -1 with errno. `from` is its sender. `dropped` is how
/// many datagrams the kernel has dropped on this socket since it was made. It is set only if SO_RXQ_OVFL is on and one
/// was dropped.
ssize_t mc_receive_datagram(int socket, void *bytes, size_t room, struct sockaddr_storage *from, uint32_t *dropped);
/// Asks for a receive buffer of so many bytes (beyond rmem_max if this process may) and for SO_RXQ_OVFL. Returns the
/// bytes that the kernel granted.
int mc_prepare_datagrams(int socket, int bytes);
/// Asks the kernel to keep the addresses that refused what was sent to them (IP_RECVERR, IPV6_RECVERR). 0, or -1 with
/// errno.
int mc_hear_refusals(int socket);
/// The next of those addresses. 0, or -1 if there is none.
int mc_next_refusal(int socket, struct sockaddr_storage *address);
/// How many connections wait on a TCP listener to be accepted, and how many may. 0, or -1 with errno.
int mc_listen_queue(int listener, uint32_t *waiting, uint32_t *most);

// ---- Terminal.c

/// Puts a terminal into raw mode. `mc_terminal_restore` writes `restoring` (at most 512 bytes) to it and brings its
/// state back. So does the death of the process by a signal of its own making (SEGV, ABRT, BUS, ILL, FPE, TRAP). 0, or
/// -1 with errno.
int mc_terminal_raw(int terminal, const void *restoring, size_t count);
/// Works once after each `mc_terminal_raw`. Further calls do nothing.
void mc_terminal_restore(void);
/// Stops this process group as Ctrl-Z would. Returns when it is continued.
void mc_stop_self(void);
