import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { falcoctlIndex } from '../../../../lib/packages/oci/falcoctl.ts'

const facts = {
  ids: ['oci/modules/scap/0.20.0', 'oci/probes/falco/11.0.0_driver', 'oci/probes/scap/0.20.0'],
  revoked: ['0.20.0'],
  host: 'probes.example:8080',
  keyUrl: 'https://probes.example:8080/keys/falco-probes.pem',
}

test('the index has an entry for each driver version that is not revoked, with the type that falcoctl installs and the key', () => {
  expect(parse(falcoctlIndex(facts))).toEqual([
    {
      name: 'falco-11.0.0_driver',
      type: 'asset',
      registry: 'probes.example:8080',
      repository: 'probes/falco/11.0.0_driver',
      description: 'Kernel probes of the driver falco 11.0.0+driver, by target and kernel',
      license: 'GPL-2.0',
      signature: {
        cosign: { key: 'https://probes.example:8080/keys/falco-probes.pem', 'ignore-tlog': true },
      },
    },
  ])
})

test('the index is an empty list if nothing is published', () => {
  expect(parse(falcoctlIndex({ ...facts, ids: [] }))).toEqual([])
})
