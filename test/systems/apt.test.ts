// Tests the repository of published probes with the real apt of two Debian releases, set up as docs/apt.md describes.

import { readKey } from 'openpgp'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { sha256 } from '../../lib/model/digest.ts'
import { probeOf } from '../../lib/names/grammar.ts'
import { componentOf } from '../../lib/packages/apt/names.ts'
import { generateSigningKey } from '../../lib/signing/key.ts'
import { commandsOf, documentAt } from '../support/documents/markdown.ts'
import { moduleObject } from '../support/objects.ts'
import { startRepositories } from '../support/packages.ts'
import { type AptHost, aptHost } from '../support/systems/apt-host.ts'
import { whyNoDebian } from '../support/systems/debian.ts'

type Repositories = Awaited<ReturnType<typeof startRepositories>>

const DRIVER = '0.1.1dev+git20220316.e5c53d64'
const HOUR = 3_600_000

const keyOf = (kernel: string, driver = DRIVER) => `driver/${driver}/x86_64/scap_debian_${kernel}_1.ko`
const module = (of: string) =>
  moduleObject({ info: [`version=${of}`, 'license=GPL', 'name=scap', `vermagic=${of} SMP `] })
const OLD = { key: keyOf('6.1.190-1-amd64'), unameRelease: '6.1.0-55-amd64', module: module('old') }
const NEW = { key: keyOf('6.1.192-2-amd64'), unameRelease: '6.1.0-56-amd64', module: module('new') }
const NEXT_DRIVER = '0.20.0'
const NEXT = {
  key: keyOf('6.1.192-2-amd64', NEXT_DRIVER),
  unameRelease: NEW.unameRelease,
  module: module('next'),
}

