// Writes docs/names.md from the tables that the code uses.

import { AMAZON_TARGETS, TARGET_ALIASES } from '../names/aliases.ts'
import { COMPANIONS } from '../names/file.ts'
import { LAYOUTS } from '../names/layouts.ts'
import { RESERVED } from '../names/routes.ts'
import { CLIENTS, type Client } from './clients.ts'
import { explain } from './explain.ts'

/** Shown with their explanations. */
const EXAMPLES: readonly string[] = [
  '/driver/11.0.0%2Bdriver/x86_64/falco_debian_6.1.192-2-amd64_1.ko',
  '/driver/7.0.0+driver/x86_64/falco_ubuntu-aws_5.15.0-1026-aws_30~20.04.2.ko',
  '/driver/11.0.0+driver/aarch64/falco_rhel_4.18.0-553.el8_10.aarch64_1.ko',
  '/driver/9.1.0+driver/x86_64/falco_bottlerocket_5.10.165_1_1.13.0-aws.o',
  '/driver/2.0.0+driver/falco_ubuntu-generic_5.4.0-1049-gke_52.ko',
  '/driver%2F11.0.0%2Bdriver%2Fx86_64%2Ffalco_debian_6.1.192-2-cloud-amd64_2.ko',
  '/driver/11.0.0+driver/x86_64/falco_ol_5.15.0-300.163.18.el9uek.x86_64_2.ko',
  '/driver/7.0.0+driver/x86_64/falco_cos__1.ko',
  '/driver/6.0.1+driver/x86_64/scap_ubuntu-hwe_5.15.0-33-hwe_34~20.04.1.ko',
  '/stable/sysdig-probe-binaries/falco-probe-0.19.0-x86_64-4.19.0-8-amd64-efdd6af1cd18b7106b29002ca47b67b1.ko',
]

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows]
    .map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')

const code = (text: string): string => `\`${text}\``

const layouts = (): string =>
  table(
    ['layout', 'path', 'clients', 'when', 'follow redirects'],
    Object.entries(LAYOUTS).map(([id, layout]) => [
      code(id),
      code(layout.template),
      layout.clients,
      layout.years,
      layout.redirects ? 'yes' : 'no: they get the bytes',
    ]),
  )

const clients = (): string =>
  table(
    ['client', 'when', 'asks for', 'waits', 'a module that the kernel refuses'],
    CLIENTS.map((client) => [
      client.program === 'falcoctl' ? client.versions : `${client.program}: ${client.versions}`,
      client.years,
      client.kinds.join(', '),
      patience(client),
      client.failsWhenRefused ? 'is an error' : 'is only a warning: it ends with 0',
    ]),
  )

function patience({ patience: { trySeconds, retries } }: Client): string {
  if (trySeconds === undefined) return 'for ever'
  const tries = retries === 0 ? 'one try' : `${retries} tries more after 408, 429 and 5xx`
  return `${trySeconds} s, body included; ${tries}`
}

const aliases = (): string =>
  table(
    ['written', 'canonical'],
    [
      ...[...TARGET_ALIASES].map(([alias, target]) => [`target ${code(alias)}`, code(target)]),
      ...[...AMAZON_TARGETS].map(([release, target]) => [
        `target \`amzn\` or \`amazonlinux\`, release with \`.amzn${release}\``,
        code(target),
      ]),
      [
        'target `ubuntu` or `ubuntu-generic`',
        '`ubuntu-{flavour}`: the letters after a `-` that end the release or are followed by another `-`, else `generic`',
      ],
      ['target `ubuntu-{flavour}-{the rest of the release}`', '`ubuntu-{flavour}`'],
      ['driver name `falco-probe`', '`falco`'],
      ['target `debian`, kernel version any number', '`1`'],
      ['target `ubuntu-*`, kernel version `26~22.04.1-Ubuntu`', '`26~22.04.1`'],
      ['any other target, kernel version `1-photon`, `26~22.04.1-Ubuntu`', '`1`, `26`'],
    ],
  )

function example(path: string): string[] {
  const said = explain(path)
  switch (said.tag) {
    case 'probe':
      return [
        code(path),
        said.layout,
        said.aliased || said.layout !== 'current' ? code(said.canonical) : 'itself',
        said.unreachable ?? askedFor(said.clients),
      ]
    case 'config-hash':
      return [
        code(path),
        said.layout,
        "the distribution's own kernel with that config",
        `asked for by ${said.clients[0]}`,
      ]
    case 'malformed':
      return [code(path), '', '', said.why]
  }
}

const askedFor = (clients: readonly string[]): string =>
  clients.length > 1
    ? `asked for by clients from ${clients[0]} to ${clients.at(-1)}`
    : `asked for by ${clients[0]}`

