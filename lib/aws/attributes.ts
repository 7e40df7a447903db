// Converts plain values to DynamoDB's typed attribute values, and back.
// Hand-written: the SDK's converter would also load the SDK's client.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html

/** An item: text, numbers, booleans, null, sets of texts, and lists and objects of these. */
export type Item = Readonly<Record<string, unknown>>

/** e.g. `{ S: 'text' }`, `{ N: '7' }`, `{ SS: ['a', 'b'] }` */
type AttributeValue = Readonly<Record<string, unknown>>
type Attributes = Readonly<Record<string, AttributeValue>>

/** Skips undefined members. @throws {TypeError} DynamoDB has no attribute for the value. */
export function attributesOf(item: Item): Attributes {
  // `fromEntries` instead of assignments, because an assignment to `__proto__` would change the prototype.
  return Object.fromEntries(
    Object.entries(item)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, attributeOf(value)]),
  )
}

function attributeOf(value: unknown): AttributeValue {
  if (typeof value === 'string') return { S: value }
  if (typeof value === 'boolean') return { BOOL: value }
  if (typeof value === 'number') return { N: numberText(value) }
  if (value === null) return { NULL: true }
  if (Array.isArray(value)) return { L: value.filter((one) => one !== undefined).map(attributeOf) }
  if (value instanceof Set) return { SS: setOf(value) }
  if (isPlain(value)) return { M: attributesOf(value) }
  throw new TypeError(`no attribute of an item holds a ${typeof value} of this kind`)
}

/** Refuses numbers that are not exact in JavaScript. */
function numberText(value: number): string {
  if (Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return String(value)
  throw new TypeError(`no attribute of an item holds the number ${value}`)
}

function setOf(values: ReadonlySet<unknown>): string[] {
  const texts = [...values].filter((one) => typeof one === 'string')
  if (texts.length === values.size && texts.length > 0) return texts
  throw new TypeError('a set in an item has texts, one at least')
}

const isPlain = (value: unknown): value is Item =>
  typeof value === 'object' &&
  value !== null &&
  [Object.prototype, null].includes(Object.getPrototypeOf(value))

/** Converts attributes in DynamoDB's answer. Leaves unknown types unchanged, so that the item's schema refuses them. */
export function itemOf(attributes: Item): Item {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, attribute]) => [name, readAttribute(attribute)]),
  )
}

function readAttribute(attribute: unknown): unknown {
  const [[type, value] = []] = Object.entries(attribute ?? {})
  if (type === 'S' || type === 'BOOL') return value
  if (type === 'N') return readNumber(String(value))
  if (type === 'NULL') return null
  if (type === 'L' && Array.isArray(value)) return value.map(readAttribute)
  if (type === 'SS' && Array.isArray(value)) return new Set(value)
  if (type === 'M' && isPlain(value)) return itemOf(value)
  return attribute
}

/** DynamoDB's numbers have up to 38 digits. A number that JavaScript would round stays text. */
function readNumber(text: string): number | string {
  const value = Number(text)
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : text
}
