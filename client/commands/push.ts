// `probe-registry push`: copies a published probe with its signatures to another image registry.

import { probeOf } from '../../lib/names/grammar.ts'
import { hasName, repositoryOf, type Shape, tagOf } from '../../lib/packages/oci/names.ts'
import { readLine, said, UsageError } from '../command-line.ts'
import { credentialsFor } from '../images/credentials.ts'
import { push } from '../images/push.ts'
import { placeOf } from '../images/reference.ts'
import { openRegistry } from '../images/registry.ts'
import { openSource } from '../images/source.ts'
import { asOperator, printable } from '../operator.ts'
import { keyOf } from '../probe-key.ts'

const USAGE = `Usage: probe-registry push [--modules] [--plain-http] PROBE REGISTRY/NAME[:TAG]

PROBE is the URL of a published probe: http://HOST/driver/VERSION/ARCH/FILE. The command copies the image index of its kernel:
all published kinds of the driver for that kernel, with their signatures. Without TAG, the tag stays the same.
  --modules       copy images for a cluster's operator, which have the kernel module below /opt/lib/modules
  --plain-http    use no TLS for that registry
The user name and password come from REGISTRY_USERNAME and REGISTRY_PASSWORD, or from docker's config.json
(REGISTRY_AUTH_FILE, DOCKER_CONFIG). A second push after an interruption sends only the missing parts.
Exit status: 0 copied; 1 not copied, with the reason; 2 the command line is wrong.
`

const OPTIONS = {
  modules: { type: 'boolean' },
  'plain-http': { type: 'boolean' },
  help: { type: 'boolean' },
} as const

/** @throws {UsageError} if the text is not the URL of a probe that has images */
function sourceOf(url: string, shape: Shape) {
  if (!/^https?:\/\//.test(url))
    throw new UsageError(`${JSON.stringify(url)} does not say which registry has it: give its whole URL`)
  const probe = probeOf(keyOf(url))
  if (!hasName(probe))
    throw new UsageError('there are no images of submitted kernels, nor of names that are too long for a tag')
  return { origin: new URL(url).origin, repository: repositoryOf({ shape, ...probe }), tag: tagOf(probe) }
}

/** A readable reason; the error message of fetch alone does not help. */
function whyNot(error: unknown): string {
  const cause = error instanceof TypeError ? error.cause : undefined
  if (!(cause instanceof Error)) return said(error)
  return /wrong version number/.test(cause.message)
    ? 'the server does not speak TLS: add --plain-http if you want to push without it'
    : `nothing answers: ${cause.message || cause.name}`
}

await asOperator('push', USAGE, async () => {
  const { values, positionals } = readLine(process.argv.slice(2), OPTIONS)
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const [url, reference, ...more] = positionals
  if (url === undefined || reference === undefined || more.length > 0)
    throw new UsageError('it takes a probe and where it goes')
  const { origin, repository, tag } = sourceOf(url, values.modules === true ? 'modules' : 'probes')
  const place = placeOf(reference)
  const credentials = credentialsFor(place.host, process.env)
  const to = openRegistry({ place, plainHttp: values['plain-http'] === true, credentials })
  const ports = {
    from: openSource(origin, repository),
    to,
    say: (line: string) => console.error(printable(line)),
  }
  const target = place.tag ?? tag
  try {
    const digest = await push(ports, tag, target)
    console.log(printable(`${place.host}/${place.name}:${target}@${digest}`))
    return 0
  } catch (error) {
    if (error instanceof UsageError) throw error
    console.error(printable(`probe-registry push: ${whyNot(error)}`))
    return 1
  }
})
