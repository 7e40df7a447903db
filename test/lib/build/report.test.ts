import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readReport } from '../../../lib/build/report.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const manifest = (value: unknown) => bytes(JSON.stringify(value))

describe('the report of a build', () => {
  test('is read from a complete manifest', () => {
    const report = { stage: 'done', compilerVersion: 'gcc-12 (Debian) 12.2.0', timings: { compile: 5.3 } }
    expect(readReport(manifest(report))).toEqual(report)
  })

  test('has no control characters of a hostile compiler version', () => {
    const report = readReport(manifest({ stage: 'done', compilerVersion: 'a\u001b[2Jb\u202e', timings: {} }))
    expect(report?.compilerVersion).toBe('a?[2Jb?')
  })

  test.each([
    ['no object', '1'],
    ['no JSON', '{'],
    ['an unknown stage', '{"stage":"won","compilerVersion":"","timings":{}}'],
    ['a timing that is no number', '{"stage":"done","compilerVersion":"","timings":{"a":"1"}}'],
    ['a timing with a strange name', '{"stage":"done","compilerVersion":"","timings":{"a/b":1}}'],
  ])('is undefined for %s', (_, text) => expect(readReport(bytes(text))).toBeUndefined())

  test('is read without an error from any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (body) => void readReport(body)))
  })

  test('has a bounded list of options that the kernel lost, and is undefined if the list is malformed', () => {
    const report = (lost: unknown) =>
      readReport(manifest({ stage: 'done', compilerVersion: '', timings: {}, lost }))
    expect(report(['CONFIG_A y n', 'CONFIG_B 32 64'])?.lost).toEqual([
      { option: 'CONFIG_A', asked: 'y', holds: 'n' },
      { option: 'CONFIG_B', asked: '32', holds: '64' },
    ])
    expect(report([])?.lost).toEqual([])
    expect(report(undefined)).toMatchObject({ stage: 'done' })
    for (const lost of [['CONFIG_A y'], ['A y n'], ['CONFIG_A y <b>'], Array(65).fill('CONFIG_A y n'), 'x'])
      expect(report(lost)).toBeUndefined()
  })

  test('is undefined if its cause is unknown', () => {
    const report = { stage: 'compile', compilerVersion: '', timings: {} }
    expect(readReport(manifest({ ...report, cause: 'tools' }))?.cause).toBe('tools')
    expect(readReport(manifest({ ...report, cause: 'whim' }))).toBeUndefined()
  })
})
