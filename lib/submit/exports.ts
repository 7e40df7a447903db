// Which symbols a kernel exports, by its Module.symvers.

/** Of its plain text; the symbol is the second column in every format that there has been. */
export const exportsOf = (symvers: Uint8Array): ((symbol: string) => boolean) => {
  const text = Buffer.from(symvers.buffer, symvers.byteOffset, symvers.byteLength)
  return (symbol) => new RegExp(`^0x[0-9a-f]+\\t${symbol}\\t`, 'm').test(text.toString('latin1'))
}
