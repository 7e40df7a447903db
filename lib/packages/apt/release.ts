// Writes `Release`: the description of a suite, with the digests of its lists. https://wiki.debian.org/DebianRepository/Format

import { DPKG_ARCH } from '../../archives/apt/suite.ts'
import type { Pointer } from '../../model/pointer.ts'

const DAY = 24 * 60 * 60 * 1000

/** An attacker who withholds newer lists from a host can make it use old ones for at most this time. */
const VALID_DAYS = 7
/** Lists of this age are signed again. So a day without the hourly call makes nothing invalid. */
const FRESH_DAYS = 1

export const isStale = ({ date }: Pick<Pointer, 'date'>, now: number): boolean =>
  now - date >= FRESH_DAYS * DAY

/** `date`: milliseconds since the epoch. */
export function releaseOf(driverVersion: string, date: number, lists: Pointer['files']): string {
  const paths = Object.keys(lists).sort()
  const components = new Set(paths.map((path) => path.split('/', 1)[0]))
  return [
    'Origin: Probe registry',
    'Label: Probe registry',
    `Suite: ${driverVersion}`,
    `Codename: ${driverVersion}`,
    `Date: ${dateText(date)}`,
    `Valid-Until: ${dateText(date + VALID_DAYS * DAY)}`,
    'Acquire-By-Hash: yes',
    `Architectures: ${Object.values(DPKG_ARCH).sort().join(' ')}`,
    `Components: ${[...components].join(' ')}`,
    `Description: Kernel modules of Falco's driver ${driverVersion}`,
    'SHA256:',
    ...paths.map((path) => ` ${lists[path]!.sha256} ${lists[path]!.bytes} ${path}`),
    '',
  ].join('\n')
}

const dateText = (milliseconds: number): string => new Date(milliseconds).toUTCString().replace('GMT', 'UTC')
