// A distribution's own repository of released kernels, for a host with dnf that also uses the registry.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { blocksOf, documentAt } from '../documents/markdown.ts'
import type { DnfHost } from './dnf.ts'
import { startMirror } from './mirror.ts'
import { listRpms, packRpm, rpmSigner } from './repository.ts'

export interface OwnKernels {
  /** Releases a kernel by version and release, such as `5.14.0-427.el9`. A host can have several at once. */
  release(kernel: string): void
  /** Adds the repository to the host's sources, and installs the package that all others need. */
  addTo(host: DnfHost): Promise<void>
  stop(): void
}

export async function ownKernels(): Promise<OwnKernels> {
  const folder = mkdtempSync(join(tmpdir(), 'own-kernels-'))
  const signer = rpmSigner('Test Distribution')
  const mirror = await startMirror(folder)
  const add = (spec: Omit<Parameters<typeof packRpm>[1], 'arch'>) => {
    signer.signRpm(packRpm(folder, { ...spec, arch: 'x86_64' }))
    listRpms(folder, signer)
  }
  const gives = ['kmod', '/bin/sh']
  add({ name: 'base', version: '1', release: '1', content: { 'etc/base': '\n' }, gives })
  return {
    release: (kernel) => {
      const [version = '', release = ''] = kernel.split('-')
      const content = { [`lib/modules/${kernel}.x86_64/kernel/README`]: 'modules\n' }
      add({ name: 'kernel-core', version, release, content, gives: ['installonlypkg(kernel)'] })
    },
    addTo: async (host) => {
      host.write('etc/pki/rpm-gpg/own.asc', signer.publicKey)
      const checks = ['gpgcheck=1', 'repo_gpgcheck=1', 'gpgkey=file:///etc/pki/rpm-gpg/own.asc']
      const lines = ['[own]', 'name=own', `baseurl=${mirror.url}`, ...checks, 'metadata_expire=1', '']
      host.write('etc/yum.repos.d/own.repo', lines.join('\n'))
      await host.dnf('install', 'base')
    },
    stop: () => {
      mirror.stop()
      signer.remove()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Writes the sources file of docs/rpm.md for that registry; returns its text. */
export function writeSources(host: DnfHost, url: string, driverVersion: string): string {
  const [shown = ''] = blocksOf(documentAt('docs/rpm.md'), 'ini')
  for (const part of ['http://127.0.0.1:8080', '11.0.0+driver', 'almalinux-el9', 'metadata_expire=1h'])
    expect(shown).toContain(part)
  const text = shown
    .replaceAll('http://127.0.0.1:8080', url)
    .replaceAll('11.0.0+driver', driverVersion)
    // The tests upgrade sooner than after an hour.
    .replace('metadata_expire=1h', 'metadata_expire=1')
  host.write('etc/yum.repos.d/falco-probes.repo', `${text}\n`)
  return text
}
