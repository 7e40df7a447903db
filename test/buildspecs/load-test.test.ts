// Boots a real kernel of Debian and loads probes into it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LoadVerdict } from '../../lib/build/verdict.ts'
import { loadedSection, readElf } from '../../lib/formats/elf.ts'
import { packageBytes, tarball } from '../support/builds/archive.ts'
import { build, type Input } from '../support/builds/build.ts'
import { driverInput, kernelBuild } from '../support/builds/kernel-build.ts'
import { type LoadTest, loadTest } from '../support/builds/load.ts'
import { moduleFiles } from '../support/builds/small.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'
import { LONG } from '../support/long.ts'
import { pinned } from '../support/registry/kernels.ts'
import { testLong } from '../support/unless.ts'

const MINUTES = 60_000
const kernel = pinned('6.1', 'amd64')
/** of the same version, but with different modules */
const other = pinned('6.1', 'rt-amd64')

let store: LoopbackStore
/** the kernel's image, as the first test of this file stores it */
let boot: Buffer
let kmod: Buffer
let ebpf: Buffer
beforeAll(async () => {
  store = await openStore()
  kmod = await built(driverInput(), 'kmod')
  ebpf = await built(driverInput(), 'ebpf')
  const first = await load({ inputs: [probe(kmod), image()] })
  if (first.boot === undefined) throw new Error(`no image was stored:\n${first.output}`)
  boot = first.boot
}, 5 * MINUTES)
afterAll(() => store.close())

const load = (order: Partial<LoadTest>) => {
  const settings = { UNAME_RELEASE: kernel.unameRelease, ...order.settings }
  return loadTest(store, { inputs: [], ...order, settings })
}
const loadKmod = (body: Buffer, settings: LoadTest['settings'] = {}) =>
  load({ settings, inputs: [probe(body), kit()] })
const loadEbpf = (body: Buffer) => load({ settings: { KIND: 'ebpf' }, inputs: [probe(body), kit()] })

const probe = (body: Buffer) => ({ role: 'probe', format: 'text', body }) as const
const image = () => ({ role: 'kernel', format: 'deb', body: imageOf(kernel.unameRelease) }) as const
const kit = () => ({ role: 'boot', format: 'text', body: boot }) as const
const imageOf = (unameRelease: string) => packageBytes(`linux-image-${unameRelease}`)

async function built(driver: Input, kind: 'kmod' | 'ebpf', of = kernel): Promise<Buffer> {
  const { probe: made, log } = await build(store, kernelBuild(of, kind, driver))
  if (made === undefined) throw new Error(`it did not compile:\n${log}`)
  return made
}

/** A module `scap` whose init runs these lines of C. */
const moduleOf = (lines: string, of = kernel): Promise<Buffer> => {
  const files = moduleFiles({ init: lines })
  return built({ role: 'driver', format: 'tar.gz', body: tarball(files) }, 'kmod', of)
}

/** An eBPF object with one map, and with these programs in their sections. */
const objectOf = (programs: Readonly<Record<string, string>>): Promise<Buffer> => {
  const source = [
    '#define SECTION(name) __attribute__((section(name), used))',
    'struct { unsigned type, key, value, entries, flags, inner, node; } counts SECTION("maps") = {2, 4, 4, 1};',
    'char terms[] SECTION("license") = "GPL";',
    'static void *(*lookup)(void *, void *) = (void *)1;',
    ...Object.entries(programs).map(
      ([section, lines], i) => `int program_${i}(void *context) SECTION("${section}");
int program_${i}(void *context) { unsigned key = 0; unsigned *found = lookup(&counts, &key); ${lines} }`,
    ),
  ]
  const files = {
    Makefile: '',
    'bpf/Makefile': 'all:\n\t$(CLANG) -O2 -target bpf -c probe.c -o probe.o\n',
    'bpf/probe.c': `${source.join('\n')}\n`,
  }
  return built({ role: 'driver', format: 'tar.gz', body: tarball(files) }, 'ebpf')
}

