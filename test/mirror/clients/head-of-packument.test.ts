import { join } from 'node:path';
import { expect, it } from 'vitest';
import { abbreviatedType } from '../../support/npm-registry/packument.ts';
import { startRecordedRegistry } from '../../support/npm-registry/recorded-registry.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { scratchDir } from '../../support/scratch.ts';
import { startMirrorProcess } from '../processes/support/mirror-process.ts';

const scratch = scratchDir('head-of-packument');

/** pnpm 12 asks so for each package of a lockfile, after it has asked for the short form of some. */
it('the head of a packument is answered by the form that is kept, and costs no fetch of the long one', async () => {
  const packages = [{ name: 'made', versions: { '1.0.0': {} } }];
  await using upstream = await startRecordedRegistry({ packages });
  const args = ['--upstream', upstream.url];
  await using mirror = await startMirrorProcess({ home: join(scratch, 'home'), args });
  const url = `${mirror.url}made`;
  const head = (accept: string) => ask(url, { method: 'HEAD', headers: { accept } });
  const short = await ask(url, { headers: { accept: abbreviatedType } });
  const first = await head('*/*');
  expect(first.status).toBe(200);
  expect(first.headers['last-modified']).toBe(short.headers['last-modified']);
  expect(first.headers['content-type']).toBe('application/json');
  expect(first.headers.etag).toBeUndefined();
  expect(first.headers['content-length']).toBeUndefined();
  expect((await head(abbreviatedType)).headers.etag).toBe(short.headers.etag);
  expect((await upstream.counts()).requests).toEqual({ 'GET /made (abbreviated)': 1 });

  const long = await ask(url);
  expect((await head('*/*')).headers).toMatchObject({
    etag: long.headers.etag,
    'last-modified': long.headers['last-modified'],
  });
  expect(long.headers.etag).not.toBe(short.headers.etag);
});
