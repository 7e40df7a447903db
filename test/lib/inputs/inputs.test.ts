import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ensureInput } from '../../../lib/inputs/inputs.ts'
import { inputKey } from '../../../lib/model/keys.ts'
import { memoryPorts } from '../../support/memory.ts'

const body = new TextEncoder().encode('a package')
const sha256 = createHash('sha256').update(body).digest('hex')
const input = { url: 'http://mirror.invalid/a.deb', sha256, bytes: body.length }

function world(answer: Uint8Array = body) {
  const { inputs } = memoryPorts({ now: Date.now }).store
  const asked: { url: string; maxBytes: number }[] = []
  const fetch = async (url: string, { maxBytes }: { maxBytes: number }) => {
    asked.push({ url, maxBytes })
    return answer
  }
  return { inputs, asked, fetch }
}

describe('an input of a build', () => {
  test('is fetched once, with the promised size as the limit, and kept under its digest', async () => {
    const { inputs, asked, fetch } = world()
    await ensureInput(inputs, fetch, input)
    await ensureInput(inputs, fetch, input)
    expect(asked).toEqual([{ url: input.url, maxBytes: body.length }])
    expect(await inputs.get(inputKey(sha256), 100)).toEqual(body)
  })

  test('with another digest is refused, and not kept', async () => {
    const { inputs, fetch } = world(new TextEncoder().encode('A package'))
    await expect(ensureInput(inputs, fetch, input)).rejects.toMatchObject({ code: 'digest-mismatch' })
    expect(await inputs.size(inputKey(sha256))).toBeUndefined()
  })

  test('is kept when many ask for it at once', async () => {
    const { inputs, fetch } = world()
    await Promise.all(Array.from({ length: 10 }, () => ensureInput(inputs, fetch, input)))
    expect(await inputs.get(inputKey(sha256), 100)).toEqual(body)
  })
})
