import { expect, test } from 'vitest'
import { downloads } from '../../../client/build/progress.ts'

function world() {
  let time = 0
  const lines: string[] = []
  const progress = downloads(
    (line) => void lines.push(line),
    () => time,
  )
  return { progress, lines, wait: (seconds: number) => (time += seconds * 1000) }
}

test('prints a download when it begins, and then every few seconds with the remaining time', () => {
  const { progress, lines, wait } = world()
  progress('http://a/b', 0, 100e6)
  for (let bytes = 10e6; bytes < 100e6; bytes += 10e6) {
    wait(1)
    progress('http://a/b', bytes, 100e6)
  }
  expect(lines).toEqual([
    'fetching http://a/b, 100 MB',
    'fetching http://a/b: 30 MB of 100 MB, 7 s left',
    'fetching http://a/b: 60 MB of 100 MB, 4 s left',
    'fetching http://a/b: 90 MB of 100 MB, 1 s left',
  ])
})

test('prints no remaining time for a download of unknown length', () => {
  const { progress, lines, wait } = world()
  progress('http://a/b', 0, undefined)
  wait(4)
  progress('http://a/b', 10_000, undefined)
  expect(lines).toEqual(['fetching http://a/b', 'fetching http://a/b: 10 KB'])
})

test('prints two downloads at the same time separately', () => {
  const { progress, lines } = world()
  progress('http://a/b', 0, 500)
  progress('http://a/c', 0, 2e6)
  progress('http://a/b', 500, 500)
  expect(lines).toEqual(['fetching http://a/b, 1 KB', 'fetching http://a/c, 2 MB'])
})
