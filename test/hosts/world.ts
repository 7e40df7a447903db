// Provides the registry for the tests of this folder: the complete stack, with mirrors that give known answers.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSuite } from '../support/apt/repository.ts'
import { debianSuites } from '../support/mirrors.ts'
import { type DebianKernel, pinned } from '../support/registry/kernels.ts'
import { ask, curl, type Registry, startRegistry } from '../support/registry/registry.ts'
import { type Mirror, startMirror } from '../support/rpm/mirror.ts'
import { listRpms, type RpmSigner, rpmSigner } from '../support/rpm/repository.ts'

export interface World {
  readonly registry: Registry
  /** Debian's kernel; the registry builds and publishes its probe */
  readonly kernel: DebianKernel
  /** file of the registry's public key */
  readonly key: string
  /** URLs of a proxy that asks for a password and of one that shows a login page */
  readonly proxies: { readonly denying: string; readonly login: string }
  /** a URL without a listener */
  readonly nobody: string
  readonly stop: () => Promise<void>
}

/** The registry uses Debian's real archive and empty archives of Ubuntu and of rpms. It reaches no other mirror. */
export async function startWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'hosts-'))
  const signer = rpmSigner('Archives of the test')
  const mirror = await emptyArchives(join(folder, 'mirror'), signer)
  const denying = await answering(407, 'text/plain', 'Proxy Authentication Required\n', {
    'proxy-authenticate': 'Basic realm="corporate"',
  })
  const login = await answering(200, 'text/html', LOGIN_PAGE)
  const registry = await startRegistry({
    dataDir: join(folder, 'data'),
    settings: settingsOf(mirror, signer, denying.url),
  })
  // Until the registry has read the driver lists once, it gives another reason to a host that asks for an unknown driver.
  while ((await ask(`${registry.url}/v1/driver-versions`)).status === 503);
  const key = join(folder, 'falco-probes.asc')
  writeFileSync(key, (await ask(`${registry.url}/keys/falco-probes.asc`, '-L')).body)
  const kernel = pinned('6.1', 'amd64')
  const nobody = await answering(500, 'text/plain', '')
  nobody.close()
  return {
    ...{ registry, kernel, key, nobody: nobody.url },
    proxies: { denying: denying.url, login: login.url },
    stop: async () => {
      await registry.stop()
      mirror.stop()
      denying.close()
      login.close()
      signer.remove()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const RPM_TARGETS = [...['almalinux', 'rocky', 'centos', 'ol', 'amazonlinux2', 'amazonlinux2023']]

function settingsOf(mirror: Mirror, signer: RpmSigner, away: string) {
  const empty = {
    places: [{ of: '', base: `${mirror.url}/rpm` }],
    lists: 'unsigned',
  }
  const ubuntu = `${mirror.url}/ubuntu`
  return {
    debian: {
      suites: debianSuites(),
      snapshot: { mode: 'off' },
      proxmox: { mirror: `${mirror.url}/nothing`, suites: ['bookworm'] },
      raspberrypi: { mirror: `${mirror.url}/nothing`, suites: ['bookworm'] },
    },
    ubuntu: {
      mirrors: { main: ubuntu, security: ubuntu, ports: ubuntu },
      suites: ['jammy-security', 'jammy-updates', 'jammy'].map((suite) => ({ suite })),
      keys: [signer.publicKey],
    },
    ...Object.fromEntries(RPM_TARGETS.map((target) => [target, empty])),
    flatcar: {
      channels: Object.fromEntries(
        ['stable', 'lts'].map((channel) => [channel, `${mirror.url}/flatcar/${channel}`]),
      ),
    },
    // A function has no room for more settings, so all other mirrors are behind a proxy that refuses every request.
    network: {
      proxy: away,
      direct: ['127.0.0.1', ...debianSuites().map((suite) => new URL(suite.mirror).hostname)],
    },
    // All hosts have one address here.
    hold: { othersPerCaller: 200, othersPerNetwork: 200 },
    budgets: { requestsPerCallerPerDay: 1000, unknownPerCallerPerDay: 1000, refusedPerCallerPerDay: 1000 },
  }
}

async function emptyArchives(folder: string, signer: RpmSigner): Promise<Mirror> {
  mkdirSync(join(folder, 'rpm'), { recursive: true })
  listRpms(join(folder, 'rpm'))
  for (const pocket of ['', '-security', '-updates'])
    writeSuite(join(folder, 'ubuntu'), {
      ...{ suite: `jammy${pocket}`, codename: 'jammy', origin: 'Ubuntu', signer },
      components: { main: [], universe: [] },
    })
  return startMirror(folder)
}

const LOGIN_PAGE =
  '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Hotel network</body></html>\n'

async function answering(
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer((_, response) =>
    response.writeHead(status, { 'content-type': type, ...headers }).end(body),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** The registry's verdict on a config, in one line. */
export async function verdictLine(
  { registry }: World,
  config: string,
  facts: Readonly<Record<'release' | 'version' | 'machine', string>>,
): Promise<string> {
  const { release, version, machine } = facts
  const form = Object.entries({ config: `@${config}`, release, version, machine }).flatMap(
    ([name, value]) => [
      ...(name === 'config' ? ['-F', `${name}=${value}`] : ['--form-string', `${name}=${value}`]),
    ],
  )
  const { stdout } = await curl(['-sS', ...form, `${registry.url}/v1/verdicts`])
  const answer = JSON.parse(stdout)
  if (answer.summary === undefined) return `HTTP ${answer.status}: ${answer.detail}`
  const of = (engine: string) => {
    const { answer: said, byDefault } = answer.summary[engine]
    return said === 'maybe' ? `maybe (${byDefault} by default)` : said
  }
  return `modern eBPF ${of('modernEbpf')}; module ${of('kmod')}; legacy eBPF ${of('ebpf')}; compiler: ${answer.compiler.detail}`
}
