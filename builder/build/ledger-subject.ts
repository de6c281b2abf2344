import type { Step } from '../dockerfile/step.ts';

const shownCharacters = 120;

/** An instruction as the ledger names it: its line in the Dockerfile and how it begins. */
export function ledgerSubject({ original, range }: Pick<Step, 'original' | 'range'>): string {
  const [first = ''] = original.split('\n');
  const text = first.length > shownCharacters ? `${first.slice(0, shownCharacters)}...` : first;
  return `line ${range.firstLine}: ${text}`;
}
