// Tests plans for kernels of Container-Optimized OS. Nobody signs its headers, and a plan marks that.

import { describe, expect, test } from 'vitest'
import { cosPlanner } from '../../../../lib/kernels/cos/planner.ts'
import { type CosSettings, cos } from '../../../../lib/kernels/cos/target.ts'
import { ProbeError } from '../../../../lib/model/errors.ts'
import type { Arch, Kind } from '../../../../lib/model/probe.ts'
import { memoryPorts } from '../../../support/memory.ts'
import { archiveOf } from '../../../support/sources.ts'

const UNAME = '5.15.133+'
const BUILD = '17412.226.28'
const URL = `${cos.defaults.tools}/${BUILD}/kernel-headers.tgz`
const TREE = `usr/src/linux-headers-${UNAME}`
const config =
  'CONFIG_CC_IS_CLANG=y\nCONFIG_CLANG_VERSION=140006\nCONFIG_CC_VERSION_TEXT="Chromium OS 14.0 clang version 14.0.6"\n'
const ON: CosSettings = { ...cos.defaults, mode: 'on', builds: [{ kernel: UNAME, build: BUILD }] }

function world(settings: CosSettings, web: Record<string, Uint8Array | ProbeError>) {
  const { store, sources, lists, log } = memoryPorts({ now: Date.now })
  const asked: string[] = []
  const fetch = async (url: string) => {
    asked.push(url)
    const body = web[url] ?? new ProbeError('not-found', `${url} answers 404`)
    if (body instanceof ProbeError) throw body
    return body
  }
  const ports = { inputs: store.inputs, sources, lists, log, fetch, now: Date.now }
  return { planner: cosPlanner(ports, { cos: settings }), asked, web }
}
const ask = (kernelRelease = UNAME, kind: Kind = 'ebpf', arch: Arch = 'x86_64') =>
  ({ arch, kind, kernelRelease, kernelVersion: '1' }) as const
const refused = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) })
const whole = { [URL]: archiveOf({ [`${TREE}/.config`]: config, [`${TREE}/Makefile`]: 'all:\n' }) }

describe('a kernel of Container-Optimized OS', () => {
  test('is refused by default, with advice and without a request', async () => {
    const { planner, asked } = world(cos.defaults as unknown as CosSettings, whole)
    await expect(planner.plan(ask())).rejects.toMatchObject(
      refused('headers-not-found', /nobody signs .* POST .* cos\.mode "on"/),
    )
    expect(asked).toEqual([])
  })

  test('is planned if the operator trusts its headers, which are marked as unsigned', async () => {
    const { planner, asked } = world(ON, whole)
    const plan = await planner.plan(ask())
    expect(plan).toMatchObject({
      tag: 'headers',
      unameRelease: UNAME,
      tree: TREE,
      compiler: 'clang-14',
      headers: [{ name: 'cos-kernel-headers', version: BUILD, url: URL, format: 'tar.gz', unsigned: true }],
    })
    expect(await planner.plan(ask())).toEqual(plan)
    expect(asked).toEqual([URL])
  })

  test('has its compiler from auto.conf if the headers have no .config', async () => {
    const web = { [URL]: archiveOf({ [`${TREE}/include/config/auto.conf`]: config }) }
    expect(await world(ON, web).planner.plan(ask())).toMatchObject({ compiler: 'clang-14' })
  })

  test('is refused without its build in the settings, because no client sends the build', async () => {
    const { planner, asked } = world({ ...ON, builds: [] }, whole)
    await expect(planner.plan(ask())).rejects.toMatchObject(
      refused('headers-not-found', /does not say which build .* cos\.builds .* POST/),
    )
    const md5 = { arch: 'x86_64', unameRelease: UNAME, configMd5: 'a'.repeat(32) } as const
    await expect(planner.identify(md5)).rejects.toMatchObject({ code: 'headers-not-found' })
    expect(asked).toEqual([])
  })

  test.each([
    [
      '6.1.0-13-amd64',
      'ebpf',
      'x86_64',
      /is not a kernel of Container-Optimized OS that this registry supports/,
    ],
    ['5.15.133+;reboot', 'ebpf', 'x86_64', /is not a kernel/],
    [UNAME, 'ebpf', 'aarch64', /is not a kernel/],
    [UNAME, 'kmod', 'x86_64', /loads only modules that Google has signed/],
  ] as const)('is refused by its name alone: %s %s %s', async (release, kind, arch, why) => {
    const { planner, asked } = world(ON, whole)
    await expect(planner.plan(ask(release, kind, arch))).rejects.toMatchObject(
      refused('unsupported-kernel', why),
    )
    expect(asked).toEqual([])
  })
})

describe('no plan is made from', () => {
  test('headers of another kernel', async () => {
    const web = { [URL]: archiveOf({ 'usr/src/linux-headers-5.15.1+/.config': config }) }
    await expect(world(ON, web).planner.plan(ask())).rejects.toMatchObject(
      refused('headers-not-found', /hold no usr\/src\/linux-headers-5\.15\.133\+\/\.config/),
    )
  })

  test.each([
    ['an error page', Buffer.from('<html>busy</html>')],
    ['half an archive', whole[URL]!.subarray(0, whole[URL]!.length / 2)],
  ])('%s', async (_, body) => {
    const made = world(ON, { [URL]: body })
    await expect(made.planner.plan(ask())).rejects.toMatchObject(
      refused('mirror-unreachable', /does not answer with a complete archive/),
    )
    // The answer was not recorded: a correct one is used later.
    made.web[URL] = whole[URL]!
    expect(await made.planner.plan(ask())).toMatchObject({ tag: 'headers' })
  })

  test('a store over plain HTTP, except on the local host', () => {
    const at = (tools: string) => cos.settings.safeParse({ ...ON, tools }).success
    expect(at('https://storage.example.org/cos-tools')).toBe(true)
    expect(at('http://127.0.0.1:8080/tools')).toBe(true)
    expect(at('http://storage.example.org/cos-tools')).toBe(false)
  })
})
