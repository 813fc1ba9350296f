/* Between the product and its database file: counts what is forced to disk, and lets writes fail when told to.
   SHIM_ONLY: part of a path; SHIM_COUNT: a file that grows by one byte for each fsync; SHIM_FAIL: a file with the share of
   writes that fail, in thousandths (read anew each time, so a running product can be told). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int ours(int fd) {
  const char *only = getenv("SHIM_ONLY");
  char link[64], path[4096];
  if (!only) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return strstr(path, only) != NULL;
}

static int fails(int fd) {
  static unsigned seed = 0;
  const char *name = getenv("SHIM_FAIL");
  if (!name || !ours(fd)) return 0;
  FILE *file = fopen(name, "r");
  int share = 0;
  if (!file) return 0;
  if (fscanf(file, "%d", &share) != 1) share = 0;
  fclose(file);
  if (!seed) seed = (unsigned)getpid() * 2654435761u;
  return share > 0 && (int)(rand_r(&seed) % 1000) < share;
}

static void counted(int fd) {
  const char *name = getenv("SHIM_COUNT");
  if (!name || !ours(fd)) return;
  int file = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (file < 0) return;
  static ssize_t (*plain)(int, const void *, size_t);
  if (!plain) plain = dlsym(RTLD_NEXT, "write");
  if (plain(file, ".", 1) < 0) { }
  close(file);
}

#define FAIL(fd) if (fails(fd)) { errno = EIO; return -1; }

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  static ssize_t (*real)(int, const void *, size_t, off64_t);
  if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
  FAIL(fd) return real(fd, bytes, length, at);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (!real) real = dlsym(RTLD_NEXT, "pwrite");
  FAIL(fd) return real(fd, bytes, length, at);
}
int fsync(int fd) {
  static int (*real)(int);
  if (!real) real = dlsym(RTLD_NEXT, "fsync");
  counted(fd);
  FAIL(fd) return real(fd);
}
int fdatasync(int fd) {
  static int (*real)(int);
  if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
  counted(fd);
  FAIL(fd) return real(fd);
}
