// A stream of bytes as its lines, each of a bounded length.

/** A longer line is cut off there. */
const MAX_LINE = 64 * 1024

/** Gives each whole line to `line`, without its end; what comes after the last one waits for the rest of it. */
export function linesOf(line: (text: string) => void): (chunk: Buffer) => void {
  let open = ''
  return (chunk) => {
    const [first = '', ...others] = chunk.toString('utf8').split('\n')
    open = (open + first).slice(0, MAX_LINE)
    for (const next of others) {
      line(open)
      open = next.slice(0, MAX_LINE)
    }
  }
}
