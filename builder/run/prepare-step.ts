import { join } from 'node:path';
import { AshlarError, hasCode } from '../../src/index.ts';
import type { BindMount } from './container-config.ts';
import { writeNameFiles } from './name-files.ts';
import { identityOf } from './process-identity.ts';
import { readUserDatabases, resolveUser, type StepUser } from './resolve-user.ts';
import { defaultHostname, defaultUpperBytes, type RunStepOptions } from './run-step-options.ts';
import { writeKeeperRecord, type StepDirectory } from './step-directory.ts';
import { discardScratch, makeScratchFile, mountScript, scratchDirectories } from './step-mounts.ts';
import { NamespaceError, openStepNamespace, type StepNamespace } from './step-namespace.ts';
import { openStepNetwork, type StepNetwork } from './step-network.ts';
import { mountStepTree } from './step-tree.ts';
import { openTakenHosts } from './taken-hosts.ts';
import { takenHostsLines } from './taken-names.ts';
import { makeWorkingDirectory } from './working-directory.ts';

/** File systems, network and user of a step: all but the container. */
export interface PreparedStep extends AsyncDisposable {
  readonly namespace: StepNamespace;
  readonly user: StepUser;
  readonly hostname: string;
  readonly binds: readonly BindMount[];
  readonly networkNamespace: string | undefined;
  /** Oddities that did not stop the step. */
  readonly notices: readonly string[];
}

export interface PrepareContext {
  readonly options: RunStepOptions;
  readonly directory: StepDirectory;
  readonly signal: AbortSignal;
}

/** Everything is undone when the handle is disposed, or at once on failure. */
export async function prepareStep(context: PrepareContext): Promise<PreparedStep> {
  const { options, directory, signal } = context;
  await using onFailure = new AsyncDisposableStack();
  const namespace = onFailure.use(await openMounts(context));
  const keeper = await identityOf(namespace.pid);
  if (keeper !== undefined) await writeKeeperRecord(directory.path, keeper);
  const at = (name: string): string => namespace.outside(join(directory.path, name));

  const user = resolveUser(options.user, await readUserDatabases(at('parent')));
  const [network, tree] = await allOrFirstError([
    openNetwork(context, namespace, onFailure),
    mountStepTree(namespace, directory.path, options.extraMounts ?? []),
  ]);
  signal.throwIfAborted();
  const hostname = options.hostname ?? defaultHostname;
  const resolvConf = network.opened?.resolvConf ?? '# This step has no network.\n';
  const hostsLines = takenHostsLines(network.takenNames);
  await writeNameFiles(at(scratchDirectories.files), { hostname, hostsLines, resolvConf });
  await makeWorkingDirectory(at('rootfs'), options.workdir, user);
  const kept = onFailure.move();
  return {
    namespace,
    user,
    hostname,
    binds: tree.binds,
    networkNamespace: network.opened?.namespacePath,
    notices: [...network.notices, ...tree.notices],
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function openMounts({ options, directory, signal }: PrepareContext): Promise<StepNamespace> {
  await makeScratchFile(directory.path, options.limits.upperBytes ?? defaultUpperBytes);
  try {
    return await openStepNamespace({
      directory: directory.path,
      prepare: mountScript,
      args: [options.parentDisk],
      farewell: discardScratch,
      signal,
    });
  } catch (error) {
    if (!(error instanceof NamespaceError)) throw error;
    // The parent was checked before; what is left is the machine: loop devices, mke2fs, mount rights.
    throw new AshlarError('kernel_feature_missing', error.message, {
      data: { stage: error.stage, path: options.parentDisk },
      cause: error,
    });
  }
}

interface PreparedNetwork {
  readonly opened: StepNetwork | undefined;
  /** Those of `options.taken` that really lead to it. */
  readonly takenNames: readonly string[];
  readonly notices: readonly string[];
}

async function openNetwork(
  { options, directory: { path: directory } }: PrepareContext,
  namespace: StepNamespace,
  stack: AsyncDisposableStack,
): Promise<PreparedNetwork> {
  const { network, taken, tools } = options;
  const untaken = { takenNames: [], notices: [] };
  if (network === 'none') return { opened: undefined, ...untaken };
  const takes = taken === undefined ? 'nothing' : 'names';
  const opened = await openStepNetwork({
    namespace,
    directory,
    helper: tools?.networkHelper,
    takes,
  });
  if (opened === undefined || taken === undefined) return { opened, ...untaken };
  const place = {
    namespace,
    containerNetwork: opened.namespacePath,
    root: join(directory, 'rootfs'),
  };
  try {
    stack.use(await openTakenHosts(taken, place));
    return { opened, takenNames: taken.names, notices: [] };
  } catch (error) {
    if (!hasCode(error, 'kernel_feature_missing')) throw error;
    const notice = `${taken.names.join(', ')} are reached without a mirror: ${error.message}`;
    return { opened, takenNames: [], notices: [notice] };
  }
}

/** As Promise.all, but no work goes on behind the back of the error. */
async function allOrFirstError<A, B>(work: [Promise<A>, Promise<B>]): Promise<[A, B]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
