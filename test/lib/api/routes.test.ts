// The document and the table that requests are routed by name the same paths and methods.

import { expect, test } from 'vitest'
import { ROUTES } from '../../../lib/api/routes.ts'
import { firstOf, OWN_ROUTES, RESERVED, routeOf } from '../../../lib/names/routes.ts'

/** A hop of a redirect that clients follow, and never ask for themselves; and what package managers and clients of images have formats of their own for. */
const UNDOCUMENTED = [
  '/wait/{name+}',
  '/apt/{path+}',
  '/rpm/{path+}',
  '/v2/',
  '/v2/{path+}',
  '/falcoctl/index.yaml',
]

const keys = ({ path, methods }: (typeof OWN_ROUTES)[number]) =>
  Object.keys(methods).map((method) => `${method} ${path}`)

test('every path and method of the table is in the document', () => {
  const documented = ROUTES.map(({ method, path }) => `${method.toUpperCase()} ${path}`)
  // The document says once that HEAD is answered wherever GET is.
  const own = OWN_ROUTES.filter(({ path }) => !UNDOCUMENTED.includes(path))
    .flatMap(keys)
    .filter((key) => !key.startsWith('HEAD '))
  expect(documented).toEqual(expect.arrayContaining(own))
})

test.each(ROUTES.map(({ method, path }) => [method.toUpperCase(), path] as const))(
  '%s %s of the document is in the table',
  (method, path) => {
    const { route } = routeOf(path.replaceAll(/\{(\w+)\}/g, '$1'))
    expect(route.methods).toHaveProperty(method)
    expect(route.path).toBe(RESERVED.includes(firstOf(path)) ? path : '/{name+}')
  },
)
