/** Boots a disk with a command that does not end; says so on stdout when it runs. Arguments: home, disk. */
import { bootImage } from '../../../vm/index.ts';
import { openFileSource } from './root-disk.ts';

const [home = '', diskPath = ''] = process.argv.slice(2);
await using disk = await openFileSource(diskPath);
await bootImage({
  home,
  disk,
  command: { argv: ['sh', '-c', 'echo up; sleep 1000'], env: {}, workdir: '', user: '' },
  onStdout: (chunk) => process.stdout.write(chunk),
});
