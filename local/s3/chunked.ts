// aws-chunked: the framing in which an SDK sends a stream whose checksum it knows only at the end.

import { S3Error } from './errors.ts'

const MAX_LINE = 1024
const MAX_TRAILERS = 8

/**
 * The bytes inside the frames; `trailers` (lower-case names) are filled in at the end.
 * Throws S3Error `IncompleteBody`, `InvalidRequest`. Chunk extensions (signatures of chunks) are refused.
 */
export async function* decodeChunked(
  source: AsyncIterator<Uint8Array>,
  trailers: Map<string, string>,
): AsyncGenerator<Uint8Array> {
  const input = inputOf(source)
  for (let size = sizeOf(await input.line()); size > 0; size = sizeOf(await input.line())) {
    yield* input.take(size)
    if ((await input.line()) !== '') throw malformed('a chunk does not end where it says')
  }
  for (let line = await input.line(); line !== ''; line = await input.line()) {
    if (trailers.size === MAX_TRAILERS) throw malformed('too many trailers')
    const [, name, value] = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw malformed('a trailer is no header')
    trailers.set(name.toLowerCase(), value)
  }
  await input.end()
}

function sizeOf(line: string): number {
  if (!/^[0-9a-f]{1,10}$/i.test(line)) throw malformed('a chunk has no size')
  return Number.parseInt(line, 16)
}

const malformed = (what: string) =>
  new S3Error('InvalidRequest', `The aws-chunked body is malformed: ${what}.`)

/** Lines and runs of bytes from a source that cuts anywhere. */
function inputOf(source: AsyncIterator<Uint8Array>) {
  let rest = Buffer.alloc(0)
  const more = async (): Promise<boolean> => {
    const { done, value } = await source.next()
    if (!done) rest = rest.length === 0 ? Buffer.from(value) : Buffer.concat([rest, value])
    return !done
  }
  const need = async () => {
    if (!(await more())) throw new S3Error('IncompleteBody', 'The aws-chunked body ends too early.')
  }
  return {
    async line(): Promise<string> {
      let end = rest.indexOf('\r\n')
      for (; end < 0; end = rest.indexOf('\r\n')) {
        if (rest.length > MAX_LINE) throw malformed('a line is too long')
        await need()
      }
      const line = rest.toString('latin1', 0, end)
      rest = rest.subarray(end + 2)
      return line
    },
    async *take(bytes: number): AsyncGenerator<Uint8Array> {
      for (let left = bytes; left > 0; ) {
        if (rest.length === 0) await need()
        const part = rest.subarray(0, left)
        rest = rest.subarray(part.length)
        left -= part.length
        yield part
      }
    },
    async end(): Promise<void> {
      if (rest.length > 0 || (await more())) throw malformed('bytes follow its end')
    },
  }
}
