#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "CSystem.h"

// A signal handler may use only memory that exists already, poll, write, tcflush and tcsetattr.
static volatile sig_atomic_t guarded = 0;
static int guarded_terminal = -1;
static struct termios guarded_state;
static char guarded_bytes[512];
static size_t guarded_count = 0;

void mc_terminal_restore(void) {
    if (!guarded) return;
    guarded = 0;
    // The terminal may be slow, or may read no more. It gets a moment. Then the output that it has not taken is given
    // up, which makes room.
    struct pollfd ready = {.fd = guarded_terminal, .events = POLLOUT};
    if (poll(&ready, 1, 200) != 1) tcflush(guarded_terminal, TCOFLUSH);
    (void)!write(guarded_terminal, guarded_bytes, guarded_count);
    tcsetattr(guarded_terminal, TCSANOW, &guarded_state);
}

static void crashed(int signal_number) {
    int saved = errno;
    mc_terminal_restore();
    errno = saved;
    // SA_RESETHAND took this handler away, so now the process ends as it would have.
    raise(signal_number);
}

int mc_terminal_raw(int terminal, const void *restoring, size_t count) {
    struct termios raw;
    if (!guarded) {
        if (tcgetattr(terminal, &guarded_state) != 0) return -1;
    }
    raw = guarded_state;
    cfmakeraw(&raw);
    if (tcsetattr(terminal, TCSANOW, &raw) != 0) return -1;
    if (count > sizeof guarded_bytes) count = sizeof guarded_bytes;
    memcpy(guarded_bytes, restoring, count);
    guarded_count = count;
    guarded_terminal = terminal;
    if (!guarded) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_handler = crashed;
        action.sa_flags = SA_RESETHAND | SA_NODEFER;
        static const int fatal[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
        for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) sigaction(fatal[i], &action, NULL);
    }
    guarded = 1;
    return 0;
}

void mc_stop_self(void) {
    struct sigaction standard, before;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    sigaction(SIGTSTP, &standard, &before);
    kill(0, SIGTSTP);
    sigaction(SIGTSTP, &before, NULL);
}

