import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { needsOf } from '../../../lib/formats/elf-needs.ts'

const FOLDER = '/usr/bin'
/** Every tenth program of this machine, curl and gpgv: different makers link programs in different ways. */
const PROGRAMS = [
  ...readdirSync(FOLDER)
    .sort()
    .filter((_, at) => at % 10 === 0),
  'curl',
  'gpgv',
]
  .map((name) => join(FOLDER, name))
  .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)

const bodyOf = (path: string): Buffer => readFileSync(realpathSync(path))
const isElf = (body: Buffer): boolean => body.subarray(0, 4).toString('latin1') === '\x7fELF'

test('the interpreter and the libraries of real programs are those that readelf prints', () => {
  const programs = PROGRAMS.filter((path) => isElf(bodyOf(path)))
  expect(programs.length).toBeGreaterThan(10)
  for (const path of programs) {
    const said = execFileSync('readelf', ['-ld', path], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const libraries = [...said.matchAll(/\(NEEDED\)\s+Shared library: \[(.+)\]/g)].map(([, name]) => name)
    const [, interpreter] = /Requesting program interpreter: (.+)\]/.exec(said) ?? []
    expect(needsOf(bodyOf(path)), path).toEqual({ interpreter, libraries })
  }
})

test('a script needs nothing', () => {
  expect(needsOf(Buffer.from('#!/bin/sh\n'))).toBeUndefined()
  expect(needsOf(Buffer.alloc(0))).toBeUndefined()
})

test('a program that was cut off or changed is read, or refused with a ProbeError', () => {
  const whole = bodyOf('/usr/bin/curl')
  const refused = (body: Uint8Array): void => {
    try {
      needsOf(body)
    } catch (error) {
      expect(error).toMatchObject({ name: 'ProbeError', code: 'digest-mismatch' })
    }
  }
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(1023), fc.nat(255), (length, at, value) => {
      refused(whole.subarray(0, length))
      const changed = Buffer.from(whole)
      changed[at] = value
      refused(changed)
    }),
    { numRuns: 300 },
  )
})

test('a program of 32 bits is refused', () => {
  const body = Buffer.from(bodyOf('/usr/bin/curl'))
  body[4] = 1
  expect(() => needsOf(body)).toThrow('is not of 64 bits')
})
