// Tests how the loader loads and unloads modules: which one it loads, keeps or reloads, and its advice if the kernel
// refuses one.

import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../lib/model/digest.ts'
import { SHELLS, type Shell, write } from '../support/client/host.ts'
import { CONFIG_REPOSITORY, json, problem, submitted, view } from '../support/client/loopback.ts'
import {
  ASKED,
  expectRefused,
  FILE,
  moduleOf,
  PLACE,
  type Scene,
  scene,
  signingKey,
} from '../support/client/scene.ts'
import { RAW } from '../support/hosts.ts'

const shells = Object.keys(SHELLS) as Shell[]
const LIVE = 'falco 700000 2 - Live 0x0\n'
const WANTED = { srcversion: 'AAAA1111', version: '9.1.0+driver', vermagic: '6.1.0-56-amd64 SMP mod_unload' }
const OLDER = { srcversion: 'BBBB2222', version: '9.0.0+driver', vermagic: '6.1.0-56-amd64 SMP mod_unload' }
const OLDER_PLACE = PLACE.replace('9.1.0', '9.0.0')

/** The kernel's files for the loaded module. */
const loaded = (facts: Readonly<Record<string, string>>) => ({
  'proc/modules': LIVE,
  ...Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [`sys/module/falco/${key}`, `${value}\n`]),
  ),
})
const RMMOD = `echo rmmod "$@" >>$CALLS; : >$HOST_ROOT/proc/modules`
/** Loads every module except the wanted one. */
const INSMOD = `echo insmod "$@" >>$CALLS; case $1 in *9.1.0*) echo 'insmod: ERROR: could not insert module: Cannot allocate memory' >&2; exit 1 ;; esac`

const home = ({ host }: Scene, path = '') => join(host.dir, 'home', path)
const publishWanted = async (at: Scene, path = ASKED) =>
  at.publish(path, await signingKey(), at.statementAt(path), moduleOf(WANTED))

