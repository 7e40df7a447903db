// Runs in the VM: loads a legacy eBPF probe into the kernel as Falco does, with bpf(2) alone, since libbpf 1.x refuses
// maps of its form. Checked: the release it names, every map, every program by the kernel's verifier and JIT, and
// that every program that is not only called by another attaches to its raw tracepoint. Not checked: the calls
// between programs, whose table only Falco knows, and what the programs report.
// Exit: 0 all was taken; 1 the kernel, or Falco in its place, refuses it; 2 nothing that this loader can judge.
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { MAX_MAPS = 64, LOG_BYTES = 1 << 24, LOG_LINES = 10 };

// The first five words of one entry of section `maps`.
struct map_def {
  unsigned type, key_size, value_size, max_entries, flags;
};

static char *file, log_text[LOG_BYTES];
static size_t file_bytes;
static Elf64_Ehdr *elf;
static Elf64_Shdr *sections, *maps, *symbols;
static char *license;
static struct {
  Elf64_Addr at;
  int fd;
} made[MAX_MAPS];
static int maps_made, programs, attached;

static void end(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  putchar('\n');
  exit(status);
}

// A reader of hostile bytes: every place in the file is looked at before it is believed.
static void need(int good) {
  if (!good) end(1, "the object is malformed");
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
  if (file == MAP_FAILED) end(2, "%s: %s", path, strerror(errno));
  elf = at(0, sizeof *elf);
  if (memcmp(elf->e_ident, ELFMAG, SELFMAG) || elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_machine != EM_BPF)
    end(1, "this is no eBPF object");
  sections = at(elf->e_shoff, (size_t)elf->e_shnum * sizeof *sections);
  for (int i = 0; i < elf->e_shnum; i++)
    if (sections[i].sh_type == SHT_SYMTAB) symbols = sections + i;
  maps = section_of("maps");
  license = text(section_of("license"), 0);
}

// Falco loads no object whose kernel_version is not the running kernel's.
static void check_release(void) {
  struct utsname running;
  Elf64_Shdr *section = section_of("kernel_version");
  uname(&running);
  if (section && strcmp(text(section, 0), running.release))
    end(1, "the object is for kernel %s; this is %s", text(section, 0), running.release);
}

static Elf64_Sym *symbol_at(size_t index) {
  need(symbols && index < symbols->sh_size / sizeof(Elf64_Sym));
  return (Elf64_Sym *)content(symbols) + index;
}

// A map without a number of entries has one for each processor.
static void make_maps(void) {
  if (!maps || !symbols) end(2, "the object has no maps of the legacy form");
  char *definitions = content(maps);
  for (size_t i = 0; i < symbols->sh_size / sizeof(Elf64_Sym); i++) {
    Elf64_Sym *symbol = symbol_at(i);
    struct map_def def;
    if (sections + symbol->st_shndx != maps || ELF64_ST_TYPE(symbol->st_info) == STT_SECTION) continue;
    need(maps_made < MAX_MAPS && symbol->st_value <= maps->sh_size && sizeof def <= maps->sh_size - symbol->st_value);
    memcpy(&def, definitions + symbol->st_value, sizeof def);
    union bpf_attr attr = {.map_type = def.type, .key_size = def.key_size, .value_size = def.value_size};
    attr.map_flags = def.flags;
    attr.max_entries = def.max_entries ? def.max_entries : (unsigned)sysconf(_SC_NPROCESSORS_CONF);
    made[maps_made].at = symbol->st_value;
    made[maps_made].fd = bpf(BPF_MAP_CREATE, &attr);
    if (made[maps_made++].fd < 0) end(1, "the kernel refuses map %d: %s", maps_made, strerror(errno));
  }
}

static int map_at(Elf64_Sym *symbol) {
  int i = 0;
  if (sections + symbol->st_shndx != maps) end(2, "a program uses something that is no map");
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
      if (code[place].code != (BPF_LD | BPF_IMM | BPF_DW)) end(2, "a program has a relocation of an unknown form");
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
  end(1, "the kernel refuses the program %s: %s", name, strerror(error));
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

// `sched_process_fork&1`: what follows the ampersand only makes the section's name unique.
static void attach(int fd, char *name) {
  name[strcspn(name, "&")] = 0;
  union bpf_attr attr = {.raw_tracepoint = {.name = (unsigned long)name, .prog_fd = fd}};
  if (bpf(BPF_RAW_TRACEPOINT_OPEN, &attr) < 0) end(1, "no attaching to %s: %s", name, strerror(errno));
  attached++;
}

int main(int, char **arguments) {
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
  }
  if (!programs) end(1, "the object holds no program");
  end(0, "%d maps, %d programs, %d attached", maps_made, programs, attached);
}
