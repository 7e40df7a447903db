// Decides whether an account has what a deployment needs, and suggests readable fixes.

import type { Quota, Quotas } from '../../lib/aws/quotas.ts'
import type { Need } from './needs.ts'

export type Judged =
  | { readonly tag: 'fits' | 'slow' | 'fails'; readonly need: Need; readonly quota: Quota }
  /** the service lists no such quota in this region */
  | { readonly tag: 'unknown'; readonly need: Need }

export async function judge(quotas: Quotas, needs: readonly Need[]): Promise<readonly Judged[]> {
  const services = new Map<string, readonly Quota[]>()
  // Sequential, because the service limits the request rate.
  for (const { service } of needs) if (!services.has(service)) services.set(service, await quotas.of(service))
  return needs.map((need) => {
    const quota = services.get(need.service)?.find(({ name }) => need.name.test(name))
    return quota === undefined ? { tag: 'unknown', need } : { tag: tagOf(need, quota), need, quota }
  })
}

function tagOf({ least, enough }: Need, { value }: Quota): 'fits' | 'slow' | 'fails' {
  if (value < least) return 'fails'
  return value < enough ? 'slow' : 'fits'
}

const HEADS = { fits: 'fits', slow: 'SLOW', fails: 'FAILS', unknown: 'UNKNOWN' } as const

export function linesOf(judged: Judged, region: string): readonly string[] {
  const { tag, need } = judged
  const head = `${HEADS[tag].padEnd(7)} ${need.service}: `
  if (judged.tag === 'unknown') return [`${head}${need.called}`, ...indented(untold(need, region))]
  const { name, value } = judged.quota
  const there = `${head}${name}: ${value}, needed ${need.enough}`
  return judged.tag === 'fits' ? [there] : [there, ...indented(way(judged.tag, need, judged.quota, region))]
}

function untold({ service, because }: Need, region: string): string[] {
  const list = `aws service-quotas list-aws-default-service-quotas --service-code ${service} --region ${region}`
  return [
    `needed: ${because}`,
    `AWS does not list this quota in ${region}. List the similar quotas with`,
    list,
  ]
}

function way(tag: 'slow' | 'fails', need: Need, quota: Quota, region: string): string[] {
  const [what, { instead }] = [tag === 'fails' ? need.failing : need.slow, need]
  const said = [`needed: ${need.because}`, `result: ${what}`]
  if (!quota.adjustable) return [...said, `AWS does not raise this one: ${instead}`]
  return [...said, `raise it, or ${instead}:`, raiseCommand(need, quota, region)]
}

/**
 * Asks for at least the default quota: AWS gives that to a new account on request, and refuses a lower
 * request.
 */
function raiseCommand({ service, enough }: Need, { code, standard = 0 }: Quota, region: string): string {
  const value = Math.max(enough, standard)
  return `aws service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code} --desired-value ${value} --region ${region}`
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `        ${line}`)
