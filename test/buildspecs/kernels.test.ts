// The newest kernels of this machine's archive, built for real.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newestKernel, packageBytes } from '../support/builds/archive.ts'
import { type Build, build, type Input } from '../support/builds/build.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'

const DRIVER_VERSION = '0.1.1dev+git20220316.e5c53d64'
const MINUTES = 60_000

let store: LoopbackStore
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

/** Debian's own driver package on the newest kernel of a series. */
function order(series: string, kind: 'kmod' | 'ebpf'): Build & { unameRelease: string } {
  const kernel = newestKernel(series)
  const deb = (role: Input['role']) => (body: Buffer) => ({ role, format: 'deb', body }) as const
  return {
    unameRelease: kernel.unameRelease,
    settings: {
      KIND: kind,
      DRIVER_VERSION,
      UNAME_RELEASE: kernel.unameRelease,
      TREE: kernel.tree,
      COMPILER: kernel.compiler,
    },
    inputs: [...kernel.headers.map(deb('header')), deb('driver')(packageBytes('falcosecurity-scap-dkms'))],
  }
}

/** What a tool says of the probe's file. */
function inspect(probe: Buffer, command: string, ...args: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'probe-'))
  try {
    writeFileSync(join(folder, 'scap.ko'), probe)
    return execFileSync(command, [...args, join(folder, 'scap.ko')], { encoding: 'utf8', maxBuffer: 1 << 26 })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('the newest 6.1 kernel', () => {
  test(
    'gets its kernel module, and two builds of it are the same bytes',
    async () => {
      const job = order('6.1', 'kmod')
      const first = await build(store, job)
      expect(first.log).toMatch(/\ndone: .*\n$/)
      expect(first.exit).toBe(0)
      expect(inspect(first.probe!, '/usr/sbin/modinfo', '-F', 'vermagic').split(' ')[0]).toBe(
        job.unameRelease,
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
    'gets its eBPF probe, with the sections that Falco reads and nothing to debug it with',
    async () => {
      const job = order('6.1', 'ebpf')
      const { probe, exit, manifest } = await build(store, job)
      expect(exit).toBe(0)
      const sections = inspect(probe!, 'readelf', '-SW')
      for (const name of ['maps', 'license', 'kernel_version', 'probe_version', 'raw_tracepoint/sys_enter']) {
        expect(sections).toContain(` ${name} `)
      }
      expect(sections).not.toContain('.debug_')
      expect(inspect(probe!, 'readelf', '-p', 'kernel_version')).toContain(job.unameRelease)
      expect(manifest?.compilerVersion).toContain('clang version')
    },
    3 * MINUTES,
  )
})

test(
  "a driver that does not compile on a kernel leaves the compiler's own lines, and no probe",
  async () => {
    const { exit, log, probe, manifest, requests } = await build(store, order('6.12', 'kmod'))
    expect(exit).toBe(1)
    expect(manifest?.stage).toBe('compile')
    expect(log).toMatch(/: error: /)
    expect(log).toMatch(
      /\nfailed at compile: scap .* kmod for 6\.12\..*: it does not compile with gcc-\d+; .*\n$/,
    )
    expect(probe).toBeUndefined()
    expect(requests).not.toContain('PUT probe')
  },
  3 * MINUTES,
)