/** Markdown. */
export const namesDocument = (): string => `# Names of probes

Written by \`npx --no-install probe-registry name --document\`; a test fails when it is stale.
\`npx --no-install probe-registry name URL\` and \`GET /v1/names?url=URL\` explain any name by the same code.

A name says which driver version, arch, driver name (\`falco\` or \`scap\`), target, kernel release, kernel version
and kind (\`.ko\`: kernel module, \`.o\`: legacy eBPF) is requested. Each has the sidecars ${COMPANIONS.map((c) => code(`.${c}`)).join(', ')}.

## Layouts

${layouts()}

* In place of \`/driver\`, \`/scap-drivers\` and \`/stable/sysdig-probe-binaries\` any other prefix works, or none: a
  private mirror may have one. Only ${RESERVED.map((part) => code(`/${part}`)).join(', ')} are the registry's own.
* Below \`/config/{sha256}\` are the names of submitted kernels, in the layouts \`current\` and \`flat\`: an unmodified client
  uses that as its repository. All other names mean the distribution's own kernel.
* \`config-hash\` is four of the eleven layouts: \`falco\` and \`sysdig\`, each with and without \`-bpf\`.
* A layout without an arch means \`x86_64\`, unless the kernel release ends with \`aarch64\` or \`arm64\`.
* The name of \`config-hash\` has no target: the md5 is that of the decompressed kernel config.

## Clients

\`npx --no-install probe-registry name --uname-r RELEASE --uname-v VERSION --uname-m MACHINE --os-release FILE\` prints the
request of each client on a host. None sends a kernel config, and none verifies a signature.

${clients()}

When falcoctl sends a request, and when not:

* From 0.8.0 on it sends no request for a kernel module on Container-Optimized OS and on Oracle's UEK (\`*uek*\`), and none
  at all for a kernel that is older than its driver, or whose \`uname -r\` it cannot read (Raspberry Pi's \`6.1.21-v8+\`,
  Void's \`6.1.192_1\`). 0.7 requests the latter without a release: \`falco_cos__1.ko\`, which is not a name.
* Without an os-release, or without an ID in it, it refuses; 0.7 crashes. Only this registry's own loader requests the
  target \`undetermined\`.
* Without a configured type it prefers the modern eBPF probe, and where that runs it sends no request. 0.13 and newer load
  no eBPF objects (\`.o\`).
* \`--kernelrelease\` alone keeps the running kernel's \`uname -v\`: on Debian, where this has the version of the package, it
  requests the running kernel's probe. Give it \`--kernelversion\` as well. 0.7 takes neither alone.
* On Debian it requests the package's version (\`6.1.192-2-amd64\`); where \`uname -v\` lacks that, it requests \`uname -r\`:
  \`debian_6.1.0-56-amd64_1\`.
* 0.14 stores the file of a kernel that does not run, and loads nothing.

[client.md](client.md#with-falcoctl) shows what its user sees of each answer.

## How a name is read

From the right. The file name is \`{name}_{target}_{kernelRelease}_{kernelVersion}.{ko|o}\`: a release begins with a digit,
so the first \`_\` before a digit ends the target, which may be empty. The last \`_\` begins the version; for \`minikube\`,
\`talos\` and \`bottlerocket\` it is the last but one, where a number is between the two (\`1_1.26.0\`).
Every other \`_\` belongs to the release (\`el8_10.x86_64\`).

Segments hold \`A-Z a-z 0-9 . + ~ _ -\`, never \`..\`. They are percent-decoded once: \`+\`, \`%2B\` and a decoded space are one
character, \`~\` and \`%7E\` are one, and \`%252B\` is malformed. \`%2F\` separates only where the complete key was
escaped. A gateway may have decoded the path already.

## Aliases

Each probe has one canonical name. These aliases need no lookup in an archive.

${aliases()}

These stay as written, because the name alone does not decide:

* Ubuntu's \`26\` against \`26~22.04.1\`: clients before June 2023 cut the version at \`~\`, but both kernels may exist under one
  release, built by different compilers.
* \`amzn\` where the release does not show which Amazon Linux it is; clients translate it themselves.
* Debian's \`6.1.0-56-amd64\` (the kernel's own release) against \`6.1.192-2-amd64\` (the package's version): only the archive knows
  which version has which release.
* Proxmox's and Raspberry Pi's \`6.8.12-4\` (the package's version, without a flavour) against \`6.8.12-4-pve\` and
  \`6.12.34+rpt-rpi-v8\` (the kernel's own release): where two kernels have one version, the name is refused, with both.
* IDs of distributions without a target of their own (\`alpine\`, \`pop\`).

## Examples

${table(['asked', 'layout', 'canonical', ''], EXAMPLES.map(example))}
`
