import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readReport } from '../../../lib/build/report.ts'

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

  test('options that do not hold are read as they are told, bounded, and no others', () => {
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

  test('a cause that is not one of ours is not read', () => {
    const report = { stage: 'compile', compilerVersion: '', timings: {} }
    expect(readReport(manifest({ ...report, cause: 'tools' }))?.cause).toBe('tools')
    expect(readReport(manifest({ ...report, cause: 'whim' }))).toBeUndefined()
  })
})
