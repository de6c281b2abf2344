import { createHash, randomBytes } from 'node:crypto';
import { AshlarError } from '../errors/ashlar-error.ts';
import { type ClaimsFolder, openClaimsFolder } from './host-claims-folder.ts';
import { createOwnerLinks, type OwnerLinks } from './host-claims-links.ts';
import { type ClaimsListener, listenForWaiters } from './host-claims-listener.ts';
import { sweepClaims } from './host-claims-sweep.ts';

/**
 * How the processes of one host agree who does the work for a key. It saves work and guards nothing: an owner that was
 * stopped for `stoppedAfterMs` and then goes on may meet its successor, so the outcome is published with a `put`, which lets
 * one win.
 */
export interface HostClaims extends AsyncDisposable {
  /**
   * `mine`: until `release`, or until this process ends, nobody else gets this key. `theirs`: somebody has it, in this
   * process or another; `ended` resolves when they released it or died, or did not answer for `stoppedAfterMs`. Who still
   * wants the key then claims again; several that wait all wake, and one gets it.
   *
   * Both this call and `ended` throw `home_unusable` when the directory cannot be used any more.
   */
  claim(key: string): Promise<Claim>;
}

export type Claim =
  | { readonly kind: 'mine'; release(): Promise<void> }
  | { readonly kind: 'theirs'; readonly ended: Promise<void> };

export interface HostClaimsOptions {
  /** After this time without a sign of life an owner counts as stopped. Default 15 s. */
  readonly stoppedAfterMs?: number;
}

const defaultStoppedAfterMs = 15_000;

/**
 * Takes part in the claims below `directory`, which is made where it is missing. Its file system may be shared with other
 * hosts: each host, from one boot to the next, has a folder of its own in it, for this user alone. What processes that
 * died left there is removed. Disposing releases all claims.
 *
 * Throws `home_unusable`. Linux only: sockets are reached through /proc/self/fd, as their paths may have 107 bytes.
 */
export async function openHostClaims(
  directory: string,
  options: HostClaimsOptions = {},
): Promise<HostClaims> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await openClaimsFolder(directory));
  await sweepClaims(folder);
  const owner = randomBytes(8).toString('hex');
  const listener = stack.use(await listenForWaiters(folder, owner));
  const links = stack.use(
    createOwnerLinks({
      socketOf: (other) => folder.socketOf(other),
      silentTickMs: (options.stoppedAfterMs ?? defaultStoppedAfterMs) / 3,
    }),
  );
  const held = new Map<string, () => Promise<void>>();
  const claim = createClaim({ folder, owner, listener, links, held });
  const pending = new Set<Promise<Claim>>();
  let isClosed = false;
  stack.defer(async () => {
    isClosed = true;
    await Promise.allSettled(pending);
    for (const release of held.values()) await release();
  });
  const owned = stack.move();
  return {
    async claim(key) {
      if (isClosed) throw new AshlarError('internal', `the claims in ${directory} were closed`);
      const run = claim(key);
      pending.add(run);
      try {
        return await run;
      } finally {
        pending.delete(run);
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Parts {
  readonly folder: ClaimsFolder;
  readonly owner: string;
  readonly listener: ClaimsListener;
  readonly links: OwnerLinks;
  /** How to release each claim of this process, by token. */
  readonly held: Map<string, () => Promise<void>>;
}

function createClaim(parts: Parts): HostClaims['claim'] {
  const { folder, owner, listener, held } = parts;
  let count = 0;
  return async (key) => {
    const name = createHash('sha256').update(key).digest('hex').slice(0, 40);
    count += 1;
    const token = `${owner}-${count}`;
    // Before anybody can see the claim: who asks for a token that is not held is told that it ended.
    listener.hold(token);
    const release = async (): Promise<void> => {
      if (!held.delete(token)) return;
      try {
        await folder.drop(name, token);
      } finally {
        listener.end(token);
      }
    };
    try {
      const holder = await folder.take(name, token);
      if (holder !== null) return { kind: 'theirs', ended: endOf(parts, name, holder) };
      held.set(token, release);
      return { kind: 'mine', release };
    } finally {
      if (!held.has(token)) listener.end(token);
    }
  };
}

function endOf(parts: Parts, name: string, token: string): Promise<void> {
  const ended = awaitEnd(parts, name, token);
  ended.catch(() => {}); // for callers that look at the key in another way
  return ended;
}

/** A claim whose owner is gone is removed by each who waited; the token makes that harmless for a later claim. */
async function awaitEnd(parts: Parts, name: string, token: string): Promise<void> {
  const { folder, owner, listener, links } = parts;
  const holder = ownerOf(token);
  if (holder === owner) return listener.whenEnded(token);
  if ((await links.wait(holder, token)) === 'gone') await folder.drop(name, token);
}

function ownerOf(token: string): string {
  return token.slice(0, token.indexOf('-'));
}
