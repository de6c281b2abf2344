import { readFileSync } from 'node:fs';
import os from 'node:os';
import colors from 'picocolors';

const release =
  /PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
console.log(colors.bold(process.env.GREETING ?? 'hello'));
console.log(
  `${release}, Linux ${os.release()}, Node.js ${process.version}, ${os.cpus().length} processor(s)`,
);
