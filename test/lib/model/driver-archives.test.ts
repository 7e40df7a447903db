import { describe, expect, test } from 'vitest'
import { archiveUrl, driverArchive } from '../../../lib/model/driver-archives.ts'

const VERSION = '11.0.0+driver'

describe('a place of archives', () => {
  test.each([
    ['https://mirror.example/a/{driverVersion}.tar.gz', 'https://mirror.example/a/11.0.0%2Bdriver.tar.gz'],
    ['https://mirror.example/libs', 'https://mirror.example/libs/11.0.0%2Bdriver.tar.gz'],
    ['/srv/libs', 'file:///srv/libs/11.0.0+driver.tar.gz'],
    ['/srv/libs/', 'file:///srv/libs/11.0.0+driver.tar.gz'],
    ['/srv/my libs/libs-{driverVersion}.tgz', 'file:///srv/my%20libs/libs-11.0.0+driver.tgz'],
    ['file:///srv/libs', 'file:///srv/libs/11.0.0%2Bdriver.tar.gz'],
  ])('%s has the archive of a version at %s', (place, url) => {
    expect(driverArchive.parse(place)).toBe(place)
    expect(archiveUrl(place, VERSION)).toBe(url)
  })

  test.each(['https://mirror.example/libs.tar.gz', '/srv/libs/11.0.0+driver.tar.gz'])(
    '%s would be one file for all versions, and is refused',
    (place) => {
      expect(() => driverArchive.parse(place)).toThrow('one file for all driver versions')
    },
  )

  test.each(['libs', './libs', 'ftp://mirror.example/libs', 's3://bucket/{driverVersion}', '', '~/libs'])(
    '%j is none, and its refusal shows how one is written',
    (place) => {
      expect(() => driverArchive.parse(place)).toThrow('or /srv/libs, a folder')
    },
  )
})
