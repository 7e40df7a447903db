// Defines the names that a probe's packages have in any format.

/** `Flavour`: names of the package that a host keeps from kernel to kernel. */
export interface PackageNames<Flavour> {
  /** name of the package that contains the module, e.g. `falco-probe-11.0.0+driver-6.1.0-56-amd64` */
  readonly name: string
  /** version of the kernel's package: `6.1.192-2`, `6.8.0-52.53~22.04.1` */
  readonly version: string
  /** provided by all probe packages for that kernel: `falco-probe-6.1.0-56-amd64`, `falco-probe(5.14.0-427.el9.x86_64)` */
  readonly ofKernel: string
  /** provided by all probe packages, with the driver version: `falco-probe` */
  readonly ofDriver: string
  readonly driverVersion: string
  /** `undefined`: the flavour of the kernel is unknown */
  readonly flavour: Flavour | undefined
}
