// Defines the settings for connections to mirrors: proxy and certificates.

import { X509Certificate } from 'node:crypto'
import * as z from 'zod'

export const networkSchema = z.object({
  /** URL of the proxy for mirrors. It may contain a user name and a password, which only the proxy gets */
  proxy: z
    .string()
    .refine(isProxy, { error: 'is not of the form http://proxy.example:3128, or https' })
    .optional(),
  /** hosts to which the registry connects without the proxy: `mirror.lan`, or `.lan` for all hosts under it; localhost always */
  direct: z.array(z.string().regex(/^\.?[a-z0-9.-]+$|^\[[0-9a-f:.]+\]$/)),
  /** PEM of certificates that are trusted like those of public authorities */
  ca: z.array(z.string().refine(isCertificates, { error: 'is not a certificate in PEM' })),
})
export type NetworkSettings = z.infer<typeof networkSchema>

export const NETWORK: NetworkSettings = { direct: [], ca: [] }

function isProxy(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, pathname, search, hash } = new URL(text)
  return /^https?:$/.test(protocol) && pathname === '/' && search === '' && hash === ''
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

function isCertificates(text: string): boolean {
  try {
    return (text.match(PEM) ?? []).map((one) => new X509Certificate(one)).length > 0
  } catch {
    return false
  }
}
