// Tests the command line of `probe-registry build`, and the kernels that it refuses before it fetches anything.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { askedOf, readOptions } from '../../../client/build/asked.ts'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { scratch } from '../../support/registry/registry.ts'

/** `--config` with a kernel of that version. */
async function asked(version: string, ...more: string[]) {
  const { dir, remove } = await scratch()
  onTestFinished(remove)
  const config = join(dir, 'config')
  const options = ['CONFIG_64BIT=y', 'CONFIG_X86_64=y', 'CONFIG_MODULES=y', 'CONFIG_TRACEPOINTS=y']
  writeFileSync(config, [`# Linux/x86 ${version} Kernel Configuration`, ...options, ''].join('\n'))
  const args = ['--driver-version', '7.0.0+driver', '--release', version, '--config', config, ...more]
  return askedOf({ settings: DEFAULTS, arch: 'x86_64', now: Date.now }, readOptions(args))
}

test('accepts a submitted kernel that the driver supports', async () => {
  expect((await asked('6.1.1')).probe).toMatchObject({ driverVersion: '7.0.0+driver', kind: 'kmod' })
})

test('refuses a kernel that the driver is known to fail for', async () => {
  await expect(asked('6.12.1')).rejects.toMatchObject({ code: 'known-to-fail' })
})

test('refuses a kernel that is older than any that the driver supports', async () => {
  await expect(asked('4.13.1', '--kind', 'ebpf')).rejects.toMatchObject({ code: 'unsupported-kernel' })
})

test('accepts a kernel that the driver is known to fail for with --force', async () => {
  expect((await asked('6.12.1', '--force')).record?.kernel.force).toBe(true)
})
