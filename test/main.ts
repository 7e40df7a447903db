// Runs `npm test`: the types, the style, then every test except the long ones. `npm run test:long` also runs the long tests,
// and some promises again on a strict stack. Prints the time of each file, and the totals in the last line. Arguments are
// file filters.

import { spawnSync } from 'node:child_process'
import { relative, resolve } from 'node:path'
import type { Vitest } from 'vitest/node'
import { LONG } from './support/long.ts'
import { type FileTime, overBudget, slowestFirst } from './support/times.ts'

interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}
const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 }

const add = (a: Tally, b: Tally): Tally => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
})

/** Why each test was skipped. A skipped test proves nothing. */
const skippedOf = ({ state }: Vitest): string[] =>
  state.getTestModules().flatMap((module) =>
    [...module.children.allTests('skipped')].map((test) => {
      const result = test.result()
      const why = result.state === 'skipped' ? result.note : undefined
      return `  ${relative('.', module.moduleId)}: ${test.fullName}: ${why ?? 'as its name says'}\n`
    }),
  )

/** Runs one command, which counts as one test, and shows its output. */
function check(what: string, command: string, args: readonly string[]): Tally {
  const started = performance.now()
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const ok = status === 0
  console.log(`${ok ? '✓' : '✗'} ${what} ${seconds} s${error === undefined ? '' : `: ${error.message}`}`)
  return { ...NOTHING, [ok ? 'passed' : 'failed']: 1 }
}

/** An unreadable file, a failed hook and an uncaught error also count as failures. */
function tally({ state }: Vitest): Tally {
  const modules = state.getTestModules()
  const tests = modules.flatMap(({ children }) => [...children.allTests()])
  const suites = modules.flatMap((module) => [module, ...module.children.allSuites()])
  const count = (wanted: string) => tests.filter((test) => test.result().state === wanted).length
  const broken = suites.filter((suite) => suite.errors().length > 0).length
  return {
    passed: count('passed'),
    failed: count('failed') + count('pending') + broken + state.getUnhandledErrors().length,
    skipped: count('skipped'),
  }
}

const timesOf = ({ state }: Vitest): FileTime[] =>
  state.getTestModules().map((module) => {
    const { duration, collectDuration, setupDuration } = module.diagnostic()
    const seconds = (duration + collectDuration + setupDuration) / 1000
    return { file: relative('.', module.moduleId), seconds }
  })

async function runTests(filters: readonly string[]): Promise<Tally> {
  // Vitest decides on colours when it is loaded, and treats every output as a terminal.
  if (!process.stdout.isTTY) process.env.NO_COLOR = '1'
  const { startVitest } = await import('vitest/node')
  const vitest = await startVitest([...filters], {
    watch: false,
    project: LONG ? [] : ['!long', '!strict'],
    reporters: [['default', { summary: false }]],
  })
  const result = tally(vitest)
  const skipped = skippedOf(vitest)
  if (skipped.length > 0) process.stdout.write(`\nskipped\n${skipped.join('')}`)
  process.stdout.write(`\nseconds of each file, slowest first\n${slowestFirst(timesOf(vitest))}`)
  await vitest.close()
  if (result.passed + result.failed > 0) return result
  console.log(`✗ no test ran${filters.length > 0 ? `: no file matches ${filters.join(' ')}` : ''}`)
  return add(result, { ...NOTHING, failed: 1 })
}

const began = performance.now()
process.chdir(resolve(import.meta.dirname, '..'))
const checks = add(
  check('types', 'node_modules/.bin/tsc', ['--noEmit']),
  check('style', 'node_modules/.bin/biome', ['check', '.']),
)
const total = add(checks, await runTests(process.argv.slice(2)))
process.stdout.write(overBudget((performance.now() - began) / 1000, LONG))
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
// Not console.log: this must be the last line, and a pipe must receive it before the process ends.
process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`, () =>
  process.exit(total.failed > 0 ? 1 : 0),
)
