import { spawn } from 'node:child_process';
import { chownSync, chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { groupLines, host, passwdLines, type Probe, type Setup } from './setup.ts';

/** A build of sudo within a root directory. */
export interface RealBuild {
  readonly name: string;
  readonly provider: 'sudo' | 'sudo-rs';
  readonly sudo: string;
  readonly visudo: string;
}

export interface RealAnswer {
  readonly visudo: { readonly exitCode: number; readonly says: string };
  /** In the order of the probes. */
  readonly probes: readonly RealProbe[];
}

export interface RealCall {
  readonly exitCode: number;
  /** What it printed on stderr: bytes. */
  readonly says: string;
}

/** Of `sudo -n`. */
export interface RealProbe extends RealCall {
  /** The same call with the right password; null where none was asked for. */
  readonly withPassword: RealCall | null;
}

export interface RunOptions {
  /** `/` for this machine's own: /etc is an overlay then, and nothing of it is changed. */
  readonly root: string;
  readonly builds: readonly RealBuild[];
  readonly setups: readonly Setup[];
  /** A directory of this run's own. */
  readonly scratch: string;
  readonly timeoutMs: number;
}

/** Asks the real programs about set-ups, all of them in one private namespace. By build, then by set-up. */
export async function runReal(options: RunOptions): Promise<Map<string, RealAnswer[]>> {
  const { scratch, setups, builds } = options;
  for (const [index, setup] of setups.entries())
    writeSetup(join(scratch, 'setups', `${index}`), setup, builds);
  writeFileSync(join(scratch, 'run.sh'), innerScript);
  writeFileSync(join(scratch, 'enter.sh'), outerScript);
  await runScript(options);
  return new Map(builds.map(({ name }) => [name, readAnswers(join(scratch, 'out', name), setups)]));
}

function writeSetup(
  directory: string,
  { files, probes }: Setup,
  builds: readonly RealBuild[],
): void {
  mkdirSync(join(directory, 'etc'), { recursive: true });
  for (const [path, file] of Object.entries(files)) {
    const place = join(directory, 'etc', path);
    mkdirSync(dirname(place), { recursive: true });
    if (file.target !== undefined) {
      symlinkSync(file.target, place);
      continue;
    }
    if (file.type === 'directory') mkdirSync(place, { recursive: true });
    else writeFileSync(place, file.content ?? '');
    chownSync(place, file.uid ?? 0, file.gid ?? 0);
    chmodSync(place, file.mode ?? (file.type === 'directory' ? 0o755 : 0o644));
  }
  for (const { name, sudo, visudo } of builds) {
    const out = `/mnt/scratch/out/${name}`;
    const asked = probes.map((probe) => `probe ${sudo} ${probe.user} ${argumentsOf(probe)}`);
    const lines = [`check ${visudo}`, ...asked];
    writeFileSync(join(directory, `${name}.sh`), `exec >>${out} 2>&1\n${lines.join('\n')}\n`);
  }
}

function argumentsOf({ runAs, runAsGroup, command }: Probe): string {
  return [
    ...(runAs === undefined ? [] : ['-u', runAs]),
    ...(runAsGroup === undefined ? [] : ['-g', runAsGroup]),
    ...command,
  ]
    .map((word) => `'${word}'`)
    .join(' ');
}

/** Everybody's: whichever a setting asks for, the user's own, root's or that of whom to run as, it is the right one. */
const password = 'pw';
const passwordHash = '\\$1\\$ashlar\\$x67kLUzVYhUviKVuxQVqp0';

/** Makes the namespace: with /proc, this host's name, and /etc to be written to. */
const outerScript = `set -e
root=$1 scratch=$2
hostname ${host}
mkdir -p "$scratch/etc-layer"
mount -t tmpfs tmpfs "$scratch/etc-layer"
mkdir "$scratch/etc-layer/upper" "$scratch/etc-layer/work"
mount -t overlay -o "lowerdir=$root/etc,upperdir=$scratch/etc-layer/upper,workdir=$scratch/etc-layer/work" overlay "$root/etc"
mount -t tmpfs tmpfs "$root/mnt"
mkdir "$root/mnt/scratch"
mount --bind "$scratch" "$root/mnt/scratch"
mount -t proc proc "$root/proc"
[ "$root" = / ] || [ -c "$root/dev/null" ] || mknod -m 666 "$root/dev/null" c 1 3
printf '%s\\n' ${passwdLines.map((line) => `'${line}'`).join(' ')} >>"$root/etc/passwd"
printf '%s\\n' ${groupLines.map((line) => `'${line}'`).join(' ')} >>"$root/etc/group"
grep -v '^root:' "$root/etc/shadow" | grep -v '^www-data:' >"$scratch/shadow" || :
for user in root www-data dev alice; do echo "$user:${passwordHash}:19000:0:99999:7:::" >>"$scratch/shadow"; done
cat "$scratch/shadow" >"$root/etc/shadow"
sed -i -E 's/^(root|www-data):[^:]*:/\\1:x:/' "$root/etc/passwd"
printf '127.0.0.1 localhost\\n127.0.1.1 ${host}\\n' >"$root/etc/hosts"
rm -f "$root/etc/sudoers-rs"
exec chroot "$root" /bin/sh /mnt/scratch/run.sh
`;

/** One set-up after the other; what is asked stands in a file of its own for each build. */
const innerScript = `export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
mark() { printf '\\n@@@ %s %s\\n' "$1" "$2"; }
check() {
  timeout -s KILL 8 "$1" -c </dev/null 2>/mnt/err >/mnt/out; code=$?
  cat /mnt/err /mnt/out; mark visudo $code
}
probe() {
  sudo=$1 user=$2; shift 2
  case $user in dev) id=1234 ;; alice) id=1235 ;; *) id=0 ;; esac
  as="timeout -s KILL 8 setpriv --reuid=$id --regid=$id --init-groups"
  $as "$sudo" -n "$@" </dev/null 2>/mnt/err >/mnt/out; code=$?
  cat /mnt/err; mark probe $code
  grep -q '^sudo: a password is required$' /mnt/err || return 0
  printf '${password}\\n${password}\\n' | $as "$sudo" -k -S "$@" 2>/mnt/err >/mnt/out; code=$?
  cat /mnt/err; mark password $code
}
mkdir -p /mnt/scratch/out
cd /mnt/scratch/setups
for number in $(ls | sort -n); do
  rm -rf /etc/sudoers /etc/sudoers.d /etc/more
  cp -a "$number/etc/." /etc/
  for build in "$number"/*.sh; do (. "./$build"); done
done
`;

async function runScript({ root, scratch, timeoutMs }: RunOptions): Promise<void> {
  const script = join(scratch, 'enter.sh');
  const namespaces = ['--mount', '--uts', '--net', '--ipc', '--pid', '--fork', '--kill-child'];
  const child = spawn('unshare', [...namespaces, 'sh', script, root, scratch], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  let errors = '';
  child.stderr.setEncoding('latin1').on('data', (text: string) => {
    if (errors.length < 10_000) errors += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0)
    throw new Error(`the real programs did not run to the end (${String(code)}): ${errors}`);
}

function readAnswers(path: string, setups: readonly Setup[]): RealAnswer[] {
  const parts = readFileSync(path, 'latin1').split(/\n@@@ (visudo|probe|password) (\d+)\n/);
  const answers: { visudo: RealAnswer['visudo']; probes: RealProbe[] }[] = [];
  for (let index = 0; index + 2 < parts.length; index += 3) {
    const [says = '', kind = '', code = ''] = parts.slice(index, index + 3);
    const exitCode = Number(code);
    const current = answers.at(-1);
    if (kind === 'visudo') answers.push({ visudo: { exitCode, says }, probes: [] });
    else if (kind === 'probe') current?.probes.push({ exitCode, says, withPassword: null });
    else {
      const probe = current?.probes.pop();
      if (probe !== undefined) current?.probes.push({ ...probe, withPassword: { exitCode, says } });
    }
  }
  if (answers.length !== setups.length)
    throw new Error(`${answers.length} answers for ${setups.length} set-ups in ${path}`);
  return answers;
}
