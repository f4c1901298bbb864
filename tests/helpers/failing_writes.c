/* Preloaded into a process: from a call on that changes files, the disk is full, read-only, or the process is killed. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NOTHING, FULL, KILLED, READ_ONLY };

static long first = 0, seen = 0;
static int fault = NOTHING;

void failing_writes(int kind, long call) { seen = 0; first = call; fault = kind; }
long calls_seen(void) { return seen; }

static int fails(int needs_room)
{
    if (fault == NOTHING || (fault == FULL && !needs_room)) return 0;
    if (__atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST) < first || first == 0) return 0;
    if (fault == KILLED) raise(SIGKILL);
    errno = fault == FULL ? ENOSPC : EROFS;
    return 1;
}

static int is_file(int fd)
{
    struct stat status;
    return fd > 2 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

static int is_special(const char *path) { return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0; }

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size)
{
    return is_file(fd) && fault != READ_ONLY && fails(1) ? -1 : NEXT(write)(fd, data, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return is_file(fd) && fault != READ_ONLY && fails(1) ? -1 : NEXT(writev)(fd, parts, count);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    return is_file(fd) && fault != READ_ONLY && fails(1) ? -1 : NEXT(pwrite64)(fd, data, size, at);
}

static int opens(const char *path, int flags)
{
    int creates = (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
    if (is_special(path)) return 0;
    if (fault == READ_ONLY) return (creates || (flags & O_ACCMODE) != O_RDONLY) && fails(1);
    return creates && fails(1);
}

#define OPEN(name)                                                                \
    int name(const char *path, int flags, ...)                                    \
    {                                                                             \
        va_list more;                                                             \
        va_start(more, flags);                                                    \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0; \
        va_end(more);                                                             \
        return opens(path, flags) ? -1 : NEXT(name)(path, flags, mode);           \
    }
OPEN(open)
OPEN(open64)

int mkdir(const char *path, mode_t mode) { return fails(1) ? -1 : NEXT(mkdir)(path, mode); }
int rename(const char *old, const char *new) { return fails(0) ? -1 : NEXT(rename)(old, new); }
int unlink(const char *path) { return fails(0) ? -1 : NEXT(unlink)(path); }
int rmdir(const char *path) { return fails(0) ? -1 : NEXT(rmdir)(path); }
int fsync(int fd) { return fails(1) ? -1 : NEXT(fsync)(fd); }
