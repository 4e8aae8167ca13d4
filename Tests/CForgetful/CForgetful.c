#define _GNU_SOURCE
#include "CForgetful.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Copies what the file has now, where it has anything, into FILE.durable. Only the copy of a sync that has ended takes
// the name, so a copy that was cut off by the death of the program does not count.
static int copy(int file) {
    char link[64], path[4096], half[4200], whole[4200];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return -1;
    path[length] = 0;
    snprintf(half, sizeof half, "%s.half", path);
    snprintf(whole, sizeof whole, "%s.durable", path);
    int to = open(half, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct stat status;
    if (to < 0 || fstat(file, &status) != 0 || ftruncate(to, status.st_size) != 0) return -1;
    static char room[1 << 20];
    for (off_t at = 0;;) {
        off_t data = lseek(file, at, SEEK_DATA);
        if (data < 0) break;
        off_t hole = lseek(file, data, SEEK_HOLE);
        while (data < hole) {
            size_t want = (size_t)(hole - data) < sizeof room ? (size_t)(hole - data) : sizeof room;
            ssize_t got = pread(file, room, want, data);
            if (got <= 0 || pwrite(to, room, (size_t)got, data) != got) return -1;
            data += got;
        }
        at = hole;
    }
    close(to);
    return rename(half, whole);
}

int fdatasync(int file) {
    if (copy(file) != 0) return -1;
    return (int)syscall(SYS_fdatasync, file);
}
