// What `depmod` writes of a folder that holds one kernel module without dependencies: `modprobe` looks modules up in there.
// The format is that of kmod's indexes: a tree of names, numbers with the highest byte first.

const MAGIC = 0xb007f457
const VERSION = 0x0002_0001

/** Flags of what a node has, in the highest bits of its offset. */
const PREFIX = 0x8000_0000
const VALUES = 0x4000_0000
const CHILDS = 0x2000_0000

/** `modules.dep`, for people. `file`: of the module, below the folder. */
export const modulesDep = (file: string): Uint8Array => Buffer.from(`${file}:\n`)

/** `modules.dep.bin`. `name`: of the module, ASCII. */
export function modulesDepBin(name: string, file: string): Uint8Array {
  const first = name.charCodeAt(0)
  // What follows the first letter, and one value of priority 0.
  const leaf = [text(name.slice(1)), word(1), word(0), text(`${file}:`)]
  const head = 3 * WORD
  const offset = head + leaf.reduce((sum, { length }) => sum + length, 0)
  const root = [Buffer.from([first, first]), word(head, PREFIX, VALUES)]
  return Buffer.concat([word(MAGIC), word(VERSION), word(offset, CHILDS), ...leaf, ...root])
}

const WORD = 4

function word(value: number, ...flags: readonly number[]): Buffer {
  const bytes = Buffer.alloc(WORD)
  bytes.writeUInt32BE(flags.reduce((sum, flag) => sum + flag, value))
  return bytes
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`)
