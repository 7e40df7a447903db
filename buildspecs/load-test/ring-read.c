// Runs in the VM: captures events through the devices of a loaded module, as Falco does. Argument: the module's name.
// Exit: 0 it read events; 1 there were none, or it could not read them; 3 it does not know this API.
#include "events.h"
#include <sys/ioctl.h>

enum { MAX_RINGS = 64, RING_BYTES = 8 << 20, PAGE = 4096 };
#define PPM_IOCTL(number) _IO('s', number)
#define GET_API_VERSION PPM_IOCTL(24)

// Calls that enable capture, by the API's major version (driver/API_VERSION and ppm_events_public.h of drivers 0.1.1dev to
// 10.2.0). Each call has a range of arguments. If no call selects system calls, all of them are on.
static const struct {
  unsigned from, to, call, first, last;
} steps[] = {
    {1, 2, 1, 0, 0},     // ENABLE_CAPTURE
    {3, 3, 26, 7, 7},    // MANAGE_TP: a mask of sys_enter, sys_exit, sched_process_exit
    {4, 10, 29, 0, 450}, // ENABLE_SYSCALL
    {4, 10, 31, 0, 2},   // ENABLE_TP: the same three
};

// The beginning of struct ppm_ring_buffer_info.
static struct ring {
  int fd;
  volatile struct {
    unsigned head, tail;
  } *info;
  char *data;
} rings[MAX_RINGS];
static int count;

// A processor that is off has a device, too.
static void open_rings(const char *name) {
  char path[80];
  for (int i = 0; i < MAX_RINGS; i++) {
    snprintf(path, sizeof path, "/dev/%s%d", name, i);
    int fd = open(path, O_RDWR);
    if (fd < 0 && errno == ENOENT) break;
    if (fd >= 0) rings[count++].fd = fd;
    else if (errno != ENODEV) end(REFUSED, "%s: %s", path, strerror(errno));
  }
  if (!count) end(REFUSED, "no device can be opened");
}

// The driver maps a ring twice in a row, so every event is contiguous.
static void map(struct ring *ring) {
  ring->info = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
  ring->data = mmap(NULL, 2 * RING_BYTES, PROT_READ, MAP_SHARED, ring->fd, 0);
  if (ring->info == MAP_FAILED || ring->data == MAP_FAILED) end(REFUSED, "no mapping of a ring: %s", strerror(errno));
}

static int switched_on(int fd) {
  int known = 0;
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    if (api() < steps[i].from || api() > steps[i].to) continue;
    for (unsigned j = steps[i].first; j <= steps[i].last; j++)
      if (ioctl(fd, PPM_IOCTL(steps[i].call), j) < 0)
        end(REFUSED, "ioctl %u with %u: %s", steps[i].call, j, strerror(errno));
    known = 1;
  }
  return known;
}

static void drain(void) {
  for (struct ring *ring = rings; ring < rings + count; ring++) {
    unsigned head = ring->info->head, at = ring->info->tail;
    __sync_synchronize();
    if (head >= RING_BYTES || at >= RING_BYTES) end(REFUSED, "a ring's head is at %u", head);
    for (unsigned bytes; at != head; at = (at + bytes) % RING_BYTES)
      if (!(bytes = take(ring->data + at, (head - at) % RING_BYTES)))
        end(REFUSED, "the bytes at %u of a ring after %lu events are not an event", at, seen);
    ring->info->tail = at;
  }
}

int main(int, char **arguments) {
  start_worker();
  open_rings(arguments[1]);
  if (ioctl(rings[0].fd, GET_API_VERSION, &version) < 0) end(UNTRIED, "the driver tells no API version");
  for (int i = 0; i < count; i++) {
    map(rings + i);
    if (!switched_on(rings[i].fd)) end(UNTRIED, "how to capture by API version %u is not known", api());
  }
  watch(drain, count);
}
