// Looks up exported symbols of a kernel in its Module.symvers.

/** `symvers`: uncompressed. In every format so far, the second column is the symbol. */
export const exportsOf = (symvers: Uint8Array): ((symbol: string) => boolean) => {
  const text = Buffer.from(symvers.buffer, symvers.byteOffset, symvers.byteLength)
  return (symbol) => new RegExp(`^0x[0-9a-f]+\\t${symbol}\\t`, 'm').test(text.toString('latin1'))
}
