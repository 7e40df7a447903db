import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createToolchain, TOOLCHAIN_NAMES } from '../../../lib/build/toolchain.ts'
import type { PackageFormat } from '../../../lib/model/probe.ts'

const pkg = (name: string, version = '1') =>
  ({ name, version, url: '', sha256: '', bytes: 1, depends: '', format: 'deb' }) as const
const toolchain = createToolchain({ packages: async () => TOOLCHAIN_NAMES.map((name) => pkg(name)) })

const names = async (format: PackageFormat = 'deb'): Promise<string[]> =>
  (await toolchain.forBuild('x86_64', [{ format }])).map(({ name }) => name)

test('a build brings its sandbox to the image, and no compiler: that comes in a root', async () => {
  expect(await names()).toEqual(['libcap2', 'bubblewrap'])
})

const forAMachine = async (arch: 'x86_64' | 'aarch64') =>
  (await toolchain.forLoadTest(arch, [{ format: 'deb' }])).map(({ name }) => name)

test('every package that a build or a load test may ask for is one that is looked up', async () => {
  const asked = [...(await names('rpm')), ...(await forAMachine('x86_64')), ...(await forAMachine('aarch64'))]
  expect(new Set(asked)).toEqual(new Set(TOOLCHAIN_NAMES))
})

const onImage = /^VERSION_ID="12"$/m.test(readFileSync('/etc/os-release', 'utf8'))
if (!onImage)
  console.log('skipped: the build image is Debian 12, this machine is another system with other packages')

test.skipIf(!onImage)(
  'a load test brings every library of its virtual machine that a bare container lacks',
  async () => {
    const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8' })
    const arch = run('uname', '-m').trim() === 'aarch64' ? 'aarch64' : 'x86_64'
    const installed = run('dpkg-query', '-W', '-f', '${Essential} ${Priority} ${Package}\\n').split('\n')
    const base = installed.filter((line) => /^yes|^no required/.test(line)).map((line) => line.split(' ')[2])
    const bare = run('apt-cache', 'depends', '-i', '--recurse', 'apt', ...base.flatMap((name) => name ?? []))
    const machine = `/usr/bin/qemu-system-${arch}`
    const files = [...run('ldd', machine).matchAll(/=> (?:\/usr)?(\/\S+)/g)].map(([, file]) => `*${file}`)
    const packages = new Set(
      [...run('dpkg', '-S', ...files).matchAll(/^([^:\n]+):/gm)].map(([, name]) => name),
    )
    expect(packages.size).toBeGreaterThan(20)
    const brought = await forAMachine(arch)
    const missing = [...packages].filter(
      (name) => !brought.includes(`${name}`) && !bare.includes(`: ${name}\n`),
    )
    expect(missing).toEqual([])
  },
)

test('only a build that unpacks an rpm brings what can', async () => {
  expect(await names('rpm')).toContain('libarchive-tools')
  expect(await names('tar.xz')).not.toContain('libarchive-tools')
  expect((await toolchain.forLoadTest('x86_64', [{ format: 'rpm' }])).map(({ name }) => name)).toContain(
    'libarchive-tools',
  )
})

test('a tool comes in the newest version that the archive has', async () => {
  const packages = async () => [pkg('bubblewrap', '0.9'), pkg('bubblewrap', '0.10'), pkg('libcap2')]
  expect(await createToolchain({ packages }).forBuild('x86_64', [])).toEqual([
    pkg('libcap2'),
    pkg('bubblewrap', '0.10'),
  ])
})

test('what the archive does not have is left out', async () => {
  expect(await createToolchain({ packages: async () => [] }).forBuild('x86_64', [])).toEqual([])
})
