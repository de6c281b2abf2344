import type { RequestListener } from 'node:http';
import {
  type FaultyListener,
  openFaultyListener,
  type Outage,
} from '../recorded-upstream/faulty-listener.ts';
import type { RecordedOciOptions } from './registry-options.ts';
import type { Place } from './route.ts';

export interface PlacesOptions {
  readonly options: RecordedOciOptions;
  readonly handler: (place: Place) => RequestListener;
  readonly opened: () => void;
  readonly closed: () => void;
}

/** The addresses of a registry; places without one of their own are at the registry's. */
export interface Places {
  readonly addresses: {
    readonly url: string;
    readonly host: string;
    readonly port: number;
    readonly cdnUrl: string;
    readonly tokenUrl: string;
  };
  /** `http://127.0.0.1:PORT`. */
  origin(place: Place): string;
  outage(how: Outage, places?: readonly Place[]): Promise<void>;
  restore(): Promise<void>;
  close(): Promise<void>;
}

interface OpenPlace {
  readonly origin: string;
  readonly listener: FaultyListener;
}

export async function openPlaces({
  options,
  handler,
  opened,
  closed,
}: PlacesOptions): Promise<Places> {
  const { host = '127.0.0.1', port = 0, tls, cdn, tokenService } = options;
  const scheme = tls === undefined ? 'http' : 'https';
  const open = new Map<Place, OpenPlace>();
  const openOne = async (
    place: Place,
    at: { readonly host: string; readonly name?: string; readonly port?: number },
  ): Promise<OpenPlace> => {
    const listener = await openFaultyListener({
      handler: handler(place),
      tls,
      host: at.host,
      port: at.port ?? 0,
      opened,
      closed,
    });
    const one = { origin: `${scheme}://${at.name ?? at.host}:${listener.port}`, listener };
    open.set(place, one);
    return one;
  };
  const registry = await openOne('registry', { host, port });
  if (cdn !== undefined) await openOne('cdn', { host: '127.0.0.2', ...cdn });
  if (tokenService !== undefined) await openOne('token', { host: '127.0.0.3', ...tokenService });
  const origin = (place: Place): string => (open.get(place) ?? registry).origin;
  const all = (places?: readonly Place[]): FaultyListener[] =>
    [...open].flatMap(([place, { listener }]) =>
      places?.includes(place) === false ? [] : [listener],
    );
  return {
    addresses: {
      url: `${registry.origin}/`,
      host: `${host}:${registry.listener.port}`,
      port: registry.listener.port,
      cdnUrl: `${origin('cdn')}/`,
      tokenUrl: `${origin('token')}/token`,
    },
    origin,
    async outage(how, places) {
      for (const listener of all(places)) await listener.outage(how);
    },
    async restore() {
      for (const listener of all()) await listener.restore();
    },
    async close() {
      for (const listener of all()) await listener.close();
    },
  };
}
