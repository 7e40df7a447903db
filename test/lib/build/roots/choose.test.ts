import { expect, test } from 'vitest'
import { type Available, chooseCompiler, chooseCross } from '../../../../lib/build/roots/choose.ts'

const one = (suite: string, command: string, version: string, stable = suite !== 'sid'): Available => ({
  suite,
  stable,
  command,
  version,
})
/** As in November 2026. */
const DEBIAN: readonly Available[] = [
  one('bullseye', 'gcc-9', '9.3.0-22'),
  one('bullseye', 'gcc-10', '10.2.1-6'),
  one('bookworm', 'gcc-11', '11.3.0-12'),
  one('bookworm', 'gcc-12', '12.2.0-14+deb12u1'),
  one('bookworm', 'clang-14', '1:14.0.6-12'),
  one('trixie', 'gcc-12', '12.4.0-5'),
  one('trixie', 'gcc-14', '14.2.0-19'),
  one('trixie', 'clang-19', '1:19.1.7-3'),
  one('sid', 'gcc-14', '14.3.0-10'),
  one('sid', 'gcc-16', '16.1.0-2'),
]
const chosen = (command: string, text?: string, least?: string) => {
  const { suite, command: found, match } = chooseCompiler(DEBIAN, { command, text, least })
  return `${found} of ${suite} by ${match}`
}

test('the suite with exactly the compiler of the config is chosen first', () => {
  expect(chosen('gcc-12', 'gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0')).toBe('gcc-12 of bookworm by text')
  expect(chosen('gcc-12', 'gcc-12 (Debian 12.4.0-5) 12.4.0')).toBe('gcc-12 of trixie by text')
  expect(chosen('gcc-14', 'gcc-14 (Debian 14.3.0-10) 14.3.0')).toBe('gcc-14 of sid by text')
  expect(chosen('clang-14', 'Debian clang version 14.0.6')).toBe('clang-14 of bookworm by text')
})

test('then the newest stable suite with its major version is chosen, and an unstable one only if no other has it', () => {
  expect(chosen('gcc-12', 'gcc (Ubuntu 12.3.0-1ubuntu1~22.04) 12.3.0')).toBe('gcc-12 of trixie by major')
  expect(chosen('gcc-14')).toBe('gcc-14 of trixie by major')
  expect(chosen('gcc-16')).toBe('gcc-16 of sid by major')
  expect(chosen('clang-19', 'clang version 19.1.70')).toBe('clang-19 of trixie by major')
})

test('else the nearest version of the family is chosen, the newer of two, and the match is nearest', () => {
  expect(chosen('gcc-4.8')).toBe('gcc-9 of bullseye by nearest')
  expect(chosen('gcc-13')).toBe('gcc-14 of trixie by nearest')
  expect(chosen('clang-17')).toBe('clang-19 of trixie by nearest')
  expect(chosen('gcc-15')).toBe('gcc-16 of sid by nearest')
})

test('no compiler is chosen that refuses the flags of the headers, unless it is exactly the one of the headers', () => {
  const redHat = 'gcc (GCC) 11.2.1 20220127 (Red Hat 11.2.1-9)'
  expect(chosen('gcc-11', redHat)).toBe('gcc-11 of bookworm by major')
  expect(chosen('gcc-11', redHat, 'gcc-12')).toBe('gcc-12 of trixie by nearest')
  expect(chosen('gcc-8', undefined, 'gcc-11')).toBe('gcc-11 of bookworm by nearest')
  expect(chosen('gcc-7', undefined, 'gcc-14')).toBe('gcc-14 of trixie by nearest')
  expect(chosen('gcc-12', undefined, 'gcc-11')).toBe('gcc-12 of trixie by major')
  expect(chosen('gcc-10', 'gcc-10 (Debian 10.2.1-6) 10.2.1', 'gcc-12')).toBe('gcc-10 of bullseye by text')
  expect(() => chosen('gcc-12', undefined, 'gcc-17')).toThrow('has a gcc-17, or a newer one, to build with')
})

test('a compiler of another distribution does not match one of Debian by its text', () => {
  expect(chosen('gcc-12', 'gcc (12.2.0-14+deb12u1) 12.2.0')).toBe('gcc-12 of trixie by major')
})

test('a family that no suite has is refused', () => {
  const gccs = DEBIAN.filter(({ command }) => command.startsWith('gcc'))
  expect(() => chooseCompiler(gccs, { command: 'clang-14' })).toThrow(
    'no suite that is configured has a clang',
  )
})

const CROSS: readonly Available[] = [
  ...DEBIAN,
  one('bookworm', 'gcc-12-aarch64-linux-gnu', '12.2.0-14cross1'),
  one('trixie', 'gcc-12-aarch64-linux-gnu', '12.4.0-5cross1'),
  one('trixie', 'gcc-14-aarch64-linux-gnu', '14.2.0-19cross1'),
  one('sid', 'gcc-16-x86-64-linux-gnu', '16.1.0-2'),
]
const crossed = (command: string, text?: string) => {
  const { suite, command: found, match } = chooseCross(CROSS, { command, text }, '-aarch64-linux-gnu')
  return `${found} of ${suite} by ${match}`
}

test('a cross compiler is chosen from the suite that a machine of the target would use', () => {
  // Its revision is earlier than that of the kernel's compiler, so the text differs.
  expect(crossed('gcc-12', 'gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0')).toBe('gcc-12 of bookworm by major')
  expect(crossed('gcc-14', 'aarch64-linux-gnu-gcc-14 (Debian 14.2.0-19) 14.2.0')).toBe(
    'gcc-14 of trixie by text',
  )
  expect(crossed('gcc-12')).toBe('gcc-12 of trixie by major')
})

test('clang is its own cross compiler', () => {
  expect(crossed('clang-14', 'Debian clang version 14.0.6')).toBe('clang-14 of bookworm by text')
})

test('if no suite has such a cross compiler, the nearest is chosen, and the match is nearest', () => {
  expect(crossed('gcc-16')).toBe('gcc-14 of trixie by nearest')
})

test('a cross compiler is never chosen as a native one', () => {
  expect(chooseCross(CROSS, { command: 'gcc-16' }, '')).toMatchObject({ suite: 'sid', version: '16.1.0-2' })
})
