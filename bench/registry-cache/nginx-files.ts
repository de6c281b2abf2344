import { nginxCommand, requireNginx } from '../nginx.ts';
import type { RecordedImage } from './recorded-upstream.ts';
import type { RegistryServer } from './registry-server.ts';

/** nginx that sends the files of one image, with nothing behind it: the near-limit of speed of a warm cache. */
export function nginxFiles(image: RecordedImage, root: string): RegistryServer {
  return {
    name: 'nginx files',
    nameOf: (repository) => repository,
    prepare: requireNginx,
    command: ({ directory, port }) => nginxCommand(directory, sentFiles(image, root, port)),
  };
}

function sentFiles(image: RecordedImage, root: string, port: number): string {
  return `  sendfile on;
  tcp_nopush on;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    keepalive_requests 100000;
    root ${root};
    default_type application/octet-stream;
    location ~ /manifests/ {
      default_type ${image.mediaType};
      add_header Docker-Content-Digest ${image.digest};
    }
  }
`;
}
