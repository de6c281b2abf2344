import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeCertificate } from '../../oci/support/certificate.ts';
import { scratchDir } from '../scratch.ts';
import { ociPull } from './pull/oci-pull.ts';
import { startRecordedOciRegistry } from './recorded-oci-registry.ts';

describe('a recorded registry with TLS', () => {
  const scratch = scratchDir('oci-tls');

  it('is pulled from, stalls and comes back', async () => {
    const files = makeCertificate(scratch, 'registry');
    const [key, cert] = [readFileSync(files.key, 'utf8'), readFileSync(files.certificate, 'utf8')];
    await using registry = await startRecordedOciRegistry({
      contents: [{ repository: 'library/app', images: [{}] }],
      tls: { key, cert },
      auth: { scheme: 'bearer' },
    });
    expect(registry.url).toMatch(/^https:/);
    const image = { name: 'library/app', reference: 'latest', ca: cert, idleTimeoutMs: 300 };
    expect((await ociPull(registry.url, image)).failures).toEqual([]);
    await registry.outage('stall');
    expect((await ociPull(registry.url, image)).failures).toEqual(['nothing came for 300 ms']);
    await registry.outage('reset');
    expect((await ociPull(registry.url, image)).failures).toEqual(['ECONNRESET']);
    await registry.restore();
    expect((await ociPull(registry.url, image)).ok).toBe(true);
  });
});
