/** What init.sh has told on the port ashlar.control. */
export interface GuestReport {
  readonly state: 'silent' | 'ready' | 'mounted' | 'handed' | 'started';
  readonly ending?: GuestEnding;
}

export type GuestEnding =
  | { readonly kind: 'exit'; readonly exitCode: number }
  | { readonly kind: 'signal'; readonly signalNumber: number }
  | { readonly kind: 'failed'; readonly stage: string; readonly text: string };

/** Reads the stream from its beginning; a line that is not ended yet counts only for the text of a failure. */
export function parseGuestReport(stream: string): GuestReport {
  const lines = stream.split('\n');
  let state: GuestReport['state'] = 'silent';
  for (const [index, line] of lines.slice(0, -1).entries()) {
    const [word = '', value = ''] = line.split(' ');
    if (word === 'ready' || word === 'mounted' || word === 'handed' || word === 'started') {
      state = word;
    } else if (word === 'exit' && /^\d{1,3}$/.test(value)) {
      return { state, ending: { kind: 'exit', exitCode: Number(value) } };
    } else if (word === 'signal' && /^\d{1,2}$/.test(value)) {
      return { state, ending: { kind: 'signal', signalNumber: Number(value) } };
    } else if (word === 'failed') {
      const text = lines
        .slice(index + 1)
        .join('\n')
        .trim();
      return { state, ending: { kind: 'failed', stage: value, text } };
    }
  }
  return { state };
}
