import type { SettingsContext, SettingsFile } from './client-settings.ts';
import {
  appendEdit,
  editedFile,
  readSettings,
  settingsProblem,
  wholeFile,
} from './settings-file.ts';
import { type TomlStatement, tomlString } from './toml-statements.ts';
import { mayHold, quoted, startsWith, statementsOf } from './toml-text.ts';

const path = '/etc/containerd/config.toml';
const defaultDirectory = '/etc/containerd/certs.d';

/** The table of registries by the version of the configuration (containerd, docs/cri/registry.md). */
const registryTables: Readonly<Record<string, readonly string[]>> = {
  '2': ['plugins', 'io.containerd.grpc.v1.cri', 'registry'],
  '3': ['plugins', 'io.containerd.cri.v1.images', 'registry'],
};

export interface HostsDirectory {
  readonly directory: string;
  /** Containerd's configuration; null where it is left alone. */
  readonly file: SettingsFile | null;
  readonly notes: readonly string[];
}

/**
 * Where containerd looks for `hosts.toml`, and what has to be changed in its configuration so that it does. Throws
 * `config_invalid` for a configuration of version 1, and for one that has its mirrors in the old form: containerd's CRI plugin does
 * not start with both.
 */
export async function hostsDirectory(files: SettingsContext['files']): Promise<HostsDirectory> {
  const before = await readSettings(files, path);
  if (before === null) return changed(wholeFile(path, fresh));
  const statements = statementsOf(path, before);
  if (isDisabled(statements)) {
    const note = `${path} switches off what Kubernetes uses of containerd, and was left as it is.`;
    return { directory: defaultDirectory, file: null, notes: [note] };
  }
  if (statements.length === 0)
    return changed(editedFile(path, before, [appendEdit(before, fresh)]));
  return merged(before, { statements, table: registryTable(statements) });
}

const fresh = `version = 2\n\n${tableText(registryTables['2'] ?? [], defaultDirectory)}`;

function changed(file: SettingsFile): HostsDirectory {
  return { directory: defaultDirectory, file, notes: [] };
}

function merged(
  before: string,
  {
    statements,
    table,
  }: { readonly statements: readonly TomlStatement[]; readonly table: readonly string[] },
): HostsDirectory {
  refuseOldForm(statements, table);
  const setting = statements.find((each) => isAt(each, [...table, 'config_path']));
  const notes = importNotes(statements);
  if (setting?.value) {
    const { start, text } = setting.value;
    const present = tomlString(text);
    const [first = ''] = present?.split(':') ?? [];
    if (present === null || (first !== '' && !first.startsWith('/')))
      throw settingsProblem(path, 'has a config_path that is no path');
    if (first !== '') return { directory: first, file: editedFile(path, before, []), notes };
    const inserted = quoted(defaultDirectory);
    const file = editedFile(path, before, [{ offset: start, removed: text, inserted }]);
    return { ...changed(file), notes };
  }
  const header = statements.find(({ kind, path: own }) => kind === 'table' && isSame(own, table));
  if (header === undefined) {
    if (statements.some((each) => mayHold(each, table) || isDotted(each, table)))
      throw settingsProblem(path, `has ${table.join('.')} in a form that is not understood here`);
    const edit = appendEdit(before, tableText(table, defaultDirectory));
    return { ...changed(editedFile(path, before, [edit])), notes };
  }
  const indent = /[ \t]*$/.exec(before.slice(0, header.start))?.[0] ?? '';
  const gap = before.slice(0, header.end).endsWith('\n') ? '' : '\n';
  const inserted = `${gap}${indent}  config_path = ${quoted(defaultDirectory)}\n`;
  return {
    ...changed(editedFile(path, before, [{ offset: header.end, removed: '', inserted }])),
    notes,
  };
}

function tableText(table: readonly string[], directory: string): string {
  const name = table.map((part) => (/^[A-Za-z0-9_-]+$/.test(part) ? part : quoted(part))).join('.');
  return `[${name}]\n  config_path = ${quoted(directory)}\n`;
}

function registryTable(statements: readonly TomlStatement[]): readonly string[] {
  const version = statements.find((each) => isAt(each, ['version']))?.value?.text ?? '1';
  const table = Object.hasOwn(registryTables, version) ? registryTables[version] : undefined;
  if (table !== undefined) return table;
  throw settingsProblem(
    path,
    `is of version ${version.slice(0, 20)}, and only 2 and 3 are understood here`,
    version === '1'
      ? 'Bring it to a newer version: `containerd config migrate` prints it so.'
      : 'Merge by hand what the command prints without --write.',
  );
}

/** As the package of docker's own repository has it. */
function isDisabled(statements: readonly TomlStatement[]): boolean {
  const disabled = statements.find((each) => isAt(each, ['disabled_plugins']))?.value?.text ?? '';
  return /["'](?:cri|io\.containerd\.(?:grpc\.v1\.cri|cri\.v1\.images))["']/.test(disabled);
}

function refuseOldForm(statements: readonly TomlStatement[], table: readonly string[]): void {
  const isOld = statements.some(
    ({ path: own, kind }) =>
      startsWith(own, [...table, 'mirrors']) ||
      (startsWith(own, [...table, 'configs']) &&
        (own.includes('tls') || kind === 'value') &&
        !own.includes('auth')),
  );
  if (!isOld) return;
  throw settingsProblem(
    path,
    `has mirrors or TLS settings in ${table.join('.')}, with which containerd takes no config_path`,
    `Move them into ${defaultDirectory}/REGISTRY/hosts.toml, and take them out of this file.`,
  );
}

/** Another file may say it differently. */
function importNotes(statements: readonly TomlStatement[]): readonly string[] {
  const imports = statements.find((each) => isAt(each, ['imports']))?.value?.text ?? '[]';
  return /^\[\s*\]$/.test(imports)
    ? []
    : [`${path} imports other files, which were not looked at: a config_path in them counts more.`];
}

function isAt({ kind, path: own }: TomlStatement, wanted: readonly string[]): boolean {
  return kind === 'value' && isSame(own, wanted);
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && startsWith(left, right);
}

/** A table that was made by dotted keys cannot be gone on with under a header (TOML 1.0, "Table"). */
function isDotted(
  { kind, path: own, table: header }: TomlStatement,
  table: readonly string[],
): boolean {
  return kind === 'value' && startsWith(own, table) && !startsWith(header, table);
}
