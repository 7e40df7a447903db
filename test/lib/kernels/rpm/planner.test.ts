// Plans out of repositories of real rpms, laid out as the distributions' mirrors are.

import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { queryDatabase } from '../../../../lib/aws/sqlite.ts'
import { certificatesFor } from '../../../../lib/kernels/rpm/keys.ts'
import { rpmPlanner } from '../../../../lib/kernels/rpm/planner.ts'
import type { RpmPlace } from '../../../../lib/kernels/rpm/row.ts'
import { RPM_ROWS, type RpmTarget } from '../../../../lib/kernels/rpm/rows.ts'
import { ProbeError } from '../../../../lib/model/errors.ts'
import { inputKey } from '../../../../lib/model/keys.ts'
import type { Fetch } from '../../../../lib/model/ports.ts'
import type { Arch } from '../../../../lib/model/probe.ts'
import { memoryPorts } from '../../../support/memory.ts'
import {
  listRpms,
  packRpm,
  type RpmSigner,
  type RpmSpec,
  rpmSigner,
} from '../../../support/rpm/repository.ts'

const NOW = Date.now
const MIRROR = 'https://mirror.invalid'

let dir: string
let signer: RpmSigner
let stranger: RpmSigner
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rpm-planner-'))
  signer = rpmSigner()
  stranger = rpmSigner('Somebody Else')
})
afterAll(() => {
  signer?.remove()
  stranger?.remove()
  rmSync(dir, { recursive: true, force: true })
})

const GCC_11 = 'gcc (GCC) 11.4.1 20231218 (Red Hat 11.4.1-3)'
const config = (text = GCC_11) => ['CONFIG_X86_64=y', `CONFIG_CC_VERSION_TEXT="${text}"`, ''].join('\n')

const UNAME = '5.14.0-427.13.1.el9_4.x86_64'
const devel = (more: Partial<RpmSpec> = {}): RpmSpec => ({
  name: 'kernel-devel',
  version: '5.14.0',
  release: '427.13.1.el9_4',
  arch: 'x86_64',
  content: {
    [`usr/src/kernels/${UNAME}/.config`]: config(),
    [`usr/src/kernels/${UNAME}/Makefile`]: 'all:\n',
  },
  ...more,
})
const core: RpmSpec = {
  ...{ name: 'kernel-core', version: '5.14.0', release: '427.13.1.el9_4', arch: 'x86_64' },
  content: { [`lib/modules/${UNAME}/vmlinuz`]: 'an image' },
}

interface Made {
  readonly rpms: readonly RpmSpec[]
  /** who signs packages; `undefined`: nobody */
  readonly by?: RpmSigner | undefined
  /** who signs the list */
  readonly lists?: RpmSigner | undefined
  readonly options?: readonly string[]
}

let count = 0
/** Below the mirror, at a path of its own. */
function repository({ rpms, by = signer, lists = signer, options = [] }: Made): string {
  count += 1
  const name = `repository-${count}`
  const folder = join(dir, name)
  mkdirSync(join(folder, 'Packages'), { recursive: true })
  for (const spec of rpms) {
    const file = packRpm(join(folder, 'Packages'), spec)
    by?.signRpm(file)
  }
  listRpms(folder, lists, ...options)
  return name
}

interface Asked {
  readonly target?: RpmTarget
  readonly bases: readonly string[]
  readonly release?: string
  readonly arch?: Arch
  readonly keys?: readonly string[]
  readonly lists?: 'signed' | 'unsigned'
  readonly fetch?: (url: string, next: Fetch) => ReturnType<Fetch>
}

/** Whatever its list says of its length. */
const whole = (url: string, next: Fetch) => next(url, { maxBytes: 1e9 })

const fromDisk: Fetch = async (url, { maxBytes }) => {
  if (!url.startsWith(`${MIRROR}/`)) throw new ProbeError('mirror-unreachable', `no host of ${url}`)
  try {
    const body = readFileSync(join(dir, url.slice(MIRROR.length)))
    if (body.length > maxBytes) throw new ProbeError('too-large', `${url} has ${body.length} bytes`)
    return body
  } catch (error) {
    if (error instanceof ProbeError) throw error
    throw new ProbeError('not-found', `${url}: 404`)
  }
}

function world({ target = 'almalinux', bases, keys = [signer.publicKey], lists = 'signed', fetch }: Asked) {
  const memory = memoryPorts({ now: NOW })
  const asked: string[] = []
  const one: Fetch = (url, options) => {
    asked.push(url)
    return fetch === undefined ? fromDisk(url, options) : fetch(url, (at) => fromDisk(at, options))
  }
  const places: RpmPlace[] = bases.map((base) => ({ of: '', base: `${MIRROR}/${base}` }))
  const planner = rpmPlanner(
    {
      fetch: one,
      query: queryDatabase,
      inputs: memory.store.inputs,
      lists: memory.lists,
      log: () => {},
      now: NOW,
    },
    target,
    { places, lists, keys: [...keys] },
  )
  return { planner, memory, asked }
}

