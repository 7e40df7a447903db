// Tests the monitoring of a running stack at its metrics address, as Prometheus and a service manager use it.

import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { StackOptions } from '../../../local/stack.ts'
import { route, startedStack, temporaryFolder, until, writeAssembly } from '../../support/local/assembly.ts'
import { parseMetrics, sumOf } from '../../support/local/prometheus.ts'
import { curl } from '../../support/local/s3-lab.ts'
import { freePort } from '../../support/registry/registry.ts'

/** Each failure has another claim: the end of one claim is counted once, even if it is logged several times. */
const ANSWERS = `let failures = 0
exports.handler = async ({ rawPath }) => {
  const key = 'driver/0.20.0/x86_64/x.ko'
  switch (rawPath) {
    case '/failed': console.log({ event: 'build failed', key, claim: 'c' + failures++, reason: 'compile-error' }); break
    case '/published': console.log({ event: 'published', key, claim: 'c' }); break
    case '/tested': console.log({ event: 'load test', key, claim: 'c', verdict: 'passed', reason: 'it loads' }); break
    case '/error': throw new Error('inside')
    case '/wait/slow': await new Promise((r) => setTimeout(r, 3000))
  }
  return { statusCode: 200 }
}`

async function watched(options: Partial<StackOptions> = {}) {
  const folder = temporaryFolder()
  const routes = { ...route('Any', '$default', 'Answers'), ...route('Wait', 'GET /wait/{proxy+}', 'Answers') }
  const assembly = await writeAssembly(join(folder, 'cdk.out'), routes, { Answers: { code: ANSWERS } })
  const dataDir = join(folder, 'data')
  const metrics = { host: '127.0.0.1', port: 0 }
  const stack = await startedStack({ assembly, dataDir, metrics, ...options })
  const health = () => curl(`${stack.metricsUrl}/healthz`)
  const read = async () => parseMetrics((await curl(`${stack.metricsUrl}/metrics`)).body)
  return { stack, dataDir, health, read, get: (path: string) => curl(`${stack.url}${path}`) }
}

describe('/metrics', () => {
  test('shows requests, ends of probes, load tests, invocations, waiting requests, the disk and the process', async () => {
    const { stack, read, get } = await watched({ room: 1 })
    const before = await read()
    expect(sumOf(before, 'probe_registry_probes_total', { outcome: 'published' })).toBe(0)
    for (const path of ['/failed', '/failed', '/published', '/tested', '/error']) await get(path)
    await curl('-H', 'Host: evil.example', `${stack.url}/x`)
    await curl(`${stack.url}/s3/artifacts/none`)
    const waiting = get('/wait/slow')
    await until(async () => (sumOf(await read(), 'probe_registry_waiting_requests') === 1 ? true : undefined))
    await waiting
    const named = { outcome: 'failed', reason: 'compile-error' }
    const after = await until(async () => {
      const told = await read()
      return sumOf(told, 'probe_registry_load_tests_total', { verdict: 'passed' }) === 1 ? told : undefined
    })
    const value = (name: string, labels = {}) => sumOf(after, name, labels)
    expect(value('probe_registry_probes_total', named)).toBe(2)
    expect(value('probe_registry_probes_total', { outcome: 'published' })).toBe(1)
    expect(value('probe_registry_requests_total', { route: '$default', status: '2xx' })).toBe(4)
    expect(value('probe_registry_requests_total', { route: '$default', status: '5xx' })).toBe(1)
    expect(value('probe_registry_requests_total', { route: 'GET /wait/{proxy+}', status: '2xx' })).toBe(1)
    expect(value('probe_registry_requests_total', { route: 'refused at the door' })).toBe(1)
    expect(value('probe_registry_requests_total', { route: '/s3', status: '4xx' })).toBe(1)
    expect(value('probe_registry_function_invocations_total')).toBe(6)
    expect(value('probe_registry_function_errors_total')).toBe(1)
    expect(value('probe_registry_function_throttles_total')).toBe(0)
    expect(value('probe_registry_builds', { state: 'running' })).toBe(0)
    expect(value('probe_registry_waiting_requests')).toBe(0)
    expect(value('probe_registry_failed_events')).toBe(0)
    expect(value('probe_registry_disk_needed_bytes')).toBe(1)
    expect(value('probe_registry_disk_free_bytes')).toBeGreaterThan(1)
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e7)
    expect(value('probe_registry_uptime_seconds')).toBeGreaterThan(0)
    expect(
      Math.abs(value('process_start_time_seconds')! * 1000 + process.uptime() * 1000 - Date.now()),
    ).toBeLessThan(5000)
  })

  test('uses no path of a request as a label', async () => {
    const { read, get } = await watched()
    for (const path of ['/secret-1', '/wait/secret-2', '/s3/secret-3']) await get(path)
    const labels = (await read()).flatMap((it) => Object.values(it.labels))
    expect(labels).toContain('$default')
    expect(labels.filter((label) => label.includes('secret'))).toEqual([])
  })

  test('and /healthz are not on the public port, and their port has no other page', async () => {
    const { stack, get } = await watched()
    expect((await get('/metrics')).body).not.toContain('probe_registry')
    expect((await get('/healthz')).body).not.toContain('ok')
    const at = (path: string, ...args: string[]) => curl(...args, `${stack.metricsUrl}${path}`)
    expect((await at('/wait/slow')).status).toBe(404)
    expect((await at('/constructor')).status).toBe(404)
    expect((await at('/metrics', '-X', 'POST')).status).toBe(405)
    expect((await at('/metrics?x=1')).status).toBe(200)
  })

  test('refuses requests from a page of another origin and requests to another host name', async () => {
    const { stack } = await watched()
    const at = (...args: string[]) => curl(...args, `${stack.metricsUrl}/metrics`)
    const renamed = await at('-H', 'Host: evil.example')
    expect(renamed.status).toBe(421)
    expect(renamed.body).toContain('METRICS')
    expect((await at('-H', 'Origin: http://evil.example')).status).toBe(403)
  })

  test('is off if no address is set for it', async () => {
    const { stack } = await watched({ metrics: undefined } as Partial<StackOptions>)
    expect(stack.metricsUrl).toBeUndefined()
  })
})