const { text } = documentAt('docs/apt.md')
const [, SOURCES = ''] = /```ini\n([^`]*)```/.exec(text) ?? []
const command = (start: string): string => {
  const found = commandsOf(documentAt('docs/apt.md')).find((line) => line.startsWith(start))
  if (found === undefined) throw new Error(`docs/apt.md has no command ${start}`)
  return found
}
const UPDATE = command('apt-get update')
const INSTALL = command('apt-get install').replace('install', 'install -y')
const UPGRADE = 'apt-get upgrade -y --with-new-pkgs'

const extra = (release: string) => `lib/modules/${release}/extra/scap.ko`
const found = (release: string) => `modprobe --set-version ${release} --show-depends scap`

const whyNot = whyNoDebian()

describe.each(['bookworm', 'trixie'] as const)('the apt of %s', (suite) => {
  if (whyNot !== undefined) {
    test.skip(`is left out: ${whyNot}`)
    return
  }
  let repositories: Repositories
  let host: AptHost
  const write = (path: string, body: string | Uint8Array) => host.write(path, body)
  const useSources = (driver = DRIVER) =>
    write(
      'etc/apt/sources.list.d/falco-probes.sources',
      SOURCES.replace('http://127.0.0.1:8080', repositories.url).replace(DRIVER, driver),
    )
  const useKey = (armored = repositories.publicKey) => write('etc/apt/keyrings/falco-probes.asc', armored)
  const run = (script: string) => host.run(script)
  const good = async (script: string): Promise<string> => {
    const { status, output } = await run(script)
    if (status !== 0 || /^W: /m.test(output)) throw new Error(`${script} ended with ${status}:\n${output}`)
    return output
  }
  const refused = async (script: string): Promise<string> => {
    const { status, output } = await run(script)
    expect(status, output).not.toBe(0)
    return output
  }
  const candidate = async (name: string) =>
    /Candidate: (.*)/.exec(await good(`apt-cache policy ${name}`))?.[1]
  const forget = 'rm -rf /var/lib/apt/lists /var/cache/apt/archives; '

  beforeAll(async () => {
    repositories = await startRepositories()
    host = aptHost(suite)
    write('etc/apt/apt.conf.d/strict', 'APT::Update::Error-Mode "any";\n')
    for (const { unameRelease } of [OLD, NEW]) {
      write(`lib/modules/${unameRelease}/kernel/none`, '')
      for (const list of ['order', 'builtin']) write(`lib/modules/${unameRelease}/modules.${list}`, '')
    }
    useKey()
    useSources()
    await repositories.publish(OLD)
  })
  afterAll(() => {
    host?.remove()
    repositories?.stop()
  })

  test('installs the module of a kernel with the commands of docs/apt.md, and modprobe finds it', async () => {
    await good(UPDATE)
    await good(INSTALL)
    expect(host.has(extra(OLD.unameRelease))).toBe(true)
    expect(await good(found(OLD.unameRelease))).toBe(`insmod /${extra(OLD.unameRelease)} \n`)
    const name = `scap-probe-${DRIVER}-${OLD.unameRelease}`
    expect(await good(`sha256sum /${extra(OLD.unameRelease)}`)).toContain(sha256(OLD.module))
    expect(await good(`cat /usr/share/doc/${name}/copyright`)).toContain('MIT, or GPL-2.0')
    expect(await good(`cat /usr/share/doc/${name}/statement`)).toContain('!uname-release=6.1.0-55-amd64\n')
    await good('dpkg --verify; apt-get check')
  })

  test('has signatures of the probe and of the list that gpgv verifies', async () => {
    write('key.gpg', (await readKey({ armoredKey: repositories.publicKey })).write())
    const verify = command('gpg --verify')
      .replaceAll('0.20.0', DRIVER)
      .replaceAll('6.1.0-56', '6.1.0-55')
      .replace('gpg --verify', 'gpgv --keyring /key.gpg')
    expect(await good(verify)).toContain('Good signature')
    expect(await good('gpgv --keyring /key.gpg /var/lib/apt/lists/*_InRelease')).toContain('Good signature')
    // In trixie apt itself verifies with sqv.
    if (suite === 'trixie') await good('command -v sqv')
  })

  test('upgrades to the probe of the next kernel, and keeps the old one until autoremove', async () => {
    await repositories.publish(NEW)
    await good(`${UPDATE}; ${UPGRADE}`)
    for (const { unameRelease } of [OLD, NEW]) await good(found(unameRelease))
    await good('apt-get autoremove -y')
    expect(host.has(extra(OLD.unameRelease))).toBe(false)
    expect(await refused(found(OLD.unameRelease))).toContain('not found')
    expect(await good(found(NEW.unameRelease))).toContain(extra(NEW.unameRelease))
  })

  test('keeps its lists when the server sends older ones with a valid signature', async () => {
    const older = await repositories.keepLists(`apt/${DRIVER}`)
    repositories.pass(HOUR)
    const { read } = repositories.memory.pointers
    const later = { ...OLD, key: keyOf('6.1.195-1-amd64'), unameRelease: '6.1.0-57-amd64' }
    await repositories.publish(later)
    await good(UPDATE)
    const newest = await candidate('scap-probe-amd64')
    expect(newest).toContain('6.1.195-1')
    older()
    await run(UPDATE)
    expect(await candidate('scap-probe-amd64')).toBe(newest)
    repositories.memory.pointers.read = read
    await repositories.withdraw(later.key)
  })

  test('changes to another driver version, and its module replaces the old one', async () => {
    await good(forget)
    await repositories.publish(NEXT)
    useSources(NEXT_DRIVER)
    await good(`${UPDATE}; ${INSTALL}`)
    expect(await good(`sha256sum /${extra(NEW.unameRelease)}`)).toContain(sha256(NEXT.module))
    const installed = await good(
      "dpkg-query -W -f '${db:Status-Abbrev}${Package}\\n' 'scap-probe-*' | grep ^ii",
    )
    expect(installed).not.toContain(DRIVER)
    await good('apt-get purge -y scap-probe-amd64; apt-get autoremove --purge -y')
    expect(host.has(extra(NEW.unameRelease))).toBe(false)
    expect(await refused(found(NEW.unameRelease))).toContain('not found')
  })

  describe('refuses', () => {
    beforeAll(async () => {
      useSources(NEXT_DRIVER)
      await good(`${forget}${UPDATE}`)
    })
    const changed = (pattern: RegExp, change: (body: Buffer) => Uint8Array) => {
      onTestFinished(() => repositories.onTheWay())
      repositories.onTheWay((path, body) => (pattern.test(path) ? change(Buffer.from(body)) : body))
    }
    const flipped = (body: Buffer): Uint8Array => {
      body[body.length >> 1]! ^= 1
      return body
    }

    test('an InRelease file with a changed text', async () => {
      changed(/InRelease$/, (body) =>
        Buffer.from(body.toString().replace('Kernel modules', 'kernel modules')),
      )
      expect(await refused(`${forget}${UPDATE}`)).toMatch(/BADSIG|manipulated/)
    })

    test('a changed Packages index', async () => {
      changed(/by-hash/, flipped)
      expect(await refused(`${forget}${UPDATE}`)).toMatch(/Hash Sum mismatch/)
    })

    test('a changed package', async () => {
      await good(`${forget}${UPDATE}`)
      changed(/\.deb$/, flipped)
      expect(await refused(INSTALL)).toMatch(/Hash Sum mismatch/)
      expect(host.has(extra(NEW.unameRelease))).toBe(false)
    })

    test('lists that are signed with a key that the host does not have', async () => {
      const { publicKey } = await generateSigningKey({ name: 'Other', email: 'o@example.org' }, () => 0)
      useKey(publicKey)
      expect(await refused(`${forget}${UPDATE}`)).toMatch(/NO_PUBKEY|[Mm]issing key/)
      useKey()
    })

    test('lists that are older than a week', async () => {
      repositories.pass(-8 * 24 * HOUR)
      const old = { ...NEXT, key: keyOf('6.1.192-2-amd64', '0.21.0') }
      await repositories.publish(old)
      repositories.pass(8 * 24 * HOUR)
      useSources('0.21.0')
      expect(await refused(UPDATE)).toMatch(/expired|Valid-Until/)
      await repositories.refresh()
      await good(UPDATE)
      useSources(NEXT_DRIVER)
    })

    test('the package of a withdrawn probe, with an old or a new list', async () => {
      await good(`${forget}${UPDATE}`)
      await repositories.withdraw(NEXT.key)
      expect(await refused(INSTALL)).toMatch(/410/)
      await good(UPDATE)
      expect(await refused(INSTALL)).toMatch(/no installation candidate|Unable to locate/)
    })
  })
})

describe('the host computes the component that contains its probes', () => {
  const cases = [
    [
      'debian',
      '6.1.0-56-amd64',
      '#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-10-20)',
      'debian_6.1.192-2-amd64_1',
    ],
    [
      'debian',
      '6.12.111+deb12-cloud-amd64',
      '#1 SMP PREEMPT_DYNAMIC Debian 6.12.111-1~deb12u1 (2026-11-01)',
      'debian_6.12.111-1~deb12u1-cloud-amd64_1',
    ],
    [
      'debian',
      '6.12.12+bpo-amd64',
      '#1 SMP PREEMPT_DYNAMIC Debian 6.12.12-1~bpo12+1 (2025-02-23)',
      'debian_6.12.12-1~bpo12+1-amd64_1',
    ],
    [
      'debian',
      '6.8.12-4-pve',
      '#1 SMP PREEMPT_DYNAMIC PMX 6.8.12-4 (2024-11-06T15:04Z)',
      'debian_6.8.12-4-pve_1',
    ],
    [
      'ubuntu',
      '6.8.0-52-generic',
      '#53-Ubuntu SMP PREEMPT_DYNAMIC Sat Jan 11',
      'ubuntu-generic_6.8.0-52-generic_53',
    ],
    [
      'ubuntu',
      '6.8.0-52-generic',
      '#53~22.04.1-Ubuntu SMP PREEMPT_DYNAMIC Wed Jan 15',
      'ubuntu-generic_6.8.0-52-generic_53~22.04.1',
    ],
    ['ubuntu', '6.8.0-1021-aws', '#23-Ubuntu SMP Mon Dec 9', 'ubuntu-aws_6.8.0-1021-aws_23'],
    [
      'ubuntu',
      '6.8.0-52-lowlatency-64k',
      '#53.1-Ubuntu SMP PREEMPT_DYNAMIC',
      'ubuntu-lowlatency_6.8.0-52-lowlatency-64k_53.1',
    ],
  ] as const
  test.each(cases)('%s, %s, %s', async (distribution, release, version, file) => {
    const { execFileSync } = await import('node:child_process')
    const uname = `uname() { case $1 in -r) echo '${release}';; -v) echo '${version}';; esac; }`
    const said = execFileSync('sh', ['-c', `${uname}\n${command(`echo "${distribution}-`)}`], {
      encoding: 'utf8',
    })
    expect(said.trim()).toBe(componentOf(probeOf(`driver/${NEXT_DRIVER}/x86_64/scap_${file}.ko`)))
  })
})
