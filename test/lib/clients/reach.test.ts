import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { reach } from '../../../lib/clients/index.ts'
import { canonical, keyOf, parseProbe } from '../../../lib/names/index.ts'

const probeOf = (arch: string, file: string) => parseProbe(`/driver/6.0.1+driver/${arch}/${file}`).asked

/** Names that peers have published, and which clients ask for them: first and last of them, or what instead. */
const rows = readFileSync(new URL('../../vectors/client-names.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t') as [string, string, string, string])

describe('published names', () => {
  test.each(rows)('%s %s: %s, %s', (arch, file, first, last) => {
    const found = reach(probeOf(arch, file))
    if (found.tag === 'never') expect(['never', found.instead ?? '-']).toEqual([first, last])
    else expect([found.by.at(-1)?.client.id, found.by[0]?.client.id]).toEqual([first, last])
  })

  test.each(rows)('%s %s is asked for with facts that make it', (arch, file) => {
    const probe = probeOf(arch, file)
    const found = reach(probe)
    if (found.tag === 'never') return
    for (const { client, facts, path } of found.by) {
      expect(client.asks(facts, probe).path).toBe(path)
      expect(keyOf(parseProbe(path).probe)).toBe(keyOf(canonical(probe)))
    }
  })
})

test('a name that no uname makes is asked for by none', () => {
  expect(reach(probeOf('x86_64', 'falco_ubuntu-hwe_5.15.0-33-hwe_34~20.04.1.ko')).tag).toBe('never')
})

test('a flavour that is not in the release is asked for by another name', () => {
  expect(reach(probeOf('x86_64', 'falco_ubuntu-genericop_5.4.0-1073-gkeop_77.ko'))).toMatchObject({
    tag: 'never',
    instead: 'ubuntu-gkeop_5.4.0-1073-gkeop_77',
  })
})

test('a Debian release of uname is asked for by the loaders before Falco 0.35 only', () => {
  const found = reach(probeOf('x86_64', 'falco_debian_4.19.0-6-amd64_1.ko'))
  const ids = found.tag === 'asked' ? found.by.map(({ client }) => client.id) : []
  expect(ids).toContain('falco-driver-loader-0.34.0')
  expect(ids.filter((id) => id.startsWith('falcoctl'))).toEqual([])
})

test('any alias of a name is reached by those who ask for the name', () => {
  expect(reach(probeOf('x86_64', 'falco_rhel_4.18.0-553.el8_10.x86_64_1.ko')).tag).toBe('asked')
  expect(reach(probeOf('x86_64', 'falco_redhat_4.18.0-553.el8_10.x86_64_1.ko')).tag).toBe('asked')
})
