// Makes Flatcar releases as on its mirrors. gpg signs them with the subkey of a test key, as Flatcar does.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface FlatcarSigner {
  /** armored, with its subkey */
  readonly publicKey: string
  /** detached and not armored; `on`: the day of the signature, e.g. `2024-06-30` */
  readonly sign: (body: Uint8Array, on?: string) => Buffer
  /** The public key with an expiring subkey. `after`: the time from its creation, in gpg's notation (`1y`). */
  readonly ended: (after: string) => string
  readonly remove: () => void
}

/** `from`: the day of the key's creation. Flatcar's own key is `rsa4096`. */
export function flatcarSigner({ from = '2024-01-01', algorithm = 'rsa2048' } = {}): FlatcarSigner {
  const home = mkdtempSync(join(tmpdir(), 'flatcar-keys-'))
  const gpg = (on: string | undefined, args: readonly string[], input?: Uint8Array): Buffer => {
    const time = on === undefined ? [] : ['--faked-system-time', `${on.replaceAll('-', '')}T120000!`]
    const common = ['--homedir', home, '--batch', '--no-tty', '--quiet', '--no-permission-warning', ...time]
    return execFileSync('gpg', [...common, '--passphrase', '', '--pinentry-mode', 'loopback', ...args], {
      ...(input === undefined ? {} : { input }),
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  }
  gpg(from, ['--quick-gen-key', 'Test Buildbot <buildbot@example.org>', algorithm, 'cert', 'never'])
  const listed = gpg(undefined, ['--with-colons', '--list-keys']).toString()
  const [, fingerprint = ''] = /^fpr:+([0-9A-F]{40}):/m.exec(listed) ?? []
  gpg(from, ['--quick-add-key', fingerprint, algorithm, 'sign', 'never'])
  const publicKey = () => gpg(undefined, ['--armor', '--export', fingerprint]).toString()
  return {
    publicKey: publicKey(),
    ended: (after) => {
      gpg(from.replace(/\d$/, '2'), ['--quick-set-expire', fingerprint, after, '*'])
      return publicKey()
    },
    sign: (body, on = from) => gpg(on, ['--detach-sign'], body),
    remove: () => {
      execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' })
      rmSync(home, { recursive: true, force: true })
    },
  }
}

export interface ReleaseSpec {
  /** e.g. `3815.2.5` */
  readonly version: string
  /** text of the kernel's config */
  readonly config: string
  /** version of the kernel's source, e.g. `6.1.96` */
  readonly kernel: string
  readonly gcc?: string
  readonly image?: Uint8Array | undefined
  readonly signer: FlatcarSigner
}

export const CONFIG = 'flatcar_production_image_kernel_config.txt'
export const PACKAGES = 'flatcar_production_image_packages.txt'
export const IMAGE = 'flatcar_production_pxe.vmlinuz'

/** The files by name, each with its signature. */
export function releaseFiles({
  config,
  kernel,
  gcc = '12.2.0',
  image,
  signer,
}: ReleaseSpec): Record<string, Uint8Array> {
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1')
  const packages = [
    'app-admin/sudo-1.9.15_p5::portage-stable',
    `sys-devel/gcc-${gcc}_p20230826-r7::portage-stable`,
    'sys-kernel/coreos-firmware-20240610::coreos-overlay',
    `sys-kernel/coreos-kernel-${kernel}::coreos-overlay`,
    `sys-kernel/coreos-modules-${kernel}::coreos-overlay`,
    '',
  ]
  const files = {
    [CONFIG]: bytes(config),
    [PACKAGES]: bytes(packages.join('\n')),
    ...(image === undefined ? {} : { [IMAGE]: image }),
  }
  return Object.fromEntries(
    Object.entries(files).flatMap(([name, body]) => [
      [name, body],
      [`${name}.sig`, signer.sign(body)],
    ]),
  )
}

/** Writes it into a served folder: `{folder}/{channel}/amd64-usr/{version}/`. */
export function makeRelease(folder: string, channel: string, spec: ReleaseSpec): void {
  for (const [name, body] of Object.entries(releaseFiles(spec))) {
    const file = join(folder, channel, 'amd64-usr', spec.version, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, body)
  }
}

/** The setting `flatcar.channels` for a mirror of all channels. */
export const channelsAt = (url: string) => ({
  alpha: `${url}/alpha`,
  beta: `${url}/beta`,
  stable: `${url}/stable`,
  lts: `${url}/lts`,
})

/** Changes a distribution's config to Flatcar's form: the first comment has the release's suffix, no symbol has a version. */
export const asFlatcar = (config: string, kernel: string): string =>
  config
    .replace(/^(# Linux\S*) \S+ Kernel/m, `$1 ${kernel}-flatcar Kernel`)
    .replace(/^CONFIG_LOCALVERSION=.*$/m, 'CONFIG_LOCALVERSION=""')
    .replace(/^CONFIG_MODVERSIONS=y$/m, '# CONFIG_MODVERSIONS is not set')
    .replace(/^CONFIG_ASM_MODVERSIONS=y\n/m, '')
