import { type AddressRule, refusalOfLiteral } from '../../src/network.ts';
import { explained } from './checked-lookup.ts';

/** What of other hosts may be reached through the mirror. */
export interface BeyondTheMirror {
  readonly tunnels: 'open' | 'closed';
  readonly addressRule: AddressRule;
}

export interface OtherHost {
  readonly host: string;
  readonly port: number;
  /** What is asked for: a tunnel, in which anything may be spoken, or the forwarding of one plain request. */
  readonly way: 'tunnel' | 'forward';
}

/** Tunnels lead to the ports of TLS and HTTP alone: one to a mail server would make the mirror a sender of mail. */
const tunnelPorts: readonly number[] = [80, 443, 8443];
/** Plain requests go to no other service's well-known port, as what a body says may be a command there. */
const isForwardPort = (port: number): boolean => port === 80 || port === 443 || port >= 1024;

/**
 * Why a host that is not mirrored is not reached through here; null where it is. A name is looked up later, by who connects: its
 * addresses are checked then.
 */
export function refusalBeyond(
  { tunnels, addressRule }: BeyondTheMirror,
  { host, port, way }: OtherHost,
): string | null {
  if (tunnels === 'closed')
    return `${host} is not mirrored, and this mirror leads to no other hosts`;
  if (way === 'tunnel' && !tunnelPorts.includes(port))
    return `tunnels lead to the ports ${tunnelPorts.join(', ')} alone, not to ${port}`;
  if (way === 'forward' && !isForwardPort(port))
    return `requests are forwarded to port 80, 443 and those above 1023 alone, not to ${port}`;
  return explained(refusalOfLiteral(addressRule, host))?.message ?? null;
}
