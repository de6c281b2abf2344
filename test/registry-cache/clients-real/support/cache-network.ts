import { runChecked } from '../../../../src/process/run-command.ts';
import {
  type NetworkNamespace,
  openNetworkNamespace,
} from '../../../support/netns/network-namespace.ts';

/**
 * A network with one address that is not loopback's, under a name: docker neither holds certificates of loopback against anything
 * nor minds that it has no TLS.
 */
export interface CacheNetwork extends NetworkNamespace {
  readonly address: string;
  readonly name: string;
  /** The text of /etc/hosts for machines in it. */
  readonly hosts: string;
}

export async function openCacheNetwork(): Promise<CacheNetwork> {
  const address = '192.0.2.1';
  const name = 'cache.test';
  await using stack = new AsyncDisposableStack();
  const namespace = stack.use(await openNetworkNamespace({ hosts: [] }));
  const [file = '', ...args] = namespace.launch(`ip address add ${address}/32 dev lo`.split(' '));
  await runChecked(file, args);
  const owned = stack.move();
  return {
    launch: namespace.launch,
    address,
    name,
    hosts: `127.0.0.1 localhost\n${address} ${name}\n`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
