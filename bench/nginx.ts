import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { runChecked } from '../src/index.ts';

/** Throws where there is none. */
export async function requireNginx(): Promise<void> {
  await runChecked('nginx', ['-v']);
}

/**
 * Writes the configuration of an nginx that serves thousands of connections and keeps everything in `directory`; gives its command.
 * `http` goes into its `http` block.
 */
export async function nginxCommand(
  directory: string,
  http: string,
): Promise<{ readonly argv: readonly string[] }> {
  const file = join(directory, 'nginx.conf');
  await writeFile(file, configText(directory, http));
  return { argv: ['nginx', '-c', file, '-p', directory, '-e', 'stderr'] };
}

function configText(directory: string, http: string): string {
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
${http}}
`;
}
