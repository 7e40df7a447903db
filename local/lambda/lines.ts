// Splits a stream of bytes into lines of bounded length.

/** Longer lines are cut off. */
const MAX_LINE = 64 * 1024

/** Passes each complete line to `line`, without its newline. An incomplete last line waits for more bytes. */
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
