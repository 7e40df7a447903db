// Contains the rules for distributions that all clients since 2020 share.

import type { HostFacts } from './facts.ts'

const DEBIAN_FLAVOUR = /(rt-|cloud-)?(amd64|arm64)/
const DEBIAN_PACKAGE = /\d+\.\d+\.\d+-\d+/
const MINIKUBE = /\d+\.\d+\.\d+/

/**
 * The release with the package's version: `6.1.192-2-cloud-amd64`. Debian's `uname -r` contains only the ABI; `uname -v`
 * contains the package's version. `undefined`: `uname -v` lacks it. `release`: the text in which the client looks for the flavour.
 */
export function debianRelease(release: string, { unameVersion }: HostFacts): string | undefined {
  const version = DEBIAN_PACKAGE.exec(unameVersion)?.[0]
  const [, flavour = '', arch] = DEBIAN_FLAVOUR.exec(release) ?? []
  if (version === undefined) return undefined
  return arch === undefined ? version : `${version}-${flavour}${arch}`
}

/** `v1.26.0-1655407986-14197` in /etc/VERSION becomes `1.26.0`. */
export const minikubeVersion = ({ etcVersion }: HostFacts): string | undefined =>
  etcVersion === undefined ? undefined : MINIKUBE.exec(etcVersion)?.[0]

/** The variant `aws-k8s-1.28` becomes `aws`. */
export const bottlerocketVersion = (versionId: string, variantId: string): string =>
  `1_${versionId}-${variantId.split('-')[0] ?? ''}`
