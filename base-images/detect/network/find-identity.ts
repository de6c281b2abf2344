import type { BytePath } from '../../../src/index.ts';
import type { MachineIdState, ResolvConfFacts } from '../base-facts.ts';
import type { Look } from '../look.ts';

const maxBytes = 4096;

/** `/etc/resolv.conf` as a name: often a link that leads to nothing until something runs. */
export async function findResolvConf(look: Look): Promise<ResolvConfFacts> {
  const name = await look.files.at('etc/resolv.conf');
  if (name === null) return { type: 'missing', target: null, realPath: null, sizeBytes: 0 };
  const file = await look.files.follow('etc/resolv.conf');
  return {
    type: name.type,
    target: name.target,
    realPath: file?.path ?? null,
    sizeBytes: file?.sizeBytes ?? 0,
  };
}

/** The first line of /etc/hostname that is no comment (hostname(5)), where that can be a name. */
export async function findHostname(look: Look): Promise<BytePath | null> {
  const text = (await look.text('etc/hostname', maxBytes)) ?? '';
  const lines = text.split('\n').map((line) => line.trim());
  const first = lines.find((line) => line !== '' && !line.startsWith('#')) ?? '';
  return /^[!-~]{1,64}$/.test(first) ? first : null;
}

export async function findMachineId(look: Look): Promise<MachineIdState> {
  const path = 'etc/machine-id';
  if ((await look.files.follow(path)) === null) return 'missing';
  const text = (await look.text(path, maxBytes))?.trim();
  if (text === undefined) return 'invalid';
  if (text === '') return 'empty';
  if (text === 'uninitialized') return 'uninitialized';
  return /^[0-9a-f]{32}$/.test(text) ? 'set' : 'invalid';
}
