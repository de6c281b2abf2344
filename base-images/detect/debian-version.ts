/**
 * Versions of packages, as Debian Policy 4.1.5 has them in section 5.6.12 ("Version"): `[epoch:]upstream[-revision]`.
 */

/** Less than 0 where the left is the older, more where it is the newer, 0 where both are the same to dpkg. */
export function compareDebianVersions(left: string, right: string): number {
  const [one, other] = [partsOf(left), partsOf(right)];
  return (
    compareDigits(one.epoch, other.epoch) ||
    comparePart(one.upstream, other.upstream) ||
    comparePart(one.revision, other.revision)
  );
}

/**
 * The version as the program's authors have it: `1.8.21p2` of `1.8.21p2-3ubuntu1.6`, `4.13` of `1:4.13+dfsg1-1`, `2.41.5` of
 * `4.16.0-2+really2.41.5-0`, and `1.9.15p5` of Alpine's `1.9.15_p5-r0`.
 */
export function upstreamVersion(version: string): string {
  return partsOf(version)
    .upstream.replace(/^.*\+really/, '')
    .replace(/\+(?:dfsg|ds|repack|git).*$/, '')
    .replace(/_p(\d+)$/, 'p$1');
}

/**
 * Whether a program's version is older than another, by what its authors count alone: `2:4.13+dfsg1-3` counts as 4.13. What is
 * empty is the oldest.
 */
export function isOlderThan(version: string, than: string): boolean {
  return compareDebianVersions(upstreamVersion(version), than) < 0;
}

interface Parts {
  readonly epoch: string;
  readonly upstream: string;
  readonly revision: string;
}

function partsOf(version: string): Parts {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon === -1 ? '0' : version.slice(0, colon),
    upstream: dash === -1 ? rest : rest.slice(0, dash),
    revision: dash === -1 ? '' : rest.slice(dash + 1),
  };
}

/** By turns what is no digit, then a number; a missing number is 0. */
function comparePart(left: string, right: string): number {
  const [ones, others] = [piecesOf(left), piecesOf(right)];
  for (let index = 0; index < Math.max(ones.length, others.length); index += 1) {
    const [one = '', other = ''] = [ones[index], others[index]];
    const order = index % 2 === 0 ? compareText(one, other) : compareDigits(one, other);
    if (order !== 0) return order;
  }
  return 0;
}

function piecesOf(part: string): string[] {
  const pieces = part.split(/(\d+)/);
  return pieces.at(-1) === '' ? pieces.slice(0, -1) : pieces;
}

/** However many digits there are. */
function compareDigits(left: string, right: string): number {
  const [one, other] = [left.replace(/^0+/, ''), right.replace(/^0+/, '')];
  if (one.length !== other.length) return one.length - other.length;
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function compareText(left: string, right: string): number {
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const order = orderOf(left[index]) - orderOf(right[index]);
    if (order !== 0) return order;
  }
  return 0;
}

/** `~` before the end, the end before letters, letters before all else. */
function orderOf(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === '~') return -1;
  const code = character.charCodeAt(0);
  return /[A-Za-z]/.test(character) ? code : code + 256;
}
