// Builds real probes for Debian's kernels.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureOf } from '../../lib/build/failure.ts'
import { driverPackage, tarball } from '../support/builds/archive.ts'
import { type Build, build, type Input } from '../support/builds/build.ts'
import { driverInput, kernelBuild } from '../support/builds/kernel-build.ts'
import { GOOD, making, moduleFiles, preparedBuild, smallBuild } from '../support/builds/small.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'
import { pinned } from '../support/registry/kernels.ts'

const DRIVER_VERSION = '0.1.1dev+git20220316.e5c53d64'
const MINUTES = 60_000

let store: LoopbackStore
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

/** The output of a tool for the probe's file. */
function inspect(probe: Buffer, command: string, ...args: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'probe-'))
  try {
    writeFileSync(join(folder, 'scap.ko'), probe)
    return execFileSync(command, [...args, join(folder, 'scap.ko')], { encoding: 'utf8', maxBuffer: 1 << 26 })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('a kernel of the series 6.1', () => {
  const kernel = pinned('6.1', 'amd64')
  const order = (kind: 'kmod' | 'ebpf') => kernelBuild(kernel, kind, undefined, { DRIVER_VERSION })

  test(
    'gets its kernel module, and two builds make the same bytes',
    async () => {
      const job = order('kmod')
      const first = await build(store, job)
      expect(first.log).toMatch(/\ndone: .*\n$/)
      expect(first.exit).toBe(0)
      expect(inspect(first.probe!, '/usr/sbin/modinfo', '-F', 'vermagic').split(' ')[0]).toBe(
        kernel.unameRelease,
      )
      expect(inspect(first.probe!, '/usr/sbin/modinfo', '-F', 'version').trim()).toBe(DRIVER_VERSION)
      expect(inspect(first.probe!, 'readelf', '-SW')).not.toContain('.debug_')
      expect(first.manifest?.stage).toBe('done')
      expect(first.manifest?.compilerVersion).toMatch(/^gcc-\d+ \(Debian/)
      expect(Object.keys(first.manifest?.timings ?? {})).toEqual([
        'fetch',
        'prepare',
        'unpack',
        'compile',
        'collect',
        'upload',
      ])
      expect(first.requests.at(-1)).toBe('PUT manifest')
      const second = await build(store, job)
      expect(second.probe?.equals(first.probe!)).toBe(true)
    },
    3 * MINUTES,
  )

  test(
    'gets its eBPF probe, with the sections that Falco reads and without debug sections',
    async () => {
      const job = order('ebpf')
      const { probe, exit, manifest } = await build(store, job)
      expect(exit).toBe(0)
      const sections = inspect(probe!, 'readelf', '-SW')
      for (const name of ['maps', 'license', 'kernel_version', 'probe_version', 'raw_tracepoint/sys_enter']) {
        expect(sections).toContain(` ${name} `)
      }
      expect(sections).not.toContain('.debug_')
      expect(inspect(probe!, 'readelf', '-p', 'kernel_version')).toContain(kernel.unameRelease)
      expect(manifest?.compilerVersion).toContain('clang version')
    },
    3 * MINUTES,
  )
})

test(
  "a driver that does not compile on a kernel leaves the compiler's messages in the log, and no probe",
  async () => {
    const { exit, log, probe, manifest, requests } = await build(
      store,
      kernelBuild(pinned('6.12', 'amd64'), 'kmod'),
    )
    expect(exit).toBe(1)
    expect(failureOf(manifest, Buffer.from(log))).toBe('compile-error')
    expect(log).toMatch(/: error: /)
    expect(log).toMatch(
      /\nfailed at compile: scap .* kmod for 6\.12\..*: it does not compile with gcc-\d+; .*\n$/,
    )
    expect(probe).toBeUndefined()
    expect(requests).not.toContain('PUT probe')
  },
  3 * MINUTES,
)

describe("a build that fails because of the registry's own inputs", () => {
  const kernel = pinned('6.1', 'amd64')
  const order = (files = moduleFiles()) =>
    kernelBuild(kernel, 'kmod', { role: 'driver', format: 'tar.gz', body: tarball(files) })
  const failure = async (order: Build) => {
    const { log, manifest } = await build(store, order)
    expect(log).not.toContain('it does not compile')
    return { reason: failureOf(manifest, Buffer.from(log)), log }
  }

  test.each(['ld', 'as'])('does not blame the driver if %s is missing', async (tool) => {
    const hidden = [readlinkSync(`/usr/bin/${tool}`)]
    const { reason, log } = await failure({ ...order(), hidden })
    expect(reason).toBe('build-broken')
    expect(log).toMatch(/\nfailed at compile: .*: not even that was made: the tools are broken, or .*\n$/)
  })

  test('does not blame the driver if a header of the kernel is missing', async () => {
    const [own, common, ...more] = order().inputs
    const remove = `dpkg-deb --fsys-tarfile - | tar --wildcards --delete '*/include/linux/module.h' | gzip -1`
    const body = execFileSync('sh', ['-c', remove], { input: common!.body, maxBuffer: 1 << 28 })
    const inputs: Input[] = [own!, { role: 'header', format: 'tar.gz', body }, ...more]
    expect((await failure({ ...order(), inputs })).reason).toBe('build-broken')
  })

  test('does not blame the driver if there is no space', async () => {
    const fill = 'for i in 1 2 3 4 5 6; do head -c 200M /dev/zero >$$i; done'
    const { exit, log, manifest } = await build(store, order(moduleFiles({ before: fill })))
    expect(exit).toBe(1)
    expect(failureOf(manifest, Buffer.from(log))).toBe('build-broken')
  })
})

describe('a kernel with a vmlinux in its headers is built without pahole', () => {
  test('Debian’s 6.12', async () => {
    const { deb, driverVersion } = driverPackage('sid')
    const kernel = pinned('6.12', 'amd64')
    const order = kernelBuild(kernel, 'kmod', driverInput(deb), { DRIVER_VERSION: driverVersion })
    const own = order.inputs[0]!.body
    expect(execFileSync('dpkg-deb', ['-c', '-'], { input: own }).toString()).toMatch(/\/vmlinux$/m)
    const { exit, log, probe } = await build(store, order)
    expect(log).toContain('Skipping BTF generation')
    expect(log).not.toContain('pahole')
    expect(exit).toBe(0)
    expect(inspect(probe!, '/usr/sbin/modinfo', '-F', 'vermagic')).toContain(`${kernel.unameRelease} `)
  })

  // kbuild's own rule (scripts/Makefile.modfinal).
  const driver = making(
    'cd "$KERNELDIR"',
    'if [ -f vmlinux ]; then pahole -J; else echo "Skipping BTF generation"; fi',
    'find -L . -type f | sort',
    `cd -; ${GOOD}`,
  )
  const tree = { vmlinux: 'ELF', '.config': '', 'scripts/vmlinux': '', Makefile: 'all:\n' }
  test.each([
    ['used in place', smallBuild(driver, {}, tree)],
    [
      'made of links',
      smallBuild(driver, {}, { ...tree, Makefile: 'include /usr/src/common/Makefile\nall:\n' }),
    ],
    ['that an earlier build made', preparedBuild(driver, tree)],
  ])('in a tree %s, with all its other files kept', async (_, order) => {
    const { exit, log } = await build(store, order)
    expect(log).toContain('Skipping BTF generation\n./.config\n./Makefile\n./scripts/vmlinux\n')
    expect(exit).toBe(0)
  })
})
