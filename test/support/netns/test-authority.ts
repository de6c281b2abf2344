import { generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';

/** A CA that was made for a test, and one certificate of it. All PEM. */
export interface TestAuthority {
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
}

const dayMs = 24 * 60 * 60 * 1000;
/** subjectAltName, types of RFC 5280, section 4.2.1.6. */
const dnsName = 2;
const ipAddress = 7;

/** The certificate is good for `hosts` and 127.0.0.1, for a day. */
export function createTestAuthority(hosts: readonly string[]): TestAuthority {
  const caKey = rsaKey();
  const leafKey = rsaKey();
  const caName = [{ name: 'commonName', value: 'Ashlar test CA' }];
  const ca = certificate(caKey.publicKey, '01', caName);
  ca.setIssuer(caName);
  ca.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  ca.sign(caKey.privateKey, forge.md.sha256.create());
  const leaf = certificate(leafKey.publicKey, '02', [
    { name: 'commonName', value: hosts[0] ?? 'localhost' },
  ]);
  leaf.setIssuer(caName);
  const names = [...hosts, 'localhost'].map((value) => ({ type: dnsName, value }));
  leaf.setExtensions([
    { name: 'basicConstraints', cA: false },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames: [...names, { type: ipAddress, ip: '127.0.0.1' }] },
  ]);
  leaf.sign(caKey.privateKey, forge.md.sha256.create());
  return {
    ca: forge.pki.certificateToPem(ca),
    key: forge.pki.privateKeyToPem(leafKey.privateKey),
    cert: forge.pki.certificateToPem(leaf),
  };
}

function certificate(
  publicKey: forge.pki.rsa.PublicKey,
  serialNumber: string,
  subject: forge.pki.CertificateField[],
): forge.pki.Certificate {
  const made = forge.pki.createCertificate();
  const nowMs = Date.now();
  made.publicKey = publicKey;
  made.serialNumber = serialNumber;
  made.validity.notBefore = new Date(nowMs - dayMs);
  made.validity.notAfter = new Date(nowMs + dayMs);
  made.setSubject(subject);
  return made;
}

/** Made by OpenSSL: forge needs seconds for one. */
function rsaKey(): forge.pki.rsa.KeyPair {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const made = forge.pki.privateKeyFromPem(pem);
  return { privateKey: made, publicKey: forge.pki.setRsaPublicKey(made.n, made.e) };
}
