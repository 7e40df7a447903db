import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask } from '../../lib/clients/ask.ts'
import { hostFacts, type RawFacts } from '../../lib/clients/facts.ts'
import { falcoctlIdentity } from '../../lib/clients/falcoctl.ts'
import { isProbeError } from '../../lib/model/errors.ts'
import { AMAZON_TARGETS, TARGET_ALIASES } from '../../lib/names/aliases.ts'
import { fileOf } from '../../lib/names/file.ts'
import { parse } from '../../lib/names/grammar.ts'
import { LOADER, makeHost, SHELLS, type Shell } from '../support/client/host.ts'
import { type Loopback, loopback } from '../support/client/loopback.ts'
import { type HostId, RAW } from '../support/hosts.ts'

const DRIVER_VERSION = '10.2.0+driver'
const SHELL_NAMES = Object.keys(SHELLS) as Shell[]

let registry: Loopback
beforeAll(async () => {
  registry = await loopback()
})
afterAll(() => registry.close())

/** The path that the loader requests on that host. */
async function asked(raw: RawFacts, shell: Shell, ...args: string[]): Promise<string | undefined> {
  const host = makeHost({ raw })
  const before = registry.asked.length
  try {
    const DRIVERS_REPO = `${registry.url}/driver`
    await host.run(['--download', ...args], { DRIVERS_REPO, DRIVER_VERSION }, shell)
    return registry.asked[before]?.url
  } finally {
    host.remove()
  }
}

/** The path by falcoctl's name for the host. The loader also requests it where falcoctl sends no request. */
function falcoctl(raw: RawFacts): string {
  const facts = hostFacts(raw)
  const probe = {
    driverVersion: DRIVER_VERSION,
    driverName: 'falco',
    kind: 'kmod',
    arch: facts.machine,
  } as const
  return ask(
    `/driver/${DRIVER_VERSION.replace('+', '%2B')}/${facts.machine}/${fileOf({ ...probe, ...falcoctlIdentity(facts) })}`,
    {
      ...probe,
      ...falcoctlIdentity(facts),
    },
  )
}

describe.each(SHELL_NAMES)('by %s', (shell) => {
  test.each(Object.keys(RAW) as HostId[])(
    'on %s it requests the same path as current falcoctl',
    async (id) => {
      expect(await asked(RAW[id], shell)).toBe(falcoctl(RAW[id]))
    },
  )

  test.each<[HostId, string]>([
    ['talos', 'VERSION_ID'],
    ['bottlerocket', 'VARIANT_ID'],
    ['bottlerocket', 'VERSION_ID'],
    ['flatcar', 'VERSION_ID'],
    ['amazon2', 'VERSION_ID'],
    ['cos', 'BUILD_ID'],
    ['minikube', '\nID'],
  ])('on %s without %s it requests the same path as falcoctl', async (id, variable) => {
    const osRelease = (RAW[id] as RawFacts).osRelease?.replaceAll(variable, '\nX')
    expect(await asked({ ...RAW[id], osRelease }, shell)).toBe(falcoctl({ ...RAW[id], osRelease }))
  })

  test('for ebpf it requests the same name with the extension .o', async () => {
    const name = { driverVersion: DRIVER_VERSION, arch: 'x86_64', driverName: 'falco', kind: 'ebpf' } as const
    const file = fileOf({ ...name, ...falcoctlIdentity(hostFacts(RAW.ubuntu)) })
    expect(await asked(RAW.ubuntu, shell, 'bpf')).toBe(`/driver/10.2.0%2Bdriver/x86_64/${file}`)
  })

  test('it parses quotes, carriage returns and repeated assignments in os-release, and keeps the last one', async () => {
    const osRelease = `ID=thing\r\nNAME="$(touch pwned)"\nID='flatcar'  \r\nVERSION_ID="1.2.3"\r\nX=\`touch pwned\`\n`
    expect(await asked({ ...RAW.flatcar, osRelease }, shell)).toContain('/falco_flatcar_1.2.3_27.ko')
  })
})

