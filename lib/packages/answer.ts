// Answers package managers: reads one item, then redirects to an immutable object.

import { ProbeError, unreachable } from '../model/errors.ts'
import { CHANNELS, listObject } from '../model/keys.ts'
import type { Index, Pointers, Presigner } from '../model/ports.ts'
import type { Settings } from '../model/settings.ts'
import { keyOf, probeOf } from '../names/grammar.ts'
import { subjectOf } from '../names/subject.ts'
import { type Answer, methodOf, redirect } from '../serve/answer.ts'
import { refuseWithdrawn } from '../serve/states.ts'
import { type Place, placeOf } from './places.ts'
import { mirrorsOf } from './rpm/mirrors.ts'

export interface PackageAnswerPorts {
  readonly index: Pick<Index, 'get'>
  readonly pointers: Pick<Pointers, 'read'>
  readonly artifacts: Presigner
  readonly settings: Pick<Settings, 'revoked'>
}

/** Long enough to begin a download. The redirect to a probe uses the same time. */
const PRESIGN = { expiresSeconds: 300 }

/**
 * The presigned URL sets neither file name nor type, because older releases of apt rewrite the query of a redirect. For an
 * unknown digest, S3 itself answers 404.
 * @throws {ProbeError} `malformed`, `method-not-allowed`, `not-found`, `revoked`, `withdrawn`.
 */
export async function packageAnswer(
  ports: PackageAnswerPorts,
  request: { readonly method: string; readonly path: string; readonly query?: string },
): Promise<Answer> {
  const method = methodOf(request)
  const place = placeOf(request.path)
  if (place?.tag === 'mirrors') return mirrors(ports, place.id, request.query ?? '')
  const object = place === undefined ? undefined : await objectAt(ports, place)
  if (object === undefined) throw nothingHere()
  const { artifacts } = ports
  const url = method === 'HEAD' ? artifacts.head(object, PRESIGN) : artifacts.get(object, PRESIGN)
  return redirect(await url)
}

const nothingHere = (): ProbeError =>
  new ProbeError(
    'not-found',
    'there is no such list or package: docs/apt.md and docs/rpm.md show what to write into the sources of a host',
  )

/** Sends the text itself, because some clients follow no redirect here. */
async function mirrors({ pointers }: PackageAnswerPorts, id: string, query: string): Promise<Answer> {
  const shown = await pointers.read(id)
  if (shown === undefined) throw nothingHere()
  return { tag: 'bytes', body: Buffer.from(mirrorsOf(id, shown, query)), contentType: 'text/plain' }
}

async function objectAt(
  ports: PackageAnswerPorts,
  place: Exclude<Place, { readonly tag: 'mirrors' }>,
): Promise<string | undefined> {
  switch (place.tag) {
    case 'kept':
      return place.object
    case 'shown': {
      const file = (await ports.pointers.read(place.id))?.files[place.file]
      return file && listObject(channelOf(place.id), file.sha256)
    }
    case 'package':
      return (await isServed(ports, place.key)) ? place.object : undefined
    default:
      return unreachable(place)
  }
}

const channelOf = (id: string) => CHANNELS.find((name) => id.startsWith(`${name}/`)) ?? CHANNELS[0]

/** Checks the state, because hosts may still have lists with withdrawn probes. @throws {ProbeError} `revoked`, `withdrawn`. */
async function isServed({ index, settings }: PackageAnswerPorts, key: string): Promise<boolean> {
  const probe = probeOf(key)
  if (keyOf(probe) !== key) return false
  if (settings.revoked.includes(probe.driverVersion))
    throw new ProbeError('revoked', `driver version ${probe.driverVersion} was revoked: use a newer one`)
  const state = await index.get(key)
  if (state?.state !== 'published') return false
  refuseWithdrawn(subjectOf(probe), state)
  return true
}
