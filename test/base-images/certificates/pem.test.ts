import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  fingerprintOf,
  fingerprintsIn,
  hasPrivateKey,
  pemBlocks,
  withoutPemBlocks,
} from '../../../base-images/certificates/pem.ts';
import { authority, authorityKey, commonAuthority } from '../contract/support/authorities.ts';

describe('certificates in text', () => {
  it('are found with their bytes, whatever stands between them and however lines end', () => {
    const text = `# one\n${authority}and two\r\n${commonAuthority.replaceAll('\n', '\r\n')}`;
    const found = [...pemBlocks(text)].map(({ der }) => new X509Certificate(der).subject);
    expect(found).toEqual(['CN=Own Authority', 'CN=Common Authority']);
    expect(withoutPemBlocks(text)).toBe('# one\n\nand two\r\n\r\n');
  });

  it('have the fingerprint that openssl gives, without colons and in small letters', () => {
    const { raw, fingerprint256 } = new X509Certificate(authority);
    const plain = fingerprint256.replaceAll(':', '').toLowerCase();
    expect(fingerprintOf(raw)).toBe(plain);
    expect(fingerprintsIn(authority + authority)).toEqual(new Set([plain]));
  });

  it.each(['TRUSTED CERTIFICATE', 'X509 CERTIFICATE'])('may be labelled %s', (label) => {
    expect([...pemBlocks(authority.replaceAll('CERTIFICATE', label))]).toHaveLength(1);
  });

  it('that have no end are none, and cost no time in a large file', () => {
    expect([...pemBlocks(authority.replace('-----END', '----END'))]).toEqual([]);
    const open = '-----BEGIN CERTIFICATE-----\n'.repeat(400_000);
    const started = performance.now();
    expect([...pemBlocks(open)]).toEqual([]);
    // Looking for the end of each to the end of the text would take hours.
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('private keys', () => {
  it.each(['', 'RSA ', 'EC ', 'ENCRYPTED ', 'OPENSSH ', 'PKCS8 '])('are seen: %j', (label) => {
    const text = authorityKey.replaceAll(/(?:RSA )?PRIVATE KEY/g, `${label}PRIVATE KEY`);
    expect(hasPrivateKey(`${authority}${text}`)).toBe(true);
  });

  it('are not seen in certificates and public keys', () => {
    expect(hasPrivateKey(`${authority}-----BEGIN PUBLIC KEY-----\n`)).toBe(false);
  });
});
