// Driver sources that an operator serves from a folder: a real module with a Makefile that first runs lines of bash.

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { moduleFiles } from '../builds/small.ts'

/** The driver version of `ownDriver`. */
export const OWN_DRIVER = '1.0.0+own'

/** Writes the sources, and returns the settings with which a registry serves them. */
export async function ownDriver(folder: string, lines: readonly string[]) {
  const made = moduleFiles({ before: 'bash ./first.sh' })
  const files = {
    ...made,
    'scap.c': `${made['scap.c']}MODULE_VERSION("${OWN_DRIVER}");\n`,
    'first.sh': `${lines.join('\n')}\ntrue\n`,
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return {
    drivers: [
      {
        match: '1\\.0\\.0\\+own',
        about: OWN_DRIVER,
        names: ['scap'],
        kinds: ['kmod'],
        recipe: 'makefile',
        source: { from: 'directory', path: folder },
      },
    ],
  }
}
