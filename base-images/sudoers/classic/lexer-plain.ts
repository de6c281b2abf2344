import type { Frame } from './frames.ts';
import { lexComment, lexDirective } from './lexer-directives.ts';
import { lexCommon, type LexerState, take, token } from './lexer-state.ts';
import { beginString, isLongerContinuation } from './lexer-modes.ts';
import {
  scanAlias,
  scanBase64,
  scanBlanks,
  scanHex,
  scanId,
  scanNetwork,
  scanPath,
  scanRegex,
  scanWord,
} from './scan.ts';
import { regexError } from './posix-regex.ts';
import { followTagNames, interceptTagNames, mailTagNames, tagNames, type Token } from './tokens.ts';
import { unescapeCommand, unescapeWord } from './unescape.ts';

/**
 * Users, hosts, aliases, tags, commands and what is between them: the longest match wins, and of equally long ones the one that stands
 * first here.
 */
export function lexPlain(state: LexerState, frame: Frame): Token | null {
  const { line, at, lineNumber } = frame;
  if (state.mode === 'initial') {
    const directive = lexDirective(state, frame) ?? lexComment(state, frame);
    if (directive !== null) return directive;
  }
  if (state.mode === 'scope') {
    const separator = lexScopeSeparator(state, frame);
    if (separator !== undefined) return separator;
  }
  const best: Match = { end: at, make: null };
  if (state.mode === 'digest') considerDigest(state, line, at, best);
  considerNames(state, line, at, best);
  considerCommands(state, line, at, best);
  considerWords(state, line, at, best);
  if (best.make === null || isLongerContinuation(state, frame, best.end))
    return lexPunctuation(state, frame);
  return best.make(frame, best.end, lineNumber);
}

interface Match {
  end: number;
  make: ((frame: Frame, end: number, line: number) => Token | null) | null;
}

function consider(best: Match, end: number, make: Match['make']): void {
  if (end <= best.end) return;
  best.end = end;
  best.make = make;
}

/** Before the settings of a Defaults entry: a comma with blanks around it, or the blanks that end the scope. Undefined where none is here. */
function lexScopeSeparator(state: LexerState, frame: Frame): Token | null | undefined {
  const blanks = scanBlanks(frame.line, frame.at);
  if (frame.line[blanks] === ',') {
    take(frame, scanBlanks(frame.line, blanks + 1));
    return token(',');
  }
  if (blanks === frame.at) return undefined;
  take(frame, blanks);
  state.mode = 'setting';
  return null;
}

/** A digest of the wrong length is no token, and is gone. */
function considerDigest(state: LexerState, line: string, at: number, best: Match): void {
  const bytes = state.digestBytes;
  const lengths = (end: number): boolean => {
    const padded = line[end - 1] === '=';
    return (
      end - at === (padded ? 4 * Math.floor((bytes + 2) / 3) : Math.floor((4 * bytes + 2) / 3))
    );
  };
  const make =
    (right: (end: number) => boolean): Match['make'] =>
    (frame, end) => {
      const text = take(frame, end);
      state.mode = 'initial';
      return right(end) ? token('DIGEST', text) : null;
    };
  consider(
    best,
    scanHex(line, at),
    make((end) => end - at === bytes * 2),
  );
  consider(best, scanBase64(line, at), make(lengths));
}

/** Tags, groups, networks, keywords and aliases. */
function considerNames(state: LexerState, line: string, at: number, best: Match): void {
  const alias = scanAlias(line, at);
  const name = alias === -1 ? '' : line.slice(at, alias);
  if (name !== '' && isTag(state, name)) {
    const colon = scanBlanks(line, alias);
    if (line[colon] === ':')
      consider(best, colon + 1, (frame, end) => (take(frame, end), token('TAG', name)));
  }
  if (line[at] === '+' || line[at] === '%') considerGroups(state, line, at, best);
  consider(best, scanNetwork(line, at), (frame, end) => {
    const text = take(frame, end);
    return isNetwork(text) ? token('NETWORK', text) : token('ERROR', 'invalid IPv6 address');
  });
  if (name === '') return;
  consider(best, alias, (frame, end) => {
    take(frame, end);
    if (name === 'ALL') return token('ALL');
    if (state.mode !== 'initial' || !isOption(state, name)) return token('ALIAS', name);
    if (name === 'CWD' || name === 'CHROOT') {
      state.modeBefore = 'initial';
      state.mode = 'path';
    }
    return token('OPTION', name);
  });
}

