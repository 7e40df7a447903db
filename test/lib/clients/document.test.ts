import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { namesDocument } from '../../../lib/clients/document.ts'

test('docs/names.md equals the document that the code generates', async () => {
  const written = await readFile(new URL('../../../docs/names.md', import.meta.url), 'utf8')
  expect(written, 'stale: run npx --no-install probe-registry name --document > docs/names.md').toBe(
    namesDocument(),
  )
})
