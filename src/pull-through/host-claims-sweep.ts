import { lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { systemErrorCode } from '../errors/ashlar-error.ts';
import type { ClaimsFolder } from './host-claims-folder.ts';

/** A process needs no longer than this from the making of its socket to the first call for it. */
const newSocketLifeMs = 60_000;

/** Removes what processes that died left: sockets that refuse, and the claims of owners without a socket. */
export async function sweepClaims(folder: ClaimsFolder): Promise<void> {
  const alive = new Map<string, Promise<boolean>>();
  const isAlive = (owner: string): Promise<boolean> => {
    const known = alive.get(owner) ?? answers(folder.socketOf(owner));
    alive.set(owner, known);
    return known;
  };
  for (const name of await folder.names()) {
    const [, stem = '', kind] = /^(.+)\.(sock|new|tmp|claim)$/.exec(name) ?? [];
    const path = join(folder.path, name);
    if (kind === 'sock' && !(await isAlive(stem))) await remove(folder, path);
    if (kind === 'new' && (await isOld(path)) && !(await answers(path))) await remove(folder, path);
    if (kind === 'tmp' && !(await isAlive(ownerOf(stem)))) await remove(folder, path);
    if (kind === 'claim') await sweepClaim(folder, stem, isAlive);
  }
}

async function sweepClaim(
  folder: ClaimsFolder,
  name: string,
  isAlive: (owner: string) => Promise<boolean>,
): Promise<void> {
  const [token] = await folder.names(`${name}.claim`);
  if (token !== undefined && (await isAlive(ownerOf(token)))) return;
  await folder.drop(name, token ?? 'none');
}

/** False only when no process listens there: one that is stopped or busy counts as alive. */
async function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error) => {
      resolve(!['ECONNREFUSED', 'ENOENT'].includes(systemErrorCode(error) ?? ''));
    });
  });
}

async function isOld(path: string): Promise<boolean> {
  try {
    return Date.now() - (await lstat(path)).mtimeMs > newSocketLifeMs;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function remove(folder: ClaimsFolder, path: string): Promise<void> {
  return folder.use(() => rm(path, { recursive: true, force: true }));
}

function ownerOf(token: string): string {
  return token.split('-')[0] ?? '';
}
