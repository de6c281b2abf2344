import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { decodedPath } from '../recorded-upstream/decoded-path.ts';
import type { Access } from './access.ts';
import type { Answer } from './answer.ts';
import { createCdn } from './cdn.ts';
import { createFaultChooser } from './fault.ts';
import { heedConditions } from './heed-conditions.ts';
import { makeAnswer } from './make-answer.ts';
import type { Places } from './open-places.ts';
import { createPacer } from './pacer.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';
import type { RegistryContent } from './registry-content.ts';
import type { RecordedOciOptions, RegistrySettings } from './registry-options.ts';
import type { RequestCounter } from './request-counts.ts';
import { parseRoute, type Place, type Route } from './route.ts';
import { sendAnswer } from './send-answer.ts';
import { spoilAnswer } from './spoil-answer.ts';

export interface ResponderParts {
  readonly options: RecordedOciOptions;
  readonly content: RegistryContent;
  readonly access: Access;
  readonly counter: RequestCounter;
}

export interface Incoming {
  readonly place: Place;
  readonly places: Places;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Answers requests, from the count of one to the last byte, as the settings of the moment have it. */
export interface Responder {
  /** Takes care of its own failures. */
  respond(incoming: Incoming): void;
  change(settings: RegistrySettings): void;
}

export function createResponder({ options, content, access, counter }: ResponderParts): Responder {
  const { seed = 1 } = options;
  const cdn = options.cdn === undefined ? null : createCdn(options.cdn);
  const pacer = createPacer();
  let settings: RegistrySettings = options;
  let chooseFault = createFaultChooser(settings.faults ?? [], seed);
  let rateLimit = rateLimitOf(settings);

  const rightAnswer = (incoming: Incoming, route: Route, method: string): Answer => {
    const { places, request } = incoming;
    const source = {
      content,
      access,
      settings,
      rateLimit,
      cdn,
      cdnOrigin: places.origin('cdn'),
      tokenOrigin: places.origin('token'),
    };
    const url = URL.parse(request.url ?? '/', 'http://registry/') ?? new URL('http://registry/');
    const client = request.socket.remoteAddress ?? '';
    const { headers } = request;
    const answer = makeAnswer(source, { route, method, url, headers, client });
    return method === 'GET' ? heedConditions(answer, headers) : answer;
  };

  const answer = async (incoming: Incoming): Promise<void> => {
    const { place, request, response } = incoming;
    const { headers, method = 'GET' } = request;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    request.resume();
    const path = decodedPath(request.url ?? '/') ?? '';
    const route = parseRoute(place, path);
    const { kind } = route;
    const credentials = [headers.authorization, headers['proxy-authorization'], headers.cookie];
    const counted = { place, kind, method, path, credentials };
    const attempt = counter.request(counted);
    const { latencyMs = 0, bytesPerSec = 0 } = settings;
    if (latencyMs > 0) await pause(latencyMs, undefined, { signal: gone.signal });
    const right = rightAnswer(incoming, route, method);
    const { sizeBytes } = right.body;
    const fault = chooseFault({ kind, method, path, attempt, sizeBytes });
    if (fault !== null) counter.fault(fault.name);
    const final = spoilAnswer(right, fault);
    counter.answer(counted, final.status);
    const exchange = { request, response, signal: gone.signal, pacer, bytesPerSec };
    await sendAnswer({ ...exchange, countBody: counter.body }, final, fault);
  };

  return {
    respond(incoming) {
      answer(incoming).catch((error: unknown) => failed(incoming, error));
    },
    change(next) {
      settings = { ...settings, ...next };
      if (next.faults !== undefined) chooseFault = createFaultChooser(next.faults, seed);
      if (next.rateLimit !== undefined) rateLimit = rateLimitOf(next);
    },
  };
}

function rateLimitOf({ rateLimit }: RegistrySettings): RateLimit | null {
  return rateLimit === undefined || rateLimit === null ? null : createRateLimit(rateLimit);
}

/** A client that leaves ends its own answer and nothing else; what goes wrong otherwise is the registry's own fault. */
function failed({ request, response }: Incoming, error: unknown): void {
  if (response.destroyed || response.writableFinished) return;
  response.destroy();
  process.stderr.write(`recorded OCI registry: ${request.url}: ${String(error)}\n`);
}
