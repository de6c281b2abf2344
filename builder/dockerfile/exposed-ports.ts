import { InstructionFault } from './problems.ts';

const maxPort = 65_535;
/** A range over all ports for each protocol is as much as an instruction can mean. */
const maxPorts = 3 * (maxPort + 1);
const protocols: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp']);

export interface PortReading {
  /** `80/tcp`, ranges as each of their ports */
  readonly ports: readonly string[];
  readonly warnings: readonly { readonly rule: string; readonly message: string }[];
}

/**
 * The ports of EXPOSE: `[[IP:]HOSTPORT:]PORT[-PORT][/PROTOCOL]`, of which Docker keeps the port and the protocol.
 * Throws `InstructionFault`.
 */
export function readExposedPorts(words: readonly string[]): PortReading {
  const ports: string[] = [];
  const warnings: { rule: string; message: string }[] = [];
  for (const word of words) {
    const parts = word.split(':');
    const [range = '', protocol = ''] = splitOnce(parts.at(-1) ?? '', '/');
    if (parts.length > 1) {
      const message = `EXPOSE ${word} names an address or a host port, which have no effect`;
      warnings.push({ rule: 'ExposeInvalidFormat', message });
      checkHostPart(word, parts);
    }
    const lower = protocol.toLowerCase();
    if (protocol !== lower) {
      const message = `the protocol in EXPOSE ${word} should be in lower case`;
      warnings.push({ rule: 'ExposeProtoCasing', message });
    }
    if (lower !== '' && !protocols.has(lower)) {
      throw new InstructionFault(`EXPOSE ${word}: no protocol ${protocol}`, {
        hint: 'The protocols are tcp, udp and sctp.',
      });
    }
    const { first, last } = readRange(word, range);
    if (ports.length + last - first >= maxPorts) {
      throw new InstructionFault(`EXPOSE names more than ${maxPorts} ports`);
    }
    for (let port = first; port <= last; port += 1) ports.push(`${port}/${lower || 'tcp'}`);
  }
  return { ports, warnings };
}

function checkHostPart(word: string, parts: readonly string[]): void {
  const host = parts.at(-2) ?? '';
  if (host !== '') readRange(word, host);
}

function readRange(word: string, text: string): { first: number; last: number } {
  const [start = '', end = start] = splitOnce(text, '-');
  const first = readPort(start);
  const last = readPort(end);
  if (first === undefined || last === undefined || last < first) {
    throw new InstructionFault(
      `EXPOSE ${word}: ${JSON.stringify(text)} is no port or range of ports`,
      {
        hint: 'Ports are numbers up to 65535, as in 80, 53/udp or 8000-8010.',
      },
    );
  }
  return { first, last };
}

function readPort(text: string): number | undefined {
  const port = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  return port !== undefined && port <= maxPort ? port : undefined;
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
