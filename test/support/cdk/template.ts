// Synthesizes the templates once for each test file, in a folder that is removed with them.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DATA_STACK, STACK, synthesize } from '../../../cdk/synthesize.ts'

export type Properties = Readonly<Record<string, unknown>>
export interface Resource {
  readonly Type: string
  readonly Properties?: Properties
  readonly DeletionPolicy?: string
}
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>
  readonly Outputs: Readonly<Record<string, Output>>
}
interface Output {
  readonly Value: unknown
  readonly Export?: { readonly Name: string }
}
export interface Synthesis {
  /** both templates merged: an import becomes a reference, and an export is not an output */
  readonly template: Template
  readonly dataTemplate: Template
  readonly workTemplate: Template
  /** the files of both templates, byte for byte */
  readonly text: string
  /** names of the assets, which contain digests of their bytes */
  readonly assets: string
  readonly stack: Artifact
  readonly dataStack: Artifact
}
/** The assembly's data about the stack, in addition to its template. */
interface Artifact {
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
    const read = (file: string) => readFileSync(join(folder, 'out', file), 'utf8')
    const texts = [DATA_STACK, STACK].map((stack) => read(`${stack}.template.json`))
    const [dataTemplate, workTemplate] = texts.map((text) => JSON.parse(text) as Template)
    const { artifacts } = JSON.parse(read('manifest.json')) as { artifacts: Record<string, Artifact> }
    return {
      template: joined(dataTemplate!, workTemplate!),
      dataTemplate: dataTemplate!,
      workTemplate: workTemplate!,
      text: texts.join(''),
      assets: read(`${STACK}.assets.json`),
      stack: artifacts[STACK]!,
      dataStack: artifacts[DATA_STACK]!,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function joined(data: Template, work: Template): Template {
  const outputs = Object.entries({ ...data.Outputs, ...work.Outputs })
  const exports = new Map(outputs.flatMap(([, { Export, Value }]) => (Export ? [[Export.Name, Value]] : [])))
  const text = JSON.stringify({ ...data.Resources, ...work.Resources }, (_, value: Imported) =>
    value?.['Fn::ImportValue'] === undefined ? value : exports.get(value['Fn::ImportValue']),
  )
  return {
    Resources: JSON.parse(text) as Template['Resources'],
    Outputs: Object.fromEntries(outputs.filter(([, { Export }]) => Export === undefined)),
  }
}
type Imported = { readonly 'Fn::ImportValue'?: string } | null | undefined

/** Resources of a type, by the part of their logical id that the stack sets. */
export function resourcesOf(
  template: Template,
  type: string,
): ReadonlyMap<string, Required<Pick<Resource, 'Properties'>> & Resource> {
  const found = Object.entries(template.Resources).filter(([, resource]) => resource.Type === type)
  return new Map(found.map(([id, resource]) => [plainId(id), { Properties: {}, ...resource }]))
}

/** Removes the digest that the CDK appends to logical ids. */
export const plainId = (id: string): string => id.replace(/[0-9A-F]{8}$/, '')

/** A reference as `Name`, `Name.Attribute` or a text that contains them, for comparisons. */
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
