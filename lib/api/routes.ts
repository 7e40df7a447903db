// Every route of the registry, with what it takes and answers, in one table: the document describes it, and tests hold
// the answers against it.

import * as z from 'zod'
import { askedFormFields, askedJsonFields, formFields, jsonFields } from './body.ts'
import { namesQuery } from './names.ts'
import { listQuery, oneQuery } from './probes.ts'
import {
  driverVersionList,
  explanationView,
  probeList,
  probeView,
  problemView,
  storyView,
  submissionAnswer,
  targetList,
  verdictsAnswer,
} from './schemas.ts'

export interface Response {
  readonly about: string
  /** by content type; `bytes` is what has no schema */
  readonly content?: Readonly<Record<string, z.ZodType | 'bytes'>>
  readonly headers?: readonly string[]
}

export interface Route {
  readonly id: string
  readonly method: 'get' | 'post'
  /** with `{parameters}`, each one part of a path */
  readonly path: string
  readonly about: string
  readonly query?: z.ZodObject
  readonly body?: Readonly<Record<string, z.ZodObject>>
  readonly responses: Readonly<Record<number, Response>>
}

const PROBLEM = 'application/problem+json'
const problem = (about: string): Response => ({ about, content: { [PROBLEM]: problemView } })
const json = (about: string, schema: z.ZodType): Response => ({
  about,
  content: { 'application/json': schema },
})
const redirect = (about: string): Response => ({ about, headers: ['location'] })
const retry = (about: string): Response => ({ ...problem(about), headers: ['retry-after'] })

/** Of every route: the gateway in front and the registry itself. */
const ALWAYS = {
  400: problem('malformed: nothing was touched'),
  403: problem('asked past the distribution that stands before this registry, where one does'),
  405: { ...problem('no such method here'), headers: ['allow'] },
  500: problem('a fault of the registry'),
}

const ofProbe = {
  307: redirect('published: to a signed URL of the bytes; being built: into /wait'),
  404: problem('failed and not due again, or it cannot be built: which, and what to do'),
  410: problem('the driver version was revoked, or the probe withdrawn: why, and what to do'),
  429: retry('the budget is spent'),
  503: retry('still being built after all the time that a client is held; or too many of the caller wait'),
}

const beside = {
  200: json('.json: state, identity, and where it came from', storyView),
  307: redirect('.asc, .sha256, .log: to a signed URL'),
  404: ofProbe[404],
  410: ofProbe[410],
  503: ofProbe[503],
}

const FILE = '{driverVersion}/{arch}/{file}'

