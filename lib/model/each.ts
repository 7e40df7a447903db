// Makes a record with one value for each key of a closed list.

export const eachOf = <K extends string, T>(
  keys: readonly K[],
  value: (key: K) => T,
): Readonly<Record<K, T>> => Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<K, T>
