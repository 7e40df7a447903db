// Tests that the OpenAPI document and the routing table have the same paths and methods.

import { expect, test } from 'vitest'
import { ROUTES } from '../../../lib/api/routes.ts'
import { firstOf, OWN_ROUTES, RESERVED, routeOf } from '../../../lib/names/routes.ts'

/** A hop that clients reach only by a redirect; and paths of package managers and image clients, which have own formats. */
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

test('every path and method of the table is in the document, except for the listed ones', () => {
  const documented = ROUTES.map(({ method, path }) => `${method.toUpperCase()} ${path}`)
  // The document states once that every path with GET answers HEAD too.
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
