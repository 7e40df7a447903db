// Distributions that call themselves Debian and have kernels of their own: how those are called, and where they are.

import * as z from 'zod'
import { archiveSchema, suiteSchema } from '../../archives/apt/suite.ts'
import type { Arch } from '../../model/probe.ts'
import type { NamedKernel } from '../planner.ts'

interface OtherFacts {
  /** for messages */
  readonly title: string
  /** of all its kernels that are built here */
  readonly arch: Arch
  /** of `uname -r`: none that Debian's own kernels have, which end in `amd64`, `arm64` or `arm64-16k` */
  readonly uname: RegExp
  readonly defaults: Required<Pick<OtherSettings, 'mirror' | 'suites' | 'components' | 'keys'>>
}

export const otherSettings = archiveSchema.extend({
  suites: z.array(suiteSchema.shape.suite),
  components: suiteSchema.shape.components.unwrap(),
  /** armored public keys that are believed too: of a mirror that signs its own lists */
  keys: z.array(z.string()),
})
export type OtherSettings = Readonly<z.infer<typeof otherSettings>>

const SUITES = ['bullseye', 'bookworm', 'trixie']

export const OTHERS = {
  raspberrypi: {
    title: 'Raspberry Pi OS',
    arch: 'aarch64',
    // 6.12.34+rpt-rpi-v8, in 2023 6.1.0-rpi7-rpi-v8, before 6.1.21-v8+
    uname: /^\d{1,4}\.\d{1,4}\.\d{1,6}(?:(?:\+rpt|-rpi\d{1,4})-rpi-(?:v8|2712)(?:-rt)?|-v8\+)$/,
    defaults: {
      mirror: 'http://archive.raspberrypi.com/debian',
      suites: SUITES,
      components: ['main'],
      keys: [],
    },
  },
  proxmox: {
    title: 'Proxmox VE',
    arch: 'x86_64',
    // 6.8.12-4-pve, of the next release's kernel 6.14.11-5-bpo12-pve
    uname: /^\d{1,4}\.\d{1,4}\.\d{1,6}-\d{1,6}(?:-bpo\d{1,4})?-pve$/,
    defaults: {
      mirror: 'http://download.proxmox.com/debian/pve',
      suites: SUITES,
      components: ['pve-no-subscription'],
      keys: [],
    },
  },
} as const satisfies Readonly<Record<string, OtherFacts>>

export type OtherName = keyof typeof OTHERS
export const OTHER_NAMES = Object.keys(OTHERS) as readonly OtherName[]

/** Whose kernels call themselves so. */
export const otherByUname = ({ arch, kernelRelease }: NamedKernel): OtherName | undefined =>
  OTHER_NAMES.find((name) => OTHERS[name].arch === arch && OTHERS[name].uname.test(kernelRelease))

/**
 * falcoctl, and Falco's script since 0.35, make Debian's name of `uname -v` on these hosts too: the package's version, and
 * the flavour only where that is amd64 or arm64, which it is on none of them. What is left is a version alone.
 */
const VERSION_ALONE = /^\d{1,4}\.\d{1,4}\.\d{1,6}-\d{1,6}$/

/** Whose kernel a name means; `undefined`: it can only be one of Debian's own. */
export const otherOf = (named: NamedKernel): OtherName | undefined =>
  otherByUname(named) ??
  (VERSION_ALONE.test(named.kernelRelease)
    ? OTHER_NAMES.find((name) => OTHERS[name].arch === named.arch)
    : undefined)
