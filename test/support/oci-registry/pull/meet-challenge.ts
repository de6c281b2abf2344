import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { PullError } from './pull-result.ts';
import type { SessionOptions } from './pull-session.ts';

export type AskToken = (target: URL, headers: OutgoingHttpHeaders) => Promise<IncomingMessage>;

/** The Authorization that a challenge wants: Basic, or Bearer with a token that is asked for (distribution: spec/auth/token.md). */
export async function meet(
  challenge: string,
  { name, credential }: Pick<SessionOptions, 'name' | 'credential'>,
  ask: AskToken,
): Promise<string> {
  const pair = `${credential?.username}:${credential?.password}`;
  const basic = `Basic ${Buffer.from(pair).toString('base64')}`;
  if (!/^bearer /i.test(challenge)) {
    if (credential === undefined) throw new PullError('status', 'asked who it is', 401);
    return basic;
  }
  const target = new URL(field(challenge, 'realm'));
  target.searchParams.set('service', field(challenge, 'service'));
  target.searchParams.set('scope', `repository:${name}:pull`);
  const response = await ask(target, credential === undefined ? {} : { authorization: basic });
  const body = await text(response);
  const { statusCode = 0 } = response;
  if (statusCode !== 200) throw new PullError('status', `token: status ${statusCode}`, statusCode);
  return `Bearer ${tokenIn(body)}`;
}

function field(challenge: string, name: string): string {
  return new RegExp(`[ ,]${name}="([^"]*)"`, 'i').exec(challenge)?.[1] ?? '';
}

function tokenIn(body: string): string {
  try {
    const answer = JSON.parse(body) as { token?: string; access_token?: string };
    return answer.token ?? answer.access_token ?? '';
  } catch (error) {
    if (error instanceof SyntaxError) throw new PullError('wrong', 'a token that is no JSON');
    throw error;
  }
}
