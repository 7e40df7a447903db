// Checks a submitted kheaders.tar.xz (headers from the running kernel, CONFIG_IKHEADERS) without unpacking it to disk.

import { tarEntries } from '../formats/tar.ts'
import { unxz } from '../formats/xz.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import type { Clock } from '../model/ports.ts'
import { quote } from '../model/text.ts'

/** In bytes. Distributions' archives have 4 MB packed, 40 MB unpacked, and 20,000 files. */
const MAX_UNPACKED = 96 * 1024 * 1024
/** xz compresses headers to a tenth. A higher ratio indicates a decompression bomb. */
const MAX_RATIO = 30
const LEAST_UNPACKED = 1024 * 1024
/** Real archives take one or two seconds. */
const MAX_MILLISECONDS = 6000
const MAX_FILES = 60_000

const FILE = /^(?:include|arch\/[a-z0-9_]+\/include)\/[A-Za-z0-9_./+,@-]{1,250}$/
const FOLDER = /^(?:|(?:include|arch)(?:\/[A-Za-z0-9_./+,@-]{0,250})?)$/
/** Files that builds use. */
const TAKEN = /^(?!include\/config\/).*\.h$/

/**
 * Accepts only folders and regular files below `include` and `arch/.../include`, as kernel/gen_kheaders.sh packs them. The
 * archive may contain other files than C headers (`include/config/auto.conf`, `Kbuild`), but builds ignore them: take_kheaders
 * in buildspecs/probe/sandbox/tree.sh.
 * @throws {ProbeError} `bad-field`, `body-too-large`.
 */
export async function checkKheaders(bytes: Uint8Array, now: Clock): Promise<void> {
  let files = 0
  let headers = 0
  for (const { path, type } of tarEntries(await unpack(bytes, now))) {
    files += 1
    if (files > MAX_FILES) throw bad(`it has more than ${MAX_FILES} files`)
    if (path.split('/').includes('..') || !isOfHeaders(path, type))
      throw bad(`${quote(path)} of type ${quote(type)} is in it`)
    if (type === '0' && TAKEN.test(path)) headers += 1
  }
  if (headers === 0) throw bad('no C header is in it')
}

const isOfHeaders = (path: string, type: string): boolean =>
  type === '5' ? FOLDER.test(path.replace(/^\.$/, '')) : type === '0' && FILE.test(path)

async function unpack(bytes: Uint8Array, now: Clock): Promise<Uint8Array> {
  const end = now() + MAX_MILLISECONDS
  const most = Math.min(MAX_UNPACKED, LEAST_UNPACKED + bytes.length * MAX_RATIO)
  const onChunk = () => {
    if (now() > end)
      throw new ProbeError('too-large', `it takes longer than ${MAX_MILLISECONDS} ms to unpack`)
  }
  try {
    return await unxz(bytes, most, onChunk)
  } catch (error) {
    if (isProbeError(error, 'too-large')) throw new ProbeError('body-too-large', `kheaders: ${error.message}`)
    throw bad('it is not an xz file')
  }
}

const bad = (why: string): ProbeError =>
  new ProbeError(
    'bad-field',
    `kheaders: these are not kernel headers: ${why}. Send /sys/kernel/kheaders.tar.xz`,
  )
