// Reads the documents for tests: their links, headings and command lines.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { lexer, type MarkedToken, type Token, type Tokens, walkTokens } from 'marked'

const ROOT = join(import.meta.dirname, '../../..')

interface Document {
  /** from the root of the repository */
  readonly path: string
  readonly text: string
}

export const documentAt = (path: string): Document => ({ path, text: readFileSync(join(ROOT, path), 'utf8') })

/** README first: it starts the registry that the commands of all other documents ask. */
export const documents = (): Document[] =>
  [
    'README.md',
    ...['CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
    ...namesIn('docs').map((name) => `docs/${name}`),
  ].map(documentAt)

const namesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .sort()

/** The command lines of a document, in order, without their prompts. */
export const commandsOf = ({ path, text }: Document): string[] =>
  tokensOf(text).flatMap((token) => (token.type === 'code' ? commandLines(token, path) : []))

/** The code blocks with that language on their fence. */
export const blocksOf = ({ text }: Document, language: string): string[] =>
  tokensOf(text).flatMap((token) => (token.type === 'code' && token.lang === language ? [token.text] : []))

/** The JSON blocks; each is a settings file. */
export const settingsFilesIn = (document: Document): string[] => blocksOf(document, 'json')

/** An indented block contains commands; any other block must name its language on its fence. */
function commandLines({ codeBlockStyle, lang, text }: Tokens.Code, path: string): string[] {
  const lines = text.split('\n')
  switch (codeBlockStyle === 'indented' ? 'sh' : lang) {
    case 'sh':
      return lines.filter((line) => !/^\s*(#|$)/.test(line))
    case 'text':
      return lines.flatMap((line) => /^[#$] (.*)/.exec(line)?.[1] ?? [])
    case 'ini':
    case 'json':
    case 'yaml':
      return []
    default:
      throw new Error(`${path}: a block of code says neither sh, text, ini, json nor yaml:\n${text}`)
  }
}

/** Relative links to a file or a heading that does not exist. */
export const deadLinks = (document: Document): string[] => linksOf(document).filter(isDead(document))

/** Words that make a reader stop, outside of code and of program output. */
const UNPLAIN = /\b(?:told|stands|mended|beside|at hand|(?<!there )is no (?!longer)\w+)\b/gi

export const unplain = ({ text }: Document): string[] =>
  tokensOf(text)
    .filter((token) => token.type === 'text' && token.tokens === undefined)
    .flatMap((token) => (token.type === 'text' ? (token.text.match(UNPLAIN) ?? []) : []))

/** A reader has to read a longer sentence twice. */
const MAX_WORDS = 30

/** Sentences of paragraphs, lists and tables that are too long; `:` and `;` end one as well. */
export const longSentences = ({ text }: Document): string[] =>
  tokensOf(text)
    .flatMap((token) => {
      if (token.type === 'table') return token.rows.flat().map(({ tokens }) => plainOf(tokens))
      const isProse = token.type === 'paragraph' || token.type === 'text'
      return isProse && token.tokens !== undefined ? [plainOf(token.tokens)] : []
    })
    .flatMap((prose) => prose.split(/(?<=[.!?;:]["')*]*)\s+/))
    .filter((sentence) => sentence.trim().split(/\s+/).length > MAX_WORDS)

/** Code counts as one word; a link to a test or to a page of AWS counts as none. */
const plainOf = (tokens: readonly Token[]): string =>
  tokens
    .map((token) => {
      if (token.type === 'codespan') return 'code'
      if (token.type === 'link' && /^(test|AWS)$/.test(token.text)) return ''
      return 'tokens' in token && token.tokens !== undefined ? plainOf(token.tokens) : token.raw
    })
    .join('')

/** Files that a document links to, from the root of the repository. */
export const linkedFrom = (document: Document): ReadonlySet<string> =>
  new Set(linksOf(document).map((href) => join(dirname(document.path), href.split('#')[0] ?? '')))

const linksOf = ({ text }: Document): string[] =>
  tokensOf(text)
    .flatMap((token) => (token.type === 'link' || token.type === 'image' ? [token.href] : []))
    .filter((href) => !/^[a-z]+:/.test(href))

const isDead =
  (from: Document) =>
  (href: string): boolean => {
    const [file = '', anchor] = href.split('#')
    const path = join(dirname(from.path), file)
    if (file !== '' && !existsSync(join(ROOT, path))) return true
    return anchor !== undefined && !anchorsOf(file === '' ? from : documentAt(path)).includes(anchor)
  }

export interface Held {
  readonly sentence: string
  /** the tests that check it: the path from the root of the repository, and the test's name */
  readonly tests: readonly { readonly file: string; readonly name: string }[]
  /** the external pages that it links to */
  readonly pages: readonly string[]
}

/** The sentences of the lists below a heading, each with the tests that it links to; the link's title is the test's name. */
export const heldSentences = (document: Document, heading: string): Held[] => {
  const [, section = ''] = document.text.split(`\n## ${heading}\n`)
  return tokensOf(section.split('\n## ')[0] ?? '')
    .filter((token) => token.type === 'list_item')
    .map(({ text, tokens = [] }) => {
      const links: Tokens.Link[] = []
      walkTokens(tokens, (token) => {
        if (token.type === 'link') links.push(token as Tokens.Link)
      })
      const tests = links.map(({ href, title }) => ({
        file: join(dirname(document.path), href),
        name: title ?? '',
      }))
      return {
        sentence: text,
        tests: tests.filter(({ file }) => file.startsWith('test/')),
        pages: links.map(({ href }) => href).filter((href) => href.startsWith('https://')),
      }
    })
}

/** The anchors that GitHub generates from the headings. */
export const anchorsOf = ({ text }: Document): string[] =>
  tokensOf(text).flatMap((token) => (token.type === 'heading' ? [anchorOf(token.text)] : []))

const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-')

function tokensOf(text: string): MarkedToken[] {
  const tokens: MarkedToken[] = []
  walkTokens(lexer(text), (token) => {
    tokens.push(token as MarkedToken)
  })
  return tokens
}