/** Of the names of older clients only the one of today is listed: docs/names.md has them all. */
export const ROUTES: readonly Route[] = [
  {
    id: 'getProbe',
    method: 'get',
    path: `/driver/${FILE}`,
    about: 'A probe by its name; what is missing is built. HEAD never builds.',
    responses: { ...ofProbe, ...ALWAYS },
  },
  {
    id: 'getProbeCompanion',
    method: 'get',
    path: `/driver/${FILE}.{companion}`,
    about: 'What stands beside a probe: asc, sha256, json, log.',
    responses: { ...beside, ...ALWAYS },
  },
  {
    id: 'getSubmittedProbe',
    method: 'get',
    path: `/config/{config}/${FILE}`,
    about: 'The same of a kernel that was submitted.',
    responses: { ...ofProbe, ...ALWAYS },
  },
  {
    id: 'getSubmittedProbeCompanion',
    method: 'get',
    path: `/config/{config}/${FILE}.{companion}`,
    about: 'What stands beside it.',
    responses: { ...beside, ...ALWAYS },
  },
  {
    id: 'submit',
    method: 'post',
    path: '/v1/probes',
    about: "Submits a kernel's config and facts, and asks for its probes.",
    body: { 'multipart/form-data': formFields, 'application/json': jsonFields },
    responses: {
      200: json('the probes, the verdicts on the config, and the names to ask by', submissionAnswer),
      ...ALWAYS,
      400: problem('a field is missing, unknown or malformed: `field` names it'),
      404: problem('unknown driver version, or one that is not built so'),
      410: ofProbe[410],
      413: {
        about: 'too large, for the gateway or for what it is',
        content: { [PROBLEM]: problemView, 'application/json': z.strictObject({ message: z.string() }) },
      },
      422: problem('no kernel config, or the config of another kernel'),
      429: ofProbe[429],
      503: retry('too many submissions of the caller are being read, or the driver versions are'),
    },
  },
  {
    id: 'judge',
    method: 'post',
    path: '/v1/verdicts',
    about:
      'Whether each engine of Falco runs on a kernel, by its config: takes what POST /v1/probes takes, builds nothing and keeps nothing.',
    body: { 'multipart/form-data': askedFormFields, 'application/json': askedJsonFields },
    responses: {
      200: json('yes, maybe or no for each engine, with the reasons', verdictsAnswer),
      ...ALWAYS,
      400: problem('a field is missing, unknown or malformed: `field` names it'),
      413: {
        about: 'too large, for the gateway or for what it is',
        content: { [PROBLEM]: problemView, 'application/json': z.strictObject({ message: z.string() }) },
      },
      422: problem('no kernel config'),
      429: ofProbe[429],
      503: retry('too many submissions of the caller are being read'),
    },
  },
  {
    id: 'listProbes',
    method: 'get',
    path: '/v1/probes',
    about: 'Probes that were built, or are being built, a page at a time.',
    query: listQuery,
    responses: { 200: json('a page', probeList), ...ALWAYS },
  },
  {
    id: 'getProbeState',
    method: 'get',
    path: '/v1/probes/{id}',
    about: 'One probe; with `wait`, once its build has ended.',
    query: oneQuery,
    responses: {
      200: json('the probe', probeView),
      ...ALWAYS,
      404: problem('of no probe'),
      503: retry('too many requests of the caller wait already'),
    },
  },
  {
    id: 'listDriverVersions',
    method: 'get',
    path: '/v1/driver-versions',
    about: 'Which driver versions are built, and how.',
    responses: {
      200: json('the catalogue', driverVersionList),
      ...ALWAYS,
      503: retry('not read yet, or too many requests of the caller wait for it'),
    },
  },
  {
    id: 'newestDriverVersion',
    method: 'get',
    path: '/v1/driver-versions/newest',
    about:
      'The newest driver version that comes as a package, as text: what a submission without one gets where its kernel can take it.',
    responses: {
      200: { about: 'one line', content: { 'text/plain': 'bytes' } },
      ...ALWAYS,
      503: retry('not read yet, or too many requests of the caller wait for it'),
    },
  },
  {
    id: 'listTargets',
    method: 'get',
    path: '/v1/targets',
    about: 'Which targets are built by name, and which from a submitted config.',
    responses: { 200: json('the targets', targetList), ...ALWAYS },
  },
  {
    id: 'explainName',
    method: 'get',
    path: '/v1/names',
    about: 'What a URL or path names, in whatever layout.',
    query: namesQuery,
    responses: { 200: json('what it names, or why nothing', explanationView), ...ALWAYS },
  },
  {
    id: 'getSigningKey',
    method: 'get',
    path: '/keys/falco-probes.asc',
    about: 'The public key that every .asc verifies with.',
    responses: { 200: { about: 'armored OpenPGP', content: { 'application/pgp-keys': 'bytes' } }, ...ALWAYS },
  },
  {
    id: 'getPlainKey',
    method: 'get',
    path: '/keys/falco-probes.pem',
    about: 'The same key as PEM, which signs the images below /v2/: docs/images.md.',
    responses: {
      200: { about: 'SubjectPublicKeyInfo', content: { 'application/x-pem-file': 'bytes' } },
      ...ALWAYS,
      404: problem('the key is no RSA key'),
    },
  },
  {
    id: 'getDocument',
    method: 'get',
    path: '/openapi.json',
    about: 'This document.',
    responses: { 200: json('OpenAPI 3.1', z.looseObject({ openapi: z.literal('3.1.0') })), ...ALWAYS },
  },
]
