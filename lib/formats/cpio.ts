// Reads the payloads of rpms as a stream: cpio in the "new ASCII format" (cpio(5)).
// Hand-written: cpio-stream 1.4.3 is built on readable-stream 3 and has no limits.

import { ProbeError } from '../model/errors.ts'
import { runsOf } from './runs.ts'

interface CpioFile {
  /** without a leading `./` or `/` */
  readonly path: string
  readonly bytes: number
}

const MAGICS = ['070701', '070702']
const HEADER_BYTES = 110
const MAX_NAME = 4096
const END = 'TRAILER!!!'

/**
 * Calls `take` with the bytes of each file that `wants` accepts. The answer `enough` ends the reading and closes the stream.
 * @throws {ProbeError} `digest-mismatch`: it is not cpio.
 */
export async function readCpio(
  chunks: AsyncIterable<Uint8Array>,
  wants: (file: CpioFile) => boolean,
  take: (file: CpioFile, body: Uint8Array) => 'go-on' | 'enough',
): Promise<void> {
  const input = runsOf(chunks, noCpio)
  try {
    for (;;) {
      const header = (await input.take(HEADER_BYTES)).toString('latin1')
      if (!MAGICS.includes(header.slice(0, 6))) throw noCpio('a file does not begin as one')
      const [bytes, nameBytes] = [field(header, 6), field(header, 11)]
      if (nameBytes === 0 || nameBytes > MAX_NAME) throw noCpio('a file has no name')
      const name = await input.take(padded(HEADER_BYTES + nameBytes) - HEADER_BYTES)
      const path = name.toString('utf8', 0, nameBytes - 1).replace(/^(\.?\/)+/, '')
      if (path === END) return
      const file = { path, bytes }
      if (!wants(file)) await input.skip(padded(bytes))
      else if (take(file, (await input.take(padded(bytes))).subarray(0, bytes)) === 'enough') return
    }
  } finally {
    await input.close()
  }
}

/** Field number `index`, from 0: eight hex digits. */
function field(header: string, index: number): number {
  const text = header.slice(6 + index * 8, 14 + index * 8)
  if (!/^[0-9a-fA-F]{8}$/.test(text)) throw noCpio('a header holds more than digits')
  return Number.parseInt(text, 16)
}

const padded = (bytes: number): number => Math.ceil(bytes / 4) * 4

const noCpio = (why: string): ProbeError =>
  new ProbeError('digest-mismatch', `the payload is not a cpio archive: ${why}`)
