import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isProbeError } from '../../../lib/model/errors.ts'
import { type Expected, verifyProbe } from '../../../lib/publish/verify.ts'
import {
  EBPF_SECTIONS,
  ebpfObject,
  MODULE_INFO,
  moduleObject,
  patched,
  sectionHeaderAt,
  stripped,
  tell,
} from '../../support/objects.ts'

const EXPECTED: Expected = {
  kind: 'kmod',
  arch: 'x86_64',
  driverName: 'falco',
  driverVersion: '1.2.3+driver',
  unameRelease: '6.1.0-1-amd64',
  maxBytes: 1_000_000,
}
const EBPF_EXPECTED: Expected = { ...EXPECTED, kind: 'ebpf' }
const MODULE = moduleObject()
const EBPF = ebpfObject()

/** The reason for the refusal of the bytes; the empty string if they pass. */
function refusal(bytes: Uint8Array, expected: Expected): string {
  try {
    verifyProbe(bytes, expected)
  } catch (error) {
    if (isProbeError(error, 'not-the-probe')) return error.message
    throw error
  }
  return ''
}

const without = (key: string) => MODULE_INFO.filter((line) => !line.startsWith(`${key}=`))
const instead = (key: string, value: string) => [...without(key), `${key}=${value}`]

describe('a kernel module', () => {
  test('of the right release, name and version passes, as modinfo reads it', () => {
    const found = (field: string) => tell(MODULE, 'modinfo', ['-F', field]).trim()
    const [unameRelease = ''] = found('vermagic').split(' ')
    const read = { unameRelease, driverName: found('name'), driverVersion: found('version') }
    expect(refusal(MODULE, { ...EXPECTED, ...read })).toBe('')
  })

  test('passes without its debug information', () => {
    const small = stripped(MODULE)
    expect(small.length).toBeLessThan(MODULE.length)
    expect(refusal(small, EXPECTED)).toBe('')
  })

  test('for aarch64 passes as such, and is refused on x86_64', () => {
    const arm = moduleObject({ target: 'aarch64-linux-gnu' })
    expect(refusal(arm, { ...EXPECTED, arch: 'aarch64' })).toBe('')
    expect(refusal(arm, EXPECTED)).toMatch(/machine is 183, not 62/)
  })

  test('of x86_64 with the header of aarch64 is refused on x86_64', () => {
    const forged = patched(MODULE, (view) => view.setUint16(18, 183, true))
    expect(refusal(forged, EXPECTED)).toMatch(/machine is 183, not 62/)
  })

  test.each([
    ['6.1.0-2-amd64 SMP', /release .* is 6\.1\.0-2-amd64, not 6\.1\.0-1-amd64/],
    ['6.1.0-1-amd64-rt SMP', /is 6\.1\.0-1-amd64-rt, not/],
    ['6.1.0-1-amd6 4', /is 6\.1\.0-1-amd6, not/],
    [' 6.1.0-1-amd64 SMP', /is , not/],
    ['6.1.0-1-amd64\tSMP', /is 6\.1\.0-1-amd64\?SMP, not/],
  ])('of another release is refused: %s', (vermagic, message) => {
    expect(refusal(moduleObject({ info: instead('vermagic', vermagic) }), EXPECTED)).toMatch(message)
  })

  test('whose vermagic ends with the release is refused', () => {
    const bare = moduleObject({ info: instead('vermagic', '6.1.0-1-amd64') })
    expect(refusal(bare, EXPECTED)).toMatch(/vermagic is a bare release/)
  })

  test('of another name is refused', () => {
    expect(refusal(moduleObject({ info: instead('name', 'scap') }), EXPECTED)).toMatch(
      /name is scap, not falco/,
    )
  })

  test('of another driver version is refused', () => {
    expect(refusal(moduleObject({ info: instead('version', '1.2.4+driver') }), EXPECTED)).toMatch(
      /driver version is 1\.2\.4\+driver, not 1\.2\.3\+driver/,
    )
  })

  test.each(['vermagic', 'name', 'version', 'license'])('without %s, or with two, is refused', (key) => {
    expect(refusal(moduleObject({ info: without(key) }), EXPECTED)).toMatch(`0 entries ${key}, not one`)
    const twice = [...MODULE_INFO, ...MODULE_INFO.filter((line) => line.startsWith(`${key}=`))]
    expect(refusal(moduleObject({ info: twice }), EXPECTED)).toMatch(`2 entries ${key}, not one`)
  })

  test('with an empty license is refused', () => {
    expect(refusal(moduleObject({ info: instead('license', '') }), EXPECTED)).toMatch(/license is empty/)
  })

  test('that was never linked as a module is refused', () => {
    expect(refusal(moduleObject({ more: '' }), EXPECTED)).toMatch(/no section \.gnu\.linkonce\.this_module/)
  })

  test('with an enormous .modinfo is refused', () => {
    const enormous = [...MODULE_INFO, `author=${'x'.repeat(70_000)}`]
    expect(refusal(moduleObject({ info: enormous }), EXPECTED)).toMatch(/\.modinfo has 70\d\d\d bytes/)
  })

  test('with a .modinfo that no loader reads is refused', () => {
    const at = sectionHeaderAt(MODULE, '.modinfo')
    expect(
      refusal(
        patched(MODULE, (view) => view.setBigUint64(at + 8, 0n, true)),
        EXPECTED,
      ),
    ).toMatch(/no loader/)
  })

  test('with hostile text is refused with a short message of printable characters', () => {
    const message = refusal(moduleObject({ info: instead('name', `\u001b[2J${'é'.repeat(5000)}`) }), EXPECTED)
    expect(message).toMatch(/^[\x20-\x7e]{1,300}$/)
  })

  test('is refused as an eBPF object, and an eBPF object is refused as a module', () => {
    expect(refusal(EBPF, EXPECTED)).toMatch(/machine is 247, not 62/)
    expect(refusal(MODULE, EBPF_EXPECTED)).toMatch(/machine is 62, not 247/)
  })
})

