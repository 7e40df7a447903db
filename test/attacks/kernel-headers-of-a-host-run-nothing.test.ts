// A host sends its kernel's own headers, and among them files that make and the shell would run.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageBytes, tarball } from '../support/builds/archive.ts'
import { build, type Input, machine } from '../support/builds/build.ts'
import { driverInput } from '../support/builds/kernel-build.ts'
import { GOOD, making, smallBuild, smallSource } from '../support/builds/small.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'
import { packed } from '../support/kheaders.ts'

let store: LoopbackStore
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

const CONFIG = join(import.meta.dirname, '../vectors/kernel-configs/debian_6.1.0-56-amd64.config.gz')
const settings = { KERNEL: 'source', TREE: '-', UNAME_RELEASE: '6.1.0-56-custom' } as const
const ARCH = machine === 'aarch64' ? 'arm64' : 'x86'

const text = (role: Input['role'], body: string): Input => ({ role, format: 'text', body: Buffer.from(body) })

/** Prints that it ran if make or sh reads it. */
const evil = (path: string): string =>
  `$(shell echo "IT RAN: ${path}" >&2)\n$(info IT RAN: ${path})\ncmd_x := $(shell echo "IT RAN" >&2)\n`
const EVIL = Object.fromEntries(
  [
    'include/config/auto.conf',
    'include/config/auto.conf.cmd',
    'include/config/tristate.conf',
    'include/config/kernel.release',
    'include/config/auto.conf.h',
    'include/Makefile',
    'include/Kbuild',
    'include/evil.mk',
    'include/uapi/Kbuild',
    'include/uapi/asm-generic/Kbuild',
    'include/asm-generic/Kbuild',
    'include/generated/.bounds.h.cmd',
    'include/generated/rustc_cfg',
    `arch/${ARCH}/include/asm/Kbuild`,
    `arch/${ARCH}/include/uapi/asm/Kbuild`,
    `arch/${ARCH}/include/Makefile`,
  ].map((path) => [path, evil(path)]),
)
const HEADER = 'include/linux/of_the_host.h'
const kheaders = (): Input => ({
  role: 'kheaders',
  format: 'tar.xz',
  body: packed({ ...EVIL, [HEADER]: '#define OF_THE_HOST 1\n' }),
})

const inTree = (tree: Buffer | undefined, path: string): string =>
  execFileSync('tar', ['-xzO', path], { input: tree, encoding: 'utf8', maxBuffer: 1 << 28 })
const names = (tree: Buffer | undefined): string[] =>
  execFileSync('tar', ['-tz'], { input: tree, encoding: 'utf8', maxBuffer: 1 << 28 }).split('\n')

describe('kernel headers of a host', () => {
  test('add C headers to the tree of a small kernel, and no file of another kind', async () => {
    const makes = ['echo CONFIG_A=y >include/config/auto.conf', 'echo "# own" >include/Kbuild']
    const look = Object.keys(EVIL).map((path) => `[ ! -f ${path} ] || make -nf ${path} || :`)
    const { exit, log, prepared } = await build(store, {
      settings,
      inputs: [
        { role: 'source', format: 'tar.gz', body: tarball(smallSource(makes)) },
        text('config', 'CONFIG_A=y\n'),
        kheaders(),
        ...smallBuild(making('cd /build/kernel', ...look, 'cd /build/driver', GOOD)).inputs.filter(
          ({ role }) => role === 'driver',
        ),
      ],
    })
    expect(exit).toBe(0)
    expect(log).toContain('taking the headers of the running kernel')
    expect(log).not.toContain('IT RAN')
    expect(inTree(prepared, HEADER)).toContain('OF_THE_HOST')
    expect(inTree(prepared, 'include/config/auto.conf')).toBe('CONFIG_A=y\n')
    expect(names(prepared).filter((name) => name in EVIL)).toEqual([
      'include/Kbuild',
      'include/config/auto.conf',
      'include/config/kernel.release',
    ])
  })

  test('run nothing in the build of a real kernel and its module', async () => {
    const { exit, log, prepared } = await build(store, {
      settings: { ...settings, DRIVER_VERSION: '0.1.1dev+git20220316.e5c53d64' },
      inputs: [
        { role: 'source', format: 'deb', body: packageBytes('linux-source-6.1') },
        text('config', gunzipSync(readFileSync(CONFIG)).toString()),
        kheaders(),
        driverInput(),
      ],
    })
    expect(log).not.toContain('IT RAN')
    expect(exit).toBe(0)
    expect(inTree(prepared, HEADER)).toContain('OF_THE_HOST')
    expect(inTree(prepared, 'include/config/auto.conf')).toContain('\nCONFIG_MODULES=y\n')
  })
})
