import { isIP } from 'node:net';
import { AttemptFailure } from '../../upstream/attempt-failure.ts';
import { hostnameOf, type Endpoint } from './endpoint.ts';

/** Second-level names under which the public registers, whatever their length. */
const publicSecondLevels = new Set(['info', 'name', 'gouv', 'asso', 'govt', 'firm', 'store']);

/** Domains whose subdomains belong to different people. */
const sharedDomains = new Set([
  'amazonaws.com',
  'azurecr.io',
  'azurewebsites.net',
  'cloudapp.net',
  'cloudfront.net',
  'digitaloceanspaces.com',
  'fly.dev',
  'github.io',
  'gitlab.io',
  'googleapis.com',
  'herokuapp.com',
  'netlify.app',
  'ngrok.io',
  'onrender.com',
  'pages.dev',
  'run.app',
  'vercel.app',
  'windows.net',
  'workers.dev',
]);

/**
 * Says whether a registry may send its clients to `realm` for a token. A registry that could name any host
 * would have the user's password sent there (CVE-2026-33540). Allowed are the registry's own host, whatever the
 * port; a host of the same registrable domain (`registry-1.docker.io` and `auth.docker.io`); and the hosts
 * that the user trusts for this registry. A registry on https cannot send to http. Addresses and `localhost` are
 * never anything but themselves.
 *
 * There is no public-suffix list here, so the registrable domain is guessed on the narrow side: the last two
 * labels, or three where the second-last has at most three letters or is known to be open to the public
 * (`co.uk`, but also `ibm.com`); nothing for domains known to be shared between customers.
 */
export function checkRealm(
  realmText: string | undefined,
  endpoint: Endpoint,
  trustedHosts: readonly string[],
): URL {
  const realm = realmText === undefined ? null : URL.parse(realmText);
  if (realm === null || (realm.protocol !== 'https:' && realm.protocol !== 'http:')) {
    throw refused(endpoint, 'names no token service');
  }
  if (endpoint.origin.startsWith('https:') && realm.protocol !== 'https:') {
    throw refused(endpoint, `sends from https to http for a token (${realm.host})`);
  }
  const isAllowed =
    isSameSite(hostnameOf(endpoint.host), realm.hostname) ||
    trustedHosts.includes(realm.host) ||
    trustedHosts.includes(realm.hostname);
  if (!isAllowed || realm.username !== '' || realm.password !== '') {
    throw refused(endpoint, `sends to a foreign host for a token (${realm.host})`);
  }
  return realm;
}

/** True when two host names (without ports) certainly belong to one owner. */
export function isSameSite(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  if (a === b) return true;
  const domain = registrableDomain(a);
  return domain !== null && domain === registrableDomain(b);
}

function registrableDomain(hostname: string): string | null {
  if (isIP(hostname) !== 0 || hostname.startsWith('[')) return null;
  const labels = hostname.split('.');
  const second = labels.at(-2) ?? '';
  if (sharedDomains.has(labels.slice(-2).join('.'))) return null;
  const isWide = second.length <= 3 || publicSecondLevels.has(second);
  const needed = isWide ? 3 : 2;
  return labels.length < needed ? null : labels.slice(-needed).join('.');
}

function refused(endpoint: Endpoint, problem: string): AttemptFailure {
  return new AttemptFailure(`${endpoint.host} ${problem}`, {
    code: 'registry_auth_required',
    isPassing: false,
    hint: 'If that host is right, name it in trustedRealms for this registry.',
  });
}
