// Builds small kernel trees from source and config, and checks their inputs, outputs and failures.

import { execFileSync } from 'node:child_process'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tarball } from '../support/builds/archive.ts'
import { type Build, build, type Input } from '../support/builds/build.ts'
import { GOOD, making, smallBuild, smallSource } from '../support/builds/small.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'

let store: LoopbackStore
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

const config = (text: string): Input => ({ role: 'config', format: 'text', body: Buffer.from(text) })
const symvers: Input = {
  role: 'symvers',
  format: 'text',
  body: Buffer.from('0x1\tx\tvmlinux\tEXPORT_SYMBOL\t\n'),
}
const driverOf = (...lines: string[]) =>
  smallBuild(making(...lines)).inputs.filter((i) => i.role === 'driver')

/** A build from a source whose make runs these lines of sh, and a driver that only looks at its kernel tree. */
function fromSource(lines: readonly string[], more: Partial<Build> = {}): Build {
  return {
    settings: { KERNEL: 'source', TREE: '-', UNAME_RELEASE: '6.1.0-56-custom' },
    inputs: [
      { role: 'source', format: 'tar.gz', body: tarball(smallSource(lines)) },
      config('CONFIG_A=y\nCONFIG_B="b"\n'),
      ...driverOf('cd ../kernel', 'ls -A include/* Module.symvers', 'cat .config', `cd ../driver; ${GOOD}`),
    ],
    ...more,
  }
}
const fromPrepared = (body: Buffer, ...lines: string[]): Build => ({
  settings: { KERNEL: 'prepared', TREE: '-' },
  inputs: [{ role: 'prepared', format: 'tar.gz', body }, ...driverOf(...lines, GOOD)],
})
const names = (archive: Buffer | undefined): string[] =>
  execFileSync('tar', ['-tz'], { input: archive, encoding: 'utf8' }).trimEnd().split('\n')