/** The same module with another API version in place of 1.0.0: its ioctl loads the number as a constant. */
function moduleOfApi(major: bigint): Buffer {
  const told = (version: bigint) => {
    const number = Buffer.alloc(8)
    number.writeBigUInt64LE(version << 44n)
    return number.toString('latin1')
  }
  const body = Buffer.from(
    kmod.toString('latin1').replaceAll(`\x48\xb8${told(1n)}`, `\x48\xb8${told(major)}`),
    'latin1',
  )
  if (body.equals(kmod)) throw new Error('the module tells no version 1.0.0')
  return body
}

const linesOf = (verdict: LoadVerdict): string =>
  verdict.verdict === 'unavailable' ? '' : verdict.lines.join('\n')

/** A kernel's own message about a module of another kernel. */
const REFUSAL = /scap: .*(symbol module_layout|version magic|this_module section size)/

/** The sandbox is made in another way on each of them. */
const OUTER = ['user', 'root', 'container'] as const

describe('a probe that its kernel accepts', () => {
  test.each(LONG ? OUTER : OUTER.filter((outer) => outer !== 'root'))(
    'passes on a machine of the kind %s',
    async (outer) => {
      const { exit, verdict, log, seconds } = await load({ outer, inputs: [probe(kmod), kit()] })
      expect(verdict).toMatchObject({
        verdict: 'passed',
        checked: ['insmod', 'listed', 'major', 'device', 'opened', 'capture', 'rmmod', 'gone'],
        capture: { events: expect.any(Number), buffers: 1, api: '1.0.0' },
      })
      expect(exit).toBe(0)
      expect(linesOf(verdict)).toContain('driver loading')
      expect(log).toMatch(/\npassed: scap .* kmod for .*: it loads and captures: \d{3,} events\n$/)
      expect(seconds).toBeLessThan(30)
    },
  )

  test('passes as eBPF: the verifier accepts each of its programs, and some of them capture events', async () => {
    const { verdict, seconds } = await loadEbpf(ebpf)
    expect(verdict).toMatchObject({
      verdict: 'passed',
      checked: ['verify', 'capture'],
      capture: { events: expect.any(Number), buffers: 1, api: '1.0.0' },
    })
    expect(linesOf(verdict)).toMatch(/^\d+ maps, \d{3} programs, \d attached$/)
    expect(seconds).toBeLessThan(30)
  })

  test('passes without a capture if its API is unknown, and the log shows the reason', async () => {
    const { verdict, log } = await loadKmod(moduleOfApi(99n))
    const untried = 'how to capture by API version 99 is not known'
    expect(verdict).toMatchObject({
      verdict: 'passed',
      checked: ['insmod', 'listed', 'major', 'device', 'opened', 'rmmod', 'gone'],
      capture: { untried },
    })
    expect(log).toMatch(new RegExp(`: it loads; capturing was not tried: ${untried}\\n$`))
  })

  testLong('passes as eBPF without a capture where its API is not known, and says so', async () => {
    const body = Buffer.from(ebpf)
    loadedSection(readElf(body), 'api_version').set([0, 0, 0, 0, 0, 0x30, 6, 0])
    const { verdict } = await loadEbpf(body)
    expect(verdict).toMatchObject({
      verdict: 'passed',
      checked: ['verify'],
      capture: { untried: 'how to capture by API version 99 is not known' },
    })
  })

  test('is loaded in a kernel from its package, and the test stores the image for the next test', async () => {
    const { verdict, boot: stored, seconds } = await load({ inputs: [probe(kmod), image()] })
    expect(verdict).toMatchObject({ verdict: 'passed', boot: { bytes: stored?.length } })
    expect(stored?.equals(boot)).toBe(true)
    expect(seconds).toBeLessThan(30)
  })
})

