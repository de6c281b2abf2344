import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { subjectHash } from '../../../mirror/trust/subject-hash.ts';
import { runChecked } from '../../../src/process/run-command.ts';

async function hashByOpenssl(pem: string): Promise<string> {
  const args = ['x509', '-noout', '-subject_hash'];
  return (await runChecked('openssl', args, { input: pem })).stdout.toString().trim();
}

async function madeFor(subject: string): Promise<string> {
  const args = ['req', '-x509', '-newkey', 'rsa:1024', '-nodes', '-keyout', '/dev/null', '-utf8'];
  return (await runChecked('openssl', [...args, '-subj', subject])).stdout.toString();
}

describe('the hash of a subject', () => {
  it('is what openssl says, for public authorities', async () => {
    const chosen = rootCertificates.filter((_, index) => index % 12 === 0);
    expect(chosen.length).toBeGreaterThan(8);
    const hashes = await Promise.all(chosen.map(hashByOpenssl));
    expect(chosen.map(subjectHash)).toEqual(hashes);
  });

  it.each([
    '/O=Ashlar/CN=Mirror 1',
    '/O= Much   space /CN=x',
    '/CN=ÄÖÜ bücher',
    '/C=DE/O=A+OU=b/CN=MiXeD',
  ])('is what openssl says, for %s', async (subject) => {
    const pem = await madeFor(subject);
    expect(subjectHash(pem)).toBe(await hashByOpenssl(pem));
  });
});
