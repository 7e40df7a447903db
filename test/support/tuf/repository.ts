// Makes TUF repositories for a test, signed like Bottlerocket's: with RSA-PSS, consistent snapshots, one metadata folder for
// each variant, and one targets folder for all.

import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { Metadata, type MetadataKind, Signature } from '@tufjs/models'

export interface TufKey {
  readonly id: string
  /** the key in the form of the metadata */
  readonly json: object
  readonly sign: (bytes: Buffer) => Signature
}

export function tufKey(type: 'rsa' | 'ed25519' = 'rsa'): TufKey {
  const { publicKey, privateKey } =
    type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519')
  const json = jsonOf(type, publicKey)
  const id = digest('sha256', JSON.stringify(json))
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  const signed = (bytes: Buffer) =>
    type === 'rsa'
      ? sign('sha256', bytes, { key: privateKey, ...padding })
      : sign(undefined, bytes, privateKey)
  return { id, json, sign: (bytes) => new Signature({ keyID: id, sig: signed(bytes).toString('hex') }) }
}

function jsonOf(type: 'rsa' | 'ed25519', publicKey: KeyObject): object {
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex')
  return type === 'rsa'
    ? { keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval: { public: pem } }
    : { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: raw } }
}

const digest = (hash: string, bytes: string | Uint8Array): string =>
  createHash(hash).update(bytes).digest('hex')
export const sha512 = (bytes: Uint8Array): string => digest('sha512', bytes)

const NEVER = '2999-01-01T00:00:00Z'
const SPEC = '1.0.0'
const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const
type RoleName = (typeof ROLES)[number]

export interface RootSpec {
  readonly version?: number
  readonly expires?: string
  /** for all roles without their own keys */
  readonly keys: readonly TufKey[]
  readonly roles?: Partial<
    Record<RoleName, { readonly keys: readonly TufKey[]; readonly threshold?: number }>
  >
  readonly consistentSnapshot?: boolean
  /** absent: the keys of the role `root` */
  readonly signedBy?: readonly TufKey[]
}

export function rootFile(spec: RootSpec): Buffer {
  const { version = 1, expires = NEVER, keys, roles = {}, consistentSnapshot = true } = spec
  const of = (role: RoleName) => roles[role] ?? { keys }
  const signed = {
    ...{ _type: 'root', spec_version: SPEC, version, expires, consistent_snapshot: consistentSnapshot },
    keys: Object.fromEntries(ROLES.flatMap((role) => of(role).keys).map(({ id, json }) => [id, json])),
    roles: Object.fromEntries(
      ROLES.map((role) => {
        const { keys: own, threshold = 1 } = of(role)
        return [role, { keyids: own.map(({ id }) => id), threshold }]
      }),
    ),
  }
  return signedFile(signed, spec.signedBy ?? of('root').keys)
}

/** Signs any content, valid or not. */
export function signedFile(signed: Readonly<Record<string, unknown>>, by: readonly TufKey[]): Buffer {
  const file = Metadata.fromJSON(signed._type as MetadataKind.Root, { signed, signatures: [] } as never)
  for (const key of by) file.sign(key.sign)
  return Buffer.from(JSON.stringify(file.toJSON(), undefined, 2))
}

/** Describes a target that is stored elsewhere, or does not exist. */
interface TargetSpec {
  readonly bytes: number
  readonly sha256: string
}
export const targetSpec = (body: Uint8Array): TargetSpec => ({
  bytes: body.length,
  sha256: digest('sha256', body),
})

export interface MetadataSpec {
  /** Bottlerocket uses a time in seconds */
  readonly version?: number
  readonly expires?: Partial<Record<Exclude<RoleName, 'root'>, string>>
  readonly targets: Readonly<Record<string, TargetSpec>>
  readonly by: readonly TufKey[]
  readonly consistentSnapshot?: boolean
}

/** timestamp, snapshot and targets, by their file names. */
export function metadataFiles(spec: MetadataSpec): Record<string, Buffer> {
  const { version = 1_700_000_000, expires = {}, by, consistentSnapshot = true } = spec
  const file = (role: Exclude<RoleName, 'root'>, rest: object) =>
    signedFile({ _type: role, spec_version: SPEC, version, expires: expires[role] ?? NEVER, ...rest }, by)
  const targets = file('targets', {
    targets: Object.fromEntries(
      Object.entries(spec.targets).map(([path, { bytes, sha256 }]) => [
        path,
        { length: bytes, hashes: { sha256 } },
      ]),
    ),
  })
  const snapshot = file('snapshot', { meta: { 'targets.json': metaOf(targets, version) } })
  const prefix = consistentSnapshot ? `${version}.` : ''
  return {
    [`${prefix}targets.json`]: targets,
    [`${prefix}snapshot.json`]: snapshot,
    'timestamp.json': file('timestamp', { meta: { 'snapshot.json': metaOf(snapshot, version) } }),
  }
}

export const metaOf = (body: Buffer, version: number) => ({
  version,
  length: body.length,
  hashes: { sha256: digest('sha256', body) },
})
