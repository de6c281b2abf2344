import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestLedger } from '../../src/network.ts';
import type { Registry } from '../registries/registry.ts';
import type { Requester } from './requester.ts';

/** One request and what is known of it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requester: Requester;
  /** The registry that is asked. */
  readonly registry: Registry;
  /** Path at the registry, from `/` on, with the query: what is left of the request's when the mirror's own part is taken away. */
  readonly path: string;
  /** Where the client is to find the registry's tarballs, without a slash at the end. */
  readonly base: string;
  readonly ledger: RequestLedger;
  /** Told of each part of a body that goes out and is not the mirror's own. */
  readonly onSent: (bytes: number) => void;
  /** Aborted when the client is gone or has waited long enough, and when the mirror ends. */
  readonly signal: AbortSignal;
}
