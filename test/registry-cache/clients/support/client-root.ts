import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientFiles } from '../../../../registry-cache/clients/client-files.ts';
import type {
  CacheClient,
  ClientSettingsOptions,
} from '../../../../registry-cache/clients/client-settings.ts';
import {
  type CacheConfig,
  loadCacheConfig,
} from '../../../../registry-cache/config/cache-config.ts';
import type { CachedRegistry } from '../../../../registry-cache/config/cached-registry.ts';
import { createRootFiles } from '../../../../src/disk/root-files.ts';
import { hasCode } from '../../../../src/errors/has-code.ts';
import { runCommand } from '../../../../src/process/run-command.ts';
import { makeRoot, type RootSketch, snapshot } from '../../../mirror/trust/support/root-tree.ts';

export const config: CacheConfig = await loadCacheConfig(null, {
  upstreams: ['registry.example:5000=https://registry.example:5000'],
});

export function registries(...names: readonly string[]): readonly CachedRegistry[] {
  return names.map((name) => {
    const registry = config.byHost.get(name);
    if (registry === undefined) throw new Error(`no registry ${name}`);
    return registry;
  });
}

export function optionsFor(
  client: CacheClient,
  more: Partial<ClientSettingsOptions> = {},
): ClientSettingsOptions {
  return {
    client,
    cacheUrl: 'http://cache.example:5000',
    registries: registries('docker.io', 'ghcr.io'),
    root: config.root,
    ...more,
  };
}

export interface ClientRoot {
  readonly path: string;
  readonly files: ClientFiles;
  state(): Readonly<Record<string, string>>;
}

/** A root file system with these files. */
export function clientRoot(scratch: string, sketch: RootSketch = {}): ClientRoot {
  const path = mkdtempSync(join(scratch, 'root-'));
  mkdirSync(join(path, 'etc'));
  makeRoot(path, sketch);
  return { path, files: createRootFiles(path), state: () => snapshot(path) };
}

/** Reads TOML as somebody else does. */
export async function judgeToml(text: string): Promise<unknown> {
  const script =
    'import json,sys,tomllib; print(json.dumps(tomllib.loads(sys.stdin.buffer.read().decode())))';
  const result = await runCommand('python3', ['-c', script], { input: text, timeoutMs: 20_000 });
  if (result.exitCode !== 0) throw new Error(`no TOML: ${result.stderr.toString('utf8')}`);
  return JSON.parse(result.stdout.toString('utf8')) as unknown;
}

export async function whyNoTomlJudge(): Promise<string> {
  try {
    const result = await runCommand('python3', ['-c', 'import tomllib'], { timeoutMs: 20_000 });
    return result.exitCode === 0 ? '' : 'needs python3 with tomllib';
  } catch (error) {
    if (hasCode(error, 'tool_missing')) return 'needs python3';
    throw error;
  }
}
