import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openDataFolder } from '../../../local/start/data-folder.ts'
import { temporaryFolder } from '../../support/local/assembly.ts'

function open(dir: string, onLost: (why: string) => void = () => {}) {
  const lines: string[] = []
  const folder = openDataFolder({ dir, onLost, log: (line) => lines.push(line) })
  onTestFinished(() => folder.close())
  return { folder, lines }
}
const dirOf = (name = 'data') => join(temporaryFolder(), name)

test('a missing folder is created, and belongs to one stack at a time', () => {
  const dir = dirOf()
  const { folder, lines } = open(dir)
  expect(lines).toEqual([])
  expect(() => open(dir)).toThrow(/^DATA_DIR=\S+ is in use by another running registry: stop it, or/)
  folder.close()
  open(dir)
})

test('a folder stays locked while its process lives, and is free after the process was killed', async () => {
  const dir = dirOf()
  const module = join(import.meta.dirname, '../../../local/start/data-folder.ts')
  const code = `import { openDataFolder } from ${JSON.stringify(module)}
    openDataFolder({ dir: ${JSON.stringify(dir)}, log: () => {}, onLost: () => {} })
    await new Promise((resolve) => setTimeout(resolve, 10)); gc()
    console.log('open'); setTimeout(() => {}, 60000)`
  // The folder stays locked even after its object was garbage-collected.
  const other = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', code])
  onTestFinished(() => void other.kill('SIGKILL'))
  await once(other.stdout, 'data')
  expect(() => open(dir)).toThrow(/in use/)
  const gone = once(other, 'close')
  other.kill('SIGKILL')
  await gone
  open(dir)
})

test('a folder inside the folder of another stack is refused', () => {
  const dir = dirOf()
  open(dir)
  expect(() => open(join(dir, 'logs/mine'))).toThrow(
    /^DATA_DIR=\S+ is inside \S+, which another registry has: choose/,
  )
})

test('a folder that cannot be created or locked is refused with advice', () => {
  const file = dirOf('file')
  writeFileSync(file, '')
  expect(() => open(join(file, 'data'))).toThrow(
    /cannot be created: .* Choose a folder that this user can write to$/,
  )
  const dir = dirOf()
  mkdirSync(join(dir, 'lock.sqlite'), { recursive: true })
  expect(() => open(dir)).toThrow(/cannot be locked: .* Choose a folder on a local disk/)
})

test('data of a newer version is refused and not changed', () => {
  const dir = dirOf()
  mkdirSync(dir)
  writeFileSync(join(dir, 'stack.json'), '{"form":2}')
  expect(() => open(dir)).toThrow(
    /was written by a newer version of this software \(form 2; this version knows 1\): start that/,
  )
  expect(readFileSync(join(dir, 'stack.json'), 'utf8')).toBe('{"form":2}')
})

test('data of an older version is converted once, and the registry keeps a copy of it', () => {
  const dir = dirOf()
  mkdirSync(join(dir, 'dynamodb'), { recursive: true })
  writeFileSync(join(dir, 'dynamodb/items'), 'old')
  const { folder, lines } = open(dir)
  expect(lines).toEqual([
    expect.stringMatching(/was written by an older version, and is converted; .* stays in \S+form-0$/),
  ])
  expect(readFileSync(join(dir, 'form-0/dynamodb/items'), 'utf8')).toBe('old')
  folder.close()
  writeFileSync(join(dir, 'dynamodb/items'), 'new')
  expect(open(dir).lines).toEqual([])
  expect(readFileSync(join(dir, 'form-0/dynamodb/items'), 'utf8')).toBe('old')
  expect(existsSync(join(dir, 'form-1'))).toBe(false)
})

test.each(['taken away', 'replaced'])('a folder that is %s is reported', async (how) => {
  const dir = dirOf()
  const { promise, resolve } = Promise.withResolvers<string>()
  open(dir, resolve)
  renameSync(dir, `${dir}.old`)
  if (how === 'replaced') {
    mkdirSync(dir)
    writeFileSync(join(dir, 'stack.json'), '{"form":1}')
  }
  expect(await promise).toMatch(
    /was removed or replaced while the registry ran\. The registry stops, so that/,
  )
})
