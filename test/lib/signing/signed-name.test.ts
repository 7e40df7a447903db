import { expect, test } from 'vitest'
import { parse } from '../../../lib/names/grammar.ts'
import { signedName } from '../../../lib/signing/signed-name.ts'

const DIGEST = 'c0ffee'.padEnd(64, '0')
const FILE = '9.1.0%2Bdriver/aarch64/falco_debian_6.1.192-mine_1.o'

const named = (path: string) => {
  const name = parse(path)
  if (name.tag !== 'probe') throw new Error(path)
  return signedName(name.probe, '6.1.192-mine')
}

test.each([
  ['/driver', 'falco/9.1.0+driver/ebpf/aarch64/6.1.192-mine'],
  [`/config/${DIGEST}`, `falco/9.1.0+driver/ebpf/aarch64/6.1.192-mine/${DIGEST}`],
])('what is served below %s is signed as that, and as nothing else', (repository, name) => {
  expect(named(`${repository}/${FILE}`)).toBe(name)
})