describe('/healthz', () => {
  test('is 200 with the body ok while the stack answers', async () => {
    const { health } = await watched()
    expect(await health()).toEqual({ status: 200, body: 'ok\n' })
  })

  test('is 503 with the reason if the disk has too little space', async () => {
    const { health } = await watched({ room: Number.MAX_SAFE_INTEGER })
    expect(await health()).toMatchObject({
      status: 503,
      body: expect.stringMatching(/^no space is left on its disk: /),
    })
  })

  test('is 503 when the data folder was removed', async () => {
    const { health, dataDir } = await watched()
    renameSync(dataDir, `${dataDir}-away`)
    expect(await health()).toMatchObject({
      status: 503,
      body: expect.stringMatching(/the data folder was removed/),
    })
    renameSync(`${dataDir}-away`, dataDir)
    expect((await health()).status).toBe(200)
  })

  test('is 503 while it stops', async () => {
    const { stack, get, health } = await watched()
    const slow = get('/wait/slow')
    await new Promise((resolve) => setTimeout(resolve, 300))
    const drained = stack.drain()
    expect(await health()).toEqual({ status: 503, body: 'the registry is stopping\n' })
    await Promise.all([slow, drained])
  })

  test('is 503 when the function that answers names fails', async () => {
    const folder = temporaryFolder()
    const broken = `exports.handler = async () => { throw new Error('inside') }`
    const resources = route('Any', '$default', 'Broken')
    const assembly = await writeAssembly(join(folder, 'cdk.out'), resources, { Broken: { code: broken } })
    const metrics = { host: '127.0.0.1', port: 0 }
    const { metricsUrl } = await startedStack({ assembly, dataDir: join(folder, 'data'), metrics })
    expect(await curl(`${metricsUrl}/healthz`)).toMatchObject({
      status: 503,
      body: expect.stringMatching(/does not answer/),
    })
  })

  test('is 503 while it starts', async () => {
    const folder = temporaryFolder()
    const assembly = await writeAssembly(join(folder, 'cdk.out'), {})
    const { promise, resolve } = Promise.withResolvers<string>()
    const port = await freePort()
    const metrics = { host: '127.0.0.1', port }
    const starting = startedStack({ assembly: () => promise, dataDir: join(folder, 'data'), metrics })
    const early = await until(() => curl(`http://127.0.0.1:${port}/healthz`).catch(() => undefined))
    expect(early).toEqual({ status: 503, body: 'the registry is starting\n' })
    expect((await curl(`http://127.0.0.1:${port}/metrics`)).status).toBe(503)
    resolve(assembly)
    await starting
  })
})
