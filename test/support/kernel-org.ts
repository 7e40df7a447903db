// Makes archives of the kernel's source as on kernel.org, signed with keys made for a test.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMessage, generateKey, type PrivateKey, sign } from 'openpgp'
import type { SigningKey } from '../../lib/archives/detached.ts'
import { startGpg } from './gpg.ts'
import { kernelTar, packXz } from './sources.ts'

export interface Signer {
  readonly key: SigningKey
  /** armored and detached; `date`: the time of the signature */
  readonly sign: (tar: Uint8Array, date?: Date) => Promise<string>
}

export const MADE = new Date('2020-01-01')

/** Quickly makes a key dated 2020. */
export async function signer(name = 'Stable Releases'): Promise<Signer & { readonly secret: PrivateKey }> {
  const { privateKey, publicKey } = await generateKey({
    type: 'ecc',
    curve: 'ed25519Legacy',
    userIDs: [{ name, email: 'stable@kernel.invalid' }],
    format: 'object',
    date: MADE,
  })
  return {
    secret: privateKey,
    key: { fingerprint: publicKey.getFingerprint().toUpperCase(), armored: publicKey.armor() },
    sign: async (tar, date = new Date('2026-01-01')) =>
      sign({
        message: await createMessage({ binary: tar }),
        signingKeys: privateKey,
        detached: true,
        date,
      }),
  }
}

export interface GpgSigner extends Signer {
  /** for a tar too large for memory */
  readonly signFile: (path: string) => string
  readonly remove: () => void
}

/** A signer that uses the real gpg, as kernel.org does. */
export function gpgSigner(algorithm = 'rsa3072'): GpgSigner {
  const { run: gpg, remove } = startGpg()
  gpg(['--quick-gen-key', 'Stable Releases <stable@kernel.invalid>', algorithm, 'sign', 'never'])
  const [, fingerprint = ''] = /^fpr:+([0-9A-F]{40}):/m.exec(gpg(['--with-colons', '--list-keys'])) ?? []
  return {
    key: { fingerprint, armored: gpg(['--armor', '--export', fingerprint]) },
    sign: async (tar) => gpg(['--armor', '--detach-sign'], tar),
    signFile: (path) => gpg(['--armor', '--detach-sign', '--output', '-', path]),
    remove,
  }
}

/** By the name of the file in kernel.org's layout. */
export type Files = Record<string, Uint8Array | string>

/** The files of a version on kernel.org. */
export async function release(version: string, by: Signer, tar = kernelTar(version)): Promise<Files> {
  return { [`linux-${version}.tar.xz`]: packXz(tar), [`linux-${version}.tar.sign`]: await by.sign(tar) }
}

export interface KernelOrg {
  /** the setting `vanilla.archive` */
  readonly archive: string
  /** A test may change them at any time; a number is a status to answer. */
  readonly files: Record<string, Uint8Array | string | number>
  /** names of the requested files, in order */
  readonly asked: string[]
  readonly stop: () => void
}

/** Starts a stand-in for kernel.org on loopback. */
export async function startKernelOrg(): Promise<KernelOrg> {
  const files: KernelOrg['files'] = {}
  const asked: string[] = []
  const server = createServer((request, response) => {
    const name = request.url?.split('/').at(-1) ?? ''
    asked.push(name)
    // gpg and xz block this process for seconds; a kept-alive connection would time out and close while a client uses it.
    response.setHeader('connection', 'close')
    const file = files[name] ?? 404
    if (typeof file === 'number') response.writeHead(file).end()
    else response.end(file)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    archive: `http://127.0.0.1:${port}/v{major}.x/linux-{version}.tar.xz`,
    files,
    asked,
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** This address refuses every connection at once: tests neither wait for an unreachable kernel.org nor load from it. */
export const NO_KERNEL_ORG = 'http://127.0.0.1:1/v{major}.x/linux-{version}.tar.xz'