describe('a probe for a kernel that does not run yet', () => {
  const OTHER = {
    DRIVER_KERNEL_RELEASE: '6.1.0-57-amd64',
    DRIVER_KERNEL_VERSION: '#1 SMP PREEMPT_DYNAMIC Debian 6.1.193-1 (2026-11-20)',
  }
  const PATH = ASKED.replace('6.1.192-2', '6.1.193-1')
  const forIt = (at: Scene, path: string) =>
    at
      .statementAt(path)
      .map((part) => (part.startsWith('!uname-release=') ? '!uname-release=6.1.0-57-amd64' : part))

  test.each(shells)('by %s is put in place, and nothing is loaded into the running kernel', async (shell) => {
    const at = await scene({ files: loaded(OLDER), tools: { rmmod: RMMOD } })
    await at.publish(PATH, await signingKey(), forIt(at, PATH))
    const ran = await at.load([], OTHER, shell)
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    expect(ran.stdout).toMatch(
      /Success: \S+falco_debian_6\.1\.193-1-amd64_1\.ko is in place for the kernel 6\.1\.0-57-amd64\.\n {2}Nothing was loaded: this host runs 6\.1\.0-56-amd64\. After the boot of 6\.1\.0-57-amd64, run this again to load it/,
    )
    expect(at.calls()).toBe('')
    expect(at.host.left()).toContain(PLACE.replace('6.1.192-2', '6.1.193-1'))
  })

  test('for ebpf is not linked, since the running kernel would use it', async () => {
    const at = await scene()
    const path = PATH.replace('.ko', '.o')
    await at.publish(path, await signingKey(), forIt(at, path))
    expect(await at.load(['bpf'], OTHER)).toMatchObject({ status: 0 })
    expect(existsSync(home(at, '.falco/falco-bpf.o'))).toBe(false)
    expect(at.calls()).toBe('')
  })

  test('is refused if it was built for the running kernel', async () => {
    const at = await scene()
    await at.publish()
    const ran = await at.load(['--download'], { DRIVER_KERNEL_RELEASE: '6.1.0-57-amd64' })
    expectRefused(at, ran, 3, /for another kernel than this one \(6\.1\.0-57-amd64\)/)
    expect(ran.stderr).toContain('DRIVER_KERNEL_VERSION is not set: uname -v of the running kernel is taken')
  })

  test('that was built from a config is found and loaded after the boot of the kernel', async () => {
    const config = 'CONFIG_X=y\n'
    const symvers = '0x12345678\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n'
    const files = {
      'boot/config-6.1.55-mine': config,
      'lib/modules/6.1.55-mine/build/Module.symvers': symvers,
    }
    const at = await scene({ files })
    const path = `${CONFIG_REPOSITORY}/9.1.0%2Bdriver/x86_64/falco_vanilla_6.1.55-mine_39.ko`
    at.registry.on('/v1/probes', submitted(view('published')))
    const statement = at
      .statementAt(path, { config: sha256(config), symvers: sha256(symvers) })
      .map((part) => (part.startsWith('!uname-release=') ? '!uname-release=6.1.55-mine' : part))
    await at.publish(path, await signingKey(), statement)
    const { release, version } = RAW.debianOwnKernel
    const env = { DRIVER_KERNEL_RELEASE: release, DRIVER_KERNEL_VERSION: version }
    const ran = await at.load([], env)
    expect(ran.status, ran.stderr).toBe(0)
    expect(at.calls()).toBe('')
    const before = at.registry.asked.length
    const uname = `case $1 in -r) echo '${release}' ;; -v) echo '${version}' ;; -m) echo x86_64 ;; esac`
    writeFileSync(join(at.host.dir, 'bin/uname'), `#!/bin/sh\n${uname}\n`)
    chmodSync(join(at.host.dir, 'bin/uname'), 0o755)
    expect(await at.load()).toMatchObject({ status: 0, stdout: expect.stringContaining('already in place') })
    expect(at.registry.asked.slice(before).map(({ url }) => url)).toEqual([`${path}.sha256`])
    expect(at.calls()).toMatch(/^insmod /)
  })
})

