// Tests the version of the kernel source that the registry derives from a submission.

import { expect, test } from 'vitest'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { readSubmission } from '../../../lib/submit/read.ts'
import { submissionOf } from '../../support/submissions.ts'
import { DRIVER_VERSION } from '../../support/world.ts'

async function sourceVersion(header: string, release: string): Promise<string> {
  const config = new TextEncoder().encode(`${header}\nCONFIG_X86_64=y\nCONFIG_MODULES=y\n`)
  const settings = { ...DEFAULTS, submitted: [DRIVER_VERSION] }
  const submission = submissionOf({ release }, { config, driverVersions: [], force: true })
  const { kernel } = await readSubmission(settings, submission, { known: false, now: Date.now })
  return kernel.sourceVersion
}
const header = (version: string) => `# Linux/x86 ${version} Kernel Configuration`

test.each([
  ['6.1.54-mine', '6.1.54-mine', '6.1.54'],
  ['6.7.0', '6.7.0-mine', '6.7.0'],
  ['6.12.0-rc3', '6.12.0-rc3-mine', '6.12.0-rc3'],
  ['6.12.0-0.rc3.27.fc42.x86_64', '6.12.0-0.rc3.27.fc42.x86_64', '6.12.0-rc3'],
  ['6.1.55', '6.1.54-renamed', '6.1.54'],
  ['6.1.192', '6.1.85-mine', '6.1.85'],
  ['6.1.192', '6.1.0-56-mine', '6.1.192'],
  ['6.12.5', '6.1.0-56-mine', '6.1.0'],
  ['5.10.52.1', '5.10.52.1-3.cm1', '5.10.52'],
  ['6.12.0-rcu1', '6.12.0-rcu1', '6.12.0'],
])('the config of %s with the release %s is built from the source of %s', async (of, release, version) => {
  expect(await sourceVersion(header(of), release)).toBe(version)
})

test('a config without a version gets the version of the release', async () => {
  expect(await sourceVersion('# mine', '6.13.0-rc1+')).toBe('6.13.0-rc1')
})
