import fc from 'fast-check';
import { stripComments } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import type { Lockfile } from '../../../mirror/lockfile/lockfile.ts';
import {
  parseMirrorAddress,
  parseRegistryAddress,
} from '../../../mirror/lockfile/mirror-address.ts';
import { readLockfile } from '../../../mirror/lockfile/read-lockfile.ts';
import {
  type LockfileRewrite,
  rewriteLockfile,
  type RewriteOptions,
} from '../../../mirror/lockfile/rewrite-lockfile.ts';
import { anyLockfile, type RandomLockfile, testHomes } from './random-lockfile.ts';

const lockfileKinds = ['npm', 'pnpm', 'yarn-classic', 'yarn-berry', 'bun'];

const registries = [
  'https://registry.npm.test/',
  'https://registry.yarn.test/',
  'https://npm.corp.test:8443/api/npm/',
].map((text) => parseRegistryAddress(text, '--registry'));

const anyMirror = fc.constantFrom(
  'http://localhost:4873/',
  'https://mirror.test/npm/',
  'http://127.0.0.1:8080/',
);

function rewrite(
  { text, name }: Pick<Lockfile, 'text' | 'name'>,
  mirror: string,
  direction: RewriteOptions['direction'] = 'to-mirror',
): LockfileRewrite {
  const options = { mirror: parseMirrorAddress(mirror, '--mirror'), registries, direction };
  return rewriteLockfile(readLockfile(text, name), { ...options, homes: testHomes });
}

/** Values of the document by another parser, in order; those of yarn 1 are its lines. */
function valuesOf({ kind, text }: RandomLockfile): string[] {
  const body = text.replace(/^\uFEFF/, '');
  if (kind === 'yarn-classic') return body.split('\n').map((line) => line.replaceAll('\\/', '/'));
  const isYaml = kind === 'pnpm' || kind === 'yarn-berry';
  const values: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return void values.push(String(value));
    for (const [key, inner] of Object.entries(value)) {
      values.push(key);
      visit(inner);
    }
  };
  visit(isYaml ? parseYaml(body, { schema: 'failsafe' }) : parseLoose(body));
  return values;
}

function parseLoose(text: string): unknown {
  return JSON.parse(stripComments(text).replaceAll(/,(\s*[}\]])/g, '$1'));
}

describe('a random lockfile, rewritten to a mirror', () => {
  it('comes back as the same bytes', () => {
    const changed = new Map<string, number>();
    const property = fc.property(anyLockfile, anyMirror, (file, mirror) => {
      const there = rewrite(file, mirror);
      const back = rewrite({ ...file, text: there.text }, mirror, 'to-registry');
      expect(back.text).toBe(file.text);
      expect(back.changedUrls).toBe(there.changedUrls);
      changed.set(file.kind, (changed.get(file.kind) ?? 0) + there.changedUrls);
    });
    fc.assert(property, { numRuns: 1500 });
    for (const kind of lockfileKinds)
      expect([kind, changed.get(kind) ?? 0]).toEqual([
        kind,
        expect.toSatisfy((count: number) => count > 100),
      ]);
  });

  it('is not changed a second time, on either way', () => {
    const property = fc.property(anyLockfile, anyMirror, (file, mirror) => {
      const there = rewrite(file, mirror).text;
      expect(rewrite({ ...file, text: there }, mirror)).toMatchObject({
        text: there,
        changedUrls: 0,
      });
      expect(rewrite(file, mirror, 'to-registry')).toMatchObject({
        text: file.text,
        changedUrls: 0,
      });
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('differs in URLs of registries alone, for any other parser too', () => {
    const property = fc.property(anyLockfile, anyMirror, (file, mirror) => {
      const { text, changedUrls } = rewrite(file, mirror);
      const before = valuesOf(file);
      const after = valuesOf({ ...file, text });
      expect(after.length).toBe(before.length);
      const differing = before.flatMap((value, index) => {
        const now = after[index] ?? '';
        return now === value ? [] : [{ value, now }];
      });
      expect(differing.length).toBe(changedUrls);
      for (const { value, now } of differing) {
        const [from, to] = [value, now].map((one) => decodeURIComponent(decodeURIComponent(one)));
        expect(from).toMatch(/(?:registry\.(?:npm|yarn)|npm\.corp)\.test/i);
        expect(from).not.toMatch(/secret|\/\.\.\/|corp\.test:8443\/other|\/\/elsewhere\.test/);
        expect(to).toContain(mirror);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('has no URL of a registry left but those that are named as left alone', () => {
    const property = fc.property(anyLockfile, anyMirror, (file, mirror) => {
      const { text, leftAlone } = rewrite(file, mirror);
      const left = readLockfile(text, file.name).entries.filter(({ url }) =>
        /registry\.(?:npm|yarn)\.test|corp\.test:8443\/api\/npm\//i.test(
          url?.text.replace(mirror, 'at the mirror').replace(/^at the mirror.*/, '') ?? '',
        ),
      );
      expect(left.length).toBeLessThanOrEqual(leftAlone.length);
      expect(JSON.stringify(leftAlone)).not.toContain('secret');
      for (const { reason } of leftAlone) {
        expect(reason).toMatch(/^(?:credentials|climbs|spelling)$/);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });
});