describe('a kernel', () => {
  /** Debian compresses the kernels of each series with another program. */
  const boots = async (series: '6.1' | '6.12') => {
    const UNAME_RELEASE = pinned(series, 'cloud-amd64').unameRelease
    const body = imageOf(UNAME_RELEASE)
    const { verdict } = await load({
      settings: { UNAME_RELEASE },
      inputs: [probe(kmod), { role: 'kernel', format: 'deb', body }],
    })
    // The module is for another kernel. This kernel must have booted to refuse it.
    expect(verdict).toMatchObject({ verdict: 'failed', checked: [] })
    expect(linesOf(verdict)).toMatch(REFUSAL)
  }
  test('that is compressed with lz4 boots', () => boots('6.1'))
  testLong('that is compressed with zstd boots', () => boots('6.12'))
})

describe('a module that its kernel does not accept fails', () => {
  test("if it is of another release, with the kernel's own message", async () => {
    const { exit, verdict } = await loadKmod(await moduleOf('', other))
    expect(exit).toBe(0)
    expect(verdict).toMatchObject({ verdict: 'failed', checked: [] })
    expect(verdict.reason).toMatch(/^insmod: insmod: .*invalid module format/i)
    expect(linesOf(verdict)).toMatch(REFUSAL)
  })

  testLong('cut short', async () => {
    const { verdict } = await loadKmod(kmod.subarray(0, kmod.length / 2))
    expect(verdict).toMatchObject({ verdict: 'failed', checked: [] })
  })

  test('if its init returns an error', async () => {
    const { verdict } = await loadKmod(await moduleOf('pr_err("scap: cannot\\n"); return -EINVAL;'))
    expect(verdict).toMatchObject({ verdict: 'failed', checked: [] })
    expect(linesOf(verdict)).toContain('scap: cannot')
  })

  test('if it does not capture as its API version requires', async () => {
    const { verdict } = await loadKmod(moduleOfApi(3n))
    expect(verdict).toMatchObject({
      verdict: 'failed',
      checked: ['insmod', 'listed', 'major', 'device', 'opened'],
      reason: 'capture: ioctl 26 with 7: Inappropriate ioctl for device',
    })
  })

  testLong('that makes no device', async () => {
    const { verdict } = await loadKmod(await moduleOf(''))
    expect(verdict).toMatchObject({ verdict: 'failed', checked: ['insmod', 'listed'] })
  })

  const ends = async (lines: string, said: RegExp) => {
    const { verdict, exit } = await loadKmod(await moduleOf(lines))
    expect(exit).toBe(0)
    expect(verdict).toMatchObject({ verdict: 'failed', checked: [] })
    expect(linesOf(verdict)).toMatch(said)
  }
  test('if it panics', () => ends('panic("scap went mad");', /Kernel panic - not syncing: scap went mad/))
  testLong('that reads where nothing is', () =>
    ends('return *(volatile int *)8;', /BUG: kernel NULL pointer dereference/),
  )

  test('if it prints the lines of a successful test before it panics', async () => {
    const said = ['ready', 'ok insmod', 'ok gone', 'end of the test'].map((line) => `pr_err("${line}\\n");`)
    const { verdict } = await loadKmod(await moduleOf(`${said.join(' ')} panic("done");`))
    expect(verdict).toMatchObject({ verdict: 'failed', checked: [] })
  })
})

