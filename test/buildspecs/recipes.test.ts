// Tests the recipes with the layouts of driver sources.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../support/builds/build.ts'
import { below, GOOD, making, smallBuild } from '../support/builds/small.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'

let store: LoopbackStore
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

/** Imitates a driver that has CMake's templates as build files. */
const templates = {
  'driver/API_VERSION': '10.1.0\n',
  'driver/SCHEMA_VERSION': '4.5.1\n',
  'driver/driver_config.h.in': [
    '#define API ${PPM_API_CURRENT_VERSION_MAJOR} ${PPM_API_CURRENT_VERSION_MINOR} ${PPM_API_CURRENT_VERSION_PATCH}',
    '#define SCHEMA ${PPM_SCHEMA_CURRENT_VERSION_MAJOR} ${PPM_SCHEMA_CURRENT_VERSION_MINOR} ${PPM_SCHEMA_CURRENT_VERSION_PATCH}',
    '#define VERSION "${DRIVER_VERSION}" "${DRIVER_NAME}" "${DRIVER_DEVICE_NAME}" "${GIT_COMMIT}"',
    '',
  ].join('\n'),
  'driver/Makefile.in': [
    'ccflags-y := @KBUILD_FLAGS@',
    'all:',
    '\tcat driver_config.h configure/HAS_IT/Makefile.inc bpf/configure/HAS_BPF/Makefile.inc bpf/ppm.h',
    '\tcp /usr/bin/true @DRIVER_NAME@.ko',
    '',
  ].join('\n'),
  'driver/ppm.h': '/* the header */\n',
  'driver/configure/Makefile': '',
  'driver/configure/build.sh': '',
  'driver/configure/Makefile.inc.in': 'kmod has @CONFIGURE_MODULE@\n',
  'driver/configure/HAS_IT/test.c': '',
  'driver/bpf/configure/Makefile': '',
  'driver/bpf/configure/build.sh': '',
  'driver/bpf/configure/Makefile.inc.in': 'bpf has @CONFIGURE_MODULE@\n',
  'driver/bpf/configure/HAS_BPF/test.c': '',
}

describe('recipe makefile', () => {
  test.each([
    ['at the top', ''],
    ['in the one folder of an archive', 'scap-1.2.3'],
    ['where a Debian package puts it', 'usr/src/scap-1.2.3'],
  ])('builds sources that lie %s', async (_, folder) => {
    const { exit, probe } = await build(store, smallBuild(below(folder || '.', making(GOOD))))
    expect(exit).toBe(0)
    expect(probe?.subarray(0, 4).toString('latin1')).toBe('\x7fELF')
  })

  test('reports that the sources have no Makefile in a known place', async () => {
    const { exit, log } = await build(store, smallBuild({ 'a/b/c/Makefile': 'all:\n' }))
    expect(exit).toBe(1)
    expect(log).toContain('the driver sources hold no Makefile where one belongs')
  })
})

describe('recipe libs', () => {
  test.each([['libs-1.2.3'], ['.']])("fills in CMake's templates below %s", async (folder) => {
    const order = smallBuild(below(folder, templates), { RECIPE: 'libs', DRIVER_NAME: 'falco' })
    const { exit, log } = await build(store, order)
    expect(exit).toBe(0)
    expect(log).toContain('#define API 10 1 0\n#define SCHEMA 4 5 1\n')
    expect(log).toContain('#define VERSION "1.2.3+driver" "falco" "falco" ""\n')
    expect(log).toContain('kmod has HAS_IT\nbpf has HAS_BPF\n/* the header */\n')
  })

  test('stops at a placeholder that it does not know', async () => {
    const newer = { ...templates, 'driver/driver_config.h.in': '#define X "${BRAND_NEW}"\n' }
    const { exit, log } = await build(store, smallBuild(below('libs', newer), { RECIPE: 'libs' }))
    expect(exit).toBe(1)
    expect(log).toContain('#define X "${BRAND_NEW}"')
    expect(log).toContain('driver_config.h.in has a placeholder that the recipe libs does not know')
  })

  test('reports that a driver has no eBPF probe', async () => {
    const files = Object.fromEntries(Object.entries(templates).filter(([path]) => !path.includes('bpf/')))
    const { exit, log } = await build(
      store,
      smallBuild(below('libs', files), { RECIPE: 'libs', KIND: 'ebpf' }),
    )
    expect(exit).toBe(1)
    expect(log).toContain('these driver sources have no legacy eBPF probe')
  })
})
