// Compares Debian package versions: Debian Policy, 5.6.12.
// Needs no library, because the rule is short and never changes.

/** Negative if `a` is older than `b`, zero if they are equal, positive if `a` is newer. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [split(a), split(b)]
  return x.epoch - y.epoch || compareParts(x.upstream, y.upstream) || compareParts(x.revision, y.revision)
}

function split(version: string): { epoch: number; upstream: string; revision: string } {
  const colon = version.indexOf(':')
  const rest = version.slice(colon + 1)
  const dash = rest.lastIndexOf('-')
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  }
}

/** Compares text by character and digits by number, in turn. */
function compareParts(a: string, b: string): number {
  // Text, number, text, number, ...; the first text may be empty.
  const [x, y] = [a.split(/(\d+)/), b.split(/(\d+)/)]
  for (let i = 0; i < Math.max(x.length, y.length); i += 1) {
    const [p, q] = [x[i] ?? '', y[i] ?? '']
    const order = i % 2 === 0 ? compareText(p, q) : compareNumbers(p, q)
    if (order !== 0) return order
  }
  return 0
}

function compareNumbers(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')]
  return x.length - y.length || (x < y ? -1 : Number(x > y))
}

function compareText(a: string, b: string): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const order = rank(a[i]) - rank(b[i])
    if (order !== 0) return order
  }
  return 0
}

/** Sorts `~` before the end, the end before letters, and letters before all other characters. */
function rank(character: string | undefined): number {
  if (character === '~') return -1
  if (character === undefined) return 0
  const code = character.charCodeAt(0)
  return /[A-Za-z]/.test(character) ? code : code + 256
}
