// Tests health and metrics of a registry, as docs/operations.md shows: it serves them at an address of their own.

import { beforeAll, expect, test } from 'vitest'
import { FAILURE_REASONS } from '../../lib/model/probe.ts'
import { commandsOf, documents } from '../support/documents/markdown.ts'
import { parseMetrics, sumOf } from '../support/local/prometheus.ts'
import { probePath } from '../support/registry/probes.ts'
import { ask, freePort, type Registry, sh } from '../support/registry/registry.ts'
import { stand } from '../support/registry/stand.ts'

const MISSING = probePath('6.1.9999-1-amd64')

const here = stand()
let registry: Registry
let port: number
beforeAll(async () => {
  port = await freePort()
  registry = await here.start({ env: { METRICS: `127.0.0.1:${port}`, DATA_ROOM: '1' } })
})

/** Runs the document's command with this registry's port. */
function shown(page: string): Promise<string> {
  const found = documents()
    .flatMap(commandsOf)
    .find((command) => command === `curl http://127.0.0.1:9090/${page}`)
  expect(found).toBeDefined()
  return sh('sh', ['-c', `${String(found).replace('curl', 'curl -sS').replace('9090', String(port))}`])
}

test('the commands of the document show that the registry is healthy, and why a probe failed', async () => {
  expect(registry.output()).toContain(`health and metrics: http://127.0.0.1:${port}/metrics\n`)
  expect(await shown('healthz')).toBe('ok\n')
  await ask(registry.url + MISSING)
  const failed = async () =>
    sumOf(parseMetrics(await shown('metrics')), 'probe_registry_probes_total', { outcome: 'failed' })
  await expect.poll(failed, { timeout: 120_000, interval: 1000 }).toBe(1)

  const read = parseMetrics(await shown('metrics'))
  const reasons = read
    .filter(({ name, labels }) => name === 'probe_registry_probes_total' && labels.outcome === 'failed')
    .map(({ labels }) => labels.reason)
  expect(FAILURE_REASONS).toContain(reasons[0])
  expect(sumOf(read, 'probe_registry_requests_total', { status: '3xx' })).toBeGreaterThan(0)
  expect(sumOf(read, 'probe_registry_disk_needed_bytes')).toBe(1e6)
  expect(await shown('metrics')).not.toContain('6.1.9999')
})

test('the public port serves no health and no metrics', async () => {
  expect((await ask(`${registry.url}/metrics`)).body).not.toContain('probe_registry_')
  expect((await ask(`${registry.url}/healthz`)).status).not.toBe(200)
})
