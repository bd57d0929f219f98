/* Makes one call of the file system fail, or all from one on: loaded before the C library.

   Calls on paths below a folder are counted once `faults_arm` was called. Those of the C library
   that it makes itself, within others, are not seen: Python writes with write() alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { MOST = 100000 };
enum { ONCE, ON, HALF, SHORT }; /* HALF: half of a write is done; SHORT: and no error */

static char below[PATH_MAX];
static atomic_long count;
static long first = -1;
static int error, mode;
static atomic_int armed;
static const char *names[MOST];
static char hit[PATH_MAX + 64];

void faults_arm(const char *folder, long number, int code, int how) {
    snprintf(below, sizeof below, "%s", folder);
    first = number, error = code, mode = how, hit[0] = 0;
    atomic_store(&count, 0);
    atomic_store(&armed, 1);
}

void faults_disarm(void) { atomic_store(&armed, 0); }
long faults_count(void) { return atomic_load(&count); }
const char *faults_name(long number) { return number < MOST ? names[number] : 0; }
const char *faults_hit(void) { return hit; }

/* The whole path of `path` as seen from the folder open as `at`. */
static int whole(int at, const char *path, char *out) {
    char link[64], folder[PATH_MAX];
    if (path[0] == '/') return snprintf(out, PATH_MAX, "%s", path);
    if (at == AT_FDCWD) {
        if (!getcwd(folder, sizeof folder)) return -1;
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", at);
        ssize_t length = readlink(link, folder, sizeof folder - 1);
        if (length < 0) return -1;
        folder[length] = 0;
    }
    return snprintf(out, PATH_MAX, path[0] ? "%s/%s" : "%s", folder, path);
}

/* Whether an error can come of a call: a full disk can be read and cleared, one that is only
   readable can be read. */
static int can_fail(const char *name, int writes) {
    if (error == ENOSPC)
        return writes && strcmp(name, "unlink") && strcmp(name, "rmdir");
    if (error == EROFS || error == EACCES) return writes && strcmp(name, "fsync");
    return 1;
}

/* Count a call; whether it is to fail. */
static int fails(const char *name, int at, const char *path, int writes) {
    char full[PATH_MAX];
    size_t length = strlen(below);
    if (!atomic_load(&armed) || !path || whole(at, path, full) < 0) return 0;
    if (strncmp(full, below, length) || (full[length] && full[length] != '/')) return 0;
    long number = atomic_fetch_add(&count, 1);
    if (number < MOST) names[number] = writes ? name : "open to read";
    if (first < 0 || number < first || (mode != ON && number != first)) return 0;
    if (!can_fail(name, writes)) return 0;
    if (!hit[0]) snprintf(hit, sizeof hit, "%s %s", name, full);
    return 1;
}

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define FAIL return errno = error, -1
#define WRITES(flags) (((flags) & O_ACCMODE) != O_RDONLY || (flags) & O_CREAT)
#define MODE_OF(flags) \
    mode_t bits = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list more; \
        va_start(more, flags); \
        bits = va_arg(more, mode_t); \
        va_end(more); \
    }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        MODE_OF(flags) \
        if (fails("open", AT_FDCWD, path, WRITES(flags))) FAIL; \
        return real(path, flags, bits); \
    }
#define OPENAT(name) \
    int name(int at, const char *path, int flags, ...) { \
        REAL(name); \
        MODE_OF(flags) \
        if (fails("open", at, path, WRITES(flags))) FAIL; \
        return real(at, path, flags, bits); \
    }
#define OPEN_2(name) \
    int name(const char *path, int flags); \
    int name(const char *path, int flags) { \
        REAL(name); \
        if (fails("open", AT_FDCWD, path, WRITES(flags))) FAIL; \
        return real(path, flags); \
    }
#define CREAT(name) \
    int name(const char *path, mode_t bits) { \
        REAL(name); \
        if (fails("open", AT_FDCWD, path, 1)) FAIL; \
        return real(path, bits); \
    }

OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64) OPEN_2(__open_2) OPEN_2(__open64_2)
CREAT(creat) CREAT(creat64)

#define WRITE(name, parameters, all, half) \
    ssize_t name parameters { \
        REAL(name); \
        if (!fails("write", fd, "", 1)) return real all; \
        if (mode == SHORT) return size < 2 ? real all : real half; \
        if (mode == HALF) (void)!real half; \
        FAIL; \
    }

WRITE(write, (int fd, const void *data, size_t size), (fd, data, size), (fd, data, size / 2))
WRITE(pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at),
      (fd, data, size / 2, at))
WRITE(pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at),
      (fd, data, size / 2, at))

#define ON_FD(name) \
    int name(int fd) { \
        REAL(name); \
        if (fails("fsync", fd, "", 1)) FAIL; \
        return real(fd); \
    }
ON_FD(fsync) ON_FD(fdatasync)

#define ON_PATH(name, called, at, parameters, all) \
    int name parameters { \
        REAL(name); \
        if (fails(called, at, path, 1)) FAIL; \
        return real all; \
    }
ON_PATH(mkdir, "mkdir", AT_FDCWD, (const char *path, mode_t bits), (path, bits))
ON_PATH(mkdirat, "mkdir", at, (int at, const char *path, mode_t bits), (at, path, bits))
ON_PATH(unlink, "unlink", AT_FDCWD, (const char *path), (path))
ON_PATH(unlinkat, flags & AT_REMOVEDIR ? "rmdir" : "unlink", at,
        (int at, const char *path, int flags), (at, path, flags))
ON_PATH(rmdir, "rmdir", AT_FDCWD, (const char *path), (path))
ON_PATH(rename, "rename", AT_FDCWD, (const char *path, const char *to), (path, to))
ON_PATH(renameat, "rename", at, (int at, const char *path, int there, const char *to),
        (at, path, there, to))
ON_PATH(link, "link", AT_FDCWD, (const char *path, const char *to), (path, to))
