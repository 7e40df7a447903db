// What is known of each target, as a table of docs/targets.md.

import { TARGETS } from '../lib/clients/targets.ts'
import { archCertificates } from '../lib/kernels/arch/keys.ts'
import { certificatesFor } from '../lib/kernels/rpm/keys.ts'
import type { RpmRow } from '../lib/kernels/rpm/row.ts'
import { RPM_ROWS, type RpmTarget } from '../lib/kernels/rpm/rows.ts'
import { SUBMITTED } from '../lib/kernels/targets.ts'

/** Which of them a test has build and load a module, in a repository laid out as theirs. */
const LOADED: readonly string[] = ['almalinux']

const HEAD = [
  '| target | its kernels are found in | lists | packages | how it was tried |',
  '|---|---|---|---|---|',
]

export const table = (): string =>
  [
    ...HEAD,
    ...[...new Set([...TARGETS, ...Object.keys(OTHERS), ...Object.keys(RPM_ROWS)])].sort().map(lineOf),
  ].join('\n')

function lineOf(target: string): string {
  const cells = isRpm(target) ? rpmCells(target) : (OTHERS[target] ?? submitted(target))
  return `| ${target} | ${cells.join(' | ')} |`
}

const isRpm = (target: string): target is RpmTarget => Object.hasOwn(RPM_ROWS, target)

const OTHERS: Readonly<Record<string, readonly string[]>> = {
  arch: [
    'its mirrors, archive.archlinux.org; aarch64: mirror.archlinuxarm.org, alaa.ad24.cz',
    'not signed',
    `each by its own signature: ${archCertificates('x86_64', []).length} packagers, and the build system of Arch Linux ARM`,
    'built and loaded, from a repository of the test',
  ],
  bottlerocket: [
    'updates.bottlerocket.aws: the kmod kit of its release',
    'TUF, from a root of which its project names the sha512',
    'by the lists',
    'planned and built, from a repository of the test; its image lies in disk images alone, so no load test has one',
  ],
  debian: [
    'its mirrors, security.debian.org, its snapshot service; Raspberry Pi OS and Proxmox VE: archive.raspberrypi.com, download.proxmox.com',
    'InRelease, each archive by its own keys',
    'by the lists',
    'built and loaded, from the real archive; Proxmox: the same, from an archive of the test; Raspberry Pi: planned from one, built in its layout, loaded nowhere here',
  ],
  'ubuntu, each flavour': [
    'archive.ubuntu.com, security.ubuntu.com, ports.ubuntu.com, old-releases.ubuntu.com',
    'InRelease',
    'by the lists',
    'built and loaded, from an archive of the test; its own mirrors no test can reach',
  ],
  cos: [
    'storage.googleapis.com/cos-tools, where the operator wants it and names the build; ebpf alone',
    'none',
    'by nobody: off unless the operator believes them for TLS alone, and said in the statement',
    'built, from an archive of the test; no module is loaded there',
  ],
  flatcar: [
    'kernel.org, and {alpha,beta,stable,lts}.release.flatcar-linux.net for its config',
    'a signature beside each file',
    'no packages: the signed config, and the source that kernel.org signed',
    'built and loaded, from a release of the test; its own mirrors no test can reach',
  ],
}

function rpmCells(target: RpmTarget): string[] {
  const row: RpmRow = RPM_ROWS[target]
  const hosts = [...new Set(row.places.map(({ base }) => new URL(base).host))]
  const keys = certificatesFor(target, []).flatMap((certificate) => certificate.keys)
  const ended = keys.filter(({ ends }) => ends !== undefined && ends * 1000 < Date.now()).length
  const known =
    keys.length === 0
      ? 'no key is known: name it'
      : `${keys.length} ${keys.length === 1 ? 'key' : 'keys'}${ended === 0 ? '' : `, ${ended} of them ended`}`
  return [
    hosts.length === 0 ? `${row.entitled}: name your mirror` : hosts.join(', '),
    row.lists === 'signed' ? 'repomd.xml.asc' : 'not asked for',
    `each by its own signature: ${known}`,
    LOADED.includes(target)
      ? 'built and loaded, from a repository of the test'
      : 'planned, from a repository of the test or by the names of real packages; its own mirrors no test can reach',
  ]
}

function submitted(target: string): readonly string[] {
  const why = SUBMITTED[target] ?? 'not planned from packages yet'
  return [`${why}: the host submits its config`, '-', '-', 'as any submitted kernel']
}
