import type { AuthTarget } from './authorizer.ts';
import type { TransportResponse } from '../../upstream/transport.ts';

/** A request for something of a repository. */
export interface ExchangeRequest extends AuthTarget {
  readonly method: 'GET' | 'HEAD';
  /** Behind the repository, for example `manifests/latest`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** Sends one request through authentication and redirects; gives answers of status 200 and 206 only. */
export type Exchange = (request: ExchangeRequest) => Promise<TransportResponse>;
