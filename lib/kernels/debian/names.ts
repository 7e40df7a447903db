// Parses the names of Debian's kernels: those that clients put into a URL, and `uname -r`.

import { DPKG_ARCH } from '../../archives/apt/suite.ts'
import type { KernelRequest } from '../planner.ts'
import { unsupported } from '../refusals.ts'
import { otherOf } from './others.ts'

interface DebianRelease {
  /** package version (`6.1.192-2`), or the version in `uname -r` (`6.1.0-56`, `6.12.117+deb12`) */
  readonly version: string
  /** `amd64`, `cloud-amd64`, `rt-amd64`, the same with arm64, or `arm64-16k` */
  readonly flavour: string
}

/** A revision begins with a digit, so `-rt` and `-cloud` are never part of the version. */
const RELEASE =
  /^(\d{1,4}\.\d{1,4}\.\d{1,6}[A-Za-z0-9.+~]*(?:-\d[A-Za-z0-9.+~]*)?)-((?:cloud-|rt-)?(amd64|arm64)(?:(?<=arm64)-16k)?)$/

/** `undefined` if no Debian kernel can have that name. */
export function parseRelease(kernelRelease: string): DebianRelease | undefined {
  const [, version, flavour] = RELEASE.exec(kernelRelease) ?? []
  return version === undefined || flavour === undefined ? undefined : { version, flavour }
}

/**
 * Checks names of Debian's own kernels, and of kernels of distributions that call themselves Debian. Pure.
 * @throws {ProbeError} `unsupported-kernel`.
 */
export function checkDebian(request: KernelRequest): void {
  if (otherOf(request) === undefined) checkOwn(request)
  if (request.kernelVersion !== '1')
    throw unsupported(`Debian's kernels have the kernel version 1, not ${request.kernelVersion}`)
}

function checkOwn({ kernelRelease, arch }: KernelRequest): void {
  const [, , , debianArch] = RELEASE.exec(kernelRelease) ?? []
  if (debianArch === undefined) {
    throw unsupported(
      `Debian has no kernel ${kernelRelease}: its kernels are named by the version of their package and a flavour, such as 6.1.192-2-cloud-amd64`,
    )
  }
  if (debianArch !== DPKG_ARCH[arch])
    throw unsupported(`${kernelRelease} is a kernel for ${debianArch}, not for ${arch}`)
}
