import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { tagOf } from '../../client/image/image.ts'
import { LOADER } from '../support/client/host.ts'
import { documentAt } from '../support/documents/markdown.ts'

const FOLDER = join(import.meta.dirname, '../../client/kubernetes')
const text = (file: string) => readFileSync(join(FOLDER, file), 'utf8')
const read = (file: string) => parse(text(file))

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
      expect(mountPath).toMatch(/^\/(?:etc\/falco$|root\/\.falco$|host\/)/)
    }
  })

  test('sets only what the loader reads', () => {
    const help = readFileSync(LOADER, 'utf8')
    for (const { name, value } of container.env) {
      expect(help).toContain(name)
      expect(typeof value).toBe('string')
    }
    expect(container.args).toEqual(['module'])
  })

  test('runs the image that `npm run image` makes, and says again nothing that stands in it', () => {
    expect(container.image).toMatch(/\/falco-driver-loader:[A-Za-z0-9._-]+$/)
    expect(container.command).toBeUndefined()
    const names = container.env.map(({ name }: { name: string }) => name)
    expect(names).toEqual(['DRIVERS_REPO'])
  })

  test('puts the key where the loader looks for one', () => {
    const { mountPath } = container.volumeMounts.find(({ name }: { name: string }) => name === 'falco-probes')
    const [, file] = /--from-file=(\S+)$/m.exec(text('values.yaml')) ?? []
    expect(readFileSync(LOADER, 'utf8')).toContain(
      `{FALCO_PROBES_KEY:-/etc/falco/falco-probes.gpg ${mountPath}/${file}}`,
    )
  })
})

describe('the files for falcoctl', () => {
  const repositories = read('falcoctl.yaml').driver.repos.join(';')
  const FILES = ['values-falcoctl.yaml', 'values-auto.yaml']

  test.each(FILES)(
    '%s has falcoctl download, and compile nothing, from the repositories of falcoctl.yaml',
    (file) => {
      const { loader } = read(file).driver
      expect(loader).toEqual({
        enabled: true,
        initContainer: {
          args: ['--download'],
          env: [{ name: 'FALCOCTL_DRIVER_REPOS', value: repositories }],
        },
      })
    },
  )

  test('values-auto.yaml leaves it to falcoctl which driver a node gets, values-falcoctl.yaml does not', () => {
    expect(FILES.map((file) => read(file).driver.kind)).toEqual(['kmod', 'auto'])
  })

  test('falcoctl.yaml says no type, in which falcoctl 0.7 takes no list, and the line that says it', () => {
    expect(read('falcoctl.yaml').driver).toEqual({ name: 'falco', repos: expect.any(Array) })
    const line = 'FALCOCTL_DRIVER_TYPE=kmod falcoctl driver install --compile=false'
    expect(text('falcoctl.yaml')).toContain(line)
    expect(documentAt('docs/client.md').text).toContain(line)
  })

  test('a list of repositories has no space: falcoctl would make it part of a URL', () => {
    expect(repositories).toMatch(/^https:\/\/[^\s;,]+\/driver(?:;https:\/\/[^\s;,]+\/driver)+$/)
  })
})

test('every file says which chart it was written for, the loader of which Falco, and that Falco’s driver', () => {
  for (const file of ['values.yaml', 'values-falcoctl.yaml', 'values-auto.yaml'])
    expect(text(file)).toContain('(written for 9.2.0)')
  const [container] = read('values.yaml').extra.initContainers
  expect(container.image.split(':')[1]).toBe(tagOf('11.0.0+driver'))
  expect(text('values.yaml')).toContain('0.45.0 takes 11.0.0+driver')
})
