// Generates docs/names.md from the tables that the code uses.

import { AMAZON_TARGETS, TARGET_ALIASES } from '../names/aliases.ts'
import { COMPANIONS } from '../names/file.ts'
import { LAYOUTS } from '../names/layouts.ts'
import { RESERVED } from '../names/routes.ts'
import { CLIENTS, type Client } from './clients.ts'
import { explain } from './explain.ts'

/** The page shows each of these with its explanation. */
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
      layout.redirects ? 'yes' : 'no: they get the bytes directly',
    ]),
  )

const clients = (): string =>
  table(
    ['client', 'when', 'requests', 'time limit', 'if the kernel refuses the module'],
    CLIENTS.map((client) => [
      client.program === 'falcoctl' ? client.versions : `${client.program}: ${client.versions}`,
      client.years,
      client.kinds.join(', '),
      patienceOf(client),
      client.failsWhenRefused ? 'error' : 'only a warning: exit status 0',
    ]),
  )

function patienceOf({ trySeconds, retries }: Client): string {
  if (trySeconds === undefined) return 'none'
  const tries = retries === 0 ? 'one try' : `${retries} retries after 408, 429 and 5xx`
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
        '`ubuntu-{flavour}`: the letters between a `-` and the end of the release, or between two `-`; else `generic`',
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
        said.layout,
        said.aliased || said.layout !== 'current' ? code(said.canonical) : 'itself',
        said.unreachable ?? askedFor(said.clients),
      ]
    case 'config-hash':
      return [
        said.layout,
        "the distribution's own kernel with that config",
        `requested by ${said.clients[0]}`,
      ]
    case 'malformed':
      return ['', '', said.why]
  }
}

const askedFor = (clients: readonly string[]): string =>
  clients.length > 1
    ? `requested by clients from ${clients[0]} to ${clients.at(-1)}`
    : `requested by ${clients[0]}`

/** The page as Markdown. */
export const namesDocument = (): string => `# Names of probes

This command writes this page; a test fails if the page is stale:

    npx --no-install probe-registry name --document

To explain any name or URL:

    npx --no-install probe-registry name /driver/2.0.0+driver/falco_ubuntu-generic_5.4.0-1049-gke_52.ko

\`GET /v1/names?url=URL\` gives the same answer.

A name contains the driver version, arch, driver name (\`falco\` or \`scap\`), target, kernel release, kernel version and kind (\`.ko\`: kernel module, \`.o\`: legacy eBPF). Each probe has the sidecar files ${COMPANIONS.map((c) => code(`.${c}`)).join(', ')}.

## Layouts

${layouts()}

* A path can have any other prefix than \`/driver\`, \`/scap-drivers\` and \`/stable/sysdig-probe-binaries\`, or none: private mirrors use such prefixes. The registry uses these for itself: ${RESERVED.map((part) => code(`/${part}`)).join(', ')}.
* \`/config/{sha256}\` comes before the name of a kernel that a host submitted, in the layouts \`current\` and \`flat\`. An unmodified client uses it as its repository. Without it, a name means the distribution's own kernel.
* \`config-hash\` is four of the eleven layouts: \`falco\` and \`sysdig\`, each with and without \`-bpf\`.
* A layout without an arch means \`x86_64\`, unless the kernel release ends with \`aarch64\` or \`arm64\`.
* A name of \`config-hash\` has no target. Its md5 is that of the decompressed kernel config.

## Clients

\`npx --no-install probe-registry name --uname-r RELEASE --uname-v VERSION --uname-m MACHINE --os-release FILE\` shows which name each client requests on a host. No client sends a kernel config, and none verifies a signature.

${clients()}

When falcoctl sends no request, or an unusual one:

* **Kernel modules on Container-Optimized OS and on Oracle's UEK** (\`*uek*\`): none since 0.8.0.
* **A kernel older than its driver, or an unreadable \`uname -r\`** (Raspberry Pi's \`6.1.21-v8+\`, Void's \`6.1.192_1\`): none since 0.8.0. 0.7 requests the latter without a release: \`falco_cos__1.ko\`, which is not a name.
* **A host without an os-release, or without an ID in it:** it refuses; 0.7 crashes. Only this registry's own loader requests the target \`undetermined\`.
* **No type set:** the modern eBPF probe comes first. If that runs, falcoctl requests nothing. 0.13 and newer load no eBPF objects (\`.o\`).
* **\`--kernelrelease\` alone** keeps the \`uname -v\` of the running kernel. On Debian that contains the package's version, so falcoctl requests the running kernel's probe. Set \`--kernelversion\` too. 0.7 accepts neither alone.
* **Debian:** it uses the package's version (\`6.1.192-2-amd64\`), or \`uname -r\` if \`uname -v\` does not contain it: \`debian_6.1.0-56-amd64_1\`.
* **A kernel that does not run:** 0.14 stores the file and loads nothing.

[client.md](client.md#with-falcoctl) shows what its user sees for each answer.

## How the registry reads a name

From the right. The file name is \`{name}_{target}_{kernelRelease}_{kernelVersion}.{ko|o}\`:

* **Target.** A release begins with a digit, so the first \`_\` before a digit ends the target. The target can be empty.
* **Version.** It begins after the last \`_\`. For \`minikube\`, \`talos\` and \`bottlerocket\` it begins after the last but one, if a number is between the two (\`1_1.26.0\`).
* **Release.** Every other \`_\` belongs to it (\`el8_10.x86_64\`).

Segments contain \`A-Z a-z 0-9 . + ~ _ -\`, and never \`..\`. The registry percent-decodes them once: \`+\`, \`%2B\` and a decoded space are one character, \`~\` and \`%7E\` are one, and \`%252B\` is malformed. \`%2F\` separates segments only if the whole key is escaped. A gateway that decodes the path first changes nothing.

## Aliases

One probe has one canonical name. The registry resolves these aliases without an archive:

${aliases()}

It cannot resolve these without an archive, so it keeps them as they are:

* Ubuntu's \`26\` and \`26~22.04.1\`: clients before June 2023 cut the version at \`~\`. But both kernels can exist under one release, built by different compilers.
* \`amzn\`, if the release does not say which Amazon Linux it is. Clients translate it themselves.
* Debian's \`6.1.0-56-amd64\` (the kernel's own release) and \`6.1.192-2-amd64\` (the package's version): only the archive knows which version has which release.
* Proxmox's and Raspberry Pi's \`6.8.12-4\` (the package's version, without a flavour), for \`6.8.12-4-pve\` and \`6.12.34+rpt-rpi-v8\` (the kernel's own release). If two kernels have one version, the registry refuses the name and lists both.
* IDs of distributions without a target of their own (\`alpine\`, \`pop\`).

## Examples

${table(
  ['requested', 'layout', 'canonical', ''],
  EXAMPLES.map((path) => [code(path), ...example(path)]),
)}
`
