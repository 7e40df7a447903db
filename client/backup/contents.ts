// Lists the parts of a registry that cannot be rebuilt: the objects that each index item needs, and the
// signing key.

import { readKey, readPrivateKey } from 'openpgp'
import * as z from 'zod'
import { TABLE_KEY } from '../../lib/aws/resources.ts'
import { decodeKernel } from '../../lib/model/kernel.ts'
import { inputKey, POINTER_KEYS } from '../../lib/model/keys.ts'
import { parseOwn } from '../../lib/model/parse.ts'
import { objectName } from '../../local/s3/objects.ts'

export type Bucket = 'artifacts' | 'inputs'

/** Path of an object in the archive. */
export const objectPath = (bucket: Bucket, key: string): string => `objects/${bucket}/${objectName(key)}`

/** Attributes in DynamoDB's wire format. */
const attributes = z.record(z.string(), z.record(z.string(), z.unknown()))
export const pageSchema = z.array(attributes)
export type Item = z.infer<typeof attributes>

const textOf = (item: Item, name: string): string | undefined => {
  const value = item[name]?.S
  return typeof value === 'string' ? value : undefined
}

/**
 * False for a probe that is being built: its build ends with the machine, and the next request builds it
 * again.
 */
export const isSettled = (item: Item): boolean => textOf(item, 'state') !== 'building'

/**
 * False for package lists: `probe-registry packages` rebuilds them from the published probes, and no backup
 * contains their objects.
 */
export const isKept = (item: Item): boolean =>
  !POINTER_KEYS.some((keys) => textOf(item, TABLE_KEY)?.startsWith(keys.replace(/\*$/, '')))

/** Suffixes of a published probe and its sidecars. */
const BESIDE = ['', '.sha256', '.asc', '.log']

/** Keys of the artifacts that an index item names. */
export function artifactsOf(item: Item): string[] {
  const [objectKey, logKey] = [textOf(item, 'objectKey'), textOf(item, 'logKey')]
  return [
    ...(objectKey === undefined ? [] : BESIDE.map((suffix) => `${objectKey}${suffix}`)),
    ...(logKey === undefined ? [] : [logKey]),
  ]
}

/** Keys of the inputs that the record of a submitted kernel names. */
export function inputsOf(record: string): string[] {
  const { config, symvers, kheaders } = decodeKernel(record).kernel
  return [config, symvers, kheaders].flatMap((stored) =>
    stored === undefined ? [] : [inputKey(stored.sha256)],
  )
}

const secretSchema = z.object({ versions: z.array(z.object({ SecretString: z.string().optional() })) })

/**
 * Checks that the hosts' public key belongs to the private key, without showing the private key.
 * @throws {Error}
 */
export async function checkKey(secrets: readonly unknown[], publicKey: Uint8Array): Promise<void> {
  const wanted = await fingerprint(() => readKey({ armoredKey: Buffer.from(publicKey).toString('latin1') }))
  for (const secret of secrets) {
    const hint = 'is that the folder of a registry?'
    const [current] = parseOwn(secretSchema, secret, 'a secret', hint).versions
    const found = await fingerprint(() => readPrivateKey({ armoredKey: current?.SecretString ?? '' }))
    if (found !== undefined && found === wanted) return
  }
  throw new Error('the signing key does not match the published public key: is it being replaced now?')
}

async function fingerprint(read: () => Promise<{ getFingerprint(): string }>): Promise<string | undefined> {
  try {
    return (await read()).getFingerprint()
  } catch {
    return undefined
  }
}
