import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { derValuesIn, encodeDer } from '../../../../base-images/setup/ca/der.ts';
import { readCaFile } from '../../../../base-images/setup/ca/read-ca-file.ts';
import { subjectHash } from '../../../../base-images/setup/ca/subject-hash.ts';
import { caPem, nowMs } from '../support/set-up.ts';

const read = (bytes: Buffer | string, at = nowMs) =>
  readCaFile(Buffer.from(bytes), { name: 'given.crt', nowMs: at });

const pem = caPem.toString('latin1');
const der = new X509Certificate(caPem).raw;
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = privateKey.export({ type: 'pkcs8', format: 'pem' });

describe('a certificate file', () => {
  it('is read with what it has besides, and given back plain', () => {
    const read1 = read(`# a comment\r\n${pem.replaceAll('\n', '\r\n').trimEnd()}`);
    expect(read1).toEqual(read(pem));
    expect(read1.pem).toBe(pem);
    expect(read1.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(read1.isAuthority).toBe(true);
  });

  it.each([
    ['an empty file', '', /is empty/],
    ['garbage', 'no certificate at all', /holds no certificate in PEM form/],
    ['bytes', Buffer.from([0x30, 0x82, 0xff, 0xff, 1, 2, 3]), /holds no certificate in PEM form/],
    ['DER', der, /is a certificate in DER form/],
    ['a bundle', pem + pem, /holds 2 certificates/],
    ['a certificate that is cut off', pem.slice(0, 300), /holds no certificate in PEM form/],
    [
      'a block that is no certificate',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      /no certificate/,
    ],
    ['a private key', key, /has a private key in it/],
    ['a certificate with its key', pem + key.toString(), /has a private key in it/],
    ['more than anything of the kind', Buffer.alloc(100_000, pem), /65536 at most/],
  ])('with %s is refused', (_, bytes, words) => {
    expect(() => read(bytes)).toThrow(words);
    expect(() => read(bytes)).toThrow(expect.objectContaining({ code: 'ca_file_invalid' }));
  });

  it('is refused once the certificate has expired', () => {
    expect(() => read(pem, Date.UTC(2200, 0, 1))).toThrow(/has expired on 2126-/);
  });

  it('is said to hold later where it does not yet', () => {
    expect(read(pem, Date.UTC(2027, 0, 1)).holdsFrom).toBeNull();
    expect(read(pem, Date.UTC(2000, 0, 1)).holdsFrom).toMatch(/^20\d\d-.*Z$/);
  });

  it('may have no subject, as those that name their hosts alone', () => {
    const nameless = readFileSync(join(import.meta.dirname, '../support/nameless.crt'));
    // As `openssl x509 -subject_hash` has it.
    expect(read(nameless)).toMatchObject({ subject: '(no subject)', subjectHash: 'eea339da' });
  });

  it('is refused where it is BER, which OpenSSL alone takes', () => {
    const [outer] = derValuesIn(der);
    const [signed, ...rest] = derValuesIn(outer?.content ?? der);
    const fields = derValuesIn(signed?.content ?? der);
    // A length in five bytes, of which four are 0.
    const subject = fields[5]?.content ?? der;
    const long = Buffer.concat([Buffer.from([0x30, 0x85, 0, 0, 0, 0, subject.length]), subject]);
    const parts = fields.map(({ whole }, index) => (index === 5 ? long : whole));
    const inside = encodeDer(0x30, Buffer.concat(parts));
    const all = encodeDer(0x30, Buffer.concat([inside, ...rest.map(({ whole }) => whole)]));
    const lines = all.toString('base64');
    expect(() =>
      read(`-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`),
    ).toThrow(expect.objectContaining({ code: 'ca_file_invalid' }));
  });

  it('says nothing of what a key file holds', () => {
    let message = '';
    try {
      read(key);
    } catch (error) {
      message = String(error);
    }
    expect(message).toMatch(/private key/);
    const secret = key.toString().split('\n')[1] ?? '';
    expect(message).not.toContain(secret);
  });
});

const directory = '/etc/ssl/certs';
const hashes = existsSync(directory)
  ? readdirSync(directory).filter((name) => /^[0-9a-f]{8}\.0$/.test(name))
  : [];

describe('the hash of a subject', () => {
  it.skipIf(hashes.length === 0)(
    'is that of OpenSSL for all authorities of this machine (skipped where it has none)',
    () => {
      for (const name of hashes) {
        const certificate = new X509Certificate(readFileSync(join(directory, name)));
        expect(`${subjectHash(certificate.raw)}.0`).toBe(name);
      }
    },
  );

  it('does not depend on the case of ASCII letters and on spaces', () => {
    // As `openssl x509 -subject_hash` has it.
    expect(read(pem).subjectHash).toBe('830f4b0a');
    const other = readFileSync(new URL('../support/same-subject.crt', import.meta.url));
    expect(read(other).subject).not.toBe(read(pem).subject);
    expect(read(other).subjectHash).toBe('830f4b0a');
  });

  it('of what is no certificate is an error', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('3000', 'hex'), Buffer.from('30ff', 'hex')])
      expect(() => subjectHash(bytes)).toThrow(RangeError);
  });
});
