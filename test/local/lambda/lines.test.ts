import fc from 'fast-check'
import { expect, test } from 'vitest'
import { linesOf } from '../../../local/lambda/lines.ts'

test('the lines of a stream do not depend on how it is cut into chunks', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z ]{0,9}$/)), fc.array(fc.nat(40)), (lines, cuts) => {
      const text = Buffer.from(lines.map((line) => `${line}\n`).join(''))
      const heard: string[] = []
      const hear = linesOf((line) => heard.push(line))
      let at = 0
      for (const length of [...cuts, text.length]) {
        hear(text.subarray(at, at + length))
        at += length
      }
      expect(heard).toEqual(lines)
    }),
  )
})

test('a line without an end is cut at 64 KiB', () => {
  const heard: string[] = []
  const hear = linesOf((line) => heard.push(line))
  for (let i = 0; i < 100; i += 1) hear(Buffer.alloc(65_536, 'x'))
  hear(Buffer.from('\nnext\n'))
  expect(heard.map(({ length }) => length)).toEqual([65_536, 4])
})
