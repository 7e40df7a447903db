import { describe, expect, test } from 'vitest'
import { reach } from '../../../lib/clients/reach.ts'
import { format, keyOf, parseProbe, probeOf } from '../../../lib/names/grammar.ts'
import { CONFIGS, PUBLISHED, VECTORS } from '../../support/names/vectors.ts'

const reachOf = (path: string) => reach(parseProbe(path).asked)

describe('real names', () => {
  test('of 7,651 configs and 1,291 published probes are parsed and formatted back identically', () => {
    expect([CONFIGS.length, PUBLISHED.length]).toEqual([7651, 1291])
    for (const { path, ...facts } of VECTORS) {
      const { asked } = parseProbe(path)
      expect(format(asked)).toBe(path)
      expect(asked).toMatchObject(facts)
    }
  })

  test('have canonical names, and the key of each leads back to it', () => {
    for (const { path } of VECTORS) {
      const { probe } = parseProbe(path)
      expect(probeOf(keyOf(probe))).toEqual(probe)
    }
  })

  test('are each reachable by a named client, or unreachable with a reason', () => {
    const reaches = VECTORS.map(({ path }) => reachOf(path))
    for (const said of reaches) {
      if (said.tag === 'reachable') expect(said.by.length).toBeGreaterThan(0)
      else expect(said.why).toMatch(/^[\x20-\x7e]{20,}$/)
    }
    expect(reaches.filter(({ tag }) => tag === 'reachable').length).toBe(12_867)
    expect(reaches.filter(({ tag }) => tag === 'unreachable').length).toBe(VECTORS.length - 12_867)
  })

  test.each(['ubuntu-hwe', 'ubuntu-genericop', 'ubuntu-raspi2', 'ubuntu-xilinx'])(
    'no client requests any name of %s',
    (target) => {
      const own = VECTORS.filter((vector) => vector.target === target)
      expect(own.length).toBeGreaterThan(0)
      for (const { path } of own) expect(reachOf(path).tag).toBe('unreachable')
    },
  )

  test.each(['amazonlinux2023', 'bottlerocket', 'centos', 'minikube', 'ol', 'talos', 'ubuntu-aws'])(
    'some client requests every name of %s',
    (target) => {
      for (const { path } of VECTORS.filter((vector) => vector.target === target))
        expect(reachOf(path).tag).toBe('reachable')
    },
  )
})
