import { describe, expect, test } from 'vitest'
import { ProbeError } from '../../../lib/model/errors.ts'
import { BASE_DEFAULTS } from '../../../lib/model/settings.ts'
import { parse, parseProbe } from '../../../lib/names/grammar.ts'
import { checkBuildable } from '../../../lib/plan/buildable.ts'

function refusal(work: () => unknown): ProbeError {
  try {
    work()
  } catch (error) {
    if (error instanceof ProbeError) return error
    throw error
  }
  throw new Error('it was taken')
}

describe('a name without a kernel release', () => {
  test.each(['falco_cos__1.ko', 'scap_ubuntu-aws__26.o', 'falco___1.ko', 'falco_cos__1.ko.json'])(
    '%s is refused, and the message names the client, its repaired version and the command to type',
    (file) => {
      const { code, message } = refusal(() => parse(`/driver/7.0.0+driver/x86_64/${file}`))
      expect(code).toBe('malformed')
      expect(message).toMatch(
        /^"[a-z].* has no kernel release\. falcoctl 0\.7 sends such a name .* falcoctl 0\.10 or newer/,
      )
      expect(message).toContain('curl -F config=@/proc/config.gz')
    },
  )

  test.each(['falco_.ko', 'falco_cos_x_1.ko', 'falco_cos_6.1__1.ko', 'other_cos__1.ko'])(
    '%s is not reported as such a name',
    (file) => {
      const { message } = refusal(() => {
        const name = parseProbe(`/driver/7.0.0+driver/x86_64/${file}`)
        throw new ProbeError('malformed', name.asked.kernelRelease)
      })
      expect(message).not.toContain('has no kernel release')
    },
  )

  test('is recognized in little time, even if it is long and hostile', () => {
    const start = performance.now()
    for (let i = 0; i < 200; i += 1)
      refusal(() => parse(`/driver/1/x86_64/falco_${'-'.repeat(120)}__${'-'.repeat(120)}`))
    expect(performance.now() - start).toBeLessThan(2000)
  })
})

test('a name without a target is refused, and the message names the client that sends it and the command to type', () => {
  const name = parseProbe('/driver/7.0.0+driver/x86_64/falco__5.15.96-0-virt_1.ko')
  const { code, message } = refusal(() => checkBuildable(BASE_DEFAULTS, name.asked))
  expect(code).toBe('unknown-target')
  expect(message).toMatch(
    /^"falco__5\.15\.96-0-virt_1\.ko" has no target\. falco-driver-loader .* has no ID\./,
  )
  expect(message).toContain('curl -F config=@/proc/config.gz')
})
