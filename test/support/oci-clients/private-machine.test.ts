import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startEngine } from './engine.ts';
import { CommandFailed, createPrivateMachine, whyNoPrivateMachine } from './private-machine.ts';
import { processesUsing } from './processes-using.ts';

const reason = await whyNoPrivateMachine();

describe.skipIf(reason !== null)(
  `a private machine${reason === null ? '' : ` (${reason})`}`,
  () => {
    it('keeps to itself what is written to the directories of the system', async () => {
      await using machine = await createPrivateMachine('test');
      const paths = ['/etc', '/run', '/var/lib', '/var/tmp', '/root'].map(
        (path) => `${path}/ashlar-private`,
      );
      await machine.run(['touch', ...paths]);
      expect(paths.filter((path) => existsSync(path))).toEqual([]);
      expect(paths.filter((path) => !existsSync(machine.outside(path)))).toEqual([]);
      const { stdout } = await machine.run(['env']);
      expect(stdout).not.toContain('VITEST');
    });

    it('lets no mount out', async () => {
      await using machine = await createPrivateMachine('test');
      const script =
        'mount -t tmpfs none /var/lib && touch /var/lib/hidden && grep -c tmpfs /proc/mounts';
      await machine.run(['sh', '-ec', script]);
      expect(existsSync(machine.outside('/var/lib/hidden'))).toBe(false);
    });

    it('tells what a command said that failed, and ends one that takes too long', async () => {
      await using machine = await createPrivateMachine('test');
      const failed = machine.run(['sh', '-c', 'echo out; echo err >&2; exit 3']);
      await expect(failed).rejects.toThrow(CommandFailed);
      await expect(failed).rejects.toMatchObject({ exitCode: 3, output: 'out\nerr\n' });
      const slow = machine.run(['sleep', '60'], { timeoutMs: 200 });
      await expect(slow).rejects.toMatchObject({ name: 'TimeoutError' });
      expect(await processesUsing(machine.directory)).toEqual([]);
    });

    it('starts engines, and ends them with their children', async () => {
      await using machine = await createPrivateMachine('test');
      const command = ['sh', '-c', 'sleep 60 & trap "kill $!; exit" TERM; echo serving >&2; wait'];
      const engine = await startEngine(machine, { command, ready: /serving/ });
      expect(await processesUsing(machine.directory)).toHaveLength(2);
      if (typeof engine === 'string') throw new TypeError(engine);
      await engine[Symbol.asyncDispose]();
      expect(await processesUsing(machine.directory)).toEqual([]);
    });

    it('says why an engine does not start', async () => {
      await using machine = await createPrivateMachine('test');
      const ends = { command: ['sh', '-c', 'echo no cgroups >&2; exit 1'], ready: /serving/ };
      expect(await startEngine(machine, ends)).toBe('sh does not start here: no cgroups');
      const hangs = { command: ['sleep', '60'], ready: /serving/, startTimeoutMs: 200 };
      expect(await startEngine(machine, hangs)).toBe('sleep does not start here: not in 200 ms');
      expect(await processesUsing(machine.directory)).toEqual([]);
    });
  },
);