test('for any output of uname it requests the same path as falcoctl', async () => {
  const part = fc.constantFrom(
    '-',
    '.',
    '+',
    '~',
    '1',
    '22',
    '56',
    'aws',
    'rt',
    'cloud',
    'amd64',
    'arm64',
    'x86_64',
  )
  const release = fc.array(part, { maxLength: 8 }).map((parts) => `6.1.${parts.length}-${parts.join('')}`)
  const version = fc.tuple(
    fc.constantFrom('#1', '#26~22.04.1-Ubuntu', '##3', 'x#7.8', '#9-photon'),
    fc.constantFrom(' SMP', ' SMP Debian 6.1.55-1 (2023)', ' SMP Debian 1.2.3.4-5~bpo', ' SMP 6.1'),
  )
  const id = fc.constantFrom<HostId>('debian', 'ubuntu', 'arch', 'photon')
  await fc.assert(
    fc.asyncProperty(
      id,
      release,
      version,
      fc.constantFrom(...SHELL_NAMES),
      async (id, release, version, shell) => {
        const raw = { ...RAW[id], release, version: version.join('') }
        let expected: string
        try {
          expected = falcoctl(raw)
        } catch (error) {
          // Input that falcoctl cannot parse, or that is not a valid name, has no URL to compare.
          if (isProbeError(error)) return
          throw error
        }
        expect(await asked(raw, shell)).toBe(expected)
      },
    ),
    { numRuns: 100 },
  )
})

describe('the name in a signature', () => {
  /** The name that the loader compares with a statement; from the sourced script. */
  async function signed(raw: RawFacts): Promise<string> {
    const host = makeHost({ raw })
    try {
      const script = `set -- --source-only; . "$0"; echo "$SIGNED_TARGET $KERNEL_RELEASE $SIGNED_VERSION"`
      const env = { ...host.env, DRIVER_VERSION }
      return (await promisify(execFile)('/bin/dash', ['-c', script, LOADER], { env })).stdout.trim()
    } finally {
      host.remove()
    }
  }

  test.each(Object.keys(RAW) as HostId[])('on %s is the canonical form of the requested name', async (id) => {
    const name = parse(falcoctl(RAW[id]))
    if (name.tag !== 'probe') throw new Error('no name of a probe')
    const { target, kernelRelease, kernelVersion } = name.probe
    expect(await signed(RAW[id])).toBe(`${target} ${kernelRelease} ${kernelVersion}`)
  })

  test('uses every target alias of the registry', () => {
    const loader = readFileSync(LOADER, 'utf8')
    const lines = [...new Set(TARGET_ALIASES.values())].map((target) => {
      const ids = [...TARGET_ALIASES].filter(([, to]) => to === target).map(([id]) => id)
      return `  ${ids.join(' | ')}) SIGNED_TARGET=${target} ;;\n`
    })
    expect(loader).toContain(lines.join(''))
    const releases = [...AMAZON_TARGETS].map(([number, to]) => `  *.amzn${number}.*) say ${to} ;;\n`)
    expect(loader).toContain(releases.join(''))
  })
})

describe('DRIVER_KERNEL_RELEASE and DRIVER_KERNEL_VERSION', () => {
  test('replace the output of uname, and an unsupported machine is refused', async () => {
    const host = makeHost({ raw: RAW.debian })
    const { release, version } = RAW.debianRt
    const env = { DRIVER_VERSION, DRIVER_KERNEL_RELEASE: release, DRIVER_KERNEL_VERSION: version }
    expect((await host.run(['--print-env'], env)).stdout).toBe(
      `ARCH="x86_64"
KERNEL_RELEASE="5.10.178-3-rt-amd64"
KERNEL_VERSION="1"
ENABLE_COMPILE="yes"
ENABLE_DOWNLOAD="yes"
TARGET_ID="debian"
DRIVER="module"
DRIVERS_REPO=""
DRIVER_VERSION="10.2.0+driver"
DRIVER_NAME="falco"
FALCO_VERSION=""
`,
    )
    host.remove()
    const other = makeHost({ raw: { ...RAW.debian, machine: 'riscv64' } })
    expect(await other.run(['--print-env'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('riscv64'),
    })
    other.remove()
  })

  test.each(['6.1.0/../x', '6.1.0 x', '6.1.0$(id)', '../../etc', '6..1'])(
    'are refused with %j, which is unsafe in a path',
    async (release) => {
      const host = makeHost({ raw: RAW.arch })
      const said = await host.run([], {
        DRIVER_VERSION,
        DRIVERS_REPO: registry.url,
        DRIVER_KERNEL_RELEASE: release,
      })
      expect(said).toMatchObject({ status: 1, stderr: expect.stringContaining('not a name of a probe') })
      expect(host.left()).toEqual([])
      host.remove()
    },
  )
})
