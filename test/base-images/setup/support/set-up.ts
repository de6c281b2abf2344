import { readFileSync } from 'node:fs';
import { applySetup } from '../../../../base-images/setup/apply-setup.ts';
import { planSetup } from '../../../../base-images/setup/plan-setup.ts';
import type { SetupOptions, SetupPlan } from '../../../../base-images/setup/setup-plan.ts';
import { detectBase } from '../../../../base-images/detect/detect-base.ts';
import type { BaseFacts } from '../../../../base-images/detect/base-facts.ts';
import type { ImageFiles } from '../../../../base-images/files/image-files.ts';
import { storedImageFiles } from '../../../../base-images/files/stored-image-files.ts';
import { readCaFile } from '../../../../base-images/setup/ca/read-ca-file.ts';
import {
  createImageStore,
  createMemoryObjectStore,
  type Digest,
  type ImageStore,
} from '../../../../src/index.ts';
import { loadReleases } from '../../../../base-images/releases/load-releases.ts';
import { type Sketches, writeSketch } from '../../support/sketched-files.ts';

/** An image in a store of its own. */
export interface Stored {
  readonly imageStore: ImageStore;
  readonly digest: Digest;
}

export async function stored(sketches: Sketches): Promise<Stored> {
  const imageStore = createImageStore(createMemoryObjectStore(), null);
  return { imageStore, digest: await writeSketch(imageStore, sketches) };
}

export interface SetUp extends Stored {
  readonly plan: SetupPlan;
  readonly facts: BaseFacts;
  /** As they are after it. */
  readonly files: ImageFiles;
}

export const noOptions: SetupOptions = { guest: null };

const releases = await loadReleases();

export async function planned(
  { imageStore, digest }: Stored,
  options: Partial<SetupOptions> = {},
): Promise<{ plan: SetupPlan; facts: BaseFacts }> {
  const files = await storedImageFiles(imageStore, digest);
  const facts = await detectBase(files, { releases });
  const plan = await planSetup({ files, facts, options: { ...noOptions, ...options } });
  return { plan, facts };
}

export async function setUp(image: Stored, options: Partial<SetupOptions> = {}): Promise<SetUp> {
  const { plan, facts } = await planned(image, options);
  const { digest } = await applySetup(image.imageStore, { image: image.digest, plan });
  const files = await storedImageFiles(image.imageStore, digest);
  return { imageStore: image.imageStore, digest, plan, facts, files };
}

/** A base from these files, set up. */
export async function setUpSketch(
  sketches: Sketches,
  options: Partial<SetupOptions> = {},
): Promise<SetUp> {
  return setUp(await stored(sketches), options);
}

export async function textAt(files: ImageFiles, path: string): Promise<string | null> {
  const bytes = await files.read(path, { maxBytes: 8 * 1024 * 1024 });
  return bytes?.toString('utf8') ?? null;
}

/** What was changed, in the order of the paths. */
export function changedPaths({ changes }: SetupPlan): string[] {
  return changes.map(({ path }) => path).toSorted();
}

export const caPem = readFileSync(new URL('./authority.crt', import.meta.url));

export const nowMs = Date.UTC(2026, 10, 22);

export const authority = readCaFile(caPem, { name: 'authority.crt', nowMs });

/** What an image of Debian's has, without sudo. */
export const debianSketch: Sketches = {
  'etc/os-release': 'ID=debian\nVERSION_ID="12"\n',
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n',
  'etc/shadow': { content: 'root:*:19000:0:99999:7:::\n', mode: 0o640, gid: 42 },
  'etc/group': 'root:x:0:\ndaemon:x:1:\nshadow:x:42:\n',
  'etc/gshadow': { content: 'root:*::\n', mode: 0o640, gid: 42 },
  'etc/skel/.bashrc': '# skeleton\n',
  'etc/login.defs': '# HOME_MODE 0700\nUMASK\t\t022\n',
  'etc/subuid': '',
  'etc/subgid': 'other:100000:65536\n',
  'etc/hostname': '',
  'usr/bin/bash': { content: 'bash', mode: 0o755 },
  'usr/bin/sh': { target: 'bash' },
  bin: { target: 'usr/bin' },
  sbin: { target: 'usr/sbin' },
  lib: { target: 'usr/lib' },
  'usr/sbin/useradd': { content: 'useradd', mode: 0o755 },
  'usr/lib/os-release': 'ID=debian\n',
  home: { directory: true },
  'var/lib/dpkg/status':
    'Package: apt\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.6.1\n',
  'etc/apt/sources.list': 'deb http://deb.example/debian bookworm main\n',
};
