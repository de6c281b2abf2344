import { describe, expect, it } from 'vitest';
import { formatS3Url, parseStoreUrl } from '../../src/store/store-url.ts';

describe('parseStoreUrl', () => {
  it.each([
    ['file:///srv/store', '/srv/store'],
    ['file:///srv/store/', '/srv/store'],
    ['file:///srv/my%20store', '/srv/my store'],
    ['file:///srv/a/../store', '/srv/store'],
  ])('reads %s', (text, directory) => {
    expect(parseStoreUrl(text)).toEqual({ kind: 'fs', directory });
  });

  it.each([
    ['s3://images', { bucket: 'images', prefix: '' }],
    ['s3://images/', { bucket: 'images', prefix: '' }],
    ['s3://images/team/a/', { bucket: 'images', prefix: 'team/a/' }],
    ['s3://images?region=eu-west-1', { bucket: 'images', prefix: '', region: 'eu-west-1' }],
    [
      's3://images/p?endpoint=http://127.0.0.1:7480/&region=r',
      { bucket: 'images', prefix: 'p/', endpoint: 'http://127.0.0.1:7480', region: 'r' },
    ],
    [
      's3://images?endpoint=https%3A%2F%2Fs3.example.com%2Fbase',
      { bucket: 'images', prefix: '', endpoint: 'https://s3.example.com/base' },
    ],
  ])('reads %s, and writes it so that it reads the same', (text, location) => {
    const parsed = parseStoreUrl(text);
    expect(parsed).toEqual({ kind: 's3', ...location });
    expect(parseStoreUrl(formatS3Url({ kind: 's3', ...location }))).toEqual(parsed);
  });

  it.each([
    ['', 'no URL'],
    ['/srv/store', 'no URL'],
    ['store', 'no URL'],
    ['http://host/dir', 'neither file: nor s3:'],
    ['file:srv', 'three slashes'],
    ['file://host/dir', 'three slashes'],
    ['file:///dir?x=1', '%3F'],
    ['file:///dir#x', '%23'],
    ['file:///a%2Fb', 'escaped slash'],
    ['s3:', 'names no bucket'],
    ['s3:///prefix', 'names no bucket'],
    ['s3://x', 'names no bucket'],
    ['s3://images:9000/p', '?endpoint='],
    ['s3://images/a//b', 'prefix'],
    ['s3://images/a%20b/%zz', 'prefix'],
    ['s3://images?profile=x', 'unknown parameter: profile'],
    ['s3://images?region=a&region=b', 'region twice'],
    ['s3://images?region=', 'no region'],
    ['s3://images?endpoint=127.0.0.1:7480', 'no http or https URL'],
    ['s3://images?endpoint=ftp://host', 'no http or https URL'],
    ['s3://images?endpoint=http://host/%3Fa%3Db', 'endpoint with more'],
    ['s3://images#x', '#'],
  ])('refuses %j and says why', (text, why) => {
    expect(() => parseStoreUrl(text)).toThrow(
      expect.objectContaining({ code: 'store_url_invalid', message: expect.stringContaining(why) }),
    );
  });

  it.each([
    's3://AKIA:hunter2@images/p',
    's3://images?endpoint=http://AKIA:hunter2@127.0.0.1:7480',
    's3://images?endpoint=http://AKIA:hunter2@127.0.0.1:7480&endpoint=http://127.0.0.1',
    's3://images?endpoint=http://127.0.0.1&secret=hunter2',
    's3://AKIA:hunter2@/p',
    'https://AKIA:hunter2@host/p',
    's3://AKIA:hunter2@[/p',
  ])('refuses credentials, and keeps them to itself: %s', (text) => {
    let thrown: unknown;
    try {
      parseStoreUrl(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'store_url_invalid' });
    expect(`${String(thrown)} ${JSON.stringify(thrown)}`).not.toContain('hunter2');
  });

  it('says where credentials belong', () => {
    expect(() => parseStoreUrl('s3://AKIA:hunter2@images')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('AWS_ACCESS_KEY_ID') }),
    );
  });
});
