import { nginxCommand, requireNginx } from '../nginx.ts';
import type { CacheServer } from './cache-server.ts';

/**
 * nginx as a caching proxy with everything for steadiness turned on: one fetch for one resource, stale answers when
 * upstream fails, another try after a fault. It neither verifies bytes nor changes URLs: the near-limit of speed.
 */
export const nginx: CacheServer = {
  name: 'nginx',
  prepare: requireNginx,
  command: ({ directory, port, upstream }) =>
    nginxCommand(directory, cachingProxy(directory, port, new URL(upstream).host)),
};

function cachingProxy(directory: string, port: number, upstreamHost: string): string {
  return `  proxy_cache_path ${directory}/cache levels=1:2 keys_zone=npm:64m max_size=10g inactive=365d use_temp_path=off;
  upstream registry {
    server ${upstreamHost} max_fails=0;
    server ${upstreamHost} max_fails=0;
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    keepalive_requests 100000;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host ${upstreamHost};
    proxy_cache npm;
    proxy_cache_key "$uri $http_accept $http_accept_encoding";
    proxy_cache_lock on;
    proxy_cache_lock_timeout 60s;
    proxy_cache_revalidate on;
    proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504 http_429;
    proxy_next_upstream error timeout http_502 http_503 http_429;
    proxy_ignore_headers Vary;
    location / { proxy_cache_valid 200 5m; proxy_pass http://registry; }
    location ~ [.]tgz$ { proxy_cache_key "$uri"; proxy_cache_valid 200 365d; proxy_pass http://registry; }
  }
`;
}
