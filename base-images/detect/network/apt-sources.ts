import { eachLine } from '../../text/lines.ts';
import type { AptSource } from '../base-facts.ts';

/** Keys in stanzas have lines of 64 characters, and addresses some hundred. */
const maxLineLength = 4_096;

type Source = Omit<AptSource, 'file' | 'format'>;

export interface AptSources {
  readonly sources: readonly Source[];
  /** Lines or stanzas that are none. */
  readonly bad: number;
}

/** One source a line: `deb [options] uri suite [component...]` (sources.list(5), "One-line-style format"). */
export function parseSourcesList(text: string): AptSources {
  const sources: Source[] = [];
  let bad = 0;
  for (const line of eachLine(text)) {
    const plain = line.replace(/#.*$/, '').trim();
    if (plain === '') continue;
    if (plain.length > maxLineLength) {
      bad += 1;
      continue;
    }
    const [, type, rest] = /^(deb|deb-src)\s+(?:\[[^\]]*\]\s*)?(.*)$/.exec(plain) ?? [];
    // The name of a disc may have spaces, and stands in brackets.
    const words = rest?.match(/(?:\[[^\]]*\]|[^\s[\]])+/g) ?? [];
    const [uri, suite, ...components] = words;
    if (type === undefined || uri === undefined || suite === undefined) bad += 1;
    else sources.push({ enabled: true, types: [type], uris: [uri], suites: [suite], components });
  }
  return { sources, bad };
}

/** Stanzas of fields, continued lines begin with a space (sources.list(5), "DEB822-style format"). */
export function parseDeb822Sources(text: string): AptSources {
  const sources: Source[] = [];
  let bad = 0;
  for (const stanza of deb822StanzasOf(text)) {
    const wordsOf = (field: string): string[] =>
      (stanza.get(field) ?? '').split(/\s+/).filter((word) => word !== '');
    const [types, uris, suites] = ['types', 'uris', 'suites'].map(wordsOf);
    if (!types?.length || !uris?.length || !suites?.length) {
      bad += 1;
      continue;
    }
    const enabled = !/^(?:no|false|0|off|without|disable)$/i.test(stanza.get('enabled') ?? 'yes');
    sources.push({ enabled, types, uris, suites, components: wordsOf('components') });
  }
  return { sources, bad };
}

/** Fields by their names in lower case; comments are lines that begin with `#`. */
function deb822StanzasOf(text: string): readonly ReadonlyMap<string, string>[] {
  const stanzas: Map<string, string>[] = [];
  let stanza = new Map<string, string>();
  let field = '';
  for (const line of eachLine(`${text}\n\n`)) {
    if (line.startsWith('#') || line.length > maxLineLength) continue;
    if (line.trim() === '') {
      if (stanza.size > 0) stanzas.push(stanza);
      stanza = new Map();
      field = '';
      continue;
    }
    const [, name, value = ''] = /^([!-9;-~]+):(.*)$/.exec(line) ?? [];
    if (/^[ \t]/.test(line)) stanza.set(field, `${stanza.get(field) ?? ''} ${line.trim()}`);
    else {
      field = name?.toLowerCase() ?? '';
      stanza.set(field, value.trim());
    }
  }
  return stanzas;
}
