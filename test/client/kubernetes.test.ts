import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { LOADER } from '../support/client/host.ts'

const FOLDER = join(import.meta.dirname, '../../client/kubernetes')
const read = (file: string) => parse(readFileSync(join(FOLDER, file), 'utf8'))

/** Volumes that the chart makes of `driver.enabled` and `driver.kind: kmod`. */
const CHART_VOLUMES = ['root-falco-fs', 'proc-fs', 'boot-fs', 'lib-modules', 'usr-fs', 'etc-fs', 'dev-fs']

describe('values.yaml', () => {
  const { driver, extra, mounts } = read('values.yaml')
  const [container] = extra.initContainers

  test('replaces the chart’s own loader', () => {
    expect(driver).toEqual({ kind: 'kmod', loader: { enabled: false } })
  })

  test('mounts volumes that exist, and the host’s files where HOST_ROOT says', () => {
    const own = mounts.volumes.map(({ name }: { name: string }) => name)
    for (const { name, mountPath } of container.volumeMounts) {
      expect([...CHART_VOLUMES, ...own]).toContain(name)
      expect(mountPath).toMatch(/^\/(?:client$|root\/\.falco$|host\/)/)
    }
  })

  test('sets only what the loader reads', () => {
    const help = readFileSync(LOADER, 'utf8')
    for (const { name, value } of container.env) {
      expect(help).toContain(name)
      expect(typeof value).toBe('string')
    }
    expect(container.command).toEqual(['sh', '/client/falco-driver-loader', 'module'])
  })
})

test('values-falcoctl.yaml and falcoctl.yaml name the same repositories', () => {
  const { driver } = read('values-falcoctl.yaml')
  const { env, args } = driver.loader.initContainer
  expect(args).toEqual(['--download'])
  expect(env).toEqual([
    { name: 'FALCOCTL_DRIVER_REPOS', value: read('falcoctl.yaml').driver.repos.join(';') },
  ])
})
