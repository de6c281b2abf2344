import { isOlderThan } from '../../detect/debian-version.ts';
import { rootsFile } from '../draft.ts';
import { Obstacle } from '../obstacle.ts';
import type { StepContext } from '../step-context.ts';
import { bytesOf, linesOf, readText } from '../text-file.ts';

const step = 'apt-mirror';

/**
 * The distribution's own sources, with the mirror in place of their hosts: mirrors of the same archive have the same paths. Others, such as
 * a vendor's, stay. Both forms of sources (sources.list(5)) are known, as images have the one, the other or both.
 */
export async function planAptMirror({ options, draft, facts, note }: StepContext): Promise<void> {
  const { aptMirror } = options;
  if (aptMirror === undefined) return;
  const names = [facts.os.id, ...facts.os.idLike].filter((name) => name !== null);
  const files = new Map(facts.apt.sources.map(({ file, format }) => [file, format]));
  if (files.size === 0)
    throw new Obstacle('the image has no apt sources that could name a mirror', { of: 'image' });
  const moved = (uri: string): string => mirroredUri(uri, aptMirror, names);
  let found = 0;
  for (const [path, format] of files) {
    const text = await readText(draft, path);
    if (text === null) continue;
    const changed = format === 'list' ? inList(text, moved) : inDeb822(text, moved);
    if (changed.includes(aptMirror.host)) found += 1;
    await draft.editFile(path, bytesOf(changed), rootsFile, {
      step,
      why: `apt installs from ${aptMirror.href}`,
    });
  }
  if (found === 0)
    throw new Obstacle(`no apt source of the image is one of ${names.join(' or ')}`, {
      of: 'image',
    });
  const isOld = isOlderThan(facts.apt.version ?? '', '1.5');
  if (
    aptMirror.protocol === 'https:' &&
    isOld &&
    facts.packages.get('apt-transport-https') === null
  )
    note({
      step,
      kind: 'said',
      what: `apt ${facts.apt.version ?? ''} of the image cannot ask ${aptMirror.href}`,
      why: 'before 1.5 it needs the package apt-transport-https for https',
    });
}

/**
 * `http://HOST/debian-security` is the archive of debian; `https://HOST/linux/debian` is somebody's else. A mirror is named by what comes before
 * the name of the archive, or with that name: `http://MIRROR` and `http://MIRROR/debian` are the same.
 */
function mirroredUri(uri: string, mirror: URL, names: readonly string[]): string {
  const match = /^(?:mirror\+)?https?:\/\/[^/]+(\/.*)$/.exec(uri);
  const path = match?.[1] ?? '';
  const [, first = ''] = path.split('/');
  const isOwn = names.some((name) => first === name || first.startsWith(`${name}-`));
  const before = mirror.href.replace(/\/$/, '');
  const last = before.slice(before.lastIndexOf('/') + 1);
  return isOwn ? (names.includes(last) ? before.slice(0, -last.length - 1) : before) + path : uri;
}

/** `deb [options] URI SUITE COMPONENT...` */
function inList(text: string, moved: (uri: string) => string): string {
  return text.replaceAll(
    /^([ \t]*deb(?:-src)?[ \t]+(?:\[[^\]\n]*\][ \t]+)?)(\S+)/gm,
    (_, start: string, uri: string) => start + moved(uri),
  );
}

/** `URIs: URI...`, which may go on in lines that begin with white space. */
function inDeb822(text: string, moved: (uri: string) => string): string {
  let inUris = false;
  const lines = linesOf(text).map((line) => {
    if (!/^\s/.test(line)) inUris = /^URIs:/i.test(line);
    return inUris ? line.replaceAll(/(?<=\s|:)[a-z+]+:\/\/\S+/g, moved) : line;
  });
  return lines.join('\n') + (text.endsWith('\n') ? '\n' : '');
}
