/* Fails or kills at the k-th call that changes a file below a folder.
 *
 * Loaded by LD_PRELOAD; silent until `shim_arm` is called (by ctypes, in a forked child). Counted are
 * open for writing or creating, write, pwrite, ftruncate, fsync, fdatasync, rename, unlink, link, mkdir.
 * SQLite's calls go through libc as well and are seen. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char folder[PATH_MAX];
static long fatal, seen;
static int error_code, lasting;

/* `code` 0 kills; else the call fails with it: that one alone, or (`lasts`) that and all after it. */
void shim_arm(const char *below, long at, int code, int lasts) {
    snprintf(folder, sizeof folder, "%s", below);
    fatal = at; seen = 0; error_code = code; lasting = lasts;
}
long shim_seen(void) { return seen; }
void shim_disarm(void) { folder[0] = 0; }

static int concerns(int at, const char *path) {
    char whole[PATH_MAX];
    if (!folder[0] || !path) return 0;
    if (path[0] != '/') {
        (void)at;
        if (!getcwd(whole, sizeof whole)) return 0;
        strncat(whole, "/", sizeof whole - strlen(whole) - 1);
        strncat(whole, path, sizeof whole - strlen(whole) - 1);
        path = whole;
    }
    return strncmp(path, folder, strlen(folder)) == 0;
}

static int concerns_fd(int fd) {
    char link[64], path[PATH_MAX];
    if (!folder[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return strncmp(path, folder, strlen(folder)) == 0;
}

static int strikes(int concerned) {
    if (!concerned) return 0;
    long number = seen++;
    if (number < fatal || (number > fatal && !lasting)) return 0;
    if (!error_code) kill(getpid(), SIGKILL);
    errno = error_code;
    return 1;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int open(const char *path, int flags, ...) {
    REAL(open);
    va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest);
    if ((flags & (O_CREAT | O_WRONLY | O_RDWR | O_TRUNC)) && strikes(concerns(AT_FDCWD, path))) return -1;
    return real(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    REAL(open64);
    va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest);
    if ((flags & (O_CREAT | O_WRONLY | O_RDWR | O_TRUNC)) && strikes(concerns(AT_FDCWD, path))) return -1;
    return real(path, flags, mode);
}
ssize_t write(int fd, const void *from, size_t size) {
    REAL(write);
    if (strikes(concerns_fd(fd))) return -1;
    return real(fd, from, size);
}
ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) {
    REAL(pwrite64);
    if (strikes(concerns_fd(fd))) return -1;
    return real(fd, from, size, at);
}
ssize_t pwrite(int fd, const void *from, size_t size, off_t at) {
    REAL(pwrite);
    if (strikes(concerns_fd(fd))) return -1;
    return real(fd, from, size, at);
}
int ftruncate64(int fd, off64_t size) { REAL(ftruncate64); return strikes(concerns_fd(fd)) ? -1 : real(fd, size); }
int ftruncate(int fd, off_t size) { REAL(ftruncate); return strikes(concerns_fd(fd)) ? -1 : real(fd, size); }
int fsync(int fd) { REAL(fsync); return strikes(concerns_fd(fd)) ? -1 : real(fd); }
int fdatasync(int fd) { REAL(fdatasync); return strikes(concerns_fd(fd)) ? -1 : real(fd); }
int rename(const char *from, const char *to) { REAL(rename); return strikes(concerns(AT_FDCWD, from)) ? -1 : real(from, to); }
int unlink(const char *path) { REAL(unlink); return strikes(concerns(AT_FDCWD, path)) ? -1 : real(path); }
int link(const char *from, const char *to) { REAL(link); return strikes(concerns(AT_FDCWD, from)) ? -1 : real(from, to); }
int mkdir(const char *path, mode_t mode) { REAL(mkdir); return strikes(concerns(AT_FDCWD, path)) ? -1 : real(path, mode); }
