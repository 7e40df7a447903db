// What belongs to a registry that cannot be made anew: what each item of its index needs, and its key.

import { readKey, readPrivateKey } from 'openpgp'
import * as z from 'zod'
import { TABLE_KEY } from '../../lib/aws/resources.ts'
import { decodeKernel } from '../../lib/model/kernel.ts'
import { inputKey, POINTER_KEYS } from '../../lib/model/keys.ts'
import { parseOwn } from '../../lib/model/parse.ts'
import { objectName } from '../../local/s3/objects.ts'

export type Bucket = 'artifacts' | 'inputs'

/** Of an object, in the archive. */
export const objectPath = (bucket: Bucket, key: string): string => `objects/${bucket}/${objectName(key)}`

/** As DynamoDB has it on the wire. */
const attributes = z.record(z.string(), z.record(z.string(), z.unknown()))
export const pageSchema = z.array(attributes)
export type Item = z.infer<typeof attributes>

const textOf = (item: Item, name: string): string | undefined => {
  const value = item[name]?.S
  return typeof value === 'string' ? value : undefined
}

/** What is being built is built by the next request: its claim is of a build that ends with the machine. */
export const isSettled = (item: Item): boolean => textOf(item, 'state') !== 'building'

/** Lists of packages are made anew of what is published (`probe-registry packages`), and their objects are in no backup. */
export const isKept = (item: Item): boolean =>
  !POINTER_KEYS.some((keys) => textOf(item, TABLE_KEY)?.startsWith(keys.replace(/\*$/, '')))

/** What stands beside a published probe. */
const BESIDE = ['', '.sha256', '.asc', '.log']

/** The objects of artifacts that an item of the index leads to. */
export function artifactsOf(item: Item): string[] {
  const [objectKey, logKey] = [textOf(item, 'objectKey'), textOf(item, 'logKey')]
  return [
    ...(objectKey === undefined ? [] : BESIDE.map((suffix) => `${objectKey}${suffix}`)),
    ...(logKey === undefined ? [] : [logKey]),
  ]
}

/** The objects of inputs that the record of a submitted kernel leads to. */
export function inputsOf(record: string): string[] {
  const { config, symvers, kheaders } = decodeKernel(record).kernel
  return [config, symvers, kheaders].flatMap((stored) =>
    stored === undefined ? [] : [inputKey(stored.sha256)],
  )
}

const secretSchema = z.object({ versions: z.array(z.object({ SecretString: z.string().optional() })) })

/** Error unless the public key that hosts have is that of the private one, which is never shown. */
export async function checkKey(secrets: readonly unknown[], publicKey: Uint8Array): Promise<void> {
  const wanted = await fingerprint(() => readKey({ armoredKey: Buffer.from(publicKey).toString('latin1') }))
  for (const secret of secrets) {
    const hint = 'is that the folder of a registry?'
    const [current] = parseOwn(secretSchema, secret, 'a secret', hint).versions
    const found = await fingerprint(() => readPrivateKey({ armoredKey: current?.SecretString ?? '' }))
    if (found !== undefined && found === wanted) return
  }
  throw new Error(
    'the signing key is not the one of which hosts have the public key: is it being replaced now?',
  )
}

async function fingerprint(read: () => Promise<{ getFingerprint(): string }>): Promise<string | undefined> {
  try {
    return (await read()).getFingerprint()
  } catch {
    return undefined
  }
}
