// An attacker who can push a tag of the build image, or answer as its registry, would control the build of every probe.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readSettings } from '../../cdk/settings.ts'
import { resourcesOf, synthesis } from '../support/cdk/template.ts'

const folder = mkdtempSync(join(tmpdir(), 'probe-registry-image-'))
afterAll(() => rmSync(folder, { recursive: true }))

const DIGEST = 'a'.repeat(64)
const withImage = (buildImage: string) => {
  const file = join(folder, 'settings.json')
  writeFileSync(file, JSON.stringify({ cloud: { buildImages: { x86_64: buildImage } } }))
  return readSettings(file, { local: false })
}

test('every CodeBuild project of the template runs in an image of CodeBuild, which only AWS can change', () => {
  const projects = [...resourcesOf(synthesis(undefined, true).template, 'AWS::CodeBuild::Project').values()]
  expect(projects).toHaveLength(4)
  for (const { Properties } of projects) {
    const { Image, ImagePullCredentialsType } = Properties.Environment as Record<string, string>
    expect(Image).toMatch(/^aws\/codebuild\/amazonlinux-(x86_64|aarch64)-standard:\d\.0$/)
    expect(ImagePullCredentialsType).toBe('CODEBUILD')
  }
})

test.each([
  'public.ecr.aws/docker/library/buildpack-deps:bookworm',
  'registry.example/aws/codebuild/amazonlinux-x86_64-standard:5.0',
  'aws/codebuild/standard',
  'buildpack-deps',
  `buildpack-deps@sha256:${DIGEST.slice(1)}`,
  `buildpack-deps@sha256:${DIGEST}0`,
  `buildpack-deps@sha256:${DIGEST.toUpperCase()}`,
  `buildpack-deps@sha512:${DIGEST}`,
  `@sha256:${DIGEST}`,
  `a b@sha256:${DIGEST}`,
  `a@sha256:${DIGEST}\n`,
])('refuses the image %j, and names the command that reads a digest', (image) => {
  expect(() => withImage(image)).toThrow(/docker buildx imagetools inspect/)
})

test('accepts another image with its digest', () => {
  const image = `registry.example:5000/builders/debian@sha256:${DIGEST}`
  expect(withImage(image).cloud.buildImages.x86_64).toBe(image)
})
