// Builds Debian's kernel source with Debian's config under another name, like an unknown kernel.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageBytes, packageVersion } from '../support/builds/archive.ts'
import { type Build, type Built, build, type Input } from '../support/builds/build.ts'
import { driverInput, kernelBuild } from '../support/builds/kernel-build.ts'
import { GOOD, making, smallBuild } from '../support/builds/small.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'
import { nearest } from '../support/registry/kernels.ts'
import { testLong } from '../support/unless.ts'

const VECTOR = join(import.meta.dirname, '../vectors/kernel-configs/debian_6.1.0-56-amd64.config.gz')
const RELEASE = '6.1.0-56-custom'

/** Debian's config with another LOCALVERSION. */
const configOf = (local: string): Buffer => {
  const text = gunzipSync(readFileSync(VECTOR)).toString()
  return Buffer.from(text.replace(/^CONFIG_LOCALVERSION=.*$/m, () => `CONFIG_LOCALVERSION="${local}"`))
}

const text = (role: Input['role'], body: Buffer): Input => ({ role, format: 'text', body })
const source = (): Input => ({ role: 'source', format: 'deb', body: packageBytes('linux-source-6.1') })

const settings: Build['settings'] = {
  KERNEL: 'source',
  TREE: '-',
  UNAME_RELEASE: RELEASE,
  DRIVER_VERSION: '0.1.1dev+git20220316.e5c53d64',
  COMPILER: 'gcc-12',
}

/** The output of a tool for the probe's file. */
function inspect(probe: Buffer | undefined, command: string, ...args: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'probe-'))
  try {
    writeFileSync(join(folder, 'scap.ko'), probe ?? '')
    return execFileSync(command, [...args, join(folder, 'scap.ko')], { encoding: 'utf8', maxBuffer: 1 << 26 })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

let store: LoopbackStore
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

describe('a kernel built from source and config', () => {
  let first: Built
  beforeAll(async () => {
    first = await build(store, {
      settings,
      inputs: [source(), text('config', configOf('-custom')), driverInput()],
    })
  })
  const again = (kind: 'kmod' | 'ebpf', ...more: Input[]) =>
    build(store, {
      settings: { ...settings, KERNEL: 'prepared', KIND: kind },
      inputs: [{ role: 'prepared', format: 'tar.gz', body: first.prepared! }, driverInput(), ...more],
    })

  test('gets a kernel module of exactly the requested release', () => {
    expect(first.log).toMatch(/\ndone: .*\n$/)
    expect(inspect(first.probe, '/usr/sbin/modinfo', '-F', 'vermagic').split(' ')[0]).toBe(RELEASE)
    expect(Object.keys(first.manifest?.timings ?? {})).toContain('tree')
  })

  test('keeps every option of a config if its compiler is available', () => {
    expect(first.log).not.toContain('options that do not hold')
    expect(first.manifest?.lost).toEqual([])
  })

  testLong('tells which options of a config show another kernel than its source', async () => {
    // The first option is Red Hat's. In 6.1, only kernels with the real-time patches can have the second one.
    const others = Buffer.from('CONFIG_RHEL_DIFFERENCES=y\nCONFIG_PREEMPT_RT=y\n')
    const body = Buffer.concat([configOf('-custom'), others])
    const { log, manifest } = await build(store, {
      settings,
      inputs: [source(), text('config', body), driverInput()],
    })
    expect(log).toContain('the config has 4 options that do not hold')
    expect(manifest?.lost).toEqual([
      // One option of the choice must be set.
      { option: 'CONFIG_PREEMPT_NONE', asked: 'n', holds: 'y' },
      { option: 'CONFIG_PREEMPT_RT', asked: 'y', holds: 'n' },
      { option: 'CONFIG_PREEMPT_VOLUNTARY', asked: 'y', holds: 'n' },
      { option: 'CONFIG_RHEL_DIFFERENCES', asked: 'y', holds: 'n' },
    ])
  })

  test('leaves its tree, so the next build makes the same bytes without source and config', async () => {
    expect(first.manifest?.prepared?.bytes).toBe(first.prepared?.length)
    const second = await again('kmod')
    expect(second.probe?.equals(first.probe!)).toBe(true)
    expect(second.requests.filter((line) => line.startsWith('GET'))).toHaveLength(3)
    expect(Object.keys(second.manifest?.timings ?? {})).not.toContain('tree')
  })

  test('gets its eBPF probe from the tree', async () => {
    const { exit, probe } = await again('ebpf')
    expect(exit).toBe(0)
    expect(inspect(probe, 'readelf', '-p', 'kernel_version')).toContain(RELEASE)
  })

  test('is built with the kernel headers that a host submits', async () => {
    const kheaders = execFileSync(
      'sh',
      [
        '-ec',
        'd=$(mktemp -d); tar -xz -C "$d"; cd "$d"; echo "#define FROM_THE_HOST 1" >>include/linux/types.h; tar -c ./include ./arch/x86/include | xz -0 -T0; rm -r "$d"',
      ],
      { input: first.prepared!, maxBuffer: 1 << 28 },
    )
    const { exit, log, prepared } = await build(store, {
      settings,
      inputs: [
        source(),
        text('config', configOf('-custom')),
        { role: 'kheaders', format: 'tar.xz', body: kheaders },
        driverInput(),
      ],
    })
    expect(exit).toBe(0)
    expect(log).toContain('taking the headers of the running kernel')
    const types = execFileSync('tar', ['-xzO', 'include/linux/types.h'], {
      input: prepared!,
      maxBuffer: 1 << 28,
    })
    expect(types.toString()).toContain('FROM_THE_HOST')
  })

  testLong(
    'gets the module that header packages would make, when it brings their Module.symvers',
    async () => {
      const kernel = nearest('6.1', 'amd64', packageVersion('linux-source-6.1'))
      const { DRIVER_VERSION } = settings
      const order = kernelBuild(kernel, 'kmod', driverInput(), { DRIVER_VERSION })
      const official = await build(store, order)
      const ours = await again(
        'kmod',
        text('symvers', fileOf(order.inputs[0]!.body, `${order.settings.TREE}/Module.symvers`)),
      )
      expect(ours.log).not.toContain('undefined!')
      const versions = (of: Built) => inspect(of.probe, '/usr/sbin/modprobe', '--dump-modversions')
      expect(versions(ours)).toBe(versions(official))
      expect(versions(ours)).toContain('module_layout')
      expect(layout(ours)).toBe(layout(official))
    },
  )
})

/** Sizes of sections: that of `struct module`, and those that the kernel patches when it loads a module. */
function layout({ probe }: Built): string {
  const lines = inspect(probe, 'readelf', '-SW').match(/\] \.[^ ]+ +[A-Z0-9]+ +0+ [0-9a-f]+ [0-9a-f]+/g) ?? []
  const sections = lines.map((line) => line.slice(2).split(/ +/))
  expect(sections.map(([name]) => name)).toContain('.gnu.linkonce.this_module')
  return sections
    .filter(([name]) => !/^\.(note|modinfo|symtab|strtab|shstrtab|rela?\.note|BTF)/.test(name!))
    .map(([name, , , , size]) => `${name} ${size}`)
    .join('\n')
}

