import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { capabilities } from '../../../builder/run/container-config.ts';
import { loadSeccompProfile, translateProfile } from '../../../builder/run/seccomp-profile.ts';

const allow = 'SCMP_ACT_ALLOW';
const deny = 'SCMP_ACT_ERRNO';
const target = {
  architecture: 'amd64',
  capabilities: ['CAP_CHOWN', 'CAP_AUDIT_WRITE'],
  kernel: [5, 10],
} as const;

/** How a profile answers a call without regard to arguments: `allow`, or the error number. */
function answers(syscalls: readonly object[]): Record<string, readonly (string | number)[]> {
  const profile = { defaultAction: deny, syscalls } as Parameters<typeof translateProfile>[0];
  const answer: Record<string, (string | number)[]> = {};
  for (const rule of translateProfile(profile, target).syscalls) {
    for (const name of rule.names) {
      const condition = (rule.args ?? []).map((arg) => `${arg.op} ${arg.value}`);
      const what = [rule.action === allow ? 'allow' : (rule.errnoRet ?? 'default'), ...condition];
      (answer[name] ??= []).push(what.join(' '));
    }
  }
  return answer;
}

function rule(name: string, more: object): object {
  return { names: [name], action: allow, ...more };
}

describe('a seccomp profile', () => {
  it('keeps the rules whose conditions hold', () => {
    const result = answers([
      rule('always', { includes: {}, excludes: {} }),
      rule('our-arch', { includes: { arches: ['amd64', 'x32'] } }),
      rule('other-arch', { includes: { arches: ['s390x'] } }),
      rule('not-arch', { excludes: { arches: ['amd64'] } }),
      rule('our-cap', { includes: { caps: ['CAP_CHOWN'] } }),
      rule('both-caps', { includes: { caps: ['CAP_CHOWN', 'CAP_SYS_TIME'] } }),
      rule('without-cap', { excludes: { caps: ['CAP_AUDIT_WRITE'] } }),
      rule('new-kernel', { includes: { minKernel: '5.11' } }),
      rule('old-kernel', { includes: { minKernel: '4.8' } }),
      rule('with-args', { args: [{ index: 0, value: 8, valueTwo: 0, op: 'SCMP_CMP_EQ' }] }),
      { name: 'old-form', action: deny, errnoRet: 22 },
    ]);
    const kept = Object.entries(result).filter(([name]) => /-|always/.test(name));
    expect(Object.fromEntries(kept)).toEqual({
      always: ['allow'],
      'our-arch': ['allow'],
      'our-cap': ['allow'],
      'old-kernel': ['allow'],
      'with-args': ['allow SCMP_CMP_EQ 8'],
      'old-form': ['22'],
    });
  });

  it("takes away what Docker's profile reserves, whatever the installed one says", () => {
    const names = [
      'mount',
      'unshare',
      'setns',
      'keyctl',
      'bpf',
      'clone',
      'clone3',
      'socket',
      'read',
    ];
    const result = answers([{ names, action: allow, args: [] }]);
    for (const name of ['mount', 'unshare', 'setns', 'keyctl', 'bpf', 'io_uring_setup']) {
      expect([name, result[name]]).toEqual([name, ['1']]);
    }
    expect(result['read']).toEqual(['allow']);
    expect(result['clone3']).toEqual(['38']);
    expect(result['clone']?.[0]).toBe('allow SCMP_CMP_MASKED_EQ 2114060288');
    expect(result['clone']?.slice(1)).toHaveLength(7);
    expect(result['socket']).toEqual(['allow SCMP_CMP_NE 40', '97 SCMP_CMP_EQ 40']);
  });

  it('is translated for the architecture and those that it runs beside its own', () => {
    const archMap = [
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
    ];
    const profile = { defaultAction: deny, defaultErrnoRet: 38, archMap, syscalls: [] };
    const { syscalls: _, ...head } = translateProfile(profile, {
      ...target,
      architecture: 'arm64',
    });
    expect(head).toEqual({
      defaultAction: deny,
      defaultErrnoRet: 38,
      architectures: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
    });
  });

  it('says which file is missing or broken', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'ashlar-seccomp-'));
    const path = join(directory, 'profile.json');
    const load = async (): Promise<unknown> => loadSeccompProfile(path, capabilities);
    await expect(load()).rejects.toThrow(`the seccomp profile ${path} is not installed`);
    await writeFile(path, '{');
    await expect(load()).rejects.toThrow(`the seccomp profile ${path} is no JSON`);
    await rm(directory, { recursive: true });
  });
});
