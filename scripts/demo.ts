/**
 * The demo: builds examples/hello-node into an image, builds it again, changes a file and builds once more, and boots the
 * result. Uses the command line as a user would. State is kept under ASHLAR_HOME, or .state/demo of the clone.
 */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join, resolve } from 'node:path';

const clone = resolve(import.meta.dirname, '..');
const home = process.env['ASHLAR_HOME'] || join(clone, '.state', 'demo');
const env = { ...process.env, ASHLAR_HOME: home };
// Machines behind an inspecting proxy name its certificates here; RUN steps need them too.
const caFile = process.env['ASHLAR_BUILD_CA'] ?? process.env['NODE_EXTRA_CA_CERTS'];
const caArgs = caFile === undefined || caFile === '' ? [] : ['--ca-file', caFile];

if (process.getuid?.() !== 0) {
  process.stderr.write('demo: it has RUN steps, which need root: run `npm run demo` as root\n');
  process.exit(1);
}
say(`State of the demo: ${home}`);
const base = findBase();
const context = join(home, 'demo', 'hello-node');
rmSync(context, { recursive: true, force: true });
cpSync(join(clone, 'examples', 'hello-node'), context, { recursive: true });
const buildArgs = [
  'build',
  context,
  '-t',
  'hello-node:demo',
  '--build-arg',
  `BASE=${base}`,
  ...caArgs,
];

say('1. Build examples/hello-node into an image');
ashlar(...buildArgs);
say('2. Build it again: every step is known');
ashlar(...buildArgs);
say('3. Change one source file, build, and see what is different');
appendFileSync(join(context, 'hello.js'), "console.log('This line was added later.');\n");
ashlar(...buildArgs.map((arg) => (arg === 'hello-node:demo' ? 'hello-node:changed' : arg)));
ashlar('image', 'diff', 'hello-node:demo', 'hello-node:changed');
say('4. Boot the image in a virtual machine; its own command runs');
ashlar('boot', 'hello-node:changed');
say('5. What the store holds');
ashlar('image', 'ls');
ashlar('store', 'stats');
say('Done. Look further:  bin/ashlar image inspect hello-node:demo   with   ASHLAR_HOME=' + home);

/** ubuntu:24.04 where Docker Hub can be reached, else a root file system of this machine's own release. */
function findBase(): string {
  const hub = run(['image', 'import', 'docker://ubuntu:24.04', '-t', 'ubuntu:24.04'], 'quiet');
  if (hub === 0) {
    say('Base image: ubuntu:24.04 from Docker Hub');
    return 'ubuntu:24.04';
  }
  const codename =
    /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'bookworm';
  const name = `demo/${codename}-node:latest`;
  say(
    `Base image: Docker Hub cannot be reached, so a root file system of ${codename} with Node.js is used (made once, in about a minute)`,
  );
  const archive = join(home, 'demo', `${codename}-node.tar`);
  mkdirSync(join(home, 'demo'), { recursive: true });
  if (!existsSync(archive)) {
    const args = [
      '--variant=minbase',
      '--include=ca-certificates,nodejs,npm',
      '--quiet',
      codename,
      `${archive}.new.tar`,
    ];
    check('mmdebstrap', spawnSync('mmdebstrap', args, { stdio: 'inherit' }).status);
    renameSync(`${archive}.new.tar`, archive);
  }
  ashlar('image', 'import', `tar:${archive}`, '-t', name);
  return name;
}

function ashlar(...args: string[]): void {
  process.stdout.write(`\n$ ashlar ${args.join(' ')}\n`);
  check(`ashlar ${args[0]}`, run(args, 'shown'));
}

function run(args: readonly string[], output: 'shown' | 'quiet'): number | null {
  const stdio = output === 'shown' ? 'inherit' : 'ignore';
  return spawnSync(join(clone, 'bin', 'ashlar'), args, { env, stdio }).status;
}

function check(what: string, status: number | null): void {
  if (status === 0) return;
  const lacking = '`bin/ashlar doctor` says what this machine lacks';
  const seen =
    'see above; where certificates are not trusted, name a file of them: ASHLAR_BUILD_CA=FILE npm run demo';
  process.stderr.write(`demo: ${what} failed (${status}): ${status === 6 ? lacking : seen}\n`);
  process.exit(status ?? 7);
}

function say(text: string): void {
  process.stdout.write(`\n== ${text}\n`);
}
