#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int mc_processors(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

enum { first_inherited = 3 };

/// Runs in the child, between fork and exec: only calls that are safe there. Returns the errno of the call that failed.
static int become(const struct mc_child *child, char **environment, char *pid_text) {
    sigset_t none;
    sigemptyset(&none);
    for (int i = 1; i < NSIG; i++) signal(i, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (child->new_session) setsid();
    else setpgid(0, 0);

    if (child->dies_with_parent) prctl(PR_SET_PDEATHSIG, SIGTERM);

    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(child->input >= 0 ? child->input : null, 0) < 0) return errno;
    int errors = child->errors >= 0 ? child->errors : child->output;
    if (child->output >= 0 && dup2(child->output, 1) < 0) return errno;
    if (errors >= 0 && dup2(errors, 2) < 0) return errno;

    // Descriptors move out of the way first and then to their places: a source may be at the place of another one.
    int high[mc_most_descriptors + 2], count = 0;
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
    if (child->listener_count > mc_most_descriptors) return errno = EINVAL, -1;
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
