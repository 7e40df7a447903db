// Reads XML an element at a time, so that no document is held in memory.

import { SaxesParser } from 'saxes'

interface Element {
  /** from the root to this one, e.g. `metadata/package/name` */
  readonly path: string
  readonly attributes: Readonly<Record<string, string>>
}

interface Handlers {
  /** it begins */
  readonly open: (element: Element) => void
  /** it ends; `text`: all of its own, without that of elements in it */
  readonly close: (element: Element, text: string) => void
}

/** Of an element: a description has pages. */
const MAX_TEXT = 1_000_000
const MAX_DEPTH = 32

/** Without a document's own entities, which could grow without a bound. Throws an Error for a broken text. */
export function xmlReader({ open, close }: Handlers): { write(text: string): void; end(): void } {
  const parser = new SaxesParser()
  const elements: { element: Element; text: string }[] = []
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ name, attributes }) => {
    if (elements.length >= MAX_DEPTH) throw new Error('its elements lie too deep')
    const parent = elements.at(-1)?.element.path
    const element = { path: parent === undefined ? name : `${parent}/${name}`, attributes }
    elements.push({ element, text: '' })
    open(element)
  })
  const add = (text: string): void => {
    const own = elements.at(-1)
    if (own === undefined) return
    own.text += text
    if (own.text.length > MAX_TEXT) throw new Error('an element has too much text')
  }
  parser.on('text', add)
  parser.on('cdata', add)
  parser.on('closetag', () => {
    const { element, text } = elements.pop()!
    close(element, text)
  })
  return { write: (text) => void parser.write(text), end: () => void parser.close() }
}
