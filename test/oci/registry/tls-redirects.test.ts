import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../../src/disk/temp-dir.ts';
import { ociDigestOf } from '../../../src/oci/oci-digest.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import { buildImage } from '../support/build-image.ts';
import { makeCertificate } from '../support/certificate.ts';
import { rejectionOf } from '../support/failures.ts';
import { fastClient } from '../support/fast-client.ts';
import { hasProgram } from '../support/programs.ts';
import { startTestRegistry, type TestRegistry } from '../support/test-registry.ts';

const content = Buffer.from('what a layer holds');
const image = buildImage({ layers: [{ tar: content, compression: 'none' }] });
const blob = { digest: ociDigestOf(content), sizeBytes: content.length };
const known = getCACertificates('default');
const canTls = hasProgram('openssl');

describe.skipIf(!canTls)(`a registry on https${canTls ? '' : ' (skipped: no openssl)'}`, () => {
  let temp: TempDir;
  let secure: Server;
  let plain: TestRegistry;
  let location: string;

  beforeAll(async () => {
    temp = await createTempDir(tmpdir(), 'ashlar-tls');
    plain = await startTestRegistry({ v1: image });
    const files = makeCertificate(temp.path, 'redirects');
    const [cert, key] = [readFileSync(files.certificate), readFileSync(files.key)];
    setDefaultCACertificates([...known, cert.toString()]);
    secure = createServer({ cert, key }, ({ url }, response) => {
      if (url === '/cdn') response.end(content);
      else if (url?.includes('/manifests/') === true) {
        const challenge = `Bearer realm="${location}",service="x"`;
        response.writeHead(401, { 'www-authenticate': challenge }).end();
      } else response.writeHead(307, { location }).end();
    });
    secure.listen(0, '127.0.0.1');
    await once(secure, 'listening');
  });
  afterAll(async () => {
    setDefaultCACertificates(known);
    secure.closeAllConnections();
    secure.close();
    await plain[Symbol.asyncDispose]();
    await temp[Symbol.asyncDispose]();
  });

  function setUp() {
    const host = `127.0.0.1:${(secure.address() as AddressInfo).port}`;
    const reference = parseReference(`${host}/app:v1`);
    return { reference, client: fastClient({ schemes: { [host]: 'https' } }) };
  }

  it('may redirect within https, but not to http', async () => {
    const { client, reference } = setUp();
    await using _ = client;
    location = '/cdn';
    expect((await client.fetchBlob({ reference, blob })).equals(content)).toBe(true);
    location = `http://${plain.host}/v2/app/blobs/${blob.digest}`;
    expect(await rejectionOf(() => client.fetchBlob({ reference, blob }))).toMatchObject({
      code: 'registry_unavailable',
      message: expect.stringContaining(`redirects from https to http (${plain.host})`),
    });
    expect(plain.seen).toHaveLength(0);
  });

  it('cannot send to http for a token', async () => {
    const { client, reference } = setUp();
    await using _ = client;
    location = `http://${plain.host}/token`;
    expect(await rejectionOf(() => client.fetchManifest(reference))).toMatchObject({
      code: 'registry_auth_required',
      message: expect.stringContaining('sends from https to http for a token'),
    });
    expect(plain.seen).toHaveLength(0);
  });
});
