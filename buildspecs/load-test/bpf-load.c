// Runs in the VM: loads a legacy eBPF probe into the kernel as Falco does. It uses only bpf(2), because libbpf 1.x refuses
// maps of this form. It checks the release in the probe, every map, every program with the kernel's verifier and JIT, and
// whether each program attaches to its raw tracepoint, unless another program calls it. Then it captures: system calls run
// the probe's programs and its simplest filler, which write into perf buffers. The other fillers do not run, because only
// Falco has their tables.
// Exit: 0 the kernel took all; 1 the kernel refuses it, or Falco would; 2 this loader cannot judge it. After 0, /captured has
// the result of the capture: the same numbers, or 3 for not tried; then a line with the reason.
#include "events.h"
#include <elf.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

enum { MAX_MAPS = 64, LOG_BYTES = 1 << 24, LOG_LINES = 10, MAX_CPUS = 64, PERF_BYTES = 1 << 20, MAX_VALUE = 2048 };

// The first five words of one entry of section `maps`.
struct map_def {
  unsigned type, key_size, value_size, max_entries, flags;
};

static char *file, log_text[LOG_BYTES];
static size_t file_bytes;
static Elf64_Ehdr *elf;
static Elf64_Shdr *sections, *maps, *symbols;
static char *license;
static struct map {
  Elf64_Addr at;
  int fd;
  char *name;
  struct map_def def;
} made[MAX_MAPS];
static int maps_made, programs, attached;

// The file is hostile: check every offset before use.
static void need(int good) {
  if (!good) end(REFUSED, "the object is malformed");
}

static int bpf(int command, union bpf_attr *attr) {
  return syscall(SYS_bpf, command, attr, sizeof *attr);
}

static void *at(size_t offset, size_t bytes) {
  need(offset <= file_bytes && bytes <= file_bytes - offset);
  return file + offset;
}

static void *content(Elf64_Shdr *section) {
  need(section->sh_type != SHT_NOBITS);
  return at(section->sh_offset, section->sh_size);
}

static char *text(Elf64_Shdr *section, size_t offset) {
  need(section && offset < section->sh_size);
  char *found = (char *)content(section) + offset;
  need(memchr(found, 0, section->sh_size - offset) != NULL);
  return found;
}

static Elf64_Shdr *section_at(size_t index) {
  need(index < elf->e_shnum);
  return sections + index;
}

static char *name_of(Elf64_Shdr *section) {
  return text(section_at(elf->e_shstrndx), section->sh_name);
}

static Elf64_Shdr *section_of(const char *name) {
  for (int i = 0; i < elf->e_shnum; i++)
    if (!strcmp(name_of(sections + i), name)) return sections + i;
  return NULL;
}

static char *after(char *name, const char *prefix) {
  size_t length = strlen(prefix);
  return strncmp(name, prefix, length) ? NULL : name + length;
}

