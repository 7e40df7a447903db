// Validates the settings that name archives of upstream's driver sources, and turns them into URLs.

import { pathToFileURL } from 'node:url'
import * as z from 'zod'

const VERSION = '{driverVersion}'
const FILE = `${VERSION}.tar.gz`

/** A mirror, a folder or a file. Without `{driverVersion}` it is a folder: one file cannot be the archive of all versions. */
export const driverArchive = z
  .string()
  .refine((place) => place.includes(VERSION) || !/\.(?:tar\.gz|tgz)$/.test(place), {
    error: `names one file for all driver versions: put ${VERSION} into its name, or name its folder`,
  })
  .refine(isPlace, {
    error: `is neither an http, https or file URL nor an absolute path, e.g. https://mirror.example/libs/${FILE}, or /srv/libs, a folder that holds 11.0.0+driver.tar.gz`,
  })

function isPlace(place: string): boolean {
  if (place.startsWith('/')) return true
  return URL.canParse(place) && /^(?:https?|file):$/.test(new URL(place).protocol)
}

/** URL of one driver version's archive at `place`. */
export function archiveUrl(place: string, driverVersion: string): string {
  const template = place.includes(VERSION) ? place : `${place.replace(/\/$/, '')}/${FILE}`
  if (template.startsWith('/')) return pathToFileURL(template.replaceAll(VERSION, driverVersion)).href
  return filledIn(template, driverVersion)
}

/** Replaces `{driverVersion}` in a URL. */
export const filledIn = (template: string, driverVersion: string): string =>
  template.replaceAll(VERSION, encodeURIComponent(driverVersion))
