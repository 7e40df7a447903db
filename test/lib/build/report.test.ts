import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { failureOf, readReport, tellingLines } from '../../../lib/build/report.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const manifest = (value: unknown) => bytes(JSON.stringify(value))

describe('what a build tells of itself', () => {
  test('a whole manifest is read', () => {
    const report = { stage: 'done', compilerVersion: 'gcc-12 (Debian) 12.2.0', timings: { compile: 5.3 } }
    expect(readReport(manifest(report))).toEqual(report)
  })

  test('control characters of a hostile compiler version never reach an answer', () => {
    const report = readReport(manifest({ stage: 'done', compilerVersion: 'a\u001b[2Jb\u202e', timings: {} }))
    expect(report?.compilerVersion).toBe('a?[2Jb?')
  })

  test.each([
    ['no object', '1'],
    ['no JSON', '{'],
    ['an unknown stage', '{"stage":"won","compilerVersion":"","timings":{}}'],
    ['a timing that is no number', '{"stage":"done","compilerVersion":"","timings":{"a":"1"}}'],
    ['a timing with a strange name', '{"stage":"done","compilerVersion":"","timings":{"a/b":1}}'],
  ])('%s is no report', (_, text) => expect(readReport(bytes(text))).toBeUndefined())

  test('no bytes whatever are more than no report', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (body) => void readReport(body)))
  })

  test('a build without a report was cut off, one that stopped at compiling does not compile', () => {
    expect(failureOf(undefined)).toBe('build-lost')
    expect(failureOf(readReport(manifest({ stage: 'compile', compilerVersion: '', timings: {} })))).toBe(
      'compile-error',
    )
    expect(failureOf(readReport(manifest({ stage: 'fetch', compilerVersion: '', timings: {} })))).toBe(
      'build-error',
    )
  })

  test("the compiler's own lines are told, bounded and printable", () => {
    const noise = Array.from({ length: 500 }, (_, i) => `  CC [M]  file${i}.o`).join('\n')
    const log = bytes(`${noise}\nmain.c:12:3: error: too few arguments \u001b[0m${'x'.repeat(999)}\n${noise}`)
    const lines = tellingLines(log)
    expect(lines).toMatch(/^main\.c:12:3: error: too few arguments \?\[0m/)
    expect(lines.length).toBeLessThan(300)
  })

  test('a log without an error line gives its last lines', () => {
    expect(tellingLines(bytes('one\ntwo\n\n'))).toBe('one\ntwo')
    expect(tellingLines(undefined)).toBe('')
  })
})