describe('from source and config', () => {
  test.each([
    ['tar.gz', (tar: Buffer) => gzipSync(tar)],
    ['tar.xz', (tar: Buffer) => execFileSync('xz', ['-0'], { input: tar })],
  ] as const)("the build makes a tree from kernel.org's %s", async (format, pack) => {
    const order = fromSource([])
    const body = pack(gunzipSync(order.inputs[0]!.body))
    const { exit, log, manifest } = await build(store, {
      ...order,
      inputs: [{ role: 'source', format, body }, ...order.inputs.slice(1)],
    })
    expect(exit).toBe(0)
    expect(log).toContain('CONFIG_B="b"')
    expect(Object.keys(manifest?.timings ?? {}).slice(0, 4)).toEqual(['fetch', 'prepare', 'tree', 'unpack'])
  })

  test('the tree has the same bytes each time, and only regular files', async () => {
    const leave = [
      'date +%N >/build/now; ln -sf /etc/passwd include/link; ln -sf /etc scripts/folder; mkfifo include/pipe$1',
      'mkdir -p tools/objtool; echo tool >tools/objtool/objtool; echo x >include/x.o; echo C >main.c',
    ]
    const [first, second] = [await build(store, fromSource(leave)), await build(store, fromSource(leave))]
    expect(first.exit).toBe(0)
    expect(first.prepared?.equals(second.prepared!)).toBe(true)
    expect(names(first.prepared)).toContain('tools/objtool/objtool')
    expect(names(first.prepared)).toContain('include/generated/utsrelease.h')
    expect(names(first.prepared).filter((name) => /link|folder|pipe|\.[oc]$/.test(name))).toEqual([])
  })

  test('options that do not hold and may change a structure are in the log, in the report and in the tree', async () => {
    const holds = [
      'echo "#define CONFIG_NEWLY 1" >include/generated/autoconf.h',
      'echo "#define CONFIG_KEPT_MODULE 1" >>include/generated/autoconf.h',
      'echo "#define CONFIG_NUMBER 64" >>include/generated/autoconf.h',
      'echo "#define CONFIG_SAME_NUMBER 1" >>include/generated/autoconf.h',
      'for option in GONE NEWLY KEPT NUMBER SAME_NUMBER UNNAMED CC_HAS_ZERO; do',
      '  printf "config %s\\n\\tbool\\n" $option >>Kconfig',
      '  [ $option = UNNAMED ] || echo "#ifdef CONFIG_$option" >>include/structures.h',
      'done',
    ]
    const asked = [
      ...['CONFIG_GONE=y', 'CONFIG_KEPT=m', 'CONFIG_NUMBER=32', 'CONFIG_SAME_NUMBER=1', 'CONFIG_UNNAMED=y'],
      ...['CONFIG_CC_HAS_ZERO=y', 'CONFIG_OF_A_PATCH=m', '# CONFIG_NEWLY is not set', 'CONFIG_TEXT="a"'],
    ]
    const order = fromSource(holds)
    const inputs = [order.inputs[0]!, config(`${asked.join('\n')}\n`), ...order.inputs.slice(2)]
    const { exit, log, manifest, prepared } = await build(store, { ...order, inputs })
    expect(exit).toBe(0)
    const lost = ['GONE y n', 'NEWLY n y', 'NUMBER 32 64', 'OF_A_PATCH m n']
    expect(log).toMatch(/the config has 4 options that do not hold/)
    expect(manifest?.lost?.map(({ option, asked, holds }) => `${option} ${asked} ${holds}`)).toEqual(
      lost.map((line) => `CONFIG_${line}`),
    )
    const again = await build(store, fromPrepared(prepared!))
    expect(again.manifest?.lost).toEqual(manifest?.lost)
  })

  test('the report has an empty list of lost options if all options hold', async () => {
    const holds = ['echo "config A" >Kconfig; echo "#define CONFIG_A 1" >include/generated/autoconf.h']
    expect((await build(store, fromSource(holds))).manifest?.lost).toEqual([])
  })

  test("the driver sees the kernel's Module.symvers, which is not a part of the tree", async () => {
    const order = fromSource([])
    const { log, prepared } = await build(store, { ...order, inputs: [...order.inputs, symvers] })
    expect(log).toMatch(/^Module.symvers$/m)
    expect(names(prepared)).not.toContain('Module.symvers')
  })

  test('a broken config stops the build at the tree, and the log shows the reason', async () => {
    const broken = 'if [ "$1" = olddefconfig ]; then echo broken option; exit 1; fi'
    const { exit, log, manifest, requests } = await build(store, fromSource([broken]))
    expect(exit).toBe(1)
    expect(manifest).toMatchObject({ stage: 'tree' })
    expect(manifest).not.toHaveProperty('cause')
    expect(log).toMatch(/\nbroken option\n[\s\S]*\nit was made: the tools work\n/)
    expect(log).toMatch(
      /\nfailed at tree: .*: this source and this config make no kernel tree with gcc-12; .*\n$/,
    )
    expect(requests).not.toContain('PUT prepared')
  })

  test('the config is not blamed if even the default config makes no tree', async () => {
    const { exit, log, manifest } = await build(store, {
      ...fromSource([]),
      inputs: [
        { role: 'source', format: 'tar.gz', body: tarball({ 'a/b': '' }) },
        config('CONFIG_A=y\n'),
        ...driverOf(GOOD),
      ],
    })
    expect(exit).toBe(1)
    expect(manifest).toMatchObject({ stage: 'tree', cause: 'tools' })
    expect(log).toMatch(
      /the source is not an archive of a kernel\n[\s\S]*\nfailed at tree: .*: not even that was made: /,
    )
  })

  test('the build stores the tree even if the driver does not compile', async () => {
    const order = fromSource([])
    const inputs = [...order.inputs.slice(0, 2), ...driverOf('exit 1')]
    const { exit, manifest, prepared } = await build(store, { ...order, inputs })
    expect(exit).toBe(1)
    expect(manifest?.stage).toBe('compile')
    expect(manifest?.prepared?.bytes).toBe(prepared?.length)
  })

  test('the build succeeds even if the store refuses the tree', async () => {
    const { exit, log, manifest } = await build(store, {
      ...fromSource([]),
      tamper: (job) => ({
        ...job,
        outputs: { ...job.outputs, prepared: job.outputs.prepared!.replace('?', '?x') },
      }),
    })
    expect(exit).toBe(0)
    expect(log).toContain('the kernel tree was not stored: its server refused')
    expect(manifest?.prepared).toBeUndefined()
  })
})

