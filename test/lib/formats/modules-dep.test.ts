import { expect, test } from 'vitest'
import { modulesDep, modulesDepBin } from '../../../lib/formats/modules-dep.ts'

test('the index of one module has the bytes that depmod 30 of Debian 12 writes', () => {
  const hex =
    'b007f457000200012000002569727469' + '6f000000000100000000766972746' + '96f2e6b6f3a007676c000000c'
  expect(Buffer.from(modulesDepBin('virtio', 'virtio.ko')).toString('hex')).toBe(hex)
  expect(Buffer.from(modulesDep('virtio.ko')).toString()).toBe('virtio.ko:\n')
})