const fileOf = (deb: Buffer, path: string): Buffer =>
  execFileSync('sh', ['-c', 'dpkg-deb --fsys-tarfile - | tar -xO "$0"', `./${path}`], {
    input: deb,
    maxBuffer: 1 << 28,
  })

testLong(
  'a config that runs commands reaches nothing: no network, no file, not the build that follows',
  async () => {
    const canaries = ['build', 'tmp', 'steps', 'inputs', 'kernel', 'etc', 'usr'].map((at) => `/${at}/pwned`)
    const reach = `bash -c ': </dev/tcp/127.0.0.1/${store.port}' && echo REACHED >&2`
    const order = smallBuild(making('ls /build/pwned /tmp/pwned /inputs', GOOD), settings)
    const { exit, log, output } = await build(store, {
      ...order,
      inputs: [
        source(),
        text(
          'config',
          configOf(`-x$(${[`touch ${canaries.join(' ')}`, reach, 'echo IT RAN >&2'].join(' || :; ')})`),
        ),
        ...order.inputs.filter(({ role }) => role === 'driver'),
      ],
      outer: 'container',
      afterwards:
        'find /tmp /build /etc /usr/pwned /kernel /inputs -name "pwned*" 2>/dev/null || :; echo searched',
    })
    expect(log).toContain('IT RAN')
    expect(log).toContain(`/dev/tcp/127.0.0.1/${store.port}: Connection refused`)
    expect(log).not.toMatch(/^REACHED$/m)
    expect(log).toContain("cannot access '/build/pwned'")
    expect(log).toContain("cannot access '/tmp/pwned'")
    expect(output).toMatch(/\nsearched\n$/)
    expect(output).not.toMatch(/^\/.*pwned/m)
    expect(exit).toBe(0)
  },
)
