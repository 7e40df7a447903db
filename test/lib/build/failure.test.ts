import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { failureOf, firstError, lastLines, tellingLines } from '../../../lib/build/failure.ts'
import type { BuildReport } from '../../../lib/build/report.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const report = (stage: BuildReport['stage'], cause?: BuildReport['cause']): BuildReport => ({
  stage,
  compilerVersion: '',
  timings: {},
  ...(cause === undefined ? {} : { cause }),
})
/** The log of a real build. */
const logOf = (name: string) =>
  readFileSync(join(import.meta.dirname, `../../vectors/build-logs/${name}.txt`))

describe('the registry’s part of a build is to blame', () => {
  test.each([
    ['a command that kbuild runs is missing', 'no-pahole'],
    ['a command that the driver runs is missing', 'no-command'],
    ['the disk is full', 'no-space'],
    ['a compiler was killed', 'killed'],
    ['there is too little memory', 'no-memory'],
    ['a header is missing that another of the kernel includes', 'no-kernel-header'],
    ["a Makefile of the kernel's is missing", 'no-kernel-makefile'],
  ])('when %s, by its log', (_, log) => {
    expect(failureOf(report('compile'), logOf(log))).toBe('build-broken')
  })

  test.each(['no-assembler', 'driver-after-failed-probes'])(
    'when a source that is known to be good does not build either: %s',
    (log) => {
      expect(failureOf(report('compile', 'tools'), logOf(log))).toBe('build-broken')
      expect(failureOf(report('tree', 'tools'), logOf(log))).toBe('build-broken')
    },
  )

  test.each(['fetch', 'prepare', 'unpack', 'upload', 'done'] as const)(
    'at the stage %s, whatever the log contains',
    (stage) => {
      expect(failureOf(report(stage), logOf('driver'))).toBe('build-broken')
    },
  )
})

describe('a driver is to blame', () => {
  test.each([
    ['when it does not compile', 'driver'],
    ['when its eBPF probe does not', 'driver-ebpf'],
    ['when its feature probes said before that a command was not found', 'driver-after-failed-probes'],
    ['when it asks for a header that this kernel does not have', 'driver-asks-for-a-header'],
  ])('%s', (_, log) => {
    expect(failureOf(report('compile'), logOf(log))).toBe('compile-error')
  })

  test('when its build leaves no probe', () => {
    expect(failureOf(report('collect'))).toBe('compile-error')
  })

  test.each([
    '/build/driver/main.c:3:9: error: no such member\n    3 |   pr_err("No space left on device");',
    'main.c:3:9: error: no such member\n  pr_err("x: No space left on device\\n");',
    '/bin/sh: 1: bc: not found\n/build/driver/main.c:3:9: error: no such member\nmake: *** [Makefile:3: all] Error 1',
    'make[3]: *** [Makefile:9: /build/driver/configure/A/test.o] Error 127\nmake: *** [Makefile:3: all] Error 1',
  ])('even if its log resembles another failure: %j', (log) => {
    expect(failureOf(report('compile'), bytes(log))).toBe('compile-error')
  })
})

describe('nobody is to blame', () => {
  test('when a build was cut off before it could report', () => {
    expect(failureOf(undefined, logOf('driver'))).toBe('build-lost')
  })

  test('when compiling did not end in time', () => {
    expect(failureOf(report('compile', 'time'), logOf('driver'))).toBe('build-timeout')
  })
})

test('the log of a submitted config’s own tree cannot cause an early retry', () => {
  expect(failureOf(report('tree'), logOf('no-space'))).toBe('compile-error')
})

test('a log of any bytes is read without an error, and one with long lines within two seconds', () => {
  fc.assert(fc.property(fc.uint8Array(), (log) => void failureOf(report('compile'), log)))
  for (const unit of ['a: ', '/kernel/', 'make[1]: *** [', "No rule to make target '/kernel/ "]) {
    const began = performance.now()
    failureOf(report('compile'), bytes(unit.repeat(4_000_000 / unit.length)))
    expect(performance.now() - began).toBeLessThan(2000)
  }
})

test('the reported lines of the compiler are bounded and printable', () => {
  const noise = Array.from({ length: 500 }, (_, i) => `  CC [M]  file${i}.o`).join('\n')
  const log = bytes(`${noise}\nmain.c:12:3: error: too few arguments \u001b[0m${'x'.repeat(999)}\n${noise}`)
  const lines = tellingLines(log)
  expect(lines).toMatch(/^main\.c:12:3: error: too few arguments \?\[0m/)
  expect(lines.length).toBeLessThan(300)
})

test("the compiler's first error is that of the driver, not of its feature probes", () => {
  const log = [
    'make[1]: Entering directory',
    '/build/driver/configure/ACCESS_OK_2/test.c:9:2: error: a feature that this kernel has not',
    'test.c:33:2: error: "task->pids not available"',
    '/build/driver/main.c:7:1: error: the first',
    '/build/driver/main.c:9:1: error: the second',
  ].join('\n')
  expect(firstError(bytes(log))).toBe('/build/driver/main.c:7:1: error: the first')
  expect(firstError(bytes('no error'))).toBeUndefined()
})

test('a log without an error line gives its last lines', () => {
  expect(tellingLines(bytes('one\ntwo\n\n'))).toBe('one\ntwo')
  expect(lastLines(bytes('main.c:1: error: x\ntwo\n\n'))).toBe('main.c:1: error: x\ntwo')
  expect(tellingLines(undefined)).toBe('')
})
