// A registry, a cache or a mirror has genuinely signed probes, and answers a host with one of its choice.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../lib/model/digest.ts'
import type { SubmittedParts } from '../../lib/model/kernel.ts'
import { write } from '../support/client/host.ts'
import { CONFIG_REPOSITORY, problem, submitted, view } from '../support/client/loopback.ts'
import { ASKED, expectRefused, PLACE, type Scene, scene, signingKey } from '../support/client/scene.ts'
import { RAW } from '../support/hosts.ts'

const CONFIG = '# Linux/x86 6.1.55 Kernel Configuration\nCONFIG_X=y\n'
const FILES = { 'boot/config-6.1.55-mine': CONFIG }
const NAME = '/9.1.0%2Bdriver/x86_64/falco_debian_6.1.55-mine_39.ko'
const BY_NAME = `/driver${NAME}`
const BY_CONFIG = `${CONFIG_REPOSITORY}${NAME}`
const EVIL = sha256('changed by somebody')

const host = (files: Readonly<Record<string, string>> = FILES) => scene({ raw: RAW.debianOwnKernel, files })

const ownParts = ({ host }: Scene): SubmittedParts => ({
  config: sha256(CONFIG),
  procVersion: sha256(readFileSync(join(host.dir, 'root/proc/version'), 'utf8').trimEnd()),
})

/** A cache in between answers that the name is unknown, and answers the submission with a probe of its choice. */
async function answered(at: Scene, parts: SubmittedParts | undefined, path = BY_CONFIG): Promise<void> {
  at.registry.on(BY_NAME, problem(404, 'unsupported-kernel', 'Debian has no such kernel'))
  at.registry.on('/v1/probes', submitted(view('published', { url: path })))
  await at.publish(path, await signingKey(), at.statementAt(path, parts))
}

describe('after a host has submitted its config', () => {
  const changed: readonly [string, (own: SubmittedParts) => SubmittedParts | undefined][] = [
    ['built with kernel headers that somebody else sent', (own) => ({ ...own, kheaders: EVIL })],
    ['built with symbol versions that somebody else sent', (own) => ({ ...own, symvers: EVIL })],
    ['built from another config', (own) => ({ ...own, config: EVIL })],
    ['built by another compiler, by another /proc/version', (own) => ({ ...own, procVersion: EVIL })],
    ['built with header packages that somebody else named', (own) => ({ ...own, kernelUrls: EVIL })],
    ['that somebody else forced', (own) => ({ ...own, force: true })],
    ['built without what it sent', ({ config }) => ({ config })],
    ['signed without any config', () => undefined],
  ]
  test.each(changed)('a probe %s is refused', async (_, parts) => {
    const at = await host()
    await answered(at, parts(ownParts(at)))
    expectRefused(at, await at.load(), 6, /signed as another probe, so it is not kept/)
  })

  test('the host loads the probe of exactly the files that it sent', async () => {
    const at = await host()
    await answered(at, ownParts(at))
    expect(await at.load()).toMatchObject({ status: 0 })
  })
})

describe('a host that requests a probe below /config', () => {
  const repository = (at: Scene) => ({ DRIVERS_REPO: `${at.registry.url}${CONFIG_REPOSITORY}` })

  test.each([
    ['signed without a config', undefined],
    ['of another config', { config: EVIL }],
  ])('refuses a probe %s', async (_, parts) => {
    const at = await host()
    await at.publish(BY_CONFIG, await signingKey(), at.statementAt(BY_CONFIG, parts))
    expectRefused(at, await at.load(['--download'], repository(at)), 6, /signed as another probe/)
  })

  test('loads the probe of its own config, whatever the digest in the path', async () => {
    const at = await host()
    await at.publish(BY_CONFIG, await signingKey(), at.statementAt(BY_CONFIG, { config: sha256(CONFIG) }))
    expect(await at.load(['--download'], repository(at))).toMatchObject({ status: 0 })
  })
})

describe('a probe of an earlier run', () => {
  test('is not loaded after the config of the kernel has changed', async () => {
    const at = await host()
    await answered(at, ownParts(at))
    expect(await at.load()).toMatchObject({ status: 0 })
    const again = await at.load()
    expect(again.stdout).toMatch(/It is already in place/)
    const before = at.calls()
    write(join(at.host.dir, 'root'), { 'boot/config-6.1.55-mine': CONFIG.replace('X=y', 'X=n') })
    const ran = await at.load()
    expect(ran).toMatchObject({ status: 6 })
    expect(ran.stdout).not.toMatch(/It is already in place/)
    expect(at.calls()).toBe(before)
  })

  test('is not loaded if its signature was replaced by one with another statement', async () => {
    const at = await scene()
    await at.publish()
    expect(await at.load()).toMatchObject({ status: 0 })
    const before = at.calls()
    await at.publish('/other', await signingKey(), at.statementAt(ASKED, { config: EVIL }))
    const signature = await (await fetch(`${at.registry.url}/other.asc`)).text()
    write(join(at.host.dir, 'home'), { [`${PLACE}.asc`]: signature })
    at.registry.routes.clear()
    expect((await at.load(['--download'])).stdout).not.toMatch(/It is already in place/)
    expect(at.calls()).toBe(before)
  })
})
