// The synthesized template, for the tests: made once a file, in a folder that goes away with it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { STACK, synthesize } from '../../../cdk/synthesize.ts'

export type Properties = Readonly<Record<string, unknown>>
export interface Resource {
  readonly Type: string
  readonly Properties?: Properties
  readonly DeletionPolicy?: string
}
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>
}
export interface Synthesis {
  readonly template: Template
  /** the template's file, byte for byte */
  readonly text: string
  /** names of the assets, which hold digests of their bytes */
  readonly assets: string
  /** by CloudFormation's termination protection */
  readonly isProtected: boolean
  readonly stack: Artifact
}
/** What the assembly says of the stack beside its template. */
export interface Artifact {
  readonly environment: string
  readonly properties: { readonly terminationProtection?: boolean; readonly stackName?: string }
}

/** Throws when the checks of the stack have findings, or the settings are refused. */
export function synthesis(settings?: unknown, local = false): Synthesis {
  const folder = mkdtempSync(join(tmpdir(), 'probe-registry-cdk-'))
  try {
    const settingsFile = settings === undefined ? undefined : join(folder, 'settings.json')
    if (settingsFile !== undefined) writeFileSync(settingsFile, JSON.stringify(settings))
    synthesize({ outdir: join(folder, 'out'), bundles: join(folder, 'functions'), settingsFile, local })
    const text = readFileSync(join(folder, 'out', `${STACK}.template.json`), 'utf8')
    const assets = readFileSync(join(folder, 'out', `${STACK}.assets.json`), 'utf8')
    const manifest = JSON.parse(readFileSync(join(folder, 'out', 'manifest.json'), 'utf8')) as {
      artifacts: Record<string, Artifact>
    }
    const stack = manifest.artifacts[STACK]!
    const isProtected = stack.properties.terminationProtection === true
    return { template: JSON.parse(text) as Template, text, assets, isProtected, stack }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Resources of a type, by the part of their logical id that the stack gave them. */
export function resourcesOf(
  template: Template,
  type: string,
): ReadonlyMap<string, Required<Pick<Resource, 'Properties'>> & Resource> {
  const found = Object.entries(template.Resources).filter(([, resource]) => resource.Type === type)
  return new Map(found.map(([id, resource]) => [plainId(id), { Properties: {}, ...resource }]))
}

/** Without the digest that the CDK ends logical ids with. */
export const plainId = (id: string): string => id.replace(/[0-9A-F]{8}$/, '')

/** A reference as `Name`, `Name.Attribute` or a text with them in it, to compare with. */
export function readable(value: unknown): string {
  if (typeof value === 'string') return value
  const {
    Ref,
    'Fn::GetAtt': attribute,
    'Fn::Join': join,
  } = value as {
    Ref?: string
    'Fn::GetAtt'?: [string, string]
    'Fn::Join'?: [string, unknown[]]
  }
  if (Ref !== undefined) return plainId(Ref)
  if (attribute !== undefined) return `${plainId(attribute[0])}.${attribute[1]}`
  if (join !== undefined) return join[1].map(readable).join(join[0])
  throw new Error(`a reference that this test cannot read: ${JSON.stringify(value)}`)
}

export const list = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? value : [value as T]
