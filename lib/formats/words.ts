/** Writes 32-bit big-endian numbers; negative ones in two's complement. */
export function words(...values: readonly number[]): Uint8Array {
  const body = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) body.writeUInt32BE(value >>> 0, i * 4)
  return body
}
