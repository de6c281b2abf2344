import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { runChecked } from '../../src/index.ts';
import type { RecordedImage } from './recorded-upstream.ts';
import type { RegistryServer } from './registry-server.ts';

/** nginx that sends the files of one image, with nothing behind it: the near-limit of speed of a warm cache. */
export function nginxFiles(image: RecordedImage, root: string): RegistryServer {
  return {
    name: 'nginx files',
    nameOf: (repository) => repository,
    async prepare() {
      await runChecked('nginx', ['-v']);
    },
    async command({ directory, port }) {
      const file = join(directory, 'nginx.conf');
      await writeFile(file, configText({ directory, port, root, image }));
      return { argv: ['nginx', '-c', file, '-p', directory, '-e', 'stderr'] };
    },
  };
}

interface NginxPlace {
  readonly directory: string;
  readonly port: number;
  readonly root: string;
  readonly image: RecordedImage;
}

function configText({ directory, port, root, image }: NginxPlace): string {
  return `daemon off;
user root;
worker_processes ${cpus().length};
worker_rlimit_nofile 16384;
pid ${directory}/nginx.pid;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  sendfile on;
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
}
`;
}
