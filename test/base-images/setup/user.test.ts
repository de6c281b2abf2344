import { describe, expect, it } from 'vitest';
import { userNameProblem } from '../../../base-images/setup/user-name.ts';
import type { Sketches } from '../support/sketched-files.ts';
import { debianSketch, planned, setUpSketch, stored, textAt } from './support/set-up.ts';

const without = (...paths: string[]): Sketches =>
  Object.fromEntries(Object.entries(debianSketch).filter(([path]) => !paths.includes(path)));

describe('the name of a user', () => {
  it.each(['user', 'user1', 'a_b', 'a-b', 'x'.repeat(32)])('may be %s', (name) => {
    expect(userNameProblem(name)).toBeNull();
  });

  it.each([
    '',
    '-rf',
    'a b',
    'a\nb',
    'a:b',
    'a/b',
    'user@x',
    'ö',
    'a$',
    'a\u0000',
    '1000',
    '.',
    '..',
    '.a',
    'ALL',
    'ADMINS',
    'Defaults',
    'Cmnd_Alias',
    '%sudo',
    '_x',
    'my.user',
    '1user',
    'My_User',
    '#0',
    'a,b',
    'a=b',
    'x'.repeat(33),
  ])('may not be %j', async (name) => {
    expect(userNameProblem(name)).not.toBeNull();
    const base = await stored(debianSketch);
    await expect(planned(base, { user: name })).rejects.toMatchObject({
      code: 'user_name_invalid',
    });
  });

  it.each([-1, 1.5, 65_535, 4_294_967_295, Number.NaN])('has no uid %d', async (uid) => {
    await expect(planned(await stored(debianSketch), { uid })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

describe('a new user', () => {
  it('is in all files that useradd would change, and has a home', async () => {
    const { files, plan } = await setUpSketch(debianSketch, { user: 'my-user' });
    expect(plan.user).toMatchObject({
      name: 'my-user',
      uid: 1000,
      gid: 1000,
      home: '/home/my-user',
    });
    expect(await textAt(files, 'etc/passwd')).toMatch(
      /\nmy-user:x:1000:1000::\/home\/my-user:\/bin\/bash\n$/,
    );
    expect(await textAt(files, 'etc/shadow')).toMatch(/\nmy-user:\*::0:99999:7:::\n$/);
    expect(await textAt(files, 'etc/group')).toMatch(/\nmy-user:x:1000:\n$/);
    expect(await textAt(files, 'etc/gshadow')).toMatch(/\nmy-user:!::\n$/);
    expect(await textAt(files, 'etc/subuid')).toBe('my-user:100000:65536\n');
    expect(await textAt(files, 'etc/subgid')).toBe('other:100000:65536\nmy-user:165536:65536\n');
    expect(await files.at('etc/shadow')).toMatchObject({ mode: 0o640, gid: 42 });
    expect(await files.at('home/my-user')).toMatchObject({
      type: 'directory',
      mode: 0o755,
      uid: 1000,
    });
    expect(await files.at('home/my-user/.bashrc')).toMatchObject({ uid: 1000, gid: 1000 });
    expect(await textAt(files, 'etc/sudoers.d/zz-ashlar')).toContain('\nmy-user ALL=(ALL:ALL)');
  });

  it.each([
    ['HOME_MODE 0700\nUMASK 022\n', 0o700],
    ['#HOME_MODE 0700\nUMASK 027\n', 0o750],
    ['nothing of the kind', 0o755],
  ])('has a home as %j says', async (text, mode) => {
    const { files } = await setUpSketch({ ...debianSketch, 'etc/login.defs': text });
    expect(await files.at('home/user')).toMatchObject({ mode });
  });

  it('keeps lines that hand on to a directory service the last, and ends lines that have no end', async () => {
    const { files } = await setUpSketch({
      ...debianSketch,
      'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n+::::::',
      'etc/group': 'root:x:0:',
    });
    expect(await textAt(files, 'etc/passwd')).toBe(
      'root:x:0:0:root:/root:/bin/bash\nuser:x:1000:1000::/home/user:/bin/bash\n+::::::\n',
    );
    expect(await textAt(files, 'etc/group')).toBe('root:x:0:\nuser:x:1000:\n');
  });

  it('takes the group that has its name, and passes over a gid that somebody has', async () => {
    const named = { ...debianSketch, 'etc/group': 'root:x:0:\nuser:x:77:\n' };
    expect((await setUpSketch(named)).plan.user?.gid).toBe(77);
    const numbered = { ...debianSketch, 'etc/group': 'root:x:0:\nother:x:1000:\n' };
    const { plan, files } = await setUpSketch(numbered);
    expect(plan.user).toMatchObject({ uid: 1000, gid: 1001 });
    expect(await textAt(files, 'etc/group')).toContain('user:x:1001:');
  });

  it('needs no shadow file, and has the shell that there is', async () => {
    const sketch = without('etc/shadow', 'etc/gshadow', 'usr/bin/bash', 'usr/bin/sh');
    const { files } = await setUpSketch({
      ...sketch,
      'usr/bin/sh': { content: 'sh', mode: 0o755 },
    });
    expect(await textAt(files, 'etc/passwd')).toMatch(
      /\nuser:\*:1000:1000::\/home\/user:\/bin\/sh\n$/,
    );
    expect(await files.at('etc/shadow')).toBeNull();
  });

  it('does not get a directory that is there', async () => {
    const home = {
      'home/user/file': 'kept',
      'home/user': { directory: true, mode: 0o711, uid: 5 },
    } as const;
    const { files, plan } = await setUpSketch({ ...debianSketch, ...home });
    expect(await files.at('home/user')).toMatchObject({ mode: 0o711, uid: 5 });
    expect(await files.at('home/user/.bashrc')).toBeNull();
    expect(plan.notes).toContainEqual(
      expect.objectContaining({ what: '/home/user belongs to the uid 5' }),
    );
  });

  it('goes where a link leads, and through no link that leads nowhere', async () => {
    const linked = {
      ...without('home'),
      home: { target: 'var/home' },
      'var/home': { directory: true },
    } as const;
    expect(await (await setUpSketch(linked)).files.at('var/home/user')).not.toBeNull();
    const dangling = { ...without('home'), home: { target: 'nowhere' } };
    const { plan } = await planned(await stored(dangling), { user: 'dev' });
    expect(plan.refusals).toMatchObject([{ step: 'user', code: 'base_file_unusable' }]);
    expect(plan.changes.some(({ path }) => path === 'etc/passwd')).toBe(false);
  });
});

describe('a user who is there', () => {
  const taken = {
    ...debianSketch,
    'etc/passwd':
      'root:x:0:0:root:/root:/bin/bash\nubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash\n',
  };

  it('is taken for the uid, and nothing of theirs is changed', async () => {
    const { files, plan } = await setUpSketch(taken);
    expect(plan.user).toMatchObject({ name: 'ubuntu', uid: 1000 });
    expect(await textAt(files, 'etc/passwd')).toBe(taken['etc/passwd']);
    expect(await textAt(files, 'etc/sudoers.d/zz-ashlar')).toContain('\nubuntu ALL=');
    expect(await files.at('home/ubuntu')).toMatchObject({ uid: 1000 });
  });

  it('is left alone for somebody of another name, who gets the next uid', async () => {
    const { plan } = await setUpSketch(taken, { user: 'dev' });
    expect(plan.user).toMatchObject({ name: 'dev', uid: 1001 });
  });

  it.each([
    [{ user: 'dev', uid: 1000 }, /the uid 1000 is that of ubuntu/],
    [{ user: 'ubuntu', uid: 1234 }, /the user ubuntu of the image has the uid 1000, not 1234/],
  ])('cannot be two: %j', async (options, words) => {
    const { plan } = await planned(await stored(taken), options);
    expect(plan.refusals).toMatchObject([
      { step: 'user', code: 'setup_refused', message: expect.stringMatching(words) },
    ]);
  });

  it.each(['/etc/passwd/x', '/home/../../x', `/${'x'.repeat(300)}`])(
    'is a user though the home %j can be none, and it is said',
    async (home) => {
      const passwd = `root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::${home}:/bin/sh\n`;
      const { plan } = await planned(await stored({ ...debianSketch, 'etc/passwd': passwd }));
      expect(plan.user).toMatchObject({ name: 'node' });
      expect(plan.notes).toContainEqual(
        expect.objectContaining({ step: 'user', what: 'node has no home that could be made' }),
      );
      expect(plan.changes.some(({ step }) => step === 'sudoers')).toBe(true);
    },
  );

  it.each(['/nonexistent', '/dev/null', '/var/empty/sshd', '/'])(
    'with the home %s has none on purpose',
    async (home) => {
      const passwd = `root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::${home}:/bin/sh\n`;
      const { plan } = await planned(await stored({ ...debianSketch, 'etc/passwd': passwd }));
      expect(plan.changes.some(({ step }) => step === 'user')).toBe(false);
      expect(plan.notes.some(({ kind }) => kind === 'skipped')).toBe(false);
    },
  );

  it('may be root, who needs no rule', async () => {
    const { plan, files } = await setUpSketch(taken, { user: 'root' });
    expect(plan.user).toMatchObject({ uid: 0 });
    expect(await files.at('etc/sudoers.d')).toBeNull();
  });

  it('with a name that no sudoers file can have gets no rule, and it is said', async () => {
    const odd = {
      ...debianSketch,
      'etc/passwd': 'root:x:0:0::/:/bin/sh\nmy user:x:1000:1000::/h:/bin/sh\n',
    };
    const { plan, files } = await setUpSketch(odd);
    expect(await files.at('etc/sudoers.d/zz-ashlar')).toBeNull();
    expect(plan.notes).toContainEqual(
      expect.objectContaining({ step: 'sudoers', kind: 'skipped' }),
    );
  });

  it('who is there and has no shell to work in keeps it, which is said', async () => {
    const passwd = 'root:x:0:0::/root:/bin/sh\nwww:x:33:33::/var/www:/usr/sbin/nologin\n';
    const base = await stored({ ...debianSketch, 'etc/passwd': passwd });
    const { plan } = await planned(base, { user: 'www' });
    expect(plan.notes).toContainEqual(
      expect.objectContaining({ kind: 'said', what: expect.stringContaining('/usr/sbin/nologin') }),
    );
    expect(plan.changes.some(({ path }) => path === 'etc/passwd')).toBe(false);
  });
});
