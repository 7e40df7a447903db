// Lists the driver versions that upstream released, as in the tags of falcosecurity/libs.

/** Newest first. The catalogue also serves later versions, because it matches them by pattern. */
export const UPSTREAM_DRIVERS: readonly string[] = [
  ...['11.0.0', '10.2.0', '10.1.0', '10.0.0', '9.1.0', '9.0.0', '8.1.0', '8.0.0', '7.3.0', '7.2.1', '7.2.0'],
  ...['7.1.0', '7.0.0', '6.0.1', '6.0.0', '5.1.0', '5.0.1', '5.0.0', '4.0.1', '4.0.0', '3.0.1', '3.0.0'],
  '2.0.0',
].map((numbers) => `${numbers}+driver`)
