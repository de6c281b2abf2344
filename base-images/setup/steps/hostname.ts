import { rootsFile } from '../draft.ts';
import type { StepContext } from '../step-context.ts';
import { bytesOf, linesOf, readText, withLines } from '../text-file.ts';

/** The name of a machine whose image names none; that which Ashlar's own boots have. */
const usualHostname = 'ashlar';

/** The name in /etc/hostname: its first line that is no comment (hostname(5)). */
async function hostnameOf({ draft }: StepContext): Promise<string | null> {
  const lines = linesOf((await readText(draft, 'etc/hostname')) ?? '').map((line) => line.trim());
  return lines.find((line) => /^[!"$-~][!-~]{0,63}$/.test(line)) ?? null;
}

/** A machine without a name is given one; docker leaves the file empty, or leaves it out. */
export async function planHostname(context: StepContext): Promise<void> {
  const reason = { step: 'hostname', why: 'the name of the machine' } as const;
  if ((await hostnameOf(context)) !== null) return;
  await context.draft.placeFile('etc/hostname', bytesOf(`${usualHostname}\n`), rootsFile, reason);
}

const localNames = {
  '127.0.0.1': 'localhost',
  '::1': 'localhost ip6-localhost ip6-loopback',
} as const;

/** Names that have to be found without a network: localhost, and the machine's own, without which sudo complains on each call. */
export async function planHosts(context: StepContext): Promise<void> {
  const { draft } = context;
  const text = (await readText(draft, 'etc/hosts')) ?? '';
  const entries = linesOf(text).map((line) => (line.split('#')[0] ?? '').trim().split(/\s+/));
  const isNamed = (name: string): boolean =>
    entries.some(([address = '', ...names]) => address !== '' && names.includes(name));
  const hostname = (await hostnameOf(context)) ?? usualHostname;
  const missing: string[] = [];
  if (!isNamed('localhost'))
    for (const [address, names] of Object.entries(localNames)) missing.push(`${address}\t${names}`);
  if (!isNamed(hostname)) missing.push(`127.0.1.1\t${hostname}`);
  if (missing.length === 0) return;
  const reason = { step: 'hosts', why: `localhost and ${hostname} are found` } as const;
  await draft.editFile('etc/hosts', bytesOf(withLines(text, missing)), rootsFile, reason);
}
