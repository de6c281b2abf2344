import type { Digest, Member } from '../policy.ts';
import { type Parser, refuse } from './parser-state.ts';
import type { TokenKind } from './tokens.ts';

/** The comma-separated lists of the grammar. */
export interface Lists {
  users(): Member[];
  groups(): Member[];
  hosts(): Member[];
  commands(): Member[];
  /** One command with its digests and its `!`. */
  command(): Member;
}

export function createLists(parser: Parser): Lists {
  const list = (one: () => Member): Member[] => {
    const members = [one()];
    while (parser.takeIf(',')) members.push(one());
    return members;
  };
  const named = (kinds: ReadonlyMap<TokenKind, Member['kind']>): Member => {
    const negated = parser.takeIf('!');
    const kind = kinds.get(parser.peek().kind);
    if (kind === undefined) return parser.stumble();
    return { kind, name: parser.take().text, negated, args: null, digests: [] };
  };
  const command = (): Member => parseCommand(parser);
  return {
    users: () => list(() => named(userKinds)),
    groups: () => list(() => named(groupKinds)),
    hosts: () => list(() => named(hostKinds)),
    commands: () => list(command),
    command,
  };
}

const groupKinds = new Map<TokenKind, Member['kind']>([
  ['ALIAS', 'alias'],
  ['ALL', 'all'],
  ['WORD', 'word'],
]);
const userKinds = new Map<TokenKind, Member['kind']>([
  ...groupKinds,
  ['NETGROUP', 'netgroup'],
  ['USERGROUP', 'group'],
]);
const hostKinds = new Map<TokenKind, Member['kind']>([
  ...groupKinds,
  ['NETGROUP', 'netgroup'],
  ['NETWORK', 'network'],
]);

function parseCommand(parser: Parser): Member {
  const digests = parseDigests(parser);
  const negated = parser.takeIf('!');
  const token = parser.peek();
  const member = { negated, name: token.text, args: token.args, digests };
  switch (token.kind) {
    case 'ALL':
      parser.take();
      if (digests.length > 0 && !parser.features.digestLists) return refuseDigest(parser);
      return { ...member, kind: 'all' };
    case 'ALIAS':
      parser.take();
      return digests.length > 0 ? refuseDigest(parser) : { ...member, kind: 'alias' };
    case 'COMMAND':
      parser.take();
      if (parser.features.commandTooLong && token.text.length >= 4096)
        return refuse(parser, 'command too long');
      return { ...member, kind: 'command' };
    case 'WORD':
      if (!parser.features.listCommand) return parser.stumble();
      parser.take();
      if (token.text !== 'list') return refuse(parser, 'expected a fully-qualified path name');
      return { ...member, kind: 'command' };
    default:
      return parser.stumble();
  }
}

function parseDigests(parser: Parser): Digest[] {
  const digests: Digest[] = [];
  while (parser.peek().kind === 'HASH') {
    const algorithm = parser.take().text;
    parser.expect(':');
    digests.push({ algorithm, value: parser.expect('DIGEST').text });
    if (!parser.features.digestLists || !parser.takeIf(',')) break;
    if (parser.peek().kind !== 'HASH') parser.stumble();
  }
  return digests;
}

function refuseDigest(parser: Parser): never {
  return refuse(parser, 'a digest requires a path name');
}