const planIn = ({ planner }: ReturnType<typeof world>, { release = UNAME, arch = 'x86_64' as Arch } = {}) =>
  planner.plan({ arch, kind: 'kmod', kernelRelease: release, kernelVersion: '1' })
const plan = (asked: Asked) => planIn(world(asked), asked)

describe('a kernel of Red Hat’s way', () => {
  test('is planned from its package, which is verified and kept', async () => {
    const made = world({ bases: [repository({ rpms: [devel(), core] })] })
    const found = await planIn(made)
    expect(found).toMatchObject({
      tag: 'headers',
      kernelRelease: UNAME,
      unameRelease: UNAME,
      tree: `usr/src/kernels/${UNAME}`,
      compiler: 'gcc-11',
      compilerText: GCC_11,
      headers: [{ name: 'kernel-devel', version: UNAME, format: 'rpm' }],
      image: { name: 'kernel-core', version: UNAME, signedFor: 'almalinux' },
    })
    const [headers] = found.headers
    expect(await made.memory.store.inputs.size(inputKey(headers!.sha256))).toBe(headers!.bytes)
  })

  test('is planned again without reading its list or its package again', async () => {
    const made = world({ bases: [repository({ rpms: [devel()] })] })
    const first = await planIn(made)
    made.asked.length = 0
    expect(await planIn(made)).toEqual(first)
    expect(made.asked.map((url) => url.replace(/.*\//, ''))).toEqual(['repomd.xml', 'repomd.xml.asc'])
  })

  test.each(['w9.gzdio', 'w2.xzdio', 'w3.zstdio'] as const)(
    'whose payload is compressed by %s is one',
    async (compression) => {
      expect(await plan({ bases: [repository({ rpms: [devel({ compression })] })] })).toMatchObject({
        compiler: 'gcc-11',
      })
    },
  )

  test('is the one of that release and architecture among its neighbours', async () => {
    const neighbours = [
      devel({
        release: '427.13.2.el9_4',
        content: { 'usr/src/kernels/other/.config': config('gcc (GCC) 8.5.0') },
      }),
      devel({ arch: 'aarch64', content: { 'usr/src/kernels/arm/.config': config('gcc (GCC) 8.5.0') } }),
      devel({
        name: 'kernel-debug-devel',
        content: { 'usr/src/kernels/debug/.config': config('gcc (GCC) 8.5.0') },
      }),
    ]
    const found = await plan({ bases: [repository({ rpms: [...neighbours, devel()] })] })
    expect(found.tree).toBe(`usr/src/kernels/${UNAME}`)
  })

  test('of before 4.18 names its compiler in a header', async () => {
    const release = '3.10.0-1160.el7.x86_64'
    const content = {
      [`usr/src/kernels/${release}/.config`]: 'CONFIG_X86_64=y\n',
      [`usr/src/kernels/${release}/include/generated/compile.h`]:
        '#define LINUX_COMPILER "gcc version 4.8.5 20150623 (Red Hat 4.8.5-44) (GCC)"\n',
    }
    const rpms = [devel({ version: '3.10.0', release: '1160.el7', content })]
    const found = await plan({ target: 'centos', lists: 'unsigned', bases: [repository({ rpms })], release })
    expect(found).toMatchObject({ compiler: 'gcc-4.8', compilerText: undefined })
  })

  test('is in a repository of the past where the current one has it no more', async () => {
    const current = repository({
      rpms: [devel({ release: '500.el9', content: { 'usr/src/kernels/n/.config': config() } })],
    })
    const past = repository({ rpms: [devel()] })
    expect((await plan({ bases: ['gone', current, past] })).headers[0]?.url).toMatch(past)
  })
})

describe("a kernel of Amazon's", () => {
  const release = '5.10.216-204.855.amzn2.x86_64'
  const content = { [`usr/src/kernels/${release}/.config`]: config('gcc10-gcc (GCC) 10.5.0') }
  const rpms = [devel({ version: '5.10.216', release: '204.855.amzn2', content })]

  test('of Amazon Linux 2 is found in a list that is a database alone', async () => {
    const folder = repository({ rpms, lists: undefined, options: ['--database', '--compress-type=gz'] })
    const repomd = join(dir, folder, 'repodata/repomd.xml')
    const text = readFileSync(repomd, 'utf8')
    writeFileSync(repomd, text.replace(/<data type="primary">[\s\S]*?<\/data>/, ''))
    const asked: Asked = { target: 'amazonlinux2', lists: 'unsigned', bases: [folder], release }
    expect(await plan(asked)).toMatchObject({
      headers: [{ version: release }],
      tree: `usr/src/kernels/${release}`,
    })
  })

  test.each(['', '\n', '/\n'])('is where the list of mirrors says, which ends with %j', async (end) => {
    const folder = repository({ rpms, lists: undefined })
    mkdirSync(join(dir, `${folder}-list`))
    writeFileSync(join(dir, `${folder}-list/mirror.list`), `${MIRROR}/${folder}${end}`)
    const bases = [`${folder}-list/mirror.list`]
    expect(await plan({ target: 'amazonlinux2', lists: 'unsigned', bases, release })).toMatchObject({
      compiler: 'gcc-10',
    })
  })
})

test("SUSE's kernel has the package that all flavours share with it, each with a counter of its own", async () => {
  const release = '5.14.21-150500.55.19-default'
  const suse = { version: '5.14.21', content: { 'usr/src/linux-5.14.21-150500.55.19/Makefile': 'all:\n' } }
  const obj = 'usr/src/linux-5.14.21-150500.55.19-obj/x86_64/default'
  const shared = (counter: number): RpmSpec => ({
    ...{ ...suse, name: 'kernel-devel', release: `150500.55.19.${counter}`, arch: 'noarch' },
  })
  const own: RpmSpec = {
    ...{ ...suse, name: 'kernel-default-devel', release: '150500.55.19.1', arch: 'x86_64' },
    content: { [`${obj}/.config`]: config('gcc (SUSE Linux) 7.5.0') },
    needs: ['kernel-devel = 5.14.21-150500.55.19.3'],
  }
  const found = await plan({
    target: 'opensuse',
    bases: [repository({ rpms: [own, shared(2), shared(3)] })],
    release,
  })
  expect(found).toMatchObject({
    unameRelease: release,
    tree: obj,
    headers: [
      { name: 'kernel-devel', version: '5.14.21-150500.55.19.3.noarch' },
      { name: 'kernel-default-devel', version: '5.14.21-150500.55.19.1.x86_64' },
    ],
  })
})

describe('nothing is believed of', () => {
  const refused = (message: RegExp, code = 'signature-invalid') => ({
    code,
    message: expect.stringMatching(message),
  })

  test('a package that nobody signed, though the list is signed', async () => {
    const file = repository({ rpms: [], lists: undefined })
    packRpm(join(dir, file, 'Packages'), devel())
    listRpms(join(dir, file), signer)
    await expect(plan({ bases: [file] })).rejects.toMatchObject(refused(/it is not signed/))
  })

  test('a package by a key of somebody else, or of another distribution', async () => {
    const bases = [repository({ rpms: [devel()], by: stranger })]
    await expect(plan({ bases })).rejects.toMatchObject(refused(/which is not a believed key/))
    const own = [repository({ rpms: [devel()] })]
    await expect(plan({ bases: own, keys: [], lists: 'unsigned' })).rejects.toMatchObject(
      refused(/not a believed key/),
    )
  })

  test('a list by a key of somebody else, or by none', async () => {
    await expect(plan({ bases: [repository({ rpms: [devel()], lists: stranger })] })).rejects.toMatchObject(
      refused(/repomd\.xml is not believed/),
    )
    const unsigned = repository({ rpms: [devel()] })
    rmSync(join(dir, unsigned, 'repodata/repomd.xml.asc'))
    await expect(plan({ bases: [unsigned] })).rejects.toMatchObject(refused(/its signature .* is missing/))
  })

  test('an older package that a list gives out for the one that is asked for', async () => {
    const file = repository({ rpms: [devel()], lists: undefined })
    const other = repository({ rpms: [devel({ release: '1.el9_4' })], lists: undefined })
    const packages = (name: string) => join(dir, name, 'Packages')
    // What the list says is of the right one; what lies there is another, signed as well.
    renameSync(
      join(packages(other), 'kernel-devel-5.14.0-1.el9_4.x86_64.rpm'),
      join(packages(file), `kernel-devel-${UNAME}.rpm`),
    )
    await expect(plan({ bases: [file], lists: 'unsigned', fetch: whole })).rejects.toMatchObject(
      refused(/it is kernel-devel 5\.14\.0-1\.el9_4\.x86_64, signed/),
    )
  })

  test('a package that is cut off', async () => {
    const file = repository({ rpms: [devel()], lists: undefined })
    const cut = (url: string, next: Fetch) =>
      next(url, { maxBytes: 1e9 }).then((body) =>
        url.endsWith('.rpm') ? body.subarray(0, body.length - 9) : body,
      )
    await expect(plan({ bases: [file], lists: 'unsigned', fetch: cut })).rejects.toMatchObject(
      refused(/not the bytes|not the one|does not have/),
    )
  })

  test('a package of sources, or one that holds no kernel', async () => {
    const empty = repository({ rpms: [devel({ content: { 'usr/share/doc/readme': 'nothing' } })] })
    await expect(plan({ bases: [empty] })).rejects.toMatchObject(
      refused(/holds no usr\/src/, 'headers-not-found'),
    )
  })

  test('a list that is another than the one that repomd.xml names', async () => {
    const file = repository({ rpms: [devel()] })
    const stale = async (url: string, next: Fetch) => {
      const body = await next(url, { maxBytes: 1e9 })
      return url.includes('primary.xml') ? Buffer.concat([body, Buffer.of(0)]) : body
    }
    await expect(plan({ bases: [file], fetch: stale })).rejects.toMatchObject(
      refused(/being updated/, 'digest-mismatch'),
    )
  })
})

describe('what is not there is said', () => {
  test('where no repository has the kernel', async () => {
    const bases = [repository({ rpms: [core] })]
    await expect(plan({ bases })).rejects.toMatchObject({
      code: 'headers-not-found',
      message: expect.stringMatching(/has kernel-devel 5\.14\.0-427\.13\.1\.el9_4 of almalinux.*POST/),
    })
  })

  test('and what could not be read may have it', async () => {
    const away = async () => {
      throw new ProbeError('mirror-unreachable', 'mirror.invalid answers with 503')
    }
    await expect(plan({ bases: ['a', 'b'], fetch: away })).rejects.toMatchObject({
      code: 'mirror-unreachable',
      message: expect.stringMatching(/Not read: .*503/),
    })
  })

  test.each([
    ['an error page', '<html><body>busy</body></html>'],
    ['no XML', 'busy'],
    [
      'XML that grows',
      '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><repomd><data type="primary">&c;</data></repomd>',
    ],
  ])('where a mirror answers with %s', async (_, text) => {
    const fetch = async () => new TextEncoder().encode(text)
    await expect(plan({ bases: ['a'], lists: 'unsigned', fetch })).rejects.toMatchObject({
      code: 'mirror-unreachable',
      message: expect.stringMatching(/is not a list of a repository/),
    })
  })

  test('where packages are for subscribers alone, and no mirror of theirs is named', async () => {
    await expect(plan({ target: 'redhat', bases: [] })).rejects.toMatchObject({
      code: 'headers-not-found',
      message: expect.stringMatching(/subscribers alone\. Have the operator name a mirror in redhat\.places/),
    })
  })

  test('where no key of a distribution is known', async () => {
    await expect(
      plan({ target: 'photon', bases: ['a'], keys: [], release: '6.1.83-3.ph5' }),
    ).rejects.toMatchObject({
      code: 'headers-not-found',
      message: expect.stringMatching(/photon\.keys/),
    })
  })
})

describe('an old name, of the md5 of a config', () => {
  const request = { arch: 'x86_64', unameRelease: UNAME } as const
  test('means the kernel whose config that is, and no other', async () => {
    const { planner } = world({ bases: [repository({ rpms: [devel()] })] })
    const { createHash } = await import('node:crypto')
    const configMd5 = createHash('md5').update(config()).digest('hex')
    expect(await planner.identify({ ...request, configMd5 })).toEqual({
      kernelRelease: UNAME,
      kernelVersion: '1',
    })
    await expect(planner.identify({ ...request, configMd5: '0'.repeat(32) })).rejects.toMatchObject({
      code: 'headers-not-found',
    })
  })
})

describe('packages that a host names', () => {
  const request = { arch: 'x86_64', kernelRelease: UNAME, unameRelease: UNAME, compiler: 'gcc-11' } as const
  test('are used where they are those of its kernel', async () => {
    const { planner } = world({ bases: [repository({ rpms: [devel()] })] })
    const kernelUrls = [`http://elsewhere.invalid/kernel-devel-${UNAME}.rpm`]
    expect(await planner.planPackages({ ...request, kernelUrls })).toMatchObject({
      headers: [{ name: 'kernel-devel' }],
    })
    await expect(
      planner.planPackages({ ...request, kernelUrls: ['http://elsewhere.invalid/evil.rpm'] }),
    ).rejects.toMatchObject({ code: 'headers-not-found' })
  })

  test('of another distribution are not even looked for', async () => {
    const { planner, asked } = world({ bases: [repository({ rpms: [devel()] })] })
    const kernelUrls = ['http://elsewhere.invalid/linux-headers.deb']
    await expect(planner.planPackages({ ...request, kernelUrls })).rejects.toMatchObject({
      code: 'headers-not-found',
    })
    expect(asked).toEqual([])
  })
})

test('every row has its keys, or says that it has none', () => {
  const without = (Object.keys(RPM_ROWS) as RpmTarget[]).filter(
    (target) => certificatesFor(target, []).length === 0,
  )
  expect(without).toEqual(['alinux', 'photon'])
})
