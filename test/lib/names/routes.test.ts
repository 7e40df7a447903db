import { describe, expect, test } from 'vitest'
import { parse } from '../../../lib/names/grammar.ts'
import { allowOf, firstOf, RESERVED, routeOf, routes } from '../../../lib/names/routes.ts'

const PROBE = 'driver/1/x86_64/falco_debian_6.1.1-1-amd64_1.ko'

describe('a path', () => {
  test.each([
    ['/v1/probes', '/v1/probes', 'GET, HEAD, POST'],
    ['/v1/verdicts', '/v1/verdicts', 'POST'],
    ['/v1/probes/aGk_-', '/v1/probes/{id}', 'GET, HEAD'],
    ['/v1/probes/', '/{name+}', 'GET, HEAD'],
    ['/v1/probes/a/b', '/{name+}', 'GET, HEAD'],
    ['/v1/probesx', '/{name+}', 'GET, HEAD'],
    ['/openapi.json', '/openapi.json', 'GET, HEAD'],
    ['/openapiXjson', '/{name+}', 'GET, HEAD'],
    ['/keys/falco-probes.asc', '/keys/falco-probes.asc', 'GET, HEAD'],
    ['/keys/other', '/{name+}', 'GET, HEAD'],
    [`/wait/${PROBE}`, '/wait/{name+}', 'GET, HEAD'],
    [`/${PROBE}`, '/{name+}', 'GET, HEAD'],
    [`/stable/${PROBE}`, '/{name+}', 'GET, HEAD'],
    ['/apt/dists/1.2.3/InRelease', '/apt/{path+}', 'GET, HEAD'],
    ['/rpm/1.2.3/x', '/rpm/{path+}', 'GET, HEAD'],
    ['/v2/', '/v2/', 'GET, HEAD'],
    ['/v2/probes/scap/1/tags/list', '/v2/{path+}', 'GET, HEAD'],
    ['/falcoctl/index.yaml', '/falcoctl/index.yaml', 'GET, HEAD'],
    ['/keys/falco-probes.pem', '/keys/falco-probes.pem', 'GET, HEAD'],
    ['/', '/{name+}', 'GET, HEAD'],
    ['', '/{name+}', 'GET, HEAD'],
  ])('%s matches the route %s, and allows %s', (path, route, allow) => {
    expect(routeOf(path).route.path).toBe(route)
    expect(allowOf(path)).toBe(allow)
  })

  test('provides the values for the parameters of its route', () => {
    expect(routeOf('/v1/probes/aGk_-').parts).toEqual({ id: 'aGk_-' })
  })
})

describe('the table', () => {
  test('has each path once, and HEAD wherever it has GET', () => {
    const paths = routes().map(({ path }) => path)
    expect(new Set(paths).size).toBe(paths.length)
    for (const { path, methods } of routes()) expect(methods.HEAD, path).toBe(methods.GET)
  })

  test('sends the bytes without a redirect on the paths that clients of 2015 to April 2020 request', () => {
    const direct = routes().flatMap(({ path, methods }) => (methods.GET === 'direct' ? [path] : []))
    expect(direct.sort()).toEqual([
      '/dev/{name+}',
      '/ebpf-probe/{name+}',
      '/kernel-module/{name+}',
      '/stable/{name+}',
    ])
  })

  test('reserves only first segments that no name of a probe can have', () => {
    const files = ['keys', 'openapi.json', 's3', 'v1', 'wait']
    const ofClients = ['apt', 'rpm', 'v2', 'falcoctl']
    expect([...RESERVED].sort()).toEqual([...files, ...ofClients].sort())
    for (const first of RESERVED) {
      const malformed = () => parse(`/${first}/${PROBE}`)
      expect(malformed, first).toThrow(expect.objectContaining({ code: 'malformed' }))
    }
    for (const { path } of routes()) {
      if (RESERVED.includes(firstOf(path))) continue
      expect(() => parse(path.replace('{name+}', PROBE)), path).not.toThrow()
    }
  })
})
