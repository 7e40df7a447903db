// Lists all routes of the registry, for the gateway, the grammar of names, the OpenAPI document and every 405.

import { PUBLIC_KEY_OBJECT } from '../model/keys.ts'
import { LAYOUTS } from './layouts.ts'

/** The functions that answer requests. */
export const ANSWERING = ['resolve', 'wait', 'direct', 'submit', 'v1'] as const
export type Answering = (typeof ANSWERING)[number]

export interface Route {
  /** `{part}` stands for one segment, `{part+}` for all segments that follow */
  readonly path: string
  readonly methods: { readonly GET?: Answering; readonly HEAD?: Answering; readonly POST?: Answering }
}

const read = <By extends Answering>(by: By) => ({ GET: by, HEAD: by }) as const

/** All routes except names of probes. */
export const OWN_ROUTES = [
  { path: '/wait/{name+}', methods: read('wait') },
  { path: `/${PUBLIC_KEY_OBJECT}`, methods: read('resolve') },
  { path: '/v1/probes', methods: { ...read('v1'), POST: 'submit' } },
  { path: '/v1/probes/{id}', methods: read('v1') },
  { path: '/v1/verdicts', methods: { POST: 'submit' } },
  { path: '/v1/driver-versions', methods: read('v1') },
  { path: '/v1/driver-versions/newest', methods: read('v1') },
  { path: '/v1/targets', methods: read('v1') },
  { path: '/v1/names', methods: read('v1') },
  { path: '/openapi.json', methods: read('v1') },
  { path: '/keys/falco-probes.pem', methods: read('resolve') },
  // The image registry, and falcoctl's index of its artifacts.
  { path: '/v2/', methods: read('resolve') },
  { path: '/v2/{path+}', methods: read('resolve') },
  { path: '/falcoctl/index.yaml', methods: read('resolve') },
  // Package repositories.
  { path: '/apt/{path+}', methods: read('resolve') },
  { path: '/rpm/{path+}', methods: read('resolve') },
] as const satisfies readonly Route[]

type PathWith<Methods> = Extract<(typeof OWN_ROUTES)[number], { readonly methods: Methods }>['path']

/** The paths that one function answers. */
export type PathOf<By extends Answering> = PathWith<{ readonly GET: By }>

/** The paths that accept POST. */
export type PostedPath = PathWith<{ readonly POST: Answering }>

/** Names of probes, with any prefix. */
const NAMES: Route = { path: '/{name+}', methods: read('resolve') }

/** Layouts whose clients follow no redirect, oldest first. */
const direct = (): Route[] =>
  Object.values(LAYOUTS)
    .filter(({ redirects }) => !redirects)
    .reverse()
    .flatMap(({ folders }) => folders)
    .map((folder) => ({ path: `/${folder}/{name+}`, methods: read('direct') }))

/** All routes. If two have the same path, the first one counts. */
export const routes = (): readonly Route[] => [...OWN_ROUTES, ...direct(), NAMES]

/** The route of a raw path, and the values of its `{part}` segments. All names have the same methods. */
export function routeOf(path: string): { route: Route; parts: Readonly<Record<string, string>> } {
  for (const [route, pattern] of PATTERNS) {
    const match = pattern.exec(path)
    if (match !== null) return { route, parts: match.groups ?? {} }
  }
  return { route: NAMES, parts: {} }
}

/** Compiled once for all requests. */
const PATTERNS = OWN_ROUTES.map((route) => [route, patternOf(route)] as const)

function patternOf({ path }: Route): RegExp {
  const pattern = path
    .replaceAll('.', '\\.')
    .replaceAll(/\{\w+\+\}/g, '.+')
    .replaceAll(/\{(\w+)\}/g, '(?<$1>[A-Za-z0-9_-]+)')
  return new RegExp(`^${pattern}$`)
}

/** The value of the header `Allow`. */
export const allowOf = (path: string): string => Object.keys(routeOf(path).route.methods).join(', ')

/** First segment of a path. */
export const firstOf = (path: string): string => path.split('/', 2)[1] ?? ''

/** First segments that no name may have, so no mirror can use them as a prefix. `s3`: the local S3. */
export const RESERVED: readonly string[] = [...new Set(OWN_ROUTES.map(({ path }) => firstOf(path))), 's3']
