import type { OsFacts } from '../base-facts.ts';
import type { Look } from '../look.ts';
import { parseKeyValues } from './os-release.ts';

const maxBytes = 4096;

export type Precursor = Pick<
  OsFacts,
  'id' | 'idLike' | 'versionId' | 'versionCodename' | 'prettyName' | 'source'
>;

export interface Precursors {
  /** Of the files that say what this is, the first. */
  readonly first: Precursor | null;
  readonly lsb: Precursor | null;
  readonly debianVersion: string | null;
}

/** The files that distributions had before os-release, and some still have beside it. */
export async function readPrecursors(look: Look): Promise<Precursors> {
  const lsb = lsbRelease(await look.text('etc/lsb-release', maxBytes));
  const debianVersion = firstLine(await look.text('etc/debian_version', maxBytes));
  const alpine = firstLine(await look.text('etc/alpine-release', maxBytes));
  const redhat = firstLine(await look.text('etc/redhat-release', maxBytes));
  return {
    lsb,
    debianVersion,
    first: lsb ?? debianOf(debianVersion) ?? alpineOf(alpine) ?? redhatOf(redhat),
  };
}

function lsbRelease(text: string | null): Precursor | null {
  const { values } = parseKeyValues(text ?? '');
  const id = values.get('DISTRIB_ID')?.toLowerCase();
  if (id === undefined || !/^[a-z0-9._-]+$/.test(id)) return null;
  return {
    id,
    idLike: [],
    versionId: values.get('DISTRIB_RELEASE') || null,
    versionCodename: values.get('DISTRIB_CODENAME') || null,
    prettyName: values.get('DISTRIB_DESCRIPTION') || null,
    source: 'etc/lsb-release',
  };
}

/** `12.5`, or `trixie/sid` before a release. */
function debianOf(version: string | null): Precursor | null {
  if (version === null) return null;
  return {
    id: 'debian',
    idLike: [],
    versionId: /^(\d+)(?:\.\d+)*$/.exec(version)?.[1] ?? null,
    versionCodename: /^([a-z]+)\/sid$/.exec(version)?.[1] ?? null,
    prettyName: null,
    source: 'etc/debian_version',
  };
}

function alpineOf(version: string | null): Precursor | null {
  if (version === null) return null;
  const versionId = /^\d[\w.]*$/.exec(version)?.[0] ?? null;
  return { ...unnamed, id: 'alpine', versionId, source: 'etc/alpine-release' };
}

/** `CentOS Linux release 7.9.2009 (Core)`. */
function redhatOf(line: string | null): Precursor | null {
  const [, name, versionId] = /^(.{1,80}?)(?: Linux)? release (\d[\d.]*)/.exec(line ?? '') ?? [];
  if (line === null || name === undefined || versionId === undefined) return null;
  const isRedHat = name.startsWith('Red Hat');
  const id = isRedHat ? 'rhel' : (name.toLowerCase().split(' ', 1)[0] ?? '');
  const idLike = id === 'fedora' ? [] : ['rhel', 'fedora'];
  return { ...unnamed, id, idLike, versionId, prettyName: line, source: 'etc/redhat-release' };
}

const unnamed: Precursor = {
  id: null,
  idLike: [],
  versionId: null,
  versionCodename: null,
  prettyName: null,
  source: null,
};

/** Null for what is empty, or no line that people could read. */
function firstLine(text: string | null): string | null {
  const line = (text ?? '').split('\n', 1)[0]?.trim() ?? '';
  return /^[\x20-\x7e]{1,200}$/.test(line) ? line : null;
}
