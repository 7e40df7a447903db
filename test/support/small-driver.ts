// A real driver of a few lines, laid out as falcosecurity/libs has its own: an archive that a test may put anywhere.

import { archiveOf } from './sources.ts'

/** A module of the driver's name and version that loads, and does nothing. `more`: what tells two of them apart. */
export const smallDriver = (more = ''): Uint8Array =>
  archiveOf({
    'libs/driver/API_VERSION': '11.0.0\n',
    'libs/driver/SCHEMA_VERSION': '5.0.0\n',
    'libs/driver/driver_config.h.in': '#define DRIVER_VERSION "${DRIVER_VERSION}"\n',
    'libs/driver/Makefile.in': [
      'obj-m := @DRIVER_NAME@.o',
      '@DRIVER_NAME@-y := main.o',
      'all:',
      '\t$(MAKE) -C $(KERNELDIR) M=$(CURDIR) modules',
      '',
    ].join('\n'),
    'libs/driver/main.c': [
      `/* ${more} */`,
      '#include <linux/module.h>',
      '#include "driver_config.h"',
      'static int __init start(void) { return 0; }',
      'static void __exit stop(void) {}',
      'module_init(start); module_exit(stop);',
      'MODULE_LICENSE("GPL"); MODULE_VERSION(DRIVER_VERSION);',
      '',
    ].join('\n'),
  })
