import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Metadata, readRepomd } from '../../../../lib/archives/rpm/repomd.ts'
import { xmlReader } from '../../../../lib/formats/xml.ts'
import { sha256 } from '../../../../lib/model/digest.ts'
import { REPOMD } from '../../../../lib/packages/rpm/paths.ts'
import { keyOf, type RpmRegistry, rpmRegistry } from '../../../support/rpm/registry.ts'

const ID = 'rpm/10.2.0+driver/almalinux-el9'
const KERNELS = ['5.14.0-427.el9', '5.14.0-503.el9_5'].map((release) => ({
  target: 'almalinux',
  release: `${release}.x86_64`,
  headers: { name: 'kernel-devel', version: `${release}.x86_64` },
}))

let registry: RpmRegistry
let work: string

beforeAll(async () => {
  registry = await rpmRegistry()
  for (const kernel of KERNELS) await registry.publish(kernel)
  work = mkdtempSync(join(tmpdir(), 'rpm-lists-'))
})
afterAll(() => rmSync(work, { recursive: true, force: true }))

const byHash = (digest: string): Uint8Array => registry.body(`rpm/by-hash/${digest}`)

async function shownRepomd(): Promise<Uint8Array> {
  const shown = await registry.memory.pointers.read(ID)
  return byHash(shown!.files[REPOMD]!.sha256)
}

const listsIn = (repomd: Uint8Array): ReadonlyMap<string, Metadata> => readRepomd(repomd, 'repomd.xml')
const opened = (list: Metadata): string => gunzipSync(byHash(list.digest)).toString()

/** Each element with its path, its attributes and its text, except for the location of a package. */
function saidIn(xml: string): string[] {
  const said: string[] = []
  const { write, end } = xmlReader({
    open: () => {},
    close: ({ path, attributes }, text) => {
      if (path.endsWith('/location')) return
      const pairs = Object.entries(attributes)
        .sort()
        .map(([name, value]) => `${name}=${value}`)
      said.push(`${path} ${pairs.join(' ')} ${text.trim()}`)
    },
  })
  write(xml)
  end()
  return said
}

describe('the lists have the same facts about packages', () => {
  let theirs: ReadonlyMap<string, string>

  beforeAll(async () => {
    const repomd = await shownRepomd()
    const primary = opened(listsIn(repomd).get('primary')!)
    const hrefs = [...primary.matchAll(/<location href="([^"]+)"/g)].map(([, href]) => href!)
    for (const href of hrefs) {
      const digest = href.split('/').at(-2)!
      const object = href.startsWith('packages/')
        ? `rpm/packages/driver/10.2.0+driver/${href.slice('packages/'.length)}`
        : `rpm/by-hash/${digest}`
      const file = join(work, href)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, registry.body(object))
      const built = /<time file="(\d+)"/.exec(primary.slice(primary.indexOf(digest)))![1]!
      utimesSync(file, Number(built), Number(built))
    }
    const options = ['--quiet', '--no-database', '--general-compress-type=gz', '--compatibility']
    execFileSync('createrepo_c', [...options, work], { stdio: 'pipe' })
    const own = readRepomd(readFileSync(join(work, REPOMD)), 'repomd.xml')
    theirs = new Map(
      [...own].map(([type, { href }]) => [type, gunzipSync(readFileSync(join(work, href))).toString()]),
    )
  })

  test.each(['primary', 'filelists', 'other'])('as those of createrepo_c: %s', async (type) => {
    const list = listsIn(await shownRepomd()).get(type)!
    expect(saidIn(opened(list)).sort()).toEqual(saidIn(theirs.get(type)!).sort())
  })
})

test('repomd.xml has the digest of each list, compressed and uncompressed, and the digest is in the name of the list', async () => {
  const repomd = Buffer.from(await shownRepomd()).toString()
  for (const [, list] of listsIn(Buffer.from(repomd))) {
    expect(sha256(byHash(list.digest))).toBe(list.digest)
    expect(repomd).toContain(`<open-checksum type="sha256">${sha256(opened(list))}</open-checksum>`)
    expect(list.href).toContain(list.digest)
  }
})

test('the same packages give the same lists', async () => {
  const other = await rpmRegistry()
  for (const kernel of KERNELS) await other.publish(kernel)
  const [one, another] = await Promise.all([registry, other].map(({ memory }) => memory.pointers.read(ID)))
  expect(another!.files[REPOMD]).toEqual(one!.files[REPOMD])
  expect(keyOf(KERNELS[0]!)).toContain('almalinux')
})
