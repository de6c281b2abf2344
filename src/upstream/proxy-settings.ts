/** Which proxies requests go through; empty for none. */
export interface ProxySettings {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  /** Hosts that are asked directly, with commas between them; `*` for all. */
  readonly noProxy: string;
}

/** Reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in lower or upper case. */
export function proxySettings(env: NodeJS.ProcessEnv): ProxySettings {
  const read = (name: string): string => env[name.toLowerCase()] || env[name] || '';
  const noProxy = read('NO_PROXY');
  return {
    httpProxy: read('HTTP_PROXY'),
    httpsProxy: read('HTTPS_PROXY') || read('HTTP_PROXY'),
    // A proxy elsewhere cannot reach this machine's loopback; Go's clients leave it out too.
    noProxy: noProxy === '*' ? '*' : `${noProxy},localhost,127.0.0.1,::1,[::1]`,
  };
}
