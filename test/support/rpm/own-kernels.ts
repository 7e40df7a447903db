// What a host with dnf has beside the registry: a distribution's own repository, with the kernels that it has released.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { blocksOf, documentAt } from '../documents/markdown.ts'
import type { DnfHost } from './dnf.ts'
import { startMirror } from './mirror.ts'
import { listRpms, packRpm, rpmSigner } from './repository.ts'

export interface OwnKernels {
  /** A kernel by version and release, such as `5.14.0-427.el9`. Several stay side by side. */
  release(kernel: string): void
  /** Among the sources of the host, and on it what all packages need. */
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

/** What docs/rpm.md shows, of that registry: gives the text of the file. */
export function writeSources(host: DnfHost, url: string, driverVersion: string): string {
  const [shown = ''] = blocksOf(documentAt('docs/rpm.md'), 'ini')
  for (const part of ['http://127.0.0.1:8080', '11.0.0+driver', 'almalinux-el9', 'metadata_expire=1h'])
    expect(shown).toContain(part)
  const text = shown
    .replaceAll('http://127.0.0.1:8080', url)
    .replaceAll('11.0.0+driver', driverVersion)
    // An upgrade of the tests comes sooner.
    .replace('metadata_expire=1h', 'metadata_expire=1')
  host.write('etc/yum.repos.d/falco-probes.repo', `${text}\n`)
  return text
}
