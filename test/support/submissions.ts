// Submissions for tests: a real config with the facts of the host that runs it.

import { hostFacts, type RawFacts } from '../../lib/clients/facts.ts'
import type { Submission } from '../../lib/submit/submission.ts'
import { configBytes } from './kconfig/vectors.ts'

const DEBIAN: RawFacts = {
  osRelease: 'ID=debian\nVERSION_ID="12"\n',
  release: '6.1.0-1-amd64',
  version: '#1 SMP PREEMPT_DYNAMIC (2026-01-01)',
  machine: 'x86_64',
}

/** Debian's config, from a host that built its own kernel with it; the probe's names contain the host's `uname -r`. */
export function submissionOf(
  facts: Partial<RawFacts> = {},
  more: Partial<Omit<Submission, 'facts'>> = {},
): Submission {
  return {
    config: configBytes('debian_6.1.0-56-amd64'),
    facts: hostFacts({ ...DEBIAN, ...facts }),
    procVersion: undefined,
    symvers: undefined,
    kheaders: undefined,
    kernelUrls: [],
    driverVersions: [],
    driverName: undefined,
    kinds: ['kmod'],
    force: false,
    ...more,
  }
}
