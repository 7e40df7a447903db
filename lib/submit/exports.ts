// Exported symbols of a kernel, from its Module.symvers.

/** `symvers`: uncompressed. Every format so far has the symbol in the second column. */
export const exportsOf = (symvers: Uint8Array): ((symbol: string) => boolean) => {
  const text = Buffer.from(symvers.buffer, symvers.byteOffset, symvers.byteLength)
  return (symbol) => new RegExp(`^0x[0-9a-f]+\\t${symbol}\\t`, 'm').test(text.toString('latin1'))
}
