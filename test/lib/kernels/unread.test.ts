import { expect, test } from 'vitest'
import { notRead } from '../../../lib/kernels/unread.ts'
import { ProbeError } from '../../../lib/model/errors.ts'

const away = (message: string): ProbeError => new ProbeError('mirror-unreachable', message)

test('what could not be read for one reason is told together', () => {
  const unread = [
    away('https://a.example/x could not be read: the proxy is away'),
    away('https://c.example/z answers 503'),
    away('https://b.example/y could not be read: the proxy is away'),
    away('https://d.example/w could not be read: timed out'),
  ]
  expect(notRead(unread)).toBe(
    ' Not read: https://a.example/x, https://b.example/y (the proxy is away); https://c.example/z answers 503; https://d.example/w (timed out).',
  )
})

test('where all was read, nothing is told', () => {
  expect(notRead([])).toBe('')
})
