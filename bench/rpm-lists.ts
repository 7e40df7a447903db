// Creates rpm repositories of a given size, as that many updates would have left them.

import { sha256 } from '../lib/model/digest.ts'
import { listObject } from '../lib/model/keys.ts'
import type { ListedRpm } from '../lib/packages/rpm/lists.ts'
import { repositoryId } from '../lib/packages/rpm/paths.ts'
import { type ListedProbe, STATE } from '../lib/packages/rpm/state.ts'
import type { Filled } from './packages.ts'

/** Among the distributions in driverkit's configs, Oracle Linux 7 has the most kernels: 1450. */
export const RPM_SIZES = [100, 1500, 10_000] as const

const FLAVOUR = 'kernel-uek'

export function rpmSize(packages: number, i: number): Filled {
  const driverVersion = `2.${i}.0+driver`
  return {
    ...{ what: `${packages} rpm packages in one repository: one update`, driverVersion },
    kernel: (number) => {
      const release = releaseOf(900_000 + number)
      return { target: 'ol', release, headers: [`${FLAVOUR}-devel`, release] }
    },
    fill: async ({ artifacts, pointers }) => {
      const probes = Array.from({ length: packages }, (_, number) => probeOf(driverVersion, number))
      const body = Buffer.from(JSON.stringify({ probes, flavours: [] }))
      const stored = { sha256: sha256(body), bytes: body.length }
      await artifacts.create(listObject('rpm', stored.sha256), body, {
        contentType: '',
        sha256: stored.sha256,
      })
      const files = { [STATE]: stored }
      await pointers.move(repositoryId(driverVersion, 'ol-el9'), { number: 1, date: 0, files })
    },
  }
}

const releaseOf = (number: number): string => `5.15.0-${100_000 + number}.1.el9uek.x86_64`

/** A listed probe as large as a real one. */
function probeOf(driverVersion: string, number: number): ListedProbe {
  const unameRelease = releaseOf(number)
  const key = `driver/${driverVersion}/x86_64/scap_ol_${unameRelease}_1.ko`
  const name = `scap-probe-${driverVersion}-${unameRelease}`
  const [version = '', release = ''] = unameRelease.replace(/\.x86_64$/, '').split('-')
  const digest = sha256(unameRelease)
  const docs = `/usr/share/doc/${name}`
  const listed: ListedRpm = {
    ...{ name, version, release, arch: 'x86_64', built: 0, sha256: digest, bytes: 250_000 },
    ...{ summary: `Falco's kernel module for Linux ${unameRelease}`, license: 'GPL-2.0-only' },
    description: `Driver ${driverVersion}, built for exactly this kernel by a probe registry.`,
    href: `packages/x86_64/scap_ol_${unameRelease}_1.ko/${digest}/${name}.rpm`,
    ...{ installedBytes: 810_000, archiveBytes: 811_000, header: { start: 1000, end: 5000 } },
    provides: [name, 'scap-probe', `scap-probe(${unameRelease})`].map((one) => ({
      name: one,
      version: { is: '=', of: driverVersion },
    })),
    requires: [{ name: '/bin/sh' }, { name: 'kmod' }],
    conflicts: [{ name: `scap-probe(${unameRelease})` }],
    files: ['scap.ko.asc', 'LICENSE', 'statement'].map((file) => ({ tag: 'file', path: `${docs}/${file}` })),
  }
  const want = `(${name} if (${FLAVOUR}-core = ${version}-${release} or ${FLAVOUR} = ${version}-${release}))`
  return { key, listed, flavour: { name: `scap-probe-${FLAVOUR}`, arch: 'x86_64', want } }
}
