// Debian's kernels, built for real.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../support/builds/build.ts'
import { kernelBuild } from '../support/builds/kernel-build.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'
import { pinned } from '../support/registry/kernels.ts'

const DRIVER_VERSION = '0.1.1dev+git20220316.e5c53d64'
const MINUTES = 60_000

let store: LoopbackStore
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

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

describe('a kernel of the series 6.1', () => {
  const kernel = pinned('6.1', 'amd64')
  const order = (kind: 'kmod' | 'ebpf') => kernelBuild(kernel, kind, undefined, { DRIVER_VERSION })

  test(
    'gets its kernel module, and two builds of it are the same bytes',
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
    'gets its eBPF probe, with the sections that Falco reads and nothing to debug it with',
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
  "a driver that does not compile on a kernel leaves the compiler's own lines, and no probe",
  async () => {
    const { exit, log, probe, manifest, requests } = await build(
      store,
      kernelBuild(pinned('6.12', 'amd64'), 'kmod'),
    )
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
