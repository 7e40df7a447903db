// Writes the payload of an rpm: cpio in the "new ASCII format" (cpio(5)), only from names, contents and one time.
// Hand-written, like the writer of rpms: the same entries must give the same bytes.

export interface CpioEntry {
  /** as in the archive, e.g. `./usr/share/doc` */
  readonly path: string
  /** with the bits for the kind of file: `0o100644`, `0o040755` */
  readonly mode: number
  /** empty for a folder */
  readonly body: Uint8Array
}

const MAGIC = '070701'
const END = 'TRAILER!!!'

/** `seconds`: the time of every file, in seconds since the epoch. The owner is root; inode numbers count from 1. */
export const packCpio = (entries: readonly CpioEntry[], seconds: number): Uint8Array =>
  Buffer.concat([
    ...entries.flatMap((entry, i) => packed(entry, i + 1, seconds)),
    ...packed({ path: END, mode: 0, body: new Uint8Array() }, 0, 0),
  ])

function packed({ path, mode, body }: CpioEntry, inode: number, seconds: number): Uint8Array[] {
  const name = Buffer.from(`${path}\0`)
  // Inode, mode, user, group, links, time, bytes, device (2), represented device (2), length of the name, checksum.
  const fields = [inode, mode, 0, 0, 1, seconds, body.length, 0, 0, 0, 0, name.length, 0]
  const head = Buffer.from(MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join(''))
  return [head, name, padding(head.length + name.length), body, padding(body.length)]
}

const padding = (bytes: number): Uint8Array => Buffer.alloc((4 - (bytes % 4)) % 4)
