// Events of system calls, which a driver writes into its module's ring or into perf buffers, and a process that makes them.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

// Exit statuses that init.sh reads.
enum { DONE, REFUSED, UNJUDGED, UNTRIED };
// A capture works if it reads ENOUGH events within TRIES tries of ten milliseconds.
enum { ENOUGH = 512, TRIES = 1000, MAX_PARAMS = 32 };

// struct ppm_evt_hdr of ppm_events_public.h, in all drivers with an API version; then the bytes of each parameter.
struct __attribute__((packed)) event {
  unsigned long time, thread;
  unsigned bytes;
  unsigned short type;
  unsigned params;
  unsigned short lengths[];
};

static FILE *told;
static int worker;
static unsigned long seen, answers, version;

// Prints the reason and exits. After the probe was loaded, `told` is a file that gets both, and the exit status is DONE.
static void end(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (told) fprintf(told, "%d\n", status);
  vfprintf(told ? told : stdout, format, arguments);
  va_end(arguments);
  fputc('\n', told ? told : stdout);
  exit(told ? DONE : status);
}

// Makes events until the machine ends, even while a module is unloaded. It keeps nothing open.
static void start_worker(void) {
  if ((worker = fork())) return;
  for (int fd = 3; fd < 1024; fd++) close(fd);
  for (;;) {
    close(open("/job", O_RDONLY));
    close(-1);
    int child = fork();
    if (!child) _exit(0);
    waitpid(child, NULL, 0);
  }
}

// Counts an event, if the sizes of its parts add up to its length. An answer is an event with the result of the worker's
// close(-1). Returns the event's size, or 0 if it is not an event.
static unsigned take(void *place, size_t room) {
  struct event *event = place;
  size_t bytes = sizeof *event;
  long result = 0;
  if (room < bytes || event->params > MAX_PARAMS || room < (bytes += 2 * event->params)) return 0;
  if (event->params && event->lengths[0] == sizeof result && room >= bytes + sizeof result)
    memcpy(&result, (char *)place + bytes, sizeof result);
  for (unsigned i = 0; i < event->params; i++) bytes += event->lengths[i];
  if (bytes != event->bytes || bytes > room || !event->time) return 0;
  seen++;
  answers += result == -EBADF && event->thread == (unsigned long)worker;
  return bytes;
}

static unsigned api(void) { return version >> 44; }

// The version as the driver packs it: 19 bits, 20 bits, 24 bits.
static void watch(void (*drain)(void), int buffers) {
  for (int i = 0; i < TRIES && (seen < ENOUGH || !answers); i++) {
    usleep(10000);
    drain();
  }
  if (seen < ENOUGH || !answers)
    end(REFUSED, "%lu events and %lu answers in %d buffers, which is too few", seen, answers, buffers);
  end(DONE, "events %lu buffers %d api %u.%lu.%lu", seen, buffers, api(), version >> 24 & 0xfffff, version & 0xffffff);
}
