import { AshlarError } from '../errors/ashlar-error.ts';

export interface ListenPlace {
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port`, `[v6]:port` or a port alone, which is one of loopback. Throws `config_invalid` naming the option. */
export function parseListen(text: string, option: string): ListenPlace {
  const match = /^(?:(\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+|\*)?:)?(\d{1,5})$/i.exec(text.trim());
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw new AshlarError('config_invalid', `${option} is no host:port: ${JSON.stringify(text)}`, {
      hint: `Write it as ${option} 127.0.0.1:4873, or ${option} 0.0.0.0:4873 for all machines.`,
    });
  }
  const host = (match[1] ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1');
  return { host: host === '*' ? '0.0.0.0' : host, port };
}

/** Whether only this machine reaches what listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
