import { expect, test } from 'vitest'
import { writeJson } from '../../../local/lambda/json-console.ts'

function lab() {
  const lines: string[] = []
  const fake = { ...console }
  writeJson(
    fake,
    (line) => lines.push(line),
    () => 'id',
  )
  return { fake, last: () => JSON.parse(lines.at(-1) ?? ''), lines }
}

test('an object is logged unchanged, as one line', () => {
  const { fake, last, lines } = lab()
  fake.log({ event: 'published', key: 'a\nb' })
  expect(last()).toMatchObject({
    level: 'INFO',
    requestId: 'id',
    message: { event: 'published', key: 'a\nb' },
  })
  expect(lines).toEqual([expect.stringMatching(/^\{.*\}\n$/)])
})

test('all other values are logged as text, an error with its stack', () => {
  const { fake, last } = lab()
  fake.warn('%s of %i', 'one', 2)
  expect(last()).toMatchObject({ level: 'WARN', message: 'one of 2' })
  fake.error(new Error('lost'))
  expect(last()).toMatchObject({ level: 'ERROR', message: expect.stringMatching(/^Error: lost\n +at /) })
  fake.log('a', { b: 1 })
  expect(last().message).toBe('a { b: 1 }')
})
