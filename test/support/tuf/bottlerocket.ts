// Makes Bottlerocket's update service for a test: a repository for each variant and architecture, and all kmod kits in one
// folder. Metadata and layout are like the real ones; the keys are the test's.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { BottlerocketSettings } from '../../../lib/kernels/bottlerocket/target.ts'
import type { Variant } from '../../../lib/kernels/bottlerocket/variants.ts'
import type { Arch } from '../../../lib/model/probe.ts'
import { type MetadataSpec, metadataFiles, rootFile, sha512, type TufKey, targetSpec } from './repository.ts'

interface KitName {
  readonly variant: string
  readonly arch: Arch
  /** of Bottlerocket */
  readonly version: string
}
export interface Kit extends KitName {
  readonly body: Uint8Array
}

export const kitName = ({ variant, arch, version }: KitName): string =>
  `${variant}-${arch}-kmod-kit-v${version}`

/**
 * Packs a kit like rpm2kmodkit: `kernel-devel/` and `toolchain/` in one folder with the kit's name. `tree`: a folder, or files
 * by their paths in `kernel-devel/`.
 */
export function packKit(name: KitName, tree: string | Readonly<Record<string, string>>): Buffer {
  const work = mkdtempSync(join(tmpdir(), 'kmod-kit-'))
  try {
    const kit = join(work, kitName(name))
    const toolchain = { 'toolchain/usr/bin/x86_64-bottlerocket-linux-musl-gcc': '#!/bin/sh\nexit 1\n' }
    writeFiles(kit, toolchain)
    if (typeof tree === 'string')
      cpSync(tree, join(kit, 'kernel-devel'), {
        recursive: true,
        verbatimSymlinks: true,
        preserveTimestamps: true,
      })
    else writeFiles(join(kit, 'kernel-devel'), tree)
    const options = { cwd: work, maxBuffer: 1 << 30 }
    return execFileSync('tar', ['-cJ', '--owner=0', '--group=0', kitName(name)], {
      ...options,
      env: { ...process.env, XZ_OPT: '-0' },
    })
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Only those files of a kit that describe its kernel. */
export const kernelFiles = (kernelRelease: string, compiler = GCC): Record<string, string> => ({
  '.config': `# Linux/x86 ${kernelRelease} Kernel Configuration\n${compiler}\nCONFIG_64BIT=y\n`,
  'include/config/kernel.release': `${kernelRelease}\n`,
  Makefile: 'all:\n',
})
const GCC = [
  'CONFIG_CC_VERSION_TEXT="x86_64-bottlerocket-linux-gnu-gcc.br_real (Buildroot 2022.11.1) 11.3.0"',
  'CONFIG_CC_IS_GCC=y',
  'CONFIG_GCC_VERSION=110300',
].join('\n')

export interface ServiceSpec {
  readonly kits: readonly Kit[]
  readonly key: TufKey
  /** for every repository, or by variant */
  readonly metadata?: Partial<MetadataSpec> | ((variant: string) => Partial<MetadataSpec>)
}

/** All files of the service, by their paths. */
export function serviceFiles({ kits, key, metadata = {} }: ServiceSpec): Record<string, Uint8Array> {
  const root = rootFile({ keys: [key] })
  const files: Record<string, Uint8Array> = { 'root.json': root }
  for (const { folder, variant, own } of repositories(kits)) {
    const targets = Object.fromEntries(own.map((kit) => [`${kitName(kit)}.tar.xz`, targetSpec(kit.body)]))
    const more = typeof metadata === 'function' ? metadata(variant) : metadata
    for (const [name, body] of Object.entries(metadataFiles({ targets, by: [key], ...more })))
      files[`metadata/${folder}/${name}`] = body
    files[`metadata/${folder}/1.root.json`] = root
    for (const kit of own) {
      const name = `${kitName(kit)}.tar.xz`
      files[`targets/${targetSpec(kit.body).sha256}.${name}`] = kit.body
    }
  }
  return files
}

function repositories(kits: readonly Kit[]) {
  const folderOf = ({ variant, arch }: Kit) => `${variant}/${arch}`
  return [...new Set(kits.map(folderOf))].map((folder) => ({
    folder,
    variant: folder.split('/')[0] ?? '',
    own: kits.filter((kit) => folderOf(kit) === folder),
  }))
}

/** The settings for the service. */
export const serviceSettings = (
  url: string,
  files: Readonly<Record<string, Uint8Array>>,
  variants: readonly Variant[],
): BottlerocketSettings => ({
  metadata: `${url}/metadata`,
  targets: `${url}/targets`,
  root: { url: `${url}/root.json`, sha512: [sha512(files['root.json'] ?? new Uint8Array())] },
  variants: [...variants],
})

export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, body] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), body)
  }
}
