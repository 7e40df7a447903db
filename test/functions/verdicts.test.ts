// Tests POST /v1/verdicts over HTTP with the complete stack.

import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type VerdictsAnswer, verdictsAnswer } from '../../lib/api/schemas.ts'
import { FIELD, fieldBytes } from '../support/kconfig/field.ts'
import { startWholeStack, type WholeStack } from '../support/local/whole-stack.ts'

let stack: WholeStack

beforeAll(async () => {
  stack = await startWholeStack()
})
afterAll(() => stack?.stop())

function form(file: string, fields: Readonly<Record<string, string>> = {}): FormData {
  const body = new FormData()
  body.append('config', new Blob([new Uint8Array(fieldBytes(file))]))
  const facts = { release: '6.8.0-52-generic', version: '#1 SMP', machine: 'x86_64', ...fields }
  for (const [name, value] of Object.entries(facts)) body.append(name, value)
  return body
}
const post = (body: FormData, path = '/v1/verdicts') => fetch(stack.url + path, { method: 'POST', body })
async function judged(file: string, fields: Readonly<Record<string, string>> = {}): Promise<VerdictsAnswer> {
  const answer = await post(form(file, fields))
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
  return verdictsAnswer.parse(await answer.json())
}

/** The names of all stored files. */
const kept = (): string[] =>
  readdirSync(stack.dataDir, { recursive: true, encoding: 'utf8' })
    .filter((path) => /inputs|artifacts|staging/.test(path))
    .sort()

const UBUNTU = 'ubuntu_6.8.0-52-generic.config.gz'

describe('a host that asks for the verdict on its config', () => {
  test('reads first that it needs no probe if the modern eBPF probe runs', async () => {
    const { advice, summary, compiler } = await judged(UBUNTU)
    expect(advice[0]).toMatch(/^No probe needed: the modern eBPF probe runs on this kernel\. /)
    expect(Object.keys(summary)[0]).toBe('modernEbpf')
    expect(summary).toMatchObject({
      modernEbpf: { answer: 'yes' },
      kmod: { answer: 'maybe', byDefault: 'loads' },
      ebpf: { answer: 'maybe', byDefault: 'loads' },
    })
    expect(compiler).toMatchObject({ family: 'gcc', version: '13.3.0', exact: true })
  })

  test.each(FIELD)('gets an answer for $file', async (field) => {
    const { summary } = await judged(field.file, {
      release: field.release,
      machine: field.file.startsWith('raspbian') ? 'armv7l' : 'x86_64',
    })
    expect(summary.kmod.answer[0]).toBe({ w: 'y', m: 'm', c: 'n' }[field.kmod[0]!])
  })

  test('causes no build, and the registry stores nothing', async () => {
    const before = kept()
    await judged('wsl2_5.15.133.1-microsoft-standard-WSL2.config.gz', {
      release: '5.15.133.1-microsoft-standard-WSL2',
      'os-release': 'ID=ubuntu\n',
    })
    expect(kept()).toEqual(before)
    const { probes } = (await (await fetch(`${stack.url}/v1/probes`)).json()) as { probes: unknown[] }
    expect(probes).toEqual([])
  })

  test('gets the name of the wrong field', async () => {
    const body = form(UBUNTU)
    body.delete('release')
    const answer = await post(body)
    expect([answer.status, await answer.json()]).toMatchObject([400, { field: 'release' }])
    const none = new FormData()
    none.append('config', new Blob(['MZ\x90\x00']))
    for (const [name, value] of form(UBUNTU)) if (name !== 'config') none.append(name, value)
    expect((await post(none)).status).toBe(422)
  })
})

test('a submission gets the same verdict on the config', async () => {
  const fields = { 'os-release': 'ID=alpine\n', release: '4.19.36-0-vanilla', 'driver-version': '0.23.2' }
  const file = 'alpine_4.19.36-vanilla.config.gz'
  const asked = await judged(file, fields)
  const answer = await post(form(file, fields), '/v1/probes')
  const { advice, summary, compiler } = (await answer.json()) as VerdictsAnswer
  expect({ advice, summary, compiler }).toEqual({
    ...{ advice: asked.advice, summary: asked.summary, compiler: asked.compiler },
  })
})