static void read_object(const char *path) {
  int fd = open(path, O_RDONLY);
  file_bytes = lseek(fd, 0, SEEK_END);
  file = mmap(NULL, file_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  if (file == MAP_FAILED) end(UNJUDGED, "%s: %s", path, strerror(errno));
  elf = at(0, sizeof *elf);
  if (memcmp(elf->e_ident, ELFMAG, SELFMAG) || elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_machine != EM_BPF)
    end(REFUSED, "this is no eBPF object");
  sections = at(elf->e_shoff, (size_t)elf->e_shnum * sizeof *sections);
  for (int i = 0; i < elf->e_shnum; i++)
    if (sections[i].sh_type == SHT_SYMTAB) symbols = sections + i;
  maps = section_of("maps");
  license = text(section_of("license"), 0);
}

// Falco refuses an object with the kernel_version of another kernel.
static void check_release(void) {
  struct utsname running;
  Elf64_Shdr *section = section_of("kernel_version");
  uname(&running);
  if (section && strcmp(text(section, 0), running.release))
    end(REFUSED, "the object is for kernel %s; this is %s", text(section, 0), running.release);
}

static Elf64_Sym *symbol_at(size_t index) {
  need(symbols && index < symbols->sh_size / sizeof(Elf64_Sym));
  return (Elf64_Sym *)content(symbols) + index;
}

// A map without a number of entries has one entry for each processor.
static void make_maps(void) {
  if (!maps || !symbols) end(UNJUDGED, "the object has no maps of the legacy form");
  char *definitions = content(maps);
  for (size_t i = 0; i < symbols->sh_size / sizeof(Elf64_Sym); i++) {
    Elf64_Sym *symbol = symbol_at(i);
    struct map *map = made + maps_made;
    struct map_def *def = &map->def;
    if (sections + symbol->st_shndx != maps || ELF64_ST_TYPE(symbol->st_info) == STT_SECTION) continue;
    need(maps_made < MAX_MAPS && symbol->st_value <= maps->sh_size && sizeof *def <= maps->sh_size - symbol->st_value);
    memcpy(def, definitions + symbol->st_value, sizeof *def);
    if (!def->max_entries) def->max_entries = sysconf(_SC_NPROCESSORS_CONF);
    union bpf_attr attr = {.map_type = def->type, .key_size = def->key_size, .value_size = def->value_size};
    attr.map_flags = def->flags;
    attr.max_entries = def->max_entries;
    map->at = symbol->st_value;
    map->name = text(section_at(symbols->sh_link), symbol->st_name);
    map->fd = bpf(BPF_MAP_CREATE, &attr);
    maps_made++;
    if (map->fd < 0) end(REFUSED, "the kernel refuses map %d: %s", maps_made, strerror(errno));
  }
}

static int map_at(Elf64_Sym *symbol) {
  int i = 0;
  if (sections + symbol->st_shndx != maps) end(UNJUDGED, "a program uses something that is no map");
  while (i < maps_made && made[i].at != symbol->st_value) i++;
  need(i < maps_made);
  return made[i].fd;
}

static void relocate(size_t index) {
  struct bpf_insn *code = content(sections + index);
  for (int i = 0; i < elf->e_shnum; i++) {
    if (sections[i].sh_type != SHT_REL || sections[i].sh_info != index) continue;
    Elf64_Rel *entries = content(sections + i);
    for (size_t j = 0; j < sections[i].sh_size / sizeof *entries; j++) {
      size_t place = entries[j].r_offset / sizeof *code;
      need(place < sections[index].sh_size / sizeof *code);
      if (code[place].code != (BPF_LD | BPF_IMM | BPF_DW)) end(UNJUDGED, "a program has a relocation of a new form");
      code[place].src_reg = BPF_PSEUDO_MAP_FD;
      code[place].imm = map_at(symbol_at(ELF64_R_SYM(entries[j].r_info)));
    }
  }
}

// The verifier's last lines say why.
static void refused(const char *name) {
  int error = errno, lines = 0;
  char *line = log_text + strlen(log_text);
  while (line > log_text && (line[-1] != '\n' || lines++ < LOG_LINES)) line--;
  puts(line);
  end(REFUSED, "the kernel refuses the program %s: %s", name, strerror(error));
}

static int load(Elf64_Shdr *section, int type, const char *name) {
  union bpf_attr attr = {.prog_type = type, .insns = (unsigned long)content(section)};
  attr.insn_cnt = section->sh_size / sizeof(struct bpf_insn);
  attr.license = (unsigned long)license;
  int fd = bpf(BPF_PROG_LOAD, &attr);
  if (fd >= 0) return fd;
  attr.log_level = 1;
  attr.log_buf = (unsigned long)log_text;
  attr.log_size = LOG_BYTES;
  fd = bpf(BPF_PROG_LOAD, &attr);
  if (fd < 0) refused(name);
  return fd;
}

// `sched_process_fork&1`: the ampersand and its number only make the section's name unique.
static void attach(int fd, char *name) {
  name[strcspn(name, "&")] = 0;
  union bpf_attr attr = {.raw_tracepoint = {.name = (unsigned long)name, .prog_fd = fd}};
  if (bpf(BPF_RAW_TRACEPOINT_OPEN, &attr) < 0) end(REFUSED, "no attaching to %s: %s", name, strerror(errno));
  attached++;
}

// Layouts by the API's major version: size of an event's description and offset of the first parameter's type
// (struct ppm_event_info); offset of the setting that enables capture (struct scap_bpf_settings), 0 if there is none.
// For drivers 0.1.1dev to 9.1.0; later ones have no such object.
static const struct generation {
  unsigned from, to, info_bytes, type_at, switch_at;
} generations[] = {{1, 1, 1612, 76, 24}, {2, 2, 1840, 80, 24}, {3, 8, 1840, 80, 0}};
enum { USED = 1, NEVER_DROP = 2, PARAMS_AT = 40, PT_ERRNO = 11, FILLER_AT = 8, SNAPLEN_AT = 16, RATIO_AT = 20 };

// The programs that run, by their event. Only the first two have parameters.
enum { ENTER, EXIT, OTHERS, TERMINATE, FILLERS };
static const char *names[FILLERS] = {"sys_single", "sys_single_x", "sys_empty", "terminate_filler"};
static int fillers[FILLERS];
static Elf64_Shdr *filler_code;

static void keep(const char *name, int fd, Elf64_Shdr *section) {
  for (int i = 0; i < FILLERS; i++) {
    if (strcmp(name, names[i])) continue;
    fillers[i] = fd;
    if (i == OTHERS) filler_code = section;
  }
}

static struct map *map_named(const char *name) {
  for (int i = 0; i < maps_made; i++)
    if (!strcmp(made[i].name, name)) return made + i;
  return NULL;
}

static struct map *table(const char *name, unsigned bytes) {
  struct map *map = map_named(name);
  if (!map || map->def.value_size < bytes || map->def.value_size > MAX_VALUE)
    end(UNTRIED, "its map %s is of an unknown form", name);
  return map;
}

static void set(struct map *map, unsigned key, void *value) {
  union bpf_attr attr = {.map_fd = map->fd, .key = (unsigned long)&key, .value = (unsigned long)value};
  if (bpf(BPF_MAP_UPDATE_ELEM, &attr)) end(REFUSED, "no setting %u of map %s: %s", key, map->name, strerror(errno));
}

// Each filler calls terminate_filler at its end. Only the filler's code has the number of terminate_filler: read it there.
static unsigned terminator(void) {
  struct bpf_insn *code = content(filler_code);
  int number = -1, last = -1;
  for (size_t i = 0; i < filler_code->sh_size / sizeof *code; i++) {
    if (code[i].code == (BPF_ALU64 | BPF_MOV | BPF_K) && code[i].dst_reg == BPF_REG_3) number = code[i].imm;
    if (code[i].code == (BPF_JMP | BPF_CALL) && code[i].imm == BPF_FUNC_tail_call) last = number;
  }
  if (last < 0) end(UNTRIED, "how its fillers end is unknown");
  return last;
}

// A filler's place in the table of programs. terminate_filler is in the same table.
static unsigned place_of(unsigned filler, unsigned terminator) { return filler + (filler >= terminator); }

static void describe_events(const struct generation *generation, unsigned terminator) {
  struct map *infos = table("event_info_table", generation->info_bytes);
  struct map *entries = table("fillers_table", FILLER_AT + sizeof(int));
  for (unsigned event = 0; event < infos->def.max_entries; event++) {
    unsigned params = event < OTHERS, type = PT_ERRNO, place = place_of(params ? event : OTHERS, terminator);
    char info[MAX_VALUE] = {0}, entry[MAX_VALUE] = {0};
    memcpy(info + PARAMS_AT, &params, sizeof params);
    memcpy(info + generation->type_at, &type, sizeof type);
    memcpy(entry + FILLER_AT, &place, sizeof place);
    set(infos, event, info);
    set(entries, event, entry);
  }
}

// Keep this order: a filler that cannot end blocks its processor's events until the VM ends.
static void fill_tables(const struct generation *generation) {
  struct map *tail = table("tail_map", sizeof(int)), *wanted = map_named("interesting_syscalls_table");
  struct map *settings = table("settings_map", RATIO_AT + sizeof(int));
  struct map *calls = table("syscall_table", 3 * sizeof(int));
  unsigned end_at = terminator(), yes = 1, call[MAX_VALUE] = {USED | NEVER_DROP, ENTER, EXIT};
  char setting[MAX_VALUE] = {[SNAPLEN_AT] = 80, [RATIO_AT] = 1};
  if (generation->switch_at) setting[generation->switch_at] = 1;
  set(tail, end_at, fillers + TERMINATE);
  for (unsigned i = 0; i < TERMINATE; i++) set(tail, place_of(i, end_at), fillers + i);
  describe_events(generation, end_at);
  for (unsigned i = 0; i < calls->def.max_entries; i++) set(calls, i, call);
  for (unsigned i = 0; wanted && i < wanted->def.max_entries; i++) set(wanted, i, &yes);
  set(settings, 0, setting);
}

static struct perf_event_mmap_page *buffers[MAX_CPUS];
static int buffer_count;

static void open_buffers(void) {
  struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attr, .config = PERF_COUNT_SW_BPF_OUTPUT};
  attr.sample_type = PERF_SAMPLE_RAW;
  attr.sample_period = 1;
  for (long i = 0; i < sysconf(_SC_NPROCESSORS_ONLN) && i < MAX_CPUS; i++, buffer_count++) {
    int fd = syscall(SYS_perf_event_open, &attr, -1, i, -1, 0);
    buffers[i] = mmap(NULL, getpagesize() + PERF_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || buffers[i] == MAP_FAILED || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
      end(UNTRIED, "no perf buffer for processor %ld: %s", i, strerror(errno));
    set(table("perf_map", sizeof fd), i, &fd);
  }
}

// A record may continue at the buffer's start. A sample has its header, a size, and the program's data of that size.
static void drain(void) {
  static char record[1 << 16];
  enum { SAMPLE_AT = sizeof(struct perf_event_header) + sizeof(unsigned) };
  for (int i = 0; i < buffer_count; i++) {
    char *data = (char *)buffers[i] + getpagesize();
    unsigned long head = buffers[i]->data_head, at = buffers[i]->data_tail;
    __sync_synchronize();
    while (at < head) {
      struct perf_event_header *header = (void *)(data + at % PERF_BYTES);
      unsigned bytes = header->size;
      for (unsigned j = 0; j < bytes; j++) record[j] = data[(at + j) % PERF_BYTES];
      if (header->type == PERF_RECORD_SAMPLE && !take(record + SAMPLE_AT, bytes - SAMPLE_AT))
        end(REFUSED, "a sample after %lu events is not an event", seen);
      at += bytes;
    }
    buffers[i]->data_tail = head;
  }
}

static void capture(void) {
  Elf64_Shdr *section = section_of("api_version");
  if (!(told = fopen("/captured", "w"))) exit(UNJUDGED);
  if (!section || section->sh_size < sizeof version) end(UNTRIED, "the object tells no API version");
  memcpy(&version, content(section), sizeof version);
  for (int i = 0; i < FILLERS; i++)
    if (!fillers[i]) end(UNTRIED, "the object has no filler %s", names[i]);
  for (size_t i = 0; i < sizeof generations / sizeof *generations; i++) {
    if (api() < generations[i].from || api() > generations[i].to) continue;
    if (table("event_info_table", generations[i].info_bytes)->def.value_size != generations[i].info_bytes) break;
    open_buffers();
    fill_tables(generations + i);
    start_worker();
    watch(drain, buffer_count);
  }
  end(UNTRIED, "how to capture by API version %u is not known", api());
}

int main(int, char **arguments) {
  // Up to 5.10, maps count as locked memory of their process.
  setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
  read_object(arguments[1]);
  check_release();
  make_maps();
  for (int i = 0; i < elf->e_shnum; i++) {
    char *name = name_of(sections + i);
    char *raw = after(name, "raw_tracepoint/"), *old = after(name, "tracepoint/");
    if (sections[i].sh_type != SHT_PROGBITS || (!raw && !old)) continue;
    relocate(i);
    int fd = load(sections + i, raw ? BPF_PROG_TYPE_RAW_TRACEPOINT : BPF_PROG_TYPE_TRACEPOINT, name);
    programs++;
    if (raw && !strchr(raw, '/')) attach(fd, raw);
    if (raw && after(raw, "filler/")) keep(after(raw, "filler/"), fd, sections + i);
  }
  if (!programs) end(REFUSED, "the object holds no program");
  printf("%d maps, %d programs, %d attached\n", maps_made, programs, attached);
  capture();
}
