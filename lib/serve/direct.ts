// Sends probes inline. Clients from before May 2020 follow no redirect, so one request both waits and returns the bytes.

import { unreachable } from '../model/errors.ts'
import { fileOf } from '../names/file.ts'
import { format, parse } from '../names/grammar.ts'
import { type Answer, methodOf, problem, type ReadMethod, type Request } from './answer.ts'
import { held, type PollPorts } from './hold.ts'
import { answerBeside, type Located, locate, type ResolvePorts } from './resolve.ts'
import type { Sign } from './sign-of-life.ts'
import { beingBuilt, type Hit, hitAnswer } from './states.ts'

export interface DeliverPorts extends ResolvePorts, Pick<PollPorts, 'holds' | 'elapsed' | 'sleep'> {
  readonly sign: Sign
  /** Returns the bytes of a published object. */
  readonly read: (objectKey: string) => Promise<Uint8Array>
}

/** A Lambda's answer may have at most 6 MB, in base64: AWS Lambda developer guide, "Quotas". */
const MAX_BYTES = 4_400_000

/** Polls for as long as one request may last. @throws {ProbeError} those of `resolve`, and `too-many-waits`. */
export async function deliver(ports: DeliverPorts, request: Request): Promise<Answer> {
  const hop = ports.settings.hold.hopSeconds * 1000
  const end = ports.now() + hop
  const method = methodOf(request)
  const name = parse(request.path)
  if (name.companion !== undefined) return answerBeside(ports, name, name.companion, method)
  const look = () => locate(ports, name, { method, caller: request.caller })
  const first = await look()
  if (first.tag !== 'being-built') return answerOf(ports, first, method)
  return held(ports, { room: 'direct', caller: request.caller }, end, async () =>
    answerOf(ports, await whileBuilt(ports, first, look, hop), method),
  )
}

async function whileBuilt(
  { elapsed, sleep, sign, settings }: DeliverPorts,
  first: Located,
  look: () => Promise<Located>,
  hop: number,
): Promise<Located> {
  const poll = settings.hold.pollSeconds * 1000
  const began = elapsed()
  let located = first
  while (located.tag === 'being-built' && elapsed() - began + poll < hop) {
    await sleep(poll)
    if (located.claim !== undefined) await sign(located.key, located.claim)
    located = await look()
  }
  return located
}

async function answerOf(ports: DeliverPorts, located: Located, method: ReadMethod): Promise<Answer> {
  switch (located.tag) {
    case 'answer':
      return located.answer
    case 'hit':
      return method === 'HEAD' ? hitAnswer(ports.artifacts, located, 'HEAD') : bytes(ports, located)
    case 'being-built':
      return problem(beingBuilt(located.subject, await ports.placeOf(located.key)))
    default:
      return unreachable(located)
  }
}

async function bytes({ read }: DeliverPorts, { probe, publication }: Hit): Promise<Answer> {
  if (publication.bytes > MAX_BYTES)
    return problem({
      ...{ status: 404, code: 'too-large', title: 'This probe is too large for this URL' },
      detail: `${fileOf(probe)} has ${publication.bytes} bytes, and this URL can send ${MAX_BYTES} at most: get it at ${format(probe)}, following redirects`,
    })
  const body = await read(publication.objectKey)
  return { tag: 'bytes', body, contentType: 'application/octet-stream', canonical: format(probe) }
}
