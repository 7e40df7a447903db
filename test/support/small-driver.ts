// A real driver of a few lines, in the layout of falcosecurity/libs, as an archive that a test can put anywhere.

import { archiveOf } from './sources.ts'

/** A module with the driver's name and version; it loads and does nothing. `more`: a text that makes two archives differ. */
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
