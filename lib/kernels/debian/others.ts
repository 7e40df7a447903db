// Describes other distributions that call themselves Debian: their kernels' names, and their archives.

import * as z from 'zod'
import { archiveSchema, suiteSchema } from '../../archives/apt/suite.ts'
import type { Arch } from '../../model/probe.ts'
import type { NamedKernel } from '../planner.ts'

interface OtherFacts {
  /** for messages */
  readonly title: string
  /** the only architecture for which its kernels are built here */
  readonly arch: Arch
  /** matches `uname -r`, and no kernel of Debian's own: those end in `amd64`, `arm64` or `arm64-16k` */
  readonly uname: RegExp
  readonly defaults: Required<Pick<OtherSettings, 'mirror' | 'suites' | 'components' | 'keys'>>
}

export const otherSettings = archiveSchema.extend({
  suites: z.array(suiteSchema.shape.suite),
  components: suiteSchema.shape.components.unwrap(),
  /** additional armored public keys that are trusted: for a mirror that signs its own lists */
  keys: z.array(z.string()),
})
export type OtherSettings = Readonly<z.infer<typeof otherSettings>>

function archiveAt(mirror: string, component: string) {
  return { mirror, suites: ['bullseye', 'bookworm', 'trixie'], components: [component], keys: [] }
}

export const OTHERS = {
  raspberrypi: {
    title: 'Raspberry Pi OS',
    arch: 'aarch64',
    // 6.12.34+rpt-rpi-v8; in 2023: 6.1.0-rpi7-rpi-v8; before that: 6.1.21-v8+
    uname: /^\d{1,4}\.\d{1,4}\.\d{1,6}(?:(?:\+rpt|-rpi\d{1,4})-rpi-(?:v8|2712)(?:-rt)?|-v8\+)$/,
    defaults: archiveAt('http://archive.raspberrypi.com/debian', 'main'),
  },
  proxmox: {
    title: 'Proxmox VE',
    arch: 'x86_64',
    // 6.8.12-4-pve; for the next release's kernel: 6.14.11-5-bpo12-pve
    uname: /^\d{1,4}\.\d{1,4}\.\d{1,6}-\d{1,6}(?:-bpo\d{1,4})?-pve$/,
    defaults: archiveAt('http://download.proxmox.com/debian/pve', 'pve-no-subscription'),
  },
} as const satisfies Readonly<Record<string, OtherFacts>>

export type OtherName = keyof typeof OTHERS
export const OTHER_NAMES = Object.keys(OTHERS) as readonly OtherName[]

/** The distribution whose kernels have this `uname -r`. */
export const otherByUname = ({ arch, kernelRelease }: NamedKernel): OtherName | undefined =>
  OTHER_NAMES.find((name) => OTHERS[name].arch === arch && OTHERS[name].uname.test(kernelRelease))

/**
 * falcoctl, and Falco's script since 0.35, build a Debian name from `uname -v` on these hosts, too: the
 * package version and the flavour. They know only flavours amd64 and arm64, which these hosts do not have, so
 * only the version remains.
 */
const VERSION_ALONE = /^\d{1,4}\.\d{1,4}\.\d{1,6}-\d{1,6}$/

/** The distribution whose kernel a name means; `undefined`: only Debian itself can have it. */
export const otherOf = (named: NamedKernel): OtherName | undefined =>
  otherByUname(named) ??
  (VERSION_ALONE.test(named.kernelRelease)
    ? OTHER_NAMES.find((name) => OTHERS[name].arch === named.arch)
    : undefined)
