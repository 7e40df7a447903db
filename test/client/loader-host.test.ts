import { spawn } from 'node:child_process'
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ended, LOADER, SHELLS, write } from '../support/client/host.ts'
import { bytes, problem } from '../support/client/loopback.ts'
import { ASKED, expectRefused, MODULE, PLACE, scene } from '../support/client/scene.ts'
import { sh } from '../support/registry/registry.ts'

describe('on the host', () => {
  test('an installed probe is verified again, and only its checksum is requested, to see that it is still served', async () => {
    const at = await scene()
    await at.publish()
    await at.load()
    const before = at.registry.asked.length
    expect(await at.load()).toMatchObject({ status: 0, stdout: expect.stringContaining('already in place') })
    expect(at.registry.asked.slice(before).map(({ url }) => url)).toEqual([`${ASKED}.sha256`])
  })

  test('an installed probe is loaded if no registry answers, as on a host that boots without a network', async () => {
    const at = await scene()
    await at.publish()
    await at.load()
    const env = { DRIVERS_REPO: 'http://127.0.0.1:9/driver' }
    expect(await at.load([], env)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('already in place'),
    })
  })

  test('an installed probe that was withdrawn is not loaded until this is undone, and the reason is printed', async () => {
    const at = await scene()
    await at.publish()
    await at.load()
    for (const path of [ASKED, `${ASKED}.sha256`])
      at.registry.on(path, problem(410, 'withdrawn', 'it was withdrawn: it panics'))
    const ran = await at.load()
    expect(ran).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(
        /is in place and is not loaded: the registry serves it no more\n.*HTTP 410: it was withdrawn: it panics/,
      ),
    })
    const insmods = at
      .calls()
      .split('\n')
      .filter((call) => call.startsWith('insmod'))
    expect(insmods).toHaveLength(1)
    at.registry.routes.delete(`${ASKED}.sha256`)
    expect(await at.load()).toMatchObject({ status: 0, stdout: expect.stringContaining('already in place') })
  })

  test('an installed probe that was changed is downloaded again', async () => {
    const at = await scene()
    await at.publish()
    await at.load()
    write(join(at.host.dir, 'home'), { [PLACE]: 'rootkit' })
    expect(await at.load()).toMatchObject({ status: 0 })
    expect(readFileSync(join(at.host.dir, 'home', PLACE))).toEqual(MODULE)
  })

  test('a refusal by the kernel is reported with the kernel’s log line', async () => {
    const at = await scene({
      tools: {
        insmod: `echo "insmod: ERROR: could not insert module $1: Invalid module format" >&2; exit 1`,
        dmesg: `echo '[    9.1] ext4: hello'; echo "[   12.3] falco: version magic '6.1.0-1' should be '6.1.0-56'"`,
      },
    })
    await at.publish()
    const ran = await at.load()
    expect(ran.status).toBe(7)
    expect(ran.stderr).toMatch(
      /the kernel refused falco_debian.*Invalid module format\n +the kernel says: .*should be/,
    )
  })

  test('lockdown and Secure Boot are named at the start, and again if the kernel refuses the module', async () => {
    const at = await scene({
      files: {
        'sys/kernel/security/lockdown': 'none [integrity] confidentiality\n',
        'sys/firmware/efi/efivars/SecureBoot-8be4df61': Buffer.from([6, 0, 0, 0, 1]),
      },
      tools: { insmod: 'echo "Operation not permitted" >&2; exit 1' },
    })
    await at.publish()
    const ran = await at.load()
    expect(ran.stdout).toContain('; kernel lockdown (integrity) is on, Secure Boot is on\n')
    expect(ran).toMatchObject({
      status: 7,
      stderr: expect.stringMatching(/Secure Boot is on: sign .* modern_ebpf/),
    })
  })

  test('Secure Boot that is off is not named', async () => {
    const at = await scene({
      files: { 'sys/firmware/efi/efivars/SecureBoot-8be4df61': Buffer.from([6, 0, 0, 0, 0]) },
    })
    expect((await at.load(['--download'])).stdout).not.toContain('Secure Boot')
  })

  const LOADED = { 'proc/modules': 'falco 700000 2 - Live 0x0\nfalcon 1 1 - Live 0x0\n' }

  test('an older module is unloaded only when the new one is in place', async () => {
    const at = await scene({
      files: LOADED,
      tools: { rmmod: `echo rmmod "$@" >>$CALLS; echo 'falcon 1 1 - Live 0x0' >$HOST_ROOT/proc/modules` },
    })
    expect(await at.load(['--download'])).toMatchObject({ status: 3 })
    expect(at.calls()).toBe('')
    await at.publish()
    expect(await at.load()).toMatchObject({ status: 0 })
    expect(at.calls()).toMatch(/^rmmod falco\ninsmod .*\n$/)
  })

  test('an older module that is in use is reported', async () => {
    const at = await scene({ files: LOADED, tools: { rmmod: 'echo "Module falco is in use" >&2; exit 1' } })
    await at.publish()
    const ran = await at.load([], { MAX_RMMOD_WAIT: '1' })
    expect(ran).toMatchObject({
      status: 7,
      stderr: expect.stringMatching(/in use, so it stays loaded: stop Falco/),
    })
    expect(at.calls()).toBe('')
  })

  test('an ebpf probe is linked where Falco looks for it, also with FALCO_BPF_PROBE', async () => {
    const at = await scene()
    await at.publish(ASKED.replace('.ko', '.o'))
    const link = join(at.host.dir, 'home/.falco/falco-bpf.o')
    expect(await at.load([], { FALCO_BPF_PROBE: '' })).toMatchObject({ status: 0 })
    expect(readlinkSync(link)).toBe(join(at.host.dir, 'home', PLACE.replace('.ko', '.o')))
    expect(await at.load(['bpf', '--clean'])).toMatchObject({ status: 0 })
    expect(at.host.left()).toEqual([])
  })

  test('--clean unloads the module and removes the files of all its versions', async () => {
    const at = await scene({
      files: LOADED,
      tools: { rmmod: `echo rmmod "$@" >>$CALLS; : >$HOST_ROOT/proc/modules` },
    })
    write(join(at.host.dir, 'home'), {
      [PLACE]: '1',
      '.falco/9/x86_64/falco_debian_1_1.ko.asc': '2',
      '.falco/mine': '3',
    })
    expect(await at.load(['--clean'], { DRIVER_VERSION: '' })).toMatchObject({ status: 0 })
    expect(at.calls()).toBe('rmmod falco\n')
    expect(at.host.left()).toEqual(['.falco/mine'])
  })

  test.each([
    [['--nonsense'], {}, /unknown argument: --nonsense; see --help/],
    [['bpf', 'module'], {}, /one driver at a time/],
    [[], { DRIVER_VERSION: '' }, /DRIVER_VERSION is not set/],
    [[], { DRIVERS_REPO: '' }, /DRIVERS_REPO is not set/],
    [[], { DRIVER_MAX_SECONDS: 'soon' }, /'soon' is not a number/],
    [[], { DRIVER_NAME: '../x' }, /not a name of a probe/],
  ])('%j with %j is refused as wrong use', async (args, env, words) => {
    const at = await scene()
    expectRefused(at, await at.load(args, env), 1, words)
  })

  test('a host without curl and wget gets an error that names both', async () => {
    const at = await scene({ without: ['curl'] })
    expectRefused(at, await at.load(), 1, /neither curl nor wget is installed/)
  })
})

