// Compiles one entry of a pattern's list into a test for a value of the event.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html

import { type Address, address, block } from './addresses.ts'
import { type Fields, type Literal, oneOrMore, only, type Source, text } from './json-source.ts'
import { comparable, range } from './numbers.ts'
import { inAnyCase, prefix, sameText, suffix, type TextTest, wildcard } from './texts.ts'

/** `absent` fits if the event lacks the field; a test checks one value. */
export type Matcher = 'absent' | Test
type Test = (value: Literal) => boolean

/** Throws if EventBridge refuses the entry. */
export function compileMatcher(entry: Source): Matcher {
  if (entry.tag === 'list') throw new Error('a list within the list is not allowed')
  if (entry.tag !== 'object') return equal(entry)
  const [name, argument] = only(entry.fields)
  const compile = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined
  if (compile === undefined) throw new Error(`there is no operator ${name}`)
  return compile(argument)
}

const OPERATORS: Readonly<Record<string, (argument: Source) => Matcher>> = {
  exactly: (argument) => ofText(sameText(text(argument))),
  prefix: (argument) => ofText(prefix(argument)),
  suffix: (argument) => ofText(suffix(argument)),
  'equals-ignore-case': (argument) => ofText(inAnyCase('^', text(argument), '$')),
  wildcard: (argument) => ofText(wildcard(text(argument))),
  numeric: (argument) => ofNumber(range(argument)),
  cidr: (argument) => cidr(text(argument)),
  exists,
  'anything-but': anythingBut,
}

/** Compares numbers by value, and IP addresses by address. */
function equal(wanted: Literal): Test {
  if (wanted.tag === 'word') return (value) => value.tag === 'word' && value.word === wanted.word
  if (wanted.tag === 'number') return sameNumber(wanted.digits)
  const wantedAddress = address(wanted.text)
  if (wantedAddress === undefined) return ofText(sameText(wanted.text))
  return ofAddress(({ bits, value }) => bits === wantedAddress.bits && value === wantedAddress.value)
}

function sameNumber(digits: string): Test {
  const wanted = comparable(digits)
  return (value) => {
    if (value.tag !== 'number') return false
    const found = comparable(value.digits)
    return wanted === undefined || found === undefined ? value.digits === digits : found === wanted
  }
}

const ofText =
  (test: TextTest): Test =>
  (value) =>
    value.tag === 'string' && test(value.text)

const ofAddress = (test: (found: Address) => boolean): Test =>
  ofText((found) => {
    const parsed = address(found)
    return parsed !== undefined && test(parsed)
  })

const ofNumber =
  (test: (found: number) => boolean): Test =>
  (value) => {
    const found = value.tag === 'number' ? comparable(value.digits) : undefined
    return found !== undefined && test(found)
  }

function cidr(wanted: string): Test {
  const inside = block(wanted)
  if (inside === undefined) throw new Error(`${wanted} is not a block of IP addresses`)
  return ofAddress(inside)
}

function exists(argument: Source): Matcher {
  if (argument.tag === 'word' && argument.word === 'true') return () => true
  if (argument.tag === 'word' && argument.word === 'false') return 'absent'
  throw new Error('exists is true or false')
}

/** Fits all values except the unwanted ones, of any type: if texts are unwanted, `null` and numbers fit. */
function anythingBut(argument: Source): Test {
  const unwanted = argument.tag === 'object' ? unwantedTexts(argument.fields) : unwantedValues(argument)
  return (value) => !unwanted.some((test) => test(value))
}

function unwantedValues(argument: Source): readonly Test[] {
  const values = oneOrMore(argument)
  const kinds = new Set(values.map(({ tag }) => tag))
  if (kinds.size !== 1) throw new Error('anything-but takes texts or numbers, and not both')
  return values.map((value) => {
    if (value.tag === 'string') return ofText(sameText(value.text))
    if (value.tag !== 'number') throw new Error('anything-but takes texts and numbers')
    if (comparable(value.digits) === undefined)
      throw new Error(`${value.digits} is not a number that a double can have`)
    return sameNumber(value.digits)
  })
}

/** `prefix` and `suffix` take one text; the other operators also take a list. */
function unwantedTexts(fields: Fields): readonly Test[] {
  const [name, argument] = only(fields)
  const compile = Object.hasOwn(UNWANTED, name) ? UNWANTED[name] : undefined
  if (compile === undefined) throw new Error(`anything-but takes no ${name}`)
  return compile(argument).map(ofText)
}

const UNWANTED: Readonly<Record<string, (argument: Source) => readonly TextTest[]>> = {
  prefix: (argument) => [prefix(notEmpty(argument))],
  suffix: (argument) => [suffix(notEmpty(argument))],
  'equals-ignore-case': (argument) => oneOrMore(argument).map((one) => inAnyCase('^', text(one), '$')),
  wildcard: (argument) => oneOrMore(argument).map((one) => wildcard(text(one))),
}

function notEmpty(argument: Source): Source {
  if (text(argument) === '') throw new Error('anything-but takes no empty prefix or suffix')
  return argument
}