describe('an eBPF object', () => {
  const changed = (sections: Readonly<Record<string, string>>) =>
    ebpfObject({ ...EBPF_SECTIONS, ...sections })
  const lacking = (name: string) =>
    ebpfObject(Object.fromEntries(Object.entries(EBPF_SECTIONS).filter(([key]) => key !== name)))

  test('of the right release and driver version passes, with either kind of maps and tracepoints', () => {
    expect(refusal(EBPF, EBPF_EXPECTED)).toBe('')
    const { maps, 'raw_tracepoint/sys_enter': program, ...rest } = EBPF_SECTIONS
    const other = ebpfObject({ ...rest, '.maps': maps, 'tracepoint/raw_syscalls/sys_enter': program })
    expect(refusal(other, EBPF_EXPECTED)).toBe('')
  })

  test('of another driver version is refused', () => {
    const other = changed({ probe_version: 'char version[] = "1.2.3"' })
    expect(refusal(other, EBPF_EXPECTED)).toMatch(/driver version is 1\.2\.3, not 1\.2\.3\+driver/)
  })

  test('of another release is refused', () => {
    const other = changed({ kernel_version: 'char kernel[] = "6.1.0-1-amd64-rt"' })
    expect(refusal(other, EBPF_EXPECTED)).toMatch(/release is 6\.1\.0-1-amd64-rt, not 6\.1\.0-1-amd64/)
  })

  test('with text after the end of its version is refused', () => {
    const other = changed({ probe_version: 'char version[] = "1.2.3+driver\\0x"' })
    expect(refusal(other, EBPF_EXPECTED)).toMatch(/driver version is 1\.2\.3\+driver\?x, not/)
  })

  test('with a version of enormous length is refused', () => {
    const other = changed({ probe_version: 'char version[100000] = "1.2.3+driver"' })
    expect(refusal(other, EBPF_EXPECTED)).toMatch(/probe_version has 100000 bytes, above 512/)
  })

  test('with an empty license is refused', () => {
    expect(refusal(changed({ license: 'char terms[] = ""' }), EBPF_EXPECTED)).toMatch(/license is empty/)
  })

  test.each(['license', 'probe_version', 'kernel_version', 'maps'])('without its %s is refused', (name) => {
    expect(refusal(lacking(name), EBPF_EXPECTED)).toMatch(`no section ${name}`)
  })

  test('without a program on a tracepoint is refused', () => {
    expect(refusal(lacking('raw_tracepoint/sys_enter'), EBPF_EXPECTED)).toMatch(/no section raw_tracepoint/)
  })
})

describe('the output of a build', () => {
  test.each([
    ['module', MODULE, EXPECTED],
    ['eBPF object', EBPF, EBPF_EXPECTED],
  ])('passes as an %s at the size limit, and is too large one byte above it', (_, bytes, expected) => {
    expect(refusal(bytes, { ...expected, maxBytes: bytes.length })).toBe('')
    expect(() => verifyProbe(bytes, { ...expected, maxBytes: bytes.length - 1 })).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    )
  })

  const damages = fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constant('flip' as const),
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        value: fc.integer({ min: 0, max: 255 }),
      }),
      fc.record({
        kind: fc.constant('cut' as const),
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        value: fc.constant(0),
      }),
      fc.record({
        kind: fc.constant('grow' as const),
        at: fc.constant(0),
        value: fc.integer({ min: 1, max: 600 }),
      }),
    ),
    { minLength: 1, maxLength: 8 },
  )
  type Damage = typeof damages extends fc.Arbitrary<(infer D)[]> ? D : never

  function damaged(bytes: Uint8Array, { kind, at, value }: Damage): Uint8Array {
    switch (kind) {
      case 'flip':
        return bytes.map((byte, i) => (i === Math.floor(at * (bytes.length - 1)) ? value : byte))
      case 'cut':
        return bytes.subarray(0, Math.floor(at * bytes.length))
      case 'grow': {
        const grown = new Uint8Array(bytes.length + value).fill(value % 256)
        grown.set(bytes)
        return grown
      }
    }
  }

  test.each([
    ['module', MODULE, EXPECTED],
    ['eBPF object', EBPF, EBPF_EXPECTED],
  ])('passes or is refused if it is a damaged %s, without another error', (_, bytes, expected) => {
    fc.assert(
      fc.property(damages, (list) => void refusal(list.reduce(damaged, bytes), expected)),
      { numRuns: 4000 },
    )
  })

  // Every byte, replaced by each character that ends an entry, a word, a line or a key for some reader, or resembles one.
  test('passes with one changed byte of .modinfo only if modinfo still reads the same name, version and release', () => {
    const at = Buffer.from(MODULE).indexOf(MODULE_INFO[0])
    const { length } = MODULE_INFO.join('\0')
    const forgeries = Array.from({ length }, (_, i) =>
      [0, ...Buffer.from(' \n=~'), 255].map((value) =>
        patched(MODULE, (view) => view.setUint8(at + i, value)),
      ),
    ).flat()
    const passed = forgeries.filter((forged) => refusal(forged, EXPECTED) === '')
    expect(passed.length).toBeGreaterThan(0)
    expect(passed.length).toBeLessThan(forgeries.length / 2)
    for (const forged of passed) {
      const found = (key: string) => tell(forged, 'modinfo', ['-F', key])
      expect([found('name'), found('version'), found('vermagic').split(' ')[0]]).toEqual([
        'falco\n',
        '1.2.3+driver\n',
        '6.1.0-1-amd64',
      ])
    }
  })
})
