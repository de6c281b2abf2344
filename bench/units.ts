export type Unit =
  | 'bytes'
  | 'ms'
  | 'share'
  | 'times'
  | 'digests'
  | 'requests'
  | 'requests/s'
  | 'installs'
  | 'pulls'
  | 'bodies';

/** A number for people: bytes in millions, times in seconds, shares in percent. */
export function formatValue(value: number, unit: Unit): string {
  if (unit === 'bytes') return `${(value / 1e6).toFixed(value < 1e8 ? 2 : 0)} MB`;
  if (unit === 'ms') return `${(value / 1000).toFixed(2)} s`;
  if (unit === 'share') return `${(value * 100).toFixed(value < 0.1 ? 2 : 1)} %`;
  if (unit === 'times') return `${value.toFixed(2)} times`;
  return `${value} ${unit}`;
}
