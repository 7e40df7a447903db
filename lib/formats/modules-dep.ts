// Writes the indexes in which `modprobe` finds modules, as `depmod` does for a folder with one module without dependencies.
// The format is of kmod's indexes: a tree of names, with big-endian numbers.

import { words } from './words.ts'

const MAGIC = 0xb007f457
const VERSION = 0x0002_0001

/** Flags in the highest bits of a node's offset: which parts the node has. */
const PREFIX = 0x8000_0000
const VALUES = 0x4000_0000
const CHILDS = 0x2000_0000

/** The human-readable `modules.dep`. `file`: path of the module in the folder. */
export const modulesDep = (file: string): Uint8Array => Buffer.from(`${file}:\n`)

/** `modules.dep.bin`, which `modprobe` reads. `name`: name of the module, ASCII. */
export function modulesDepBin(name: string, file: string): Uint8Array {
  const first = name.charCodeAt(0)
  // The name after its first letter, then one value of priority 0.
  const leaf = [text(name.slice(1)), words(1, 0), text(`${file}:`)]
  const head = 3 * 4
  const offset = head + leaf.reduce((sum, { length }) => sum + length, 0)
  const root = [Buffer.from([first, first]), words(head | PREFIX | VALUES)]
  return Buffer.concat([words(MAGIC, VERSION, offset | CHILDS), ...leaf, ...root])
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`)
