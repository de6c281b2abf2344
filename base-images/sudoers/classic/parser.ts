import type { Policy } from '../policy.ts';
import type { FileAndLine } from '../verdict.ts';
import { type Entries, parseEntry } from './parser-entries.ts';
import { createLists } from './parser-lists.ts';
import { Stumble } from './parser-state.ts';
import { createReader, type ReaderOptions } from './reader.ts';

export interface Parsed {
  readonly policy: Policy;
  /** Any error at all: visudo then says no more. */
  readonly hasErrors: boolean;
  /** The parser gave up: nothing of what was read counts. */
  readonly abandoned: boolean;
  /** The first error, where old versions say `near line`. */
  readonly firstError: FileAndLine | null;
}

/**
 * Reads sudoers files as the C sudo does: the grammar of plugins/sudoers/gram.y, an LALR(1) one. What is wrong is always said at the first
 * token that cannot follow, and only tokens that the grammar needs to decide are read ahead: both decide which line and column are shown.
 */
export function parseClassic(options: ReaderOptions): Parsed {
  const reader = createReader(options);
  const { parser } = reader;
  const entries: Entries = { rules: [], aliases: new Map(), settings: [] };
  const context = {
    parser,
    lists: createLists(parser),
    entries,
    include: reader.include,
    skipLine: reader.skipLine,
  };
  let abandoned = false;
  while (!abandoned && parser.peek().kind !== 'END') {
    try {
      parseEntry(context);
    } catch (error) {
      if (!(error instanceof Stumble)) throw error;
      abandoned = !reader.skipLine();
    }
  }
  return { policy: entries, abandoned, ...reader.errors() };
}
