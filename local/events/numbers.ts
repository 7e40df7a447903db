// Compares numbers as EventBridge does: only those that a double represents exactly.

/** `undefined` if a double cannot represent the digits exactly, e.g. `9007199254740993` or `1e400`. */
export function comparable(digits: string): number | undefined {
  const value = Number(digits)
  return Number.isFinite(value) && plain(String(value)) === plain(digits) ? value : undefined
}

/** Returns the same text for equal decimal numbers: `1.50`, `15e-1` and `0.15e1` all give `15e-1`. */
function plain(digits: string): string {
  const [, sign, whole, part = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(digits) ?? []
  const all = `${whole}${part}`.replace(/^0+/, '')
  const kept = all.replace(/0+$/, '')
  return kept === '' ? '0' : `${sign}${kept}e${Number(exponent) - part.length + all.length - kept.length}`
}
