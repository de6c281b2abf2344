import { isIP, isIPv6 } from 'node:net';
import * as z from 'zod';
import { isRegistryHost } from './registry-host.ts';

const registryHost = z
  .string()
  .toLowerCase()
  .refine(
    isRegistryHost,
    'is no host of a registry, such as ghcr.io, registry.example:5000 or localhost',
  );
const hostname = z
  .string()
  .toLowerCase()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?(:\d{1,5})?$/, 'is no name of a host');
const network = z.string().refine(isNetwork, 'is no address and no network such as 192.0.2.0/24');
const seconds = z
  .number()
  .nonnegative()
  .max(10 * 365 * 24 * 3600);
const byAccess = (publicSec: number, credentialSec: number) =>
  z
    .strictObject({
      public: seconds.default(publicSec),
      credential: seconds.default(credentialSec),
    })
    .prefault({});

/** `http[s]://host[:port][/path]` and nothing else: no credential, no query. */
export const endpointUrl = z.string().transform((text, context) => {
  const url = URL.parse(text);
  const problem = endpointProblem(url);
  if (url !== null && problem === null) return url;
  context.addIssue({ code: 'custom', message: problem ?? 'is no http or https address' });
  return z.NEVER;
});

const credential = z.union(
  [
    z.enum(['none', 'docker']),
    z.strictObject({
      username: z
        .string()
        .min(1)
        .regex(/^[^:\p{Cc}]*$/u, 'has a character that no user name can have'),
      passwordFile: z.string().min(1),
    }),
  ],
  { error: 'is none of "none", "docker" and {"username", "passwordFile"}' },
);

const registry = z.strictObject({
  name: registryHost,
  aliases: z.array(registryHost).optional(),
  endpoints: z.array(endpointUrl).min(1).optional(),
  clientCredentials: z.boolean().default(false),
  credential: credential.default('none'),
  credentialFor: z.enum(['public', 'everyone']).optional(),
  trustedRealms: z.array(hostname).optional(),
  tagMaxAgeSec: seconds.optional(),
});

/** The configuration file of a registry cache. */
export const configSchema = z.strictObject({
  registries: z.array(registry).default([]),
  /** Whether the known registries are left out. */
  onlyStated: z.boolean().default(false),
  root: registryHost.optional(),
  requireLogin: z.boolean().default(false),
  trustedHosts: z.array(hostname).default([]),
  trustedProxies: z.array(network).default([]),
  tagMaxAgeSec: seconds.default(60),
  maxStaleSec: seconds.default(7 * 24 * 3600),
  grantSec: byAccess(24 * 3600, 300),
  staleGrantSec: byAccess(7 * 24 * 3600, 3600),
  maxCacheBytes: z.number().int().positive().nullable().default(null),
});

export type StatedConfig = z.infer<typeof configSchema>;
export type StatedRegistry = StatedConfig['registries'][number];

export const rootName = registryHost;

function endpointProblem(url: URL | null): string | null {
  if (url === null || !/^https?:$/.test(url.protocol)) return 'is no http or https address';
  if (url.username !== '' || url.password !== '')
    return 'has a credential, which belongs into a file of its own: see credential';
  if (url.search !== '' || url.hash !== '') return 'has a query or fragment';
  if (/\/v2\/?$/.test(url.pathname)) return 'ends with /v2, which is added to it';
  return /^[A-Za-z0-9._/-]*$/.test(url.pathname) ? null : 'has a path that no repository has';
}

function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  return isIP(address) !== 0 && Number(bits ?? 0) <= (isIPv6(address) ? 128 : 32);
}
