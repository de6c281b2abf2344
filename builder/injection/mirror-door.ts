import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { createLimiter } from '../../src/index.ts';
import type { TakenConnection, TakenHosts } from '../run/taken-hosts.ts';
import { connectStraight, connectThrough, NoConnection } from './connect-to.ts';
import type { GivenCertificates } from './given-certificates.ts';
import type { NpmMirror } from './npm-mirror.ts';
import { trustsMirror } from './trusts-mirror.ts';

/** The way of all steps of a build to its mirror. */
export interface MirrorWay {
  readonly mirror: NpmMirror;
  /** Of all steps so far. */
  readonly use: MirrorUse;
  /** What becomes of the connections of one step to the mirror's names. */
  doorFor(given: GivenCertificates): MirrorDoor;
}

export interface MirrorDoor {
  readonly taken: TakenHosts;
  /** Of this step so far. */
  readonly use: MirrorUse;
}

/** Counts of connections. */
export interface MirrorUse {
  readonly through: number;
  /** To the registry itself, as the program does not trust the mirror, or speaks no TLS. */
  readonly straight: number;
  /** To the registry itself, as the mirror gave no connection. */
  readonly without: number;
}

export interface MirrorWayOptions {
  readonly mirror: NpmMirror;
  /** Told once, of the first connection that the mirror did not give. */
  readonly onFailure: (problem: string) => void;
  readonly monotonicMs: () => number;
}

/**
 * Connections for which a program is looked for and a way is made at once; the others of a step wait. A client of packages has some dozens
 * open.
 */
const judgedAtOnce = 32;

/** A mirror that failed is left alone for so long: each try costs a client the wait. */
const restMs = 10_000;

/**
 * Leads programs that trust the mirror to it, and everything else to the registry, as if there were no mirror: so that
 * nothing fails with one that goes without one. A mirror that gives no connection is done without.
 */
export function createMirrorWay(options: MirrorWayOptions): MirrorWay {
  const { mirror } = options;
  const throughMirror = unlessItRests(options);
  const total = { through: 0, straight: 0, without: 0 };
  return {
    mirror,
    use: total,
    doorFor(given) {
      const use = { through: 0, straight: 0, without: 0 };
      const isTrusted = trustOf(given);
      const turns = createLimiter(judgedAtOnce);
      const connectionFor = async (connection: TakenConnection): Promise<Socket> => {
        const { name, port, socket } = connection;
        // Whoever left while they waited is not looked for.
        if (socket.destroyed) throw new NoConnection('the program is gone');
        const isWanted = port === 443 && (await isTrusted(connection));
        const found = isWanted ? await throughMirror(name) : null;
        const how = found !== null ? 'through' : isWanted ? 'without' : 'straight';
        use[how]++;
        total[how]++;
        return found ?? connectStraight(name, port);
      };
      const take = (connection: TakenConnection): void => {
        const wanted = Promise.withResolvers<Socket>();
        // A failure is the connection's alone.
        const settled = (): Promise<void> =>
          connectionFor(connection).then(wanted.resolve, wanted.reject);
        void turns.enter(settled);
        void join(connection.socket, wanted.promise);
      };
      return { taken: { names: mirror.names, take }, use };
    },
  };
}

/** Null while the mirror gives no connections. */
function unlessItRests({
  mirror,
  onFailure,
  monotonicMs,
}: MirrorWayOptions): (name: string) => Promise<Socket | null> {
  let restsUntilMs = -Infinity;
  let isTold = false;
  return async (name) => {
    if (monotonicMs() < restsUntilMs) return null;
    try {
      return await connectThrough(mirror.url, name);
    } catch (error) {
      if (!(error instanceof NoConnection)) throw error;
      restsUntilMs = monotonicMs() + restMs;
      if (!isTold) onFailure(error.message);
      isTold = true;
      return null;
    }
  };
}

/** A process reads its configuration when it begins: what is found at its first connection counts for all. */
function trustOf(given: GivenCertificates): (connection: TakenConnection) => Promise<boolean> {
  const verdicts = new Map<string, Promise<boolean>>();
  return async ({ asker }) => {
    const process = await asker();
    if (process === null) return false;
    const verdict = verdicts.get(process.id) ?? trustsMirror(process, given);
    verdicts.set(process.id, verdict);
    return verdict;
  };
}

/** Never rejects: a step that cannot be served, or not any more, sees its connection reset. */
async function join(client: Socket, wanted: Promise<Socket>): Promise<void> {
  const [outcome] = await Promise.allSettled([wanted]);
  if (outcome.status === 'rejected') {
    client.resetAndDestroy();
    return;
  }
  const remote = outcome.value;
  remote.on('error', () => remote.destroy());
  client.once('close', () => remote.destroy());
  if (client.destroyed) remote.destroy();
  client.setNoDelay(true);
  await Promise.allSettled([pipeline(client, remote), pipeline(remote, client)]);
  remote.destroy();
  client.destroy();
}
