import { rootsFile } from '../draft.ts';
import type { StepContext } from '../step-context.ts';
import { bytesOf, linesOf, readText, withLines } from '../text-file.ts';

/** The name of a machine whose image names none; that which Ashlar's own boots have. */
const usualHostname = 'ashlar';

/** A machine without a name is given one; docker leaves the file empty, or leaves it out. */
export async function planHostname(context: StepContext): Promise<void> {
  const reason = { step: 'hostname', why: 'the name of the machine' } as const;
  if (context.facts.hostname !== null) return;
  await context.draft.placeFile('etc/hostname', bytesOf(`${usualHostname}\n`), rootsFile, reason);
}

const localNames = {
  '127.0.0.1': 'localhost',
  '::1': 'localhost ip6-localhost ip6-loopback',
} as const;

/** Names that have to be found without a network: localhost, and the machine's own, without which sudo complains on each call. */
export async function planHosts(context: StepContext): Promise<void> {
  const { draft, facts } = context;
  const text = (await readText(draft, 'etc/hosts')) ?? '';
  const entries = linesOf(text).map((line) => (line.split('#')[0] ?? '').trim().split(/\s+/));
  const isNamed = (name: string): boolean =>
    entries.some(([address = '', ...names]) => address !== '' && names.includes(name));
  const hostname = facts.hostname ?? usualHostname;
  const missing: string[] = [];
  if (!isNamed('localhost'))
    for (const [address, names] of Object.entries(localNames)) missing.push(`${address}\t${names}`);
  if (!isNamed(hostname)) missing.push(`127.0.1.1\t${hostname}`);
  if (missing.length === 0) return;
  const reason = { step: 'hosts', why: `localhost and ${hostname} are found` } as const;
  await draft.editFile('etc/hosts', bytesOf(withLines(text, missing)), rootsFile, reason);
}
