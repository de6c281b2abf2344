import { type Node, type ParseError, parseTree } from 'jsonc-parser';
import { authorityFiles, authorityPath } from './authority-file.ts';
import type { ClientSettings, SettingsContext } from './client-settings.ts';
import { editedFile, readSettings, settingsProblem, wholeFile } from './settings-file.ts';
import { applyEdits, type TextEdit } from './text-edits.ts';

const path = '/etc/docker/daemon.json';
const certificates = '/etc/docker/certs.d';

/**
 * Docker's engine asks mirrors for images of Docker Hub alone, at the root of a host (docs.docker.com, "Run as a pull-through
 * cache"), so docker.io has to be what the cache takes that for. It reads both settings anew on SIGHUP; the BuildKit in it does not.
 */
export async function dockerSettings(
  context: SettingsContext,
): Promise<Omit<ClientSettings, 'client'>> {
  const { cache, registries, files } = context;
  refuseUnable(context);
  await refuseFlags(files);
  const wanted: readonly Wanted[] = [
    { key: 'registry-mirrors', value: cache.origin },
    // BuildKit and containerd's image store in it take a mirror for https otherwise, and BuildKit a name that is not a URL for none.
    ...(cache.scheme === 'http' && !cache.isLoopback
      ? [{ key: 'insecure-registries', value: cache.origin }]
      : []),
  ];
  const others = registries.filter(({ name }) => name !== 'docker.io').map(({ name }) => name);
  const before = await readSettings(files, path);
  const file =
    before === null
      ? wholeFile(path, freshText(wanted))
      : editedFile(path, before, mergeEdits(before, wanted));
  return {
    files: [...(await authorityFiles(context, authorityPath(context, certificates))), file],
    restart: file.before === file.text ? [] : ['systemctl reload docker'],
    notes: [
      ...(others.length === 0
        ? []
        : [
            `docker uses mirrors for docker.io alone: images of ${others.join(', ')} are pulled through the cache as ${cache.host}/${others[0] ?? ''}/NAME.`,
          ]),
      'BuildKit in the engine (docker build) may read this when the engine starts and not before: systemctl restart docker, which ends containers that run unless live-restore is set.',
    ],
  };
}

function refuseUnable({ root, fallback }: SettingsContext): void {
  if (root.name !== 'docker.io')
    throw settingsProblem(
      path,
      `cannot name a cache whose root registry is ${root.name}: docker uses mirrors for docker.io alone`,
      'Serve docker.io at the root of the cache (--root docker.io).',
    );
  if (fallback === 'none')
    throw settingsProblem(
      path,
      'cannot say that docker must not ask docker.io itself',
      'Leave out --fallback none.',
    );
}

interface Wanted {
  readonly key: string;
  readonly value: string;
}

function freshText(wanted: readonly Wanted[]): string {
  const value = Object.fromEntries(wanted.map(({ key, value }) => [key, [value]]));
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function mergeEdits(before: string, wanted: readonly Wanted[]): readonly TextEdit[] {
  // The engine takes an empty file for one without settings.
  if (before.trim() === '') return [{ offset: 0, removed: before, inserted: freshText(wanted) }];
  return wanted.reduce<readonly TextEdit[]>((edits, each) => {
    const edit = mergeEdit(applyEdits(before, edits), each);
    return edit === null ? edits : [...edits, edit];
  }, []);
}

/** Puts a value in front of a list; null where it is in it already. Nothing that is there is written anew. */
function mergeEdit(text: string, { key, value }: Wanted): TextEdit | null {
  const properties = propertiesOf(text);
  const own = properties.filter(({ name }) => name.toLowerCase() === key);
  const [property] = own;
  // The engine takes the last of equal keys, and does not tell upper from lower case.
  if (own.length > 1 || (property !== undefined && property.name !== key))
    throw settingsProblem(path, `has ${key} more than once, or in another spelling`);
  const written = JSON.stringify(value);
  if (property === undefined) return addProperty(text, `"${key}": [${written}]`, properties);
  const list = property.value;
  const items = list?.children ?? [];
  if (list?.type !== 'array' || items.some(({ type }) => type !== 'string'))
    throw settingsProblem(path, `has a value of ${key} that is no list of strings`);
  if (items.some((item) => String(item.value).replace(/\/$/, '') === value)) return null;
  const [first] = items;
  if (first === undefined) return { offset: list.offset + 1, removed: '', inserted: written };
  const inserted = `${written},${blanksBefore(text, first.offset) || ' '}`;
  return { offset: first.offset, removed: '', inserted };
}

interface Property {
  readonly name: string;
  readonly value: Node | undefined;
  readonly start: number;
  readonly end: number;
}

/** Those of the outermost object. */
function propertiesOf(text: string): readonly Property[] {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: true });
  if (errors.length > 0 || tree === undefined) throw settingsProblem(path, 'is no JSON');
  if (tree.type !== 'object') throw settingsProblem(path, 'is no JSON object');
  return (tree.children ?? []).map(({ children = [], offset, length }) => ({
    name: String(children[0]?.value),
    value: children[1],
    start: offset,
    end: offset + length,
  }));
}

function addProperty(text: string, added: string, properties: readonly Property[]): TextEdit {
  const last = properties.at(-1);
  if (last === undefined) {
    const offset = text.indexOf('{') + 1;
    const tail = /^\s*\n/.test(text.slice(offset)) ? '' : '\n';
    return { offset, removed: '', inserted: `\n  ${added}${tail}` };
  }
  const inserted = `,${blanksBefore(text, last.start) || ' '}${added}`;
  return { offset: last.end, removed: '', inserted };
}

function blanksBefore(text: string, offset: number): string {
  return /\s*$/.exec(text.slice(0, offset))?.[0] ?? '';
}

const serviceFiles = [
  '/etc/default/docker',
  '/etc/sysconfig/docker',
  '/etc/systemd/system/docker.service',
];
const dropIns = '/etc/systemd/system/docker.service.d';

/** The engine does not start when a setting is in the file and on its command line. */
async function refuseFlags(files: SettingsContext['files']): Promise<void> {
  const names = (await files.list(dropIns)).filter((name) => name.endsWith('.conf'));
  for (const file of [...serviceFiles, ...names.map((name) => `${dropIns}/${name}`)]) {
    const text = (await files.read(file))?.text ?? '';
    const flag = /^[^#\n]*--(registry-mirror|insecure-registry)\b/m.exec(text)?.[1];
    if (flag !== undefined)
      throw settingsProblem(
        file,
        `gives docker the option --${flag}, and docker does not start when ${path} says it too`,
        `Move the option into ${path}, then run the command again.`,
      );
  }
}