describe('the loaded module', () => {
  test.each([
    ['by the digest of its sources', { srcversion: WANTED.srcversion }],
    ['by its version, where the kernel shows no more', { version: WANTED.version }],
  ])('stays if it is the verified one, %s', async (_, facts) => {
    for (const shell of shells) {
      const at = await scene({ files: loaded(facts), tools: { rmmod: RMMOD } })
      await publishWanted(at)
      const ran = await at.load([], {}, shell)
      expect(ran).toMatchObject({ status: 0, stderr: '' })
      expect(ran.stdout).toMatch(/is already loaded: falco 9\.1\.0\+driver/)
      expect(at.calls()).toBe('')
    }
  })

  test('is replaced if it has the same version but other sources', async () => {
    const at = await scene({ files: loaded({ ...WANTED, srcversion: 'CCCC' }), tools: { rmmod: RMMOD } })
    await publishWanted(at)
    expect(await at.load()).toMatchObject({ status: 0 })
    expect(at.calls()).toBe(`rmmod falco\ninsmod ${home(at, PLACE)}\n`)
  })

  test('is retried while it is in use, and then both versions are named', async () => {
    const tools = { rmmod: 'echo rmmod >>$CALLS; exit 1', sleep: 'echo sleep "$@" >>$CALLS' }
    const at = await scene({ files: loaded(OLDER), tools, without: ['sleep'] })
    await publishWanted(at)
    const ran = await at.load([], { MAX_RMMOD_WAIT: '3' })
    expect(ran.status).toBe(7)
    expect(ran.stderr).toMatch(
      /falco is in use, so it stays loaded: stop Falco, then run this again\.\n {2}Loaded: falco 9\.0\.0\+driver \(srcversion BBBB2222\)\. Needed: 9\.1\.0\+driver\n/,
    )
    expect(at.calls()).toBe('rmmod\nsleep 5\nrmmod\nsleep 5\nrmmod\n')
  })

  describe('is loaded again if the kernel refuses the new one', () => {
    /** A host with a loaded older module, and with `files` in its home folder. */
    async function withOlder(files: Readonly<Record<string, string | Uint8Array>>) {
      const at = await scene({ files: loaded(OLDER), tools: { rmmod: RMMOD, insmod: INSMOD } })
      write(home(at), files)
      await publishWanted(at)
      return at
    }
    const RELOADED = (at: Scene) =>
      `rmmod falco\ninsmod ${home(at, PLACE)}\ninsmod ${home(at, OLDER_PLACE)}\n`

    test.each(shells)('by %s, and this is reported', async (shell) => {
      const at = await withOlder({ [OLDER_PLACE]: moduleOf(OLDER) })
      const ran = await at.load([], {}, shell)
      expect(ran.status).toBe(7)
      expect(at.calls()).toBe(RELOADED(at))
      expect(ran.stderr).toContain(
        `Loaded again is what was loaded before: falco 9.0.0+driver (srcversion BBBB2222), from ${home(at, OLDER_PLACE)}\n`,
      )
    })

    test('if its file has a good signature from an earlier run', async () => {
      const at = await scene({ files: loaded(OLDER), tools: { rmmod: RMMOD, insmod: INSMOD } })
      const older = ASKED.replace('9.1.0', '9.0.0')
      await at.publish(older, await signingKey(), at.statementAt(older), moduleOf(OLDER))
      expect(await at.load([], { DRIVER_VERSION: '9.0.0+driver' })).toMatchObject({ status: 0 })
      await publishWanted(at)
      const ran = await at.load()
      expect(ran.stderr).toContain('Loaded again is what was loaded before')
      expect(ran.status).toBe(7)
    })

    test('but not from a file with a bad signature', async () => {
      const at = await withOlder({
        [OLDER_PLACE]: moduleOf(OLDER),
        [`${OLDER_PLACE}.asc`]: 'x',
        [`${OLDER_PLACE}.sha256`]: sha256(moduleOf(OLDER)),
      })
      const ran = await at.load()
      expect(ran).toMatchObject({ status: 7, stderr: expect.stringContaining('nothing is loaded now') })
      expect(at.calls()).toBe(`rmmod falco\ninsmod ${home(at, PLACE)}\n`)
    })

    test('but not from the file of another module', async () => {
      const at = await withOlder({ [OLDER_PLACE]: moduleOf({ ...OLDER, srcversion: 'DDDD' }) })
      const ran = await at.load()
      expect(ran).toMatchObject({
        status: 7,
        stderr: expect.stringMatching(
          /falco 9\.0\.0\+driver .* its file is not in .*: nothing is loaded now/,
        ),
      })
    })
  })
})

