// Reads the contents of a probe's package, in any format: the published bytes, their statement and licence.

import { sha256 } from '../model/digest.ts'
import { ProbeError } from '../model/errors.ts'
import type { Store } from '../model/ports.ts'
import type { Publication, Source } from '../model/probe.ts'
import { statementOf } from '../signing/statement.ts'
import type { Change } from './channel.ts'

export type Published = Extract<Change, { tag: 'published' }>

export interface Contents {
  readonly module: Uint8Array
  /** armored; covers the module and its statement */
  readonly signature: Uint8Array
  /** the parts of the signed statement, one a line */
  readonly statement: string
  readonly licence: string
}

const MAX_SIGNATURE = 256 * 1024

/** @throws {ProbeError} `misconfigured`: published objects are missing or changed. */
export async function contentsOf(
  artifacts: Pick<Store, 'get'>,
  { probe, publication }: Published,
): Promise<Contents> {
  const { objectKey, bytes } = publication
  const [module, signature] = await Promise.all([
    artifacts.get(objectKey, bytes),
    artifacts.get(`${objectKey}.asc`, MAX_SIGNATURE),
  ])
  if (module === undefined || signature === undefined || sha256(module) !== publication.sha256)
    throw new ProbeError('misconfigured', `${objectKey} or its signature is missing or changed`)
  const statement = `${statementOf({ probe, ...publication.provenance }).join('\n')}\n`
  return { module, signature, statement, licence: licenceOf(publication) }
}

/** Licence of the module, with its sources. Only lines with digests may have 80 characters or more. */
const licenceOf = ({ provenance: { driverSource, headers, unameRelease } }: Publication): string => `\
This is the driver of Falco, compiled for the Linux kernel ${unameRelease}.

The sources of the driver are Copyright (C) The Falco Authors. They are licensed
under two licences, of which you choose one: MIT, or GPL-2.0.
The module is compiled with the headers of that kernel, which are licensed under
GPL-2.0. So the module as a whole may be passed on under GPL-2.0.

Sources of the driver:
${sourceLines(driverSource)}
Headers of the kernel:
${headers.map(sourceLines).join('')}
MIT:

${MIT}
GPL-2.0: https://www.gnu.org/licenses/old-licenses/gpl-2.0.txt
`

const sourceLines = ({ name, version, url, sha256 }: Source): string =>
  `  ${name} ${version}\n  ${url}\n  sha256 ${sha256}\n`

/** https://spdx.org/licenses/MIT.html */
const MIT = `\
Permission is hereby granted, free of charge, to any person obtaining a copy of
this software and associated documentation files (the "Software"), to deal in
the Software without restriction, including without limitation the rights to
use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of
the Software, and to permit persons to whom the Software is furnished to do so,
subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS
FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`
