// A driver's own Makefile finds the tools of the compiler's family, even if it does not use make's variables.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { build } from '../support/builds/build.ts'
import { GOOD, smallBuild } from '../support/builds/small.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'

let store: LoopbackStore
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

/** Prints the tools that make's variables name, and the tools that a driver's tests of its kernel find by PATH alone. */
const driver = {
  Makefile: [
    'all:',
    '\t@echo "make: $(CC) $(LD) $(AR) $(NM) $(OBJCOPY) $(STRIP) $(CROSS_COMPILE)"',
    '\t@echo "arch: [$(ARCH)]"',
    '\t@env -i PATH="$(PATH)" sh -c \'for tool in gcc ld nm objcopy; do $$tool --version | head -n 2; done\' 2>&1',
    `\t@${GOOD}`,
    '',
  ].join('\n'),
}

test('the driver for a kernel of gcc is built with binutils, by their own names', async () => {
  const { exit, log } = await build(store, smallBuild(driver, { COMPILER: 'gcc-12' }))
  expect(exit, log).toBe(0)
  expect(log).toMatch(/^make: gcc-12 ld ar {3}/m)
  // ARCH is empty because the kernel has its own names of architectures: arm64, not aarch64.
  expect(log).toMatch(/^arch: \[\]$/m)
  expect(log).toMatch(/^gcc \(Debian 12\.\S+\) 12\.[\s\S]*^GNU ld [\s\S]*^GNU nm [\s\S]*^GNU objcopy /m)
})

test('the driver for a kernel of clang is built with lld and the tools of LLVM, even without make’s variables', async () => {
  const { exit, log, manifest } = await build(store, smallBuild(driver, { COMPILER: 'clang-14' }))
  expect(exit, log).toBe(0)
  expect(log).toMatch(/^make: clang-14 ld\.lld-14 llvm-ar-14 llvm-nm-14 llvm-objcopy-14 llvm-strip-14 \n/m)
  expect(log).toMatch(/^Debian clang version 14[\s\S]*^Debian LLD 14[\s\S]*^llvm-nm[\s\S]*^llvm-objcopy/m)
  expect(manifest?.compilerVersion).toMatch(/^Debian clang version 14\./)
})

test('the build refuses another architecture if the job names no cross compiler', async () => {
  const other = process.arch === 'arm64' ? 'x86_64' : 'aarch64'
  const { exit, log } = await build(store, smallBuild(driver, { ARCH: other }))
  expect(exit).toBe(1)
  expect(log).toMatch(/failed at prepare: .*: this builder is /)
})
