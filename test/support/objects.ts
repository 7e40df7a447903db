// Makes small real objects with the marks of a probe, by the real compiler, when a test needs them.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const MODULE_INFO = [
  'version=1.2.3+driver',
  'license=GPL',
  'name=falco',
  'vermagic=6.1.0-1-amd64 SMP preempt mod_unload modversions ',
] as const

interface ModuleText {
  /** lines of `.modinfo` */
  readonly info?: readonly string[]
  /** more C */
  readonly more?: string
  /** clang's target */
  readonly target?: string
}

const THIS_MODULE = 'static char this_module[896] SECTION(".gnu.linkonce.this_module") = { 1 };'
const SECTION = '#define SECTION(name) __attribute__((section(name), used, aligned(1)))\n'

const cString = (text: string): string =>
  `"${[...Buffer.from(text)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}"`

export function moduleObject({
  info = MODULE_INFO,
  more = THIS_MODULE,
  target = 'x86_64-linux-gnu',
}: ModuleText = {}): Uint8Array {
  const entries = info.map(
    (line, i) => `static const char info${i}[] SECTION(".modinfo") = ${cString(line)};`,
  )
  return compile(
    [`--target=${target}`, '-O1', '-g'],
    [SECTION, 'int work(int a) { return a + 1; }', ...entries, more].join('\n'),
  )
}

export const EBPF_SECTIONS = {
  'raw_tracepoint/sys_enter': 'int program(void *context)',
  maps: 'char events[20] = { 1 }',
  kernel_version: 'char kernel[] = "6.1.0-1-amd64"',
  probe_version: 'char version[] = "1.2.3+driver"',
  license: 'char terms[] = "GPL"',
} as const

/** `sections`: C declarations by section name; a function gets a body. */
export function ebpfObject(sections: Readonly<Record<string, string>> = EBPF_SECTIONS): Uint8Array {
  const lines = Object.entries(sections).map(
    ([name, declaration]) =>
      `SECTION("${name}") ${declaration}${declaration.endsWith(')') ? ' { return 0; }' : ';'}`,
  )
  return compile(
    ['--target=bpf', '-O2'],
    ['#define SECTION(name) __attribute__((section(name), used))', ...lines].join('\n'),
  )
}

export const compile = (options: readonly string[], source: string): Uint8Array =>
  inFolder((folder) => {
    const [input, output] = [join(folder, 'probe.c'), join(folder, 'probe.o')]
    writeFileSync(input, source)
    execFileSync('clang', ['-c', '-o', output, ...options, input])
    return new Uint8Array(readFileSync(output))
  })

/** Returns a tool's output about the object; the object's path is the tool's last argument. */
export const tell = (object: Uint8Array, command: string, args: readonly string[]): string =>
  inFolder((folder) => {
    const path = join(folder, 'probe.ko')
    writeFileSync(path, object)
    return execFileSync(command, [...args, path], { encoding: 'latin1' })
  })

/** Strips it as a build strips its module. */
export const stripped = (object: Uint8Array): Uint8Array =>
  inFolder((folder) => {
    const path = join(folder, 'probe.ko')
    writeFileSync(path, object)
    execFileSync('llvm-strip', ['-g', path])
    return new Uint8Array(readFileSync(path))
  })

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'objects-'))
  try {
    return work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The offset of a section's header, read from the file. */
export function sectionHeaderAt(object: Uint8Array, name: string): number {
  const line = tell(object, 'readelf', ['-WS'])
    .split('\n')
    .map((row) => /^\s*\[\s*(\d+)\]\s+(\S+)/.exec(row))
    .find((match) => match?.[2] === name)
  return Number(viewOf(object).getBigUint64(40, true)) + 64 * Number(line?.[1])
}

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Returns a changed copy. */
export function patched(object: Uint8Array, patch: (view: DataView) => void): Uint8Array {
  const copy = object.slice()
  patch(viewOf(copy))
  return copy
}
