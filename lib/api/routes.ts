// Lists all routes with their inputs and answers. The OpenAPI document shows this table, and tests check real answers against it.

import * as z from 'zod'
import { ASKED, SUBMITTED } from './body.ts'
import { namesQuery } from './names.ts'
import { listQuery, oneQuery } from './probes.ts'
import * as schemas from './schemas.ts'

export interface Response {
  readonly about: string
  /** schema of each content type; `bytes`: no schema */
  readonly content?: Readonly<Record<string, z.ZodType | 'bytes'>>
  readonly headers?: readonly string[]
}

export interface Route {
  readonly id: string
  readonly method: 'get' | 'post'
  /** path with `{parameters}`, each of one segment */
  readonly path: string
  readonly about: string
  readonly query?: z.ZodObject
  readonly body?: Readonly<Record<string, z.ZodObject>>
  readonly responses: Readonly<Record<number, Response>>
}

const PROBLEM = 'application/problem+json'
const problem = (about: string): Response => ({ about, content: { [PROBLEM]: schemas.problemView } })
const json = (about: string, schema: z.ZodType): Response => ({
  about,
  content: { 'application/json': schema },
})
const redirect = (about: string): Response => ({ about, headers: ['location'] })
const retry = (about: string): Response => ({ ...problem(about), headers: ['retry-after'] })

/** Answers that all routes may give, from the gateway or the registry. */
const ALWAYS = {
  400: problem('malformed: nothing was touched'),
  403: problem('the request bypassed the distribution before this registry'),
  405: { ...problem('no such method here'), headers: ['allow'] },
  500: problem('a fault of the registry'),
}

const ofProbe = {
  307: redirect('published: to a signed URL of the bytes; being built: into /wait'),
  404: problem('failed and not due again, or it cannot be built: which, and what to do'),
  410: problem('the driver version was revoked, or the probe withdrawn: why, and what to do'),
  429: retry('the budget is spent'),
  503: retry('still being built after the longest wait of a client; or too many of the caller wait'),
}

const sidecar = {
  200: json('.json: state, identity, and where it came from', schemas.storyView),
  307: redirect('.asc, .sha256, .log: to a signed URL'),
  404: ofProbe[404],
  410: ofProbe[410],
  503: ofProbe[503],
}

const ofSubmission = {
  400: problem('a field is missing, unknown or malformed: `field` names it'),
  413: {
    about: 'too large, for the gateway or for what it is',
    content: { [PROBLEM]: schemas.problemView, 'application/json': z.strictObject({ message: z.string() }) },
  },
  429: ofProbe[429],
}

const unread = retry('not read yet, or too many requests of the caller wait for it')

/** `responses` may describe the answers of `ALWAYS` more precisely. */
const route = (
  method: Route['method'],
  path: string,
  { responses, ...more }: Omit<Route, 'method' | 'path'>,
): Route => ({ method, path, ...more, responses: { ...ALWAYS, ...responses } })

const FILE = '{driverVersion}/{arch}/{file}'

/** Names are listed only in the current layout. docs/names.md has all layouts. */
export const ROUTES: readonly Route[] = [
  route('get', `/driver/${FILE}`, {
    id: 'getProbe',
    about: 'A probe by its name; builds it if it is missing. HEAD never builds.',
    responses: ofProbe,
  }),
  route('get', `/driver/${FILE}.{companion}`, {
    id: 'getProbeCompanion',
    about: 'A sidecar of a probe: asc, sha256, json, log.',
    responses: sidecar,
  }),
  route('get', `/config/{config}/${FILE}`, {
    id: 'getSubmittedProbe',
    about: 'The same for a kernel that was submitted.',
    responses: ofProbe,
  }),
  route('get', `/config/{config}/${FILE}.{companion}`, {
    id: 'getSubmittedProbeCompanion',
    about: 'A sidecar of it.',
    responses: sidecar,
  }),
  route('post', '/v1/probes', {
    id: 'submit',
    about: "Submits a kernel's config and facts, and requests its probes.",
    body: SUBMITTED,
    responses: {
      ...ofSubmission,
      200: json(
        'the probes, the verdicts on the config, and the names of the probes',
        schemas.submissionAnswer,
      ),
      404: problem('unknown driver version, or one that is not built so'),
      410: ofProbe[410],
      422: problem('no kernel config, or the config of another kernel'),
      503: retry('too many submissions of the caller are being read, or the driver versions are'),
    },
  }),
  route('post', '/v1/verdicts', {
    id: 'judge',
    about:
      'Whether each engine of Falco runs on a kernel, by its config: takes the same as POST /v1/probes, builds nothing and keeps nothing.',
    body: ASKED,
    responses: {
      ...ofSubmission,
      200: json('yes, maybe or no for each engine, with the reasons', schemas.verdictsAnswer),
      422: problem('no kernel config'),
      503: retry('too many submissions of the caller are being read'),
    },
  }),
  route('get', '/v1/probes', {
    id: 'listProbes',
    about: 'Probes that were built, or are being built, a page at a time.',
    query: listQuery,
    responses: { 200: json('a page', schemas.probeList) },
  }),
  route('get', '/v1/probes/{id}', {
    id: 'getProbeState',
    about: 'One probe; with `wait`, once its build has ended.',
    query: oneQuery,
    responses: {
      200: json('the probe', schemas.probeView),
      404: problem('the id is not of a probe'),
      503: retry('too many requests of the caller wait already'),
    },
  }),
  route('get', '/v1/driver-versions', {
    id: 'listDriverVersions',
    about: 'Which driver versions are built, and how.',
    responses: { 200: json('the catalogue', schemas.driverVersionList), 503: unread },
  }),
  route('get', '/v1/driver-versions/newest', {
    id: 'newestDriverVersion',
    about:
      'The newest driver version that comes as a package, as text: the default of a submission where its kernel can take it.',
    responses: { 200: { about: 'one line', content: { 'text/plain': 'bytes' } }, 503: unread },
  }),
  route('get', '/v1/targets', {
    id: 'listTargets',
    about: 'Which targets are built by name, and which from a submitted config.',
    responses: { 200: json('the targets', schemas.targetList) },
  }),
  route('get', '/v1/names', {
    id: 'explainName',
    about: 'Explains a URL or path in any layout.',
    query: namesQuery,
    responses: { 200: json('its meaning, or why it has none', schemas.explanationView) },
  }),
  route('get', '/keys/falco-probes.asc', {
    id: 'getSigningKey',
    about: 'The public key that verifies every .asc.',
    responses: { 200: { about: 'armored OpenPGP', content: { 'application/pgp-keys': 'bytes' } } },
  }),
  route('get', '/keys/falco-probes.pem', {
    id: 'getPlainKey',
    about: 'The same key as PEM, which signs the images below /v2/: docs/images.md.',
    responses: {
      200: { about: 'SubjectPublicKeyInfo', content: { 'application/x-pem-file': 'bytes' } },
      404: problem('the key is not an RSA key'),
    },
  }),
  route('get', '/openapi.json', {
    id: 'getDocument',
    about: 'This document.',
    responses: { 200: json('OpenAPI 3.1', z.looseObject({ openapi: z.literal('3.1.0') })) },
  }),
]
