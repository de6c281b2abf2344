import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { rootCertificates } from 'node:tls';

/** Paths with their text; a text of `-> target` makes a link. */
export type RootSketch = Readonly<Record<string, string>>;

/** Certificates that everybody has, to stand for a system's and a company's. */
export const publicCertificates: readonly string[] = rootCertificates
  .slice(0, 6)
  .map((pem) => new X509Certificate(pem).toString());
export const corporate = publicCertificates[5] ?? '';

/** What a Debian image with Node.js has of what matters here. */
export const debianRoot: RootSketch = {
  '/etc/passwd':
    'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\nada:x:1000:1000::/home/ada:/bin/bash\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n',
  '/etc/ssl/certs/ca-certificates.crt': publicCertificates.slice(0, 5).join(''),
  '/usr/sbin/update-ca-certificates': '#!/bin/sh\necho this is never run >/ran\n',
  '/usr/local/bin/node': '',
  '/usr/local/bin/npm': '-> ../lib/node_modules/npm/bin/npm-cli.js',
  '/etc/pam.d/common-session': '',
  '/etc/environment': 'LANG=C.UTF-8',
  '/etc/profile': 'export PATH\n',
  '/etc/systemd/system.conf': '[Manager]\n',
  '/root/.profile': '',
  '/home/ada/.profile': '',
};

export function makeRoot(root: string, sketch: RootSketch): string {
  for (const [path, text] of Object.entries(sketch)) {
    const full = join(root, path);
    mkdirSync(dirname(full), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), full);
    else writeFileSync(full, text);
    if (path.startsWith('/usr/')) if (!text.startsWith('-> ')) chmodSync(full, 0o755);
  }
  return root;
}

/** Everything below a directory but for times: kind, mode, owner, content. */
export function snapshot(root: string): Readonly<Record<string, string>> {
  const seen: Record<string, string> = {};
  const visit = (path: string): void => {
    const full = join(root, path);
    const stats = lstatSync(full);
    const head = `${stats.mode.toString(8)} ${stats.uid}:${stats.gid}`;
    if (stats.isSymbolicLink()) seen[path] = `${head} -> ${readlinkSync(full)}`;
    else if (stats.isFile()) seen[path] = `${head} ${readFileSync(full, 'latin1')}`;
    else seen[path] = head;
    if (stats.isDirectory()) for (const name of readdirSync(full)) visit(join(path, name));
  };
  visit('/');
  return seen;
}

export function read(root: string, path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
