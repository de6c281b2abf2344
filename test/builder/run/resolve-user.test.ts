import { describe, expect, it } from 'vitest';
import { resolveUser } from '../../../builder/run/resolve-user.ts';

const databases = {
  passwd: [
    '# a comment',
    'root:x:0:0:root:/root:/bin/sh',
    'app:x:1000:1001:App:/home/app:/bin/sh',
    '77:x:88:88::/home/77:/bin/sh',
    'nohome:x:5:5:::',
    'broken:x:notanumber:1::/:',
    'short',
    '',
  ].join('\n'),
  group: [
    'root:x:0:',
    'app:x:1001:',
    'wheel:x:10:root,app',
    'video:x:44:other,app',
    'bad:x::app',
    '99:x:123:',
  ].join('\n'),
};

describe('the user of a step', () => {
  it.each([
    ['', { uid: 0, gid: 0, groupIds: [0, 10], home: '/root' }],
    ['root', { uid: 0, gid: 0, groupIds: [0, 10], home: '/root' }],
    ['app', { uid: 1000, gid: 1001, groupIds: [1001, 10, 44], home: '/home/app' }],
    ['1000', { uid: 1000, gid: 1001, groupIds: [1001, 10, 44], home: '/home/app' }],
    ['app:video', { uid: 1000, gid: 44, groupIds: [44], home: '/home/app' }],
    ['app:4444', { uid: 1000, gid: 4444, groupIds: [4444], home: '/home/app' }],
    ['app:', { uid: 1000, gid: 1001, groupIds: [1001, 10, 44], home: '/home/app' }],
    [':video', { uid: 0, gid: 44, groupIds: [44], home: '/root' }],
    ['12345', { uid: 12345, gid: 0, groupIds: [0], home: '/' }],
    ['nohome', { uid: 5, gid: 5, groupIds: [5], home: '/' }],
    ['4294967294', { uid: 4294967294, gid: 0, groupIds: [0], home: '/' }],
  ])('%j', (spec, expected) => {
    expect(resolveUser(spec, databases)).toEqual(expected);
  });

  it('is a number where it could be a name of digits', () => {
    expect(resolveUser('77', databases).uid).toBe(77);
    expect(resolveUser('88', databases).home).toBe('/home/77');
    expect(resolveUser('app:99', databases).gid).toBe(99);
  });

  it('is root without databases, but has no names', () => {
    const none = { passwd: undefined, group: undefined };
    expect(resolveUser('', none)).toEqual({ uid: 0, gid: 0, groupIds: [0], home: '/' });
    expect(() => resolveUser('root', none)).toThrow('has no user "root"');
  });

  it.each(['nobody', 'broken', 'app:nogroup', 'app:bad', 'a:b:c', '4294967295', '-1'])(
    'is refused as %j',
    (spec) => {
      expect(() => resolveUser(spec, databases)).toThrow(
        expect.objectContaining({ code: 'user_unknown' }) as Error,
      );
    },
  );
});
