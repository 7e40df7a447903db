// The rules of distributions that all clients since 2020 share.

import type { Identity } from './ask.ts'
import type { HostFacts } from './facts.ts'

/** `VERSION_ID` of Amazon Linux; whatever is not here is `amazonlinux`. */
export const AMAZON_TARGETS: ReadonlyMap<string, string> = new Map([
  ['2', 'amazonlinux2'],
  ['2022', 'amazonlinux2022'],
  ['2023', 'amazonlinux2023'],
])

const DEBIAN_FLAVOUR = /(rt-|cloud-)?(amd64|arm64)/
const DEBIAN_PACKAGE = /\d+\.\d+\.\d+-\d+/
const MINIKUBE = /\d+\.\d+\.\d+/

/**
 * Debian's `uname -r` says the ABI only; the package's version stands in `uname -v`: `6.1.192-2-cloud-amd64`.
 * `undefined`: it does not. `release`: where the client looks for the flavour.
 */
export function debianRelease(release: string, { unameVersion }: HostFacts): string | undefined {
  const version = DEBIAN_PACKAGE.exec(unameVersion)?.[0]
  const [, flavour = '', arch] = DEBIAN_FLAVOUR.exec(release) ?? []
  if (version === undefined) return undefined
  return arch === undefined ? version : `${version}-${flavour}${arch}`
}

/** `v1.26.0-1655407986-14197` in /etc/VERSION is `1.26.0`. */
export const minikubeVersion = ({ etcVersion }: HostFacts): string | undefined =>
  etcVersion === undefined ? undefined : MINIKUBE.exec(etcVersion)?.[0]

/** `aws-k8s-1.28` is `aws`. */
export const bottlerocketVersion = (versionId: string, variantId: string): string =>
  `1_${versionId}-${variantId.split('-')[0] ?? ''}`

export const withTarget = (identity: Identity, target: string): Identity => ({ ...identity, target })
export const withRelease = (identity: Identity, kernelRelease: string): Identity => ({
  ...identity,
  kernelRelease,
})
export const withVersion = (identity: Identity, kernelVersion: string): Identity => ({
  ...identity,
  kernelVersion,
})
