// Lists all layouts of clients' URLs since 2015.

import type { ConfigHash, Probe } from '../model/probe.ts'
import { configHashFile } from './config-hash.ts'

export type LayoutId = keyof typeof LAYOUTS
export type ProbeLayout = Exclude<LayoutId, 'config-hash'>

interface Layout {
  readonly template: string
  /** possible first segments of the clients' paths, unless they use a mirror */
  readonly folders: readonly string[]
  readonly years: string
  readonly clients: string
  /** false: its clients follow no redirects, so they get the bytes inline */
  readonly redirects: boolean
}

const FILE = '{name}_{target}_{kernelRelease}_{kernelVersion}.{ko|o}'

export const LAYOUTS = {
  current: {
    template: `/driver/{driverVersion}/{arch}/${FILE}`,
    folders: ['driver'],
    years: 'since July 2022',
    clients: 'falcoctl; falco-driver-loader since Falco 0.32.1 (its eBPF probes since 0.32.2)',
    redirects: true,
  },
  escaped: {
    template: `/driver%2F{driverVersion}%2F{arch}%2F${FILE}`,
    folders: ['driver'],
    years: 'since 2022',
    clients: 'no loader: downloaders that escape the whole key of an object listing',
    redirects: true,
  },
  flat: {
    template: `/driver/{driverVersion}/${FILE}`,
    folders: ['driver'],
    years: 'May 2020 to August 2022',
    clients: 'falco-driver-loader of Falco 0.23 to 0.32.0 (the eBPF probes of 0.32.1 too)',
    redirects: true,
  },
  scap: {
    template: '/scap-drivers/{driverVersion}/{arch}/scap_{target}_{kernelRelease}_{kernelVersion}.{ko|o}',
    folders: ['scap-drivers'],
    years: 'since late 2022',
    clients: 'scap-driver-loader of sysdig since 0.30',
    redirects: true,
  },
  'scap-flat': {
    template: '/scap-drivers/{driverVersion}/scap_{target}_{kernelRelease}_{kernelVersion}.{ko|o}',
    folders: ['scap-drivers'],
    years: 'December 2021 to 2022',
    clients: 'scap-driver-loader of sysdig 0.28 and 0.29',
    redirects: true,
  },
  'kernel-module': {
    template: '/kernel-module/{driverVersion}/{name}_{target}_{kernelRelease}_{kernelVersion}.ko',
    folders: ['kernel-module'],
    years: 'April 2020',
    clients: 'falco-driver-loader between Falco 0.22 and 0.23',
    redirects: false,
  },
  'ebpf-probe': {
    template: '/ebpf-probe/{driverVersion}/{name}_{target}_{kernelRelease}_{kernelVersion}.o',
    folders: ['ebpf-probe'],
    years: 'April 2020',
    clients: 'falco-driver-loader between Falco 0.22 and 0.23',
    redirects: false,
  },
  'config-hash': {
    template:
      '/stable/sysdig-probe-binaries/{falco|sysdig}-probe[-bpf]-{driverVersion}-{arch}-{unameRelease}-{md5 of the config}.{ko|o}',
    folders: ['stable', 'dev'],
    years: '2015 to 2021',
    clients:
      'sysdig-probe-loader of sysdig 0.1 to 0.27; falco-probe-loader of Falco up to 0.21, falco-driver-loader 0.22',
    redirects: false,
  },
} as const satisfies Readonly<Record<string, Layout>>

/** The arch in a release, for layouts without an arch. The default is `x86_64`, which was the only one then. */
export const archOfRelease = (kernelRelease: string): Probe['arch'] =>
  /[.-](?:aarch64|arm64)$/.test(kernelRelease) ? 'aarch64' : 'x86_64'

/** Whether the text is a driver version: it begins with a digit, or is a commit. Distinguishes versions from an arch. */
export const isVersion = (text: string): boolean => /^(?:v?\d|[0-9a-f]{7,64}$)/.test(text)

/** First segment of the names of submitted kernels. An unmodified client uses `/config/{sha256}` as its repository. */
export const CONFIG = 'config'

/** The repository for a current client, as a path below the registry. */
export const repositoryOf = ({ config }: { readonly config?: string | undefined }): string =>
  config === undefined ? 'driver' : `${CONFIG}/${config}`

export const formatConfigHash = (name: ConfigHash): string =>
  `/stable/sysdig-probe-binaries/${configHashFile(name)}`
