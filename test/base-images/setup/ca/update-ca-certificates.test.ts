import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { readCaFile } from '../../../../base-images/setup/ca/read-ca-file.ts';
import { createTempDir, runChecked } from '../../../../src/index.ts';
import type { Sketch } from '../../support/sketched-files.ts';
import { authority, caPem, debianSketch, nowMs, setUpSketch, textAt } from '../support/set-up.ts';

const program = '/usr/sbin/update-ca-certificates';
const distribution = '/usr/share/ca-certificates';
const local = 'usr/local/share/ca-certificates';
const certs = 'etc/ssl/certs';

const support = new URL('../support/', import.meta.url);
const twin = readCaFile(await readFile(new URL('same-subject.crt', support)), {
  name: 'twin',
  nowMs,
});
const leafPem = await readFile(new URL('leaf.crt', support));

/** What lies in a directory: of a file its text, of a link its target. */
type Listing = Record<string, string>;

/** The real program, told to work below `root` with two authorities of its distribution. */
async function update(root: string): Promise<void> {
  const options = {
    '--certsconf': 'etc/ca-certificates.conf',
    '--localcertsdir': local,
    '--etccertsdir': certs,
    '--hooksdir': 'none',
  };
  await runChecked(
    program,
    Object.entries(options).flatMap(([option, path]) => [option, join(root, path)]),
  );
}

async function listed(root: string): Promise<Listing> {
  const directory = join(root, certs);
  const found: Listing = {};
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    found[entry.name] = entry.isSymbolicLink()
      ? `-> ${(await readlink(path)).replace(root, '')}`
      : await readFile(path, 'latin1');
  }
  return found;
}

async function withFiles(root: string, files: Record<string, string | Buffer>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

/** The same files as an image has them. */
function sketchOf(listing: Listing, locals: Record<string, Buffer>): Record<string, Sketch> {
  const files: Record<string, Sketch> = {
    ...debianSketch,
    'usr/sbin/update-ca-certificates': { content: 'there', mode: 0o755 },
  };
  for (const [name, what] of Object.entries(listing))
    files[`${certs}/${name}`] = what.startsWith('-> ') ? { target: what.slice(3) } : what;
  for (const [path, content] of Object.entries(locals)) files[path] = content;
  return files;
}

describe.skipIf(!existsSync(program) || !existsSync(join(distribution, 'mozilla')))(
  'update-ca-certificates (skipped where the program is missing)',
  () => {
    it.each([
      ['nothing of its own', {}],
      ['certificates that sort before and after', { 'aaa.crt': leafPem, 'zzz.crt': twin.pem }],
      ['another of the same subject', { 'zzz.crt': twin.pem }],
    ])('comes to what a setup wrote, in an image with %s', async (_, names) => {
      await using temp = await createTempDir(tmpdir(), 'ca');
      const root = temp.path;
      const mozilla = (await readdir(join(distribution, 'mozilla'))).slice(0, 2);
      const locals = Object.fromEntries(
        Object.entries(names).map(([name, bytes]) => [`${local}/${name}`, Buffer.from(bytes)]),
      );
      await withFiles(root, {
        'etc/ca-certificates.conf': mozilla.map((name) => `mozilla/${name}\n`).join(''),
        ...locals,
      });
      await mkdir(join(root, certs), { recursive: true });
      await mkdir(join(root, local), { recursive: true });
      await update(root);
      const before = await listed(root);

      const { plan, files } = await setUpSketch(sketchOf(before, locals), { ca: [authority] });
      expect(plan.refusals).toEqual([]);
      const ours: Listing = {};
      for (const name of await files.names(certs)) {
        const target = (await files.at(`${certs}/${name}`))?.target ?? null;
        ours[name] =
          target === null ? ((await textAt(files, `${certs}/${name}`)) ?? '') : `-> ${target}`;
      }
      expect(ours).not.toEqual(before);

      const own = (await files.names(local)).find((name) => name.startsWith('ashlar-')) ?? '';
      await withFiles(root, { [`${local}/${own}`]: caPem });
      await update(root);
      expect(ours).toEqual(await listed(root));
    });
  },
);
