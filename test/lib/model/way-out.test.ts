import { expect, test } from 'vitest'
import { asSubmitted, orSubmit, SUBMIT_LINE } from '../../../lib/model/way-out.ts'

test.each([
  [
    "no repository has kernel-devel 1. POST the kernel's config to /v1/probes, or upgrade the host",
    'no repository has kernel-devel 1. Upgrade the host',
  ],
  [
    "nobody serves it. Name your own mirror in redhat.places, or POST the kernel's config to /v1/probes",
    'nobody serves it. Name your own mirror in redhat.places',
  ],
  [
    'Upgrade the host, or POST the config of this one to /v1/probes. The service was not asked.',
    'Upgrade the host. The service was not asked.',
  ],
  [
    "nobody signs them: POST the kernel's config to /v1/probes, or have the operator set cos.mode",
    'nobody signs them: have the operator set cos.mode',
  ],
  ["it has no headers: POST the kernel's config to /v1/probes", 'it has no headers'],
  ['the mirror is away', 'the mirror is away'],
])('a host that has submitted its kernel gets no advice to submit it: %s', (why, expected) => {
  expect(asSubmitted(why)).toBe(expected)
})

test('a refusal has the command to type exactly once', () => {
  const refusal = orSubmit("it has no headers: POST the kernel's config to /v1/probes")
  expect(refusal).toMatch(/^it has no headers\. Have the probe built from the config of the kernel, /)
  expect(refusal).toContain(SUBMIT_LINE)
  expect(orSubmit(refusal)).toBe(refusal)
})