describe('the file', () => {
  test('has no shellcheck warnings', async () => {
    expect(await sh('shellcheck', [LOADER])).toBe('')
  })

  test.each(Object.entries(SHELLS))(
    'only defines functions and variables if %s sources it',
    async (_, [command, ...args]) => {
      const at = await scene()
      const script = `set -- --source-only bpf; . ${LOADER}; echo "$DRIVER $TARGET_ID $(matched b+ aabbc)"`
      const said = await sh('env', [
        'DRIVER_VERSION=1',
        `HOST_ROOT=${at.host.dir}/root`,
        command,
        ...args,
        '-c',
        script,
      ])
      expect(said).toBe('bpf debian bb\n')
    },
  )

  test.each(Object.entries(SHELLS))('may be replaced while %s runs it', async (_, [command, ...args]) => {
    const at = await scene()
    await at.publish()
    const copy = join(at.host.dir, 'falco-driver-loader')
    writeFileSync(copy, readFileSync(LOADER))
    at.registry.on(ASKED, (response, ...rest) => {
      writeFileSync(copy, `${'x\n'.repeat(50_000)}`)
      bytes(MODULE)(response, ...rest)
    })
    const env = { ...at.host.env, ...at.environment() }
    const child = spawn(command, [...args, copy], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    expect(await ended(child)).toMatchObject({ status: 0, stderr: '' })
  })

  test('documents its variables and exit statuses in --help', async () => {
    const at = await scene()
    const { stdout } = await at.host.run(['--help'])
    const read = [
      ...readFileSync(LOADER, 'utf8').matchAll(/\$\{?((?:DRIVERS?|FALCO|HOST|MAX)_[A-Z_]+)/g),
    ].map(([, name]) => name)
    for (const name of new Set(read))
      if (!['DRIVER_', 'FALCO_VERSION', 'MAX_BLOCKS'].includes(name ?? '')) expect(stdout).toContain(name)
    for (const status of [0, 1, 2, 3, 4, 5, 6, 7, 8])
      expect(stdout).toMatch(new RegExp(`(^| )${status} `, 'm'))
  })
})
