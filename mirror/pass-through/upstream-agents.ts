import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { proxySettings } from '../../src/network.ts';

/** Connections over which requests are handed on to registries. */
export interface UpstreamAgents extends Disposable {
  forUrl(url: URL): Agent;
}

/** To one host. */
const connections = 32;
/** Below the 5 s after which many servers close an idle connection: who is slower loses a request. */
const idleMs = 4_000;

/** Goes through the proxies of the environment, as all that is fetched does. */
export function createUpstreamAgents(env: NodeJS.ProcessEnv): UpstreamAgents {
  const { httpProxy, httpsProxy, noProxy } = proxySettings(env);
  const options = {
    keepAlive: true,
    maxSockets: connections,
    timeout: idleMs,
    proxyEnv: { http_proxy: httpProxy, https_proxy: httpsProxy, no_proxy: noProxy },
  };
  const plain = new Agent(options);
  const secure = new TlsAgent(options);
  return {
    forUrl: ({ protocol }) => (protocol === 'https:' ? secure : plain),
    [Symbol.dispose]() {
      plain.destroy();
      secure.destroy();
    },
  };
}
