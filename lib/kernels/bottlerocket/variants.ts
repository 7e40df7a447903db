// Lists Bottlerocket's variants, which have separate repositories, and the series of their kernels.

import * as z from 'zod'
import type { BottlerocketKernel } from './names.ts'

export const variantSchema = z.object({
  /** e.g. `aws-k8s-1.28` */
  name: z.string().regex(/^[a-z]{1,16}(?:-[a-z0-9.]{1,16}){1,6}$/),
  /** series of its kernels, e.g. `6.1`: for these it is asked first, for others last */
  kernels: z.array(z.string().regex(/^\d{1,2}\.\d{1,3}$/)),
  /** accepts expired metadata: Bottlerocket no longer signs the metadata of discontinued variants */
  ofThePast: z.boolean().optional(),
})
export type Variant = z.infer<typeof variantSchema>

/**
 * From Bottlerocket's releases (variants/, and bottlerocket.dev, "Variants & Kernels"). A Kubernetes variant
 * keeps its series. `-nvidia` and `-fips` variants are not listed, because they have the same kernel as the
 * plain variant of their release.
 */
export const VARIANTS: readonly Variant[] = [
  ...kubernetes('aws', 15, 35),
  { name: 'aws-ecs-3', kernels: ['6.12'] },
  { name: 'aws-ecs-2', kernels: ['6.1'] },
  { name: 'aws-ecs-1', kernels: ['5.10', '5.15'] },
  ...kubernetes('metal', 21, 35),
  ...kubernetes('vmware', 20, 35),
  ...['aws-dev', 'metal-dev', 'vmware-dev'].map((name) => ({
    name,
    kernels: ['5.10', '5.15', '6.1', '6.12'],
  })),
]

/** The variants of all Kubernetes minor versions, newest first. */
function kubernetes(family: string, oldest: number, newest: number): Variant[] {
  const minors = Array.from({ length: newest - oldest + 1 }, (_, i) => newest - i)
  return minors.map((minor) => ({ name: `${family}-k8s-1.${minor}`, kernels: [seriesSince(minor)] }))
}

function seriesSince(minor: number): string {
  if (minor >= 33) return '6.12'
  if (minor >= 28) return '6.1'
  if (minor >= 24) return '5.15'
  return minor >= 20 ? '5.10' : '5.4'
}

/** The variants of the kernel's family, likely ones first. */
export function variantsFor(
  variants: readonly Variant[],
  { family, kernelRelease }: BottlerocketKernel,
): readonly Variant[] {
  const own = variants.filter(({ name }) => name.startsWith(`${family}-`))
  const likely = ({ kernels }: Variant) => kernels.some((series) => kernelRelease.startsWith(`${series}.`))
  return [...own.filter(likely), ...own.filter((variant) => !likely(variant))]
}
