// Verifies that an object is the requested probe. The bytes come from an untrusted build.

import { type ElfObject, loadedSection, notTheProbe, readElf } from '../formats/elf.ts'
import { ProbeError } from '../model/errors.ts'
import type { Arch, Kind, Probe } from '../model/probe.ts'
import { printable } from '../model/text.ts'

export interface Expected extends Pick<Probe, 'kind' | 'arch' | 'driverVersion'> {
  readonly driverName: string
  /** the real `uname -r` of the kernel headers */
  readonly unameRelease: string
  readonly maxBytes: number
}

/** e_machine, from the registry in the System V gABI. */
const MACHINES = { x86_64: 62, aarch64: 183 } as const satisfies Record<Arch, number>
const MACHINE_BPF = 247

/** The modules of every known driver have less than 1 KB. */
const MAX_MODINFO_BYTES = 64 * 1024
/** Limit of a release or version in a section of its own. */
const MAX_TEXT_BYTES = 512

/**
 * Accepts only an object for the right machine. It must name this driver, version and kernel at the places that the kernel and
 * Falco read.
 * @throws {ProbeError} `too-large`, `not-the-probe`.
 */
export function verifyProbe(bytes: Uint8Array, expected: Expected): void {
  const { kind, maxBytes } = expected
  if (bytes.length > maxBytes)
    throw new ProbeError('too-large', `the probe has ${bytes.length} bytes, above the ${maxBytes} allowed`)
  VERIFY[kind](readElf(bytes), expected)
}

const VERIFY: Readonly<Record<Kind, (elf: ElfObject, expected: Expected) => void>> = {
  kmod: verifyModule,
  ebpf: verifyEbpf,
}

/**
 * Modpost writes these fields into every module: https://docs.kernel.org/kbuild/modules.html, and `modinfo`. By
 * include/linux/vermagic.h, a blank follows the release in every configuration.
 */
function verifyModule(elf: ElfObject, expected: Expected): void {
  same('machine', elf.machine, MACHINES[expected.arch])
  loadedSection(elf, '.gnu.linkonce.this_module')
  const info = moduleInfo(elf)
  const vermagic = only(info, 'vermagic')
  same('kernel release (first word of its vermagic)', vermagic.split(' ', 1)[0]!, expected.unameRelease)
  if (!vermagic.includes(' ')) throw notTheProbe('its vermagic is a bare release, which no kernel takes')
  same('module name', only(info, 'name'), expected.driverName)
  same('driver version', only(info, 'version'), expected.driverVersion)
  if (only(info, 'license') === '') throw notTheProbe('its license is empty')
}

/**
 * The driver's probe.c declares these sections in all of its versions. Falco refuses a probe whose `kernel_version` differs from
 * the running kernel's, just as the kernel refuses a module by its vermagic.
 */
function verifyEbpf(elf: ElfObject, expected: Expected): void {
  same('machine', elf.machine, MACHINE_BPF)
  same('kernel release', text(elf, 'kernel_version'), expected.unameRelease)
  same('driver version', text(elf, 'probe_version'), expected.driverVersion)
  if (text(elf, 'license') === '') throw notTheProbe('its license is empty')
  loadedSection(elf, elf.sections.some(({ name }) => name === '.maps') ? '.maps' : 'maps')
  if (!elf.sections.some(({ name, loaded, contents }) => loaded && contents?.length && TRACEPOINT.test(name)))
    throw notTheProbe('it has no section raw_tracepoint/... or tracepoint/...: no program in it')
}

const TRACEPOINT = /^(raw_)?tracepoint\/./

/** `key=value` strings, each ended by NUL, with any number of NULs in between. */
function moduleInfo(elf: ElfObject): readonly string[] {
  const info = loadedSection(elf, '.modinfo')
  if (info.length > MAX_MODINFO_BYTES)
    throw notTheProbe(`its .modinfo has ${info.length} bytes, above ${MAX_MODINFO_BYTES}`)
  return decode(info).split('\0')
}

function only(info: readonly string[], key: string): string {
  const values = info.filter((entry) => entry.startsWith(`${key}=`))
  const [value] = values
  if (value === undefined || values.length > 1)
    throw notTheProbe(`its .modinfo has ${values.length} entries ${key}, not one`)
  return value.slice(key.length + 1)
}

function same<T extends string | number>(what: string, found: T, expected: T): void {
  if (found !== expected) throw notTheProbe(`its ${what} is ${shown(String(found))}, not ${expected}`)
}

/** Reads a C string, without the padding that a linker may have added. */
function text(elf: ElfObject, section: string): string {
  const contents = loadedSection(elf, section)
  if (contents.length > MAX_TEXT_BYTES)
    throw notTheProbe(`its section ${section} has ${contents.length} bytes, above ${MAX_TEXT_BYTES}`)
  return decode(contents).replace(/\0+$/, '')
}

/** Decodes each byte to one character, so that different bytes never give the same text. */
const decode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

const shown = (hostile: string): string => printable(hostile, 120)