describe.each(['user', 'root', 'container'] as const)(
  'a hostile config, on a machine of the kind %s,',
  (outer) => {
    test('sees and reaches only its own sandbox', async () => {
      const look = [
        `bash -c ': </dev/tcp/127.0.0.1/${store.port}' && echo REACHED`,
        'tr "\\0" "\\n" <<X | grep -c "X[-]Amz" | sed "s/^/seen: /"',
        '$(env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null)',
        'X',
        'for at in /usr /etc /inputs /kernel /driver /steps /build /tmp; do',
        '  (echo x >$at/pwned) 2>/dev/null && echo wrote $at',
        'done',
        '(setsid sleep 300 >/dev/null 2>&1 3>&- &)',
        '(echo x >&3) 2>/dev/null && echo wrote the tree',
        'true',
      ]
      const { exit, log, output } = await build(store, {
        ...fromSource(look),
        outer,
        afterwards: 'find /tmp /etc /usr/pwned -name "pwned*" 2>/dev/null || :; echo searched',
      })
      expect(exit).toBe(0)
      expect(log).toContain(`/dev/tcp/127.0.0.1/${store.port}: Connection refused`)
      expect(log).not.toContain('REACHED\n')
      expect(log).toMatch(/^seen: 0$/m)
      expect(new Set(log.match(/^wrote .*$/gm))).toEqual(new Set(['wrote /build', 'wrote /tmp']))
      expect(output).toMatch(/\nsearched\n$/)
      expect(output).not.toMatch(/^\/.*pwned/m)
    })
  },
)

describe('a prepared tree of a hostile build', () => {
  const tar = (script: string) =>
    execFileSync('sh', ['-ec', `cd "$(mktemp -d)"; here=$PWD; ${script}; rm -rf "$here"`], {
      maxBuffer: 1 << 28,
    })

  test.each([
    ['out of its folder', 'echo x >x; tar -czP --transform "s,^x,../pwned," x'],
    ['by its absolute path', 'echo x >x; tar -czP --transform "s,^x,/tmp/pwned," x'],
    ['behind a link', 'mkdir d; echo x >d/pwned; ln -s /tmp l; tar -czP --transform "s,^d,l," l d/pwned'],
  ])('writes nothing %s', async (_, script) => {
    const { log, output } = await build(store, {
      ...fromPrepared(tar(script), 'ls /tmp /build | grep pwned'),
      afterwards: 'find /tmp -name "pwned*"; echo searched',
    })
    expect(log).toMatch(/\n(failed|done)/)
    expect(log).not.toMatch(/^pwned/m)
    expect(output).toMatch(/\nsearched\n$/)
    expect(output).not.toMatch(/^\/.*pwned/m)
  })

  test('does not show a file of the machine through a link', async () => {
    const body = tar('ln -s /tmp/probe-build/job Makefile; tar -cz Makefile')
    const { log } = await build(store, fromPrepared(body, 'cat /build/kernel/Makefile', 'true'))
    expect(log).toContain('/build/kernel/Makefile: No such file')
    expect(log).not.toContain('X-Amz')
  })

  test('can report at most 64 false options, each in the right form', async () => {
    const lies = [
      ...['CONFIG_A y n","cause":"tools', 'CONFIG_A $(id) n', '../../etc/passwd y n', 'CONFIG_A y n extra'],
      ...Array.from({ length: 100 }, (_, i) => `CONFIG_${i} y n`),
    ]
    const body = tar(
      `printf '%s\\n' ${lies.map((line) => `'${line}'`).join(' ')} >lost-options; tar -cz lost-options`,
    )
    const { exit, manifest } = await build(store, fromPrepared(body))
    expect(exit).toBe(0)
    expect(manifest?.cause).toBeUndefined()
    expect(manifest?.lost?.map(({ option }) => option)).toEqual(
      Array.from({ length: 64 }, (_, i) => `CONFIG_${i}`),
    )
  })

  test.each([
    ['a link', 'ln -s /etc/passwd lost-options; tar -cz lost-options'],
    ['without an end', 'yes CONFIG_A | head -c 300M | tr -d "\\n" >lost-options; tar -cz lost-options'],
  ])('reports no options if its list of options is %s', async (_, script) => {
    const { manifest } = await build(store, fromPrepared(tar(script)))
    expect(manifest?.lost).toEqual([])
  })

  test('fails its build if the tree is a bomb', async () => {
    const body = tar('truncate -s 300M zeros; tar -c zeros | gzip -1')
    const { exit, manifest } = await build(store, fromPrepared(body))
    expect(exit).toBe(1)
    expect(manifest?.stage).toBe('compile')
  })
})

test('the build refuses a job with an unknown kind of kernel', async () => {
  const order = smallBuild(making(GOOD))
  const tamper: Build['tamper'] = (job) => ({
    ...job,
    settings: { ...job.settings, TREE: '-', KERNEL: 'x' as 'source' },
  })
  const { exit, output } = await build(store, { ...order, tamper })
  expect(exit).toBe(1)
  expect(output).toContain('the job document has an unknown or malformed setting KERNEL')
})
