/** Opens the authority of a directory when told to on stdin, and writes what it publishes. */
import { openTlsAuthority } from '../../src/tls/authority.ts';

const [directory = '', ...hosts] = process.argv.slice(2);
process.stdout.write('ready\n');
process.stdin.once('data', () => {
  void openTlsAuthority({ directory, hosts, nowMs: Date.now }).then(async (authority) => {
    process.stdout.write(await authority.caBundlePem());
    process.exit();
  });
});