describe('if the kernel refuses the probe', () => {
  const says = (insmod: string, dmesg = '') => ({
    rmmod: RMMOD,
    insmod: `echo "insmod: ERROR: could not insert module: ${insmod}" >&2; exit 1`,
    dmesg: `cat <<'END'\n${dmesg}\nEND`,
  })
  const AVC =
    'audit: type=1400 audit(1.2:3): avc:  denied  { module_load } for  pid=9 comm="insmod" path="/root/.falco/x.ko" tclass=system permissive=0'
  const MAGIC = "[1.0] falco: version magic '6.1.0-55-amd64 SMP' should be '6.1.0-56-amd64 SMP'"

  test.each<[string, Record<string, string>, Record<string, string>, RegExp]>([
    [
      'File exists',
      says('File exists'),
      loaded(OLDER),
      /The module falco 9\.0\.0\+driver .*is already loaded; this host needs 9\.1\.0\+driver\.\n.*rmmod falco/,
    ],
    [
      'Permission denied, in the kernel’s log',
      says('Permission denied', AVC),
      {},
      /SELinux denied it: .*module_load.*\n {2}Label the file for modules \(chcon -t modules_object_t /,
    ],
    [
      'Permission denied, in the log of audit',
      says('Permission denied'),
      { 'var/log/audit/audit.log': `${AVC.replace('audit: ', '')}\n` },
      /SELinux denied it: type=1400/,
    ],
    [
      'Permission denied, by the search of audit',
      { ...says('Permission denied'), ausearch: `echo 'time->now'; echo '${AVC}'` },
      {},
      /SELinux denied it: audit: type=1400.*permissive=0\n/,
    ],
    [
      'Permission denied, and SELinux says no more',
      says('Permission denied'),
      { 'sys/fs/selinux/enforce': '1' },
      /SELinux is enforcing here: find its line with 'ausearch/,
    ],
    [
      'Operation not permitted',
      says('Operation not permitted'),
      { 'proc/sys/kernel/modules_disabled': '1\n' },
      /kernel\.modules_disabled is 1: no module is loaded until the next boot/,
    ],
    [
      'Operation not permitted, of LoadPin',
      says('Operation not permitted', 'LoadPin: kernel-module denied obj="/x.ko"'),
      { 'proc/sys/kernel/modules_disabled': '0\n' },
      /LoadPin takes modules from one file system only/,
    ],
    [
      'Operation not permitted, in a container',
      says('Operation not permitted'),
      { 'proc/sys/kernel/modules_disabled': '0\n' },
      /must be privileged \(CAP_SYS_MODULE\)/,
    ],
    [
      'Unknown symbol',
      says('Unknown symbol in module', 'falco: Unknown symbol x (err -22)'),
      {},
      /falco: Unknown symbol x .*\n.*Module\.symvers\.\n {2}Copy it from the kernel's headers/,
    ],
    [
      'another version of a symbol',
      says('Invalid parameters', 'falco: disagrees about version of symbol module_layout'),
      { 'lib/modules/6.1.0-56-amd64/build/Module.symvers': 'x' },
      /Module\.symvers is here\. If it is of this very kernel, run this again with --compile/,
    ],
    [
      'Key was rejected',
      says('Key was rejected by service'),
      { 'sys/module/module/parameters/sig_enforce': 'Y\n' },
      /module\.sig_enforce is on: sign .* enrolled here, or use modern_ebpf/,
    ],
    [
      'Required key not available',
      says('Required key not available'),
      { 'sys/firmware/efi/efivars/SecureBoot-8be4df61': Buffer.from([6, 0, 0, 0, 1]).toString('latin1') },
      /Secure Boot is on: sign /,
    ],
    [
      'Key was rejected, after another failure of before',
      says('Key was rejected by service', 'falco: Unknown symbol x (err -22)'),
      { 'sys/module/module/parameters/sig_enforce': 'Y\n' },
      /module\.sig_enforce is on: sign /,
    ],
    [
      'Key was rejected, of lockdown',
      says('Key was rejected by service'),
      { 'sys/kernel/security/lockdown': 'none [integrity] confidentiality\n' },
      /kernel lockdown \(integrity\) is on: sign /,
    ],
    [
      'Key was rejected, by the config',
      says('Key was rejected by service'),
      { 'proc/config': 'CONFIG_MODULE_SIG_FORCE=y\n' },
      /CONFIG_MODULE_SIG_FORCE is set: sign /,
    ],
    [
      'Invalid module format',
      says('Invalid module format', MAGIC),
      {},
      /the vermagic '6\.1\.0-56-amd64 SMP mod_unload', this kernel has '6\.1\.0-56-amd64 SMP'\.\n/,
    ],
    [
      'Invalid module format, and no log',
      says('Invalid module format'),
      {},
      /this kernel has '6\.1\.0-56-amd64 \.\.\.'/,
    ],
    ['anything else', says('Cannot allocate memory'), {}, /Run this again with --compile/],
  ])('with %s, the loader prints advice', async (_, tools, files, words) => {
    for (const shell of shells) {
      const at = await scene({ files, tools })
      await publishWanted(at)
      const ran = await at.load([], {}, shell)
      expect(ran.stderr).toMatch(words)
      expect(ran.stderr).toMatch(/^[\x20-\x7e\n]+$/)
      expect(ran.status).toBe(7)
    }
  })

  const refusing = says('Cannot allocate memory')
  const VERDICTS = [
    { kind: 'ebpf', code: 'x', option: 'X', blocks: false, detail: 'of another kind' },
    {
      kind: 'kmod',
      code: 'needs-symvers',
      option: 'CONFIG_MODVERSIONS',
      blocks: false,
      detail: 'Send "Module.symvers", too',
    },
    {
      kind: 'kmod',
      code: 'trim',
      option: 'CONFIG_TRIM_UNUSED_KSYMS',
      blocks: false,
      detail: 'Symbols are cut',
    },
  ]
  const SAID =
    /The registry says of this kernel's config:\n {4}Send "Module\.symvers", too\n {4}Symbols are cut\n/

  test.each(shells)('by %s the loader prints the verdicts on the submitted config', async (shell) => {
    const config = 'CONFIG_X=y\n'
    const at = await scene({
      files: { 'boot/config-6.1.0-56-amd64': config, 'proc/config': config },
      tools: refusing,
    })
    const url = `${CONFIG_REPOSITORY}/9.1.0+driver/x86_64/${FILE}`
    at.registry.on('/v1/probes', submitted(view('published', { url }), { verdicts: VERDICTS }))
    const procVersion = sha256(readFileSync(join(at.host.dir, 'root/proc/version'), 'utf8').trimEnd())
    const asked = url.replace('9.1.0+', '9.1.0%2B')
    await at.publish(
      asked,
      await signingKey(),
      at.statementAt(asked, { config: sha256(config), procVersion }),
    )
    const ran = await at.load(['--compile'], {}, shell)
    expect(ran.stderr).toMatch(SAID)
    expect(ran.stderr).not.toContain('of another kind')
    expect(ran.status).toBe(7)
  })

  test('the loader prints the verdicts from the .json of a named probe, also in a later run', async () => {
    const at = await scene({ tools: refusing })
    await at.publish()
    at.registry.on(`${ASKED.replace('%2B', '+')}.json`, json({ state: 'published', verdicts: VERDICTS }))
    at.registry.on(`${ASKED}.json`, json({ state: 'published', verdicts: VERDICTS }))
    expect((await at.load()).stderr).toMatch(SAID)
    const again = await at.load()
    expect(again.stdout).toContain('already in place')
    expect(again.stderr).toMatch(SAID)
  })

  test('the loader sends the host’s config for the verdicts on a named probe, unless --download forbids this', async () => {
    const config = 'CONFIG_X=y\n'
    const at = await scene({ files: { 'boot/config-6.1.0-56-amd64': config }, tools: refusing })
    await at.publish()
    at.registry.on(`${ASKED}.json`, problem(404, 'not-found', 'no'))
    at.registry.on('/v1/verdicts', json({ verdicts: VERDICTS }))
    const asked = () => at.registry.asked.filter(({ url }) => url === '/v1/verdicts')
    expect((await at.load(['--download'])).stderr).not.toContain('The registry says')
    expect(asked()).toEqual([])
    expect((await at.load()).stderr).toMatch(SAID)
    expect(asked()).toMatchObject([{ method: 'POST', body: expect.objectContaining({}) }])
    expect(asked()[0]!.body.toString()).toContain(config)
  })

  test('the loader prints no verdicts if the registry has none', async () => {
    const at = await scene({ tools: refusing })
    await at.publish()
    at.registry.on(`${ASKED}.json`, problem(404, 'not-found', 'no'))
    expect((await at.load()).stderr).not.toContain('The registry says')
  })
})