function isTag(state: LexerState, name: string): boolean {
  const { features } = state;
  return (
    tagNames.has(name) ||
    (features.mailTags && mailTagNames.has(name)) ||
    (features.followTags && followTagNames.has(name)) ||
    (features.intercept && interceptTagNames.has(name))
  );
}

function isOption(state: LexerState, name: string): boolean {
  const { features } = state;
  switch (name) {
    case 'TIMEOUT':
    case 'NOTBEFORE':
    case 'NOTAFTER':
      return features.timeouts;
    case 'CWD':
    case 'CHROOT':
      return features.cwdAndChroot;
    case 'ROLE':
    case 'TYPE':
      return true;
    case 'APPARMOR_PROFILE':
    case 'PRIVS':
    case 'LIMITPRIVS':
      return features.selinuxWordsAlways;
    default:
      return false;
  }
}

function considerGroups(state: LexerState, line: string, at: number, best: Match): void {
  const netgroup = line[at] === '+';
  if (state.mode === 'initial' || state.mode === 'scope') {
    const end = line.startsWith('%:', at) ? at + 2 : at + 1;
    const what = netgroup ? 'empty netgroup' : 'empty group';
    consider(best, end, (frame, end) => (take(frame, end), token('ERROR', what)));
  }
  const starts = netgroup ? [at + 1] : [at + 1, ...(line[at + 1] === ':' ? [at + 2] : [])];
  for (const start of starts) {
    const end = Math.max(scanWord(line, start), netgroup ? -1 : scanId(line, start));
    consider(best, end, (frame, end) =>
      token(netgroup ? 'NETGROUP' : 'USERGROUP', unescapeWord(take(frame, end))),
    );
  }
}

/** `::` at most once in each of the address and the mask. */
function isNetwork(text: string): boolean {
  return text.split('/').every((part) => (part.match(/:(?=:)/g) ?? []).length <= 1);
}

const digestBytes: Readonly<Record<string, number>> = {
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

function considerCommands(state: LexerState, line: string, at: number, best: Match): void {
  const character = line[at];
  const { features } = state;
  if (character === 's') {
    const keyword = /sha(?:224|256|384|512)|sudoedit/y;
    keyword.lastIndex = at;
    const word = keyword.exec(line)?.[0];
    if (word !== undefined) {
      consider(best, at + word.length, (frame, end) => {
        const text = take(frame, end);
        if (text === 'sudoedit') return beginCommand(state, text);
        state.digestBytes = digestBytes[text] ?? 0;
        state.mode = 'digest';
        return token('HASH', text);
      });
    }
  }
  const path = scanPath(line, at);
  const regex = features.regularExpressions ? scanRegex(line, at) : -1;
  if (state.mode === 'path') {
    consider(best, Math.max(path, scanWord(line, at)), (frame, end) => {
      state.mode = state.modeBefore;
      return token('WORD', unescapeWord(take(frame, end)));
    });
  }
  consider(best, Math.max(path, regex), (frame, end) => {
    const text = take(frame, end);
    const wrong =
      state.strict && state.mode !== 'scope' && text.startsWith('^') ? regexError(text) : null;
    return wrong === null ? beginCommand(state, text) : token('ERROR', wrong);
  });
}

/** In a scope a command is its path alone; a directory takes no arguments either. */
function beginCommand(state: LexerState, text: string): Token | null {
  const path = unescapeCommand(text);
  if (state.strict && path === 'sudoedit' && text !== path) {
    state.complain('sudoedit should not be specified with a path');
  }
  if (state.mode === 'scope' || (text.startsWith('/') && text.endsWith('/')))
    return token('COMMAND', path);
  state.text = path;
  state.args = null;
  state.mode = 'command';
  return null;
}

function considerWords(state: LexerState, line: string, at: number, best: Match): void {
  if (state.mode !== 'initial' && state.mode !== 'scope') return;
  consider(best, Math.max(scanId(line, at), scanWord(line, at)), (frame, end) =>
    token('WORD', unescapeWord(take(frame, end))),
  );
}

function lexPunctuation(state: LexerState, frame: Frame): Token | null {
  const character = frame.line[frame.at];
  if (character === '"' && quotes(state)) {
    beginString(state, frame, state.mode === 'path' ? state.modeBefore : state.mode);
    return null;
  }
  if (
    character === '(' ||
    character === ')' ||
    character === ',' ||
    character === '=' ||
    character === ':'
  ) {
    take(frame, frame.at + 1);
    return token(character);
  }
  return lexCommon(state, frame);
}

function quotes(state: LexerState): boolean {
  return (
    state.mode === 'initial' ||
    state.mode === 'scope' ||
    (state.mode === 'path' && state.features.quotedPaths)
  );
}
