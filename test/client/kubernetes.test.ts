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

/** Volumes that the chart creates for `driver.enabled` and `driver.kind: kmod`. */
const CHART_VOLUMES = ['root-falco-fs', 'proc-fs', 'boot-fs', 'lib-modules', 'usr-fs', 'etc-fs', 'dev-fs']

describe('values.yaml', () => {
  const { driver, extra, mounts } = read('values.yaml')
  const [container] = extra.initContainers

  test('replaces the chart’s own loader', () => {
    expect(driver).toEqual({ kind: 'kmod', loader: { enabled: false } })
  })

  test('mounts existing volumes, and the host’s files below HOST_ROOT', () => {
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

  test('runs the image of `npm run image`, and sets only DRIVERS_REPO', () => {
    expect(container.image).toMatch(/\/falco-driver-loader:[A-Za-z0-9._-]+$/)
    expect(container.command).toBeUndefined()
    const names = container.env.map(({ name }: { name: string }) => name)
    expect(names).toEqual(['DRIVERS_REPO'])
  })

  test('puts the key where the loader looks for it', () => {
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
    '%s makes falcoctl download from the repositories of falcoctl.yaml, and compile nothing',
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

  test('values-auto.yaml lets falcoctl choose the driver of a node, values-falcoctl.yaml does not', () => {
    expect(FILES.map((file) => read(file).driver.kind)).toEqual(['kmod', 'auto'])
  })

  test('falcoctl.yaml sets no type, since falcoctl 0.7 accepts no list there, and shows the command that sets it', () => {
    expect(read('falcoctl.yaml').driver).toEqual({ name: 'falco', repos: expect.any(Array) })
    const line = 'FALCOCTL_DRIVER_TYPE=kmod falcoctl driver install --compile=false'
    expect(text('falcoctl.yaml')).toContain(line)
    expect(documentAt('docs/client.md').text).toContain(line)
  })

  test('a list of repositories has no space: falcoctl would make it part of a URL', () => {
    expect(repositories).toMatch(/^https:\/\/[^\s;,]+\/driver(?:;https:\/\/[^\s;,]+\/driver)+$/)
  })
})

test('every file names the chart version, and values.yaml names the Falco version and its driver version', () => {
  for (const file of ['values.yaml', 'values-falcoctl.yaml', 'values-auto.yaml'])
    expect(text(file)).toContain('(written for 9.2.0)')
  const [container] = read('values.yaml').extra.initContainers
  expect(container.image.split(':')[1]).toBe(tagOf('11.0.0+driver'))
  expect(text('values.yaml')).toContain('0.45.0 takes 11.0.0+driver')
})
