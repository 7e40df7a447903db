// The local table once answered a query with an empty release, which DynamoDB refuses. Numbers could have any form that
// JavaScript reads.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callerFrom } from '../support/registry/caller.ts'
import { type Registry, scratch, startRegistry } from '../support/registry/registry.ts'

let registry: Registry
let work: Awaited<ReturnType<typeof scratch>>
const caller = callerFrom('127.0.0.2')

beforeAll(async () => {
  work = await scratch()
  registry = await startRegistry({ dataDir: work.dir })
})
afterAll(async () => {
  caller.end()
  await registry.stop()
  await work.remove()
})

const ID = Buffer.from('driver/1/x86_64/falco_debian_6.1.1-1-amd64_1.ko').toString('base64url')

describe('a parameter with an invalid value', () => {
  test.each([
    ['/v1/probes?release=', 'release'],
    [`/v1/probes?release=6.1${'x'.repeat(3000)}`, 'release'],
    ['/v1/probes?release=%00', 'release'],
    ['/v1/probes?release=..%2F', 'release'],
    ['/v1/probes?release=6.1%C3%A9', 'release'],
    ['/v1/probes?release=6.1&release=6.2', 'release'],
    ['/v1/probes?target=', 'target'],
    ['/v1/probes?target=a%20b', 'target'],
    ['/v1/probes?driverVersion=', 'driverVersion'],
    ['/v1/probes?driverVersion=%2B1', 'driverVersion'],
    ['/v1/probes?state=', 'state'],
    ['/v1/probes?cursor=', 'cursor'],
    ['/v1/probes?cursor=%00', 'cursor'],
    [`/v1/probes?cursor=${'A'.repeat(2000)}`, 'cursor'],
    ...['0x10', '', '+5', '%205', '5%20', '1e1', '5.0', '-1', '0', '101', 'Infinity', 'NaN', '%D9%A5'].map(
      (limit) => [`/v1/probes?limit=${limit}`, 'limit'],
    ),
    ...['', '1e1', '0x5', '%2B5', '%205', '0.5', '26', '-0'].map((wait) => [
      `/v1/probes/${ID}?wait=${wait}`,
      'wait',
    ]),
    ['/v1/names?url=', 'url'],
    ['/v1/names', 'url'],
  ])('is refused by the name of the parameter: %.60s', async (path, field) => {
    const { status, body } = await caller.ask(registry.url + path)
    expect({ status, ...JSON.parse(body) }).toMatchObject({ status: 400, code: 'bad-field', field })
  })

  test.each([
    '?release=6.1.192-2-amd64',
    '?limit=5',
    '?limit=100',
    '?state=failed',
    '?target=ubuntu-aws',
    '',
  ])('is not found in the valid query %s', async (query) => {
    expect((await caller.ask(`${registry.url}/v1/probes${query}`)).status).toBe(200)
  })
})

describe('a wrong field of a submission', () => {
  const post = (body: object) =>
    caller.ask(`${registry.url}/v1/probes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const facts = { config: 'eA==', release: '6.1', version: '#1', machine: 'x86_64' }
  const form = (name: string, value: string) => {
    const parts = Object.entries({ ...facts, [name]: value }).map(
      ([key, text]) => `--b\r\ncontent-disposition: form-data; name="${key}"\r\n\r\n${text}\r\n`,
    )
    return caller.ask(`${registry.url}/v1/probes`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body: `${parts.join('')}--b--\r\n`,
    })
  }

  test.each([
    ['release', { release: '6.1 $(x)' }],
    ['machine', { machine: 'pdp11' }],
    ['driverVersions', { driverVersions: 7 }],
    ['driver-version', { 'driver-version': 7 }],
    ['driverName', { driverName: 'x' }],
    ['kinds', { kinds: ['exe'] }],
    ['kernelUrls', { kernelUrls: ['http://x/'], driverVersions: ['10.2.0+driver'] }],
  ])('is reported by the name that the client sent: %s', async (field, more) => {
    const { body } = await post({ ...facts, ...more })
    expect(JSON.parse(body)).toMatchObject({ code: 'bad-field', field })
  })

  test.each([
    ['version', 'v'.repeat(300)],
    ['release', '$(x)'],
    ['driver-name', 'x'],
  ])('in a form is reported by its name there: %s', async (field, value) => {
    expect(JSON.parse((await form(field, value)).body)).toMatchObject({ code: 'bad-field', field })
  })

  test.each([
    ['etc-version', 'v'.repeat(300)],
    ['os-release', 'ID=$(x)'],
  ])('is ignored if the field is optional: %s', async (field, value) => {
    expect(JSON.parse((await form(field, value)).body)).toMatchObject({ code: 'bad-config' })
  })
})