testLong('a module whose init lets nothing else run fails by what the kernel says of that', async () => {
  const { verdict } = await loadKmod(await moduleOf('for (;;) cpu_relax();'))
  expect(verdict).toMatchObject({ verdict: 'failed', checked: [] })
  expect(linesOf(verdict)).toMatch(/soft lockup - CPU#0 stuck/)
})

describe.concurrent('a module whose init never ends fails', () => {
  test('after the time limit when it sleeps', async ({ expect }) => {
    const sleeper = await moduleOf('for (;;) msleep(1000);')
    const { verdict, seconds } = await loadKmod(sleeper, { MAX_SECONDS: '15' })
    expect(verdict).toMatchObject({ verdict: 'failed', checked: [] })
    expect(verdict.reason).toContain('still running after 15 seconds')
    expect(seconds).toBeLessThan(30)
  })

  test('when it floods the console, and a bounded part of the log is kept', async ({ expect }) => {
    const flood = await moduleOf('for (;;) pr_err("%0240d\\n", 1);')
    const { verdict, log } = await loadKmod(flood, { MAX_SECONDS: '15' })
    expect(verdict).toMatchObject({ verdict: 'failed', checked: [] })
    expect(verdict.reason).toContain('still running after 15 seconds')
    expect(log.length).toBeLessThan(2 * 1024 * 1024)
  })
})

describe('an eBPF object that its kernel does not accept fails', () => {
  test('if it is for another release, as Falco itself refuses it', async () => {
    const others = kernel.unameRelease.replace(/\d/g, '9')
    const body = Buffer.from(ebpf.toString('latin1').replaceAll(kernel.unameRelease, others), 'latin1')
    const { verdict } = await loadEbpf(body)
    expect(verdict).toMatchObject({ verdict: 'failed', checked: [] })
    expect(verdict.reason).toContain(`the object is for kernel ${others}; this is ${kernel.unameRelease}`)
  })

  testLong('cut short, or no object at all', async () => {
    expect(await loadEbpf(ebpf.subarray(0, ebpf.length / 2))).toMatchObject({
      verdict: { verdict: 'failed' },
    })
    expect(await loadEbpf(kmod)).toMatchObject({ verdict: { verdict: 'failed' } })
  })

  test("if the verifier refuses one of its programs, with the verifier's own message", async () => {
    const body = await objectOf({
      'raw_tracepoint/sys_enter': 'return found ? *found : 0;',
      'raw_tracepoint/filler/bad': 'return *found;',
    })
    const { verdict } = await loadEbpf(body)
    expect(verdict.verdict).toBe('failed')
    expect(verdict.reason).toContain(
      'the kernel refuses the program raw_tracepoint/filler/bad: Permission denied',
    )
    expect(linesOf(verdict)).toContain("invalid mem access 'map_value_or_null'")
  })

  testLong('with a program for a tracepoint that the kernel has not', async () => {
    const { verdict } = await loadEbpf(
      await objectOf({ 'raw_tracepoint/sys_nowhere': 'return found ? *found : 0;' }),
    )
    expect(verdict).toMatchObject({ verdict: 'failed' })
    expect(verdict.reason).toContain('no attaching to sys_nowhere')
  })
})

describe('the verdict is unavailable if no kernel booted:', () => {
  const unavailable = async (order: Partial<LoadTest>, stage: string, reason: string) => {
    const { exit, verdict, log } = await load(order)
    expect(verdict).toMatchObject({ verdict: 'unavailable', stage })
    expect(verdict.reason).toContain(reason)
    expect(exit).toBe(1)
    expect(log).toMatch(/\nunavailable: scap .*\n$/)
  }

  test('there is no image', () =>
    unavailable({ inputs: [probe(kmod)] }, 'fetch', 'there is no image of this kernel'))

  test('the image is lost', () =>
    unavailable({ inputs: [probe(kmod), kit()], lost: 'boot' }, 'fetch', 'refused (curl 22)'))

  testLong('a package of another kernel', () =>
    unavailable(
      { settings: { UNAME_RELEASE: other.unameRelease }, inputs: [probe(kmod), image()] },
      'image',
      'holds no image of',
    ),
  )

  test('the image is of another kernel', () =>
    unavailable(
      { settings: { UNAME_RELEASE: other.unameRelease }, inputs: [probe(kmod), kit()] },
      'boot',
      `the image is of another kernel: ${kernel.unameRelease}`,
    ))

  test('the image does not boot', () =>
    unavailable(
      { settings: { MAX_SECONDS: '5' }, inputs: [probe(kmod), { ...kit(), body: Buffer.alloc(65536, 'x') }] },
      'boot',
      'did not boot',
    ))
})
