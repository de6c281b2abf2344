import { fileURLToPath } from 'node:url';
import { AshlarError } from '../errors/ashlar-error.ts';
import { isObjectKey } from './object-key.ts';

export interface FsLocation {
  readonly kind: 'fs';
  /** Absolute. */
  readonly directory: string;
}

export interface S3Location {
  readonly kind: 's3';
  readonly bucket: string;
  /** What every key starts with in the bucket: empty, or segments and a slash at the end. */
  readonly prefix: string;
  /** Of a server other than AWS, as `http://host:port`; buckets are then part of the path. */
  readonly endpoint?: string;
  /** As the URL names it. */
  readonly region?: string;
}

export type StoreLocation = FsLocation | S3Location;

const bucketPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/;
const regionPattern = /^[A-Za-z0-9-]{1,63}$/;
const parameters: readonly string[] = ['endpoint', 'region'];

/**
 * Reads `file:///dir` or `s3://bucket[/prefix][?endpoint=URL][&region=NAME]`. Anything else is
 * `store_url_invalid`; its message never repeats credentials.
 */
export function parseStoreUrl(text: string): StoreLocation {
  const url = parseUrl(text);
  if (url.protocol === 'file:') return fsLocationOf(url, text);
  if (url.protocol === 's3:') return s3LocationOf(url);
  throw invalid(url.protocol, 'is neither file: nor s3:');
}

/** The location as a URL, in one spelling. */
export function formatS3Url(location: S3Location): string {
  const { endpoint, region } = location;
  const query = [
    ...(endpoint === undefined ? [] : [`endpoint=${asParameter(endpoint)}`]),
    ...(region === undefined ? [] : [`region=${asParameter(region)}`]),
  ].join('&');
  const place = `s3://${location.bucket}/${location.prefix}`.replace(/\/$/, '');
  return query === '' ? place : `${place}?${query}`;
}

function asParameter(text: string): string {
  return encodeURIComponent(text).replaceAll('%3A', ':').replaceAll('%2F', '/');
}

function fsLocationOf(url: URL, text: string): FsLocation {
  // `file:dir` and `file://dir/x` parse too, as /dir and as a directory of the host `dir`.
  if (!/^file:\/\/\//i.test(text)) {
    throw invalid(text, 'needs three slashes and an absolute path, as in file:///dir');
  }
  if (url.search !== '' || url.hash !== '') {
    throw invalid(text, 'has ? or #, which must be written %3F or %23 in a path');
  }
  if (/%2f|%00/i.test(url.pathname))
    throw invalid(text, 'has an escaped slash or zero in its path');
  return { kind: 'fs', directory: fileURLToPath(url).replace(/(?<=.)\/+$/, '') };
}

function s3LocationOf(url: URL): S3Location {
  // Parameters are never repeated in a message: they may hold secrets.
  const place = `s3://${url.hostname}`;
  if (url.port !== '') {
    throw invalid(place, 'has a port after the bucket; a server is named with ?endpoint=');
  }
  if (!bucketPattern.test(url.hostname)) {
    throw invalid(
      place,
      `names no bucket: ${JSON.stringify(url.hostname)} (a name has 3 to 63 letters, digits and . _ -)`,
    );
  }
  if (url.hash !== '') throw invalid(place, 'has a part after #');
  for (const name of url.searchParams.keys()) {
    if (!parameters.includes(name)) throw invalid(place, `has an unknown parameter: ${name}`);
    if (url.searchParams.getAll(name).length > 1) throw invalid(place, `has ${name} twice`);
  }
  const folder = url.pathname.replace(/^\//, '').replace(/\/$/, '');
  if (folder !== '' && !isObjectKey(folder)) {
    throw invalid(place, `has a prefix that cannot start a key: ${folder}`);
  }
  const endpoint = url.searchParams.get('endpoint');
  const region = url.searchParams.get('region');
  if (region !== null && !regionPattern.test(region)) throw invalid(place, 'names no region');
  return {
    kind: 's3',
    bucket: url.hostname,
    prefix: folder === '' ? '' : `${folder}/`,
    ...(endpoint === null ? {} : { endpoint: endpointOf(endpoint) }),
    ...(region === null ? {} : { region }),
  };
}

function endpointOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw invalid('s3:', 'has an endpoint that is no http or https URL');
  }
  refuseCredentials(url, 'endpoint');
  if (url.search !== '' || url.hash !== '') {
    throw invalid('s3:', `has an endpoint with more than a host and a path: ${url.origin}`);
  }
  return url.href.replace(/\/$/, '');
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  // The text is not repeated: what does not parse may still hold a password.
  if (url === null) throw invalid('the text given', 'is no URL');
  refuseCredentials(url, 'store');
  return url;
}

function refuseCredentials(url: URL, what: string): void {
  if (url.username === '' && url.password === '') return;
  throw new AshlarError('store_url_invalid', `the ${what} URL of ${url.host} holds credentials`, {
    data: { host: url.host },
    hint: 'Take the credentials out of the URL, and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or an AWS profile.',
  });
}

function invalid(text: string, what: string): AshlarError {
  return new AshlarError('store_url_invalid', `not a store: ${text} ${what}`, {
    data: { url: text },
  });
}
