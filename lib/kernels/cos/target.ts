// Checks the names of Container-Optimized OS's kernels, and defines the target's settings.

import * as z from 'zod'
import type { KernelRequest } from '../planner.ts'
import { unsupported } from '../refusals.ts'
import type { TargetFacts } from '../target.ts'

const UNAME = /^\d{1,3}\.\d{1,4}\.\d{1,5}\+$/
const BUILD = /^\d{4,6}(?:\.\d{1,4}){1,3}$/

const settings = z.object({
  /** `on`: trusts headers only because of the URL they come from, since nobody signs them */
  mode: z.enum(['on', 'off']),
  /** folder with `{build}/kernel-headers.tgz`; by TLS, or on the local machine */
  tools: z.string().regex(/^(?:https:\/\/[^\s]+|http:\/\/(?:127\.0\.0\.1|\[::1\]):\d+(?:\/[^\s]+)?)(?<!\/)$/),
  /** maps a kernel (`uname -r`) to its build (BUILD_ID of os-release), which no client sends */
  builds: z.array(z.object({ kernel: z.string().regex(UNAME), build: z.string().regex(BUILD) })),
})
export type CosSettings = z.infer<typeof settings>

/** @throws {ProbeError} `unsupported-kernel`. */
export function checkCos({ kernelRelease, arch, kind }: KernelRequest): void {
  const what = `a kernel of Container-Optimized OS`
  if (!UNAME.test(kernelRelease) || arch !== 'x86_64')
    throw unsupported(
      `${kernelRelease} (${arch}) is not ${what} that this registry supports: those look like 5.15.133+, on x86_64`,
    )
  if (kind === 'kmod')
    throw unsupported(
      `${what} loads only modules that Google has signed: use the ebpf probe, or the modern_bpf engine, which needs no probe`,
    )
}

export const cos = {
  check: checkCos,
  settings,
  defaults: { mode: 'off', tools: 'https://storage.googleapis.com/cos-tools', builds: [] },
} as const satisfies TargetFacts
